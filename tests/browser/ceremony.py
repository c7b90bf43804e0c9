"""Board members in front of the page of their key share, and a server on which a ceremony is under way.

`hosted` serves an election whose ceremony is begun; a `BoardMember` does on the page what people do, step by step.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pyotp
import tomlkit
from playwright.sync_api import Page, expect

from isoloir.accounts.second_factor import STEP_SECONDS
from isoloir.ceremony import hosting
from isoloir.ceremony import member as members
from isoloir.ceremony.documents import Document, Round, Transcript
from isoloir.ceremony.rounds import setting
from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir.key_share import KeyShare
from isoloir_ballots import dkg
from isoloir_ballots.dkg import channel, rounds
from isoloir_web.background import kept_going
from isoloir_web.server import bound
from isoloir_web.trial.accounts import Known, make_accounts
from isoloir_web.trial.folder import write_instance
from isoloir_web.trial.serving import HOST, served

from .driving import Look
from .people import ELECTION, EXAMPLE

T = TypeVar("T")
_READY_WITHIN = 60

GO = "main .acts .go:not(.second):not(.plain)"
"""The page's main button."""
SECOND = "main .acts .go.second"
PROBLEM = "#problem"


@dataclass(frozen=True)
class Hosted:
    """An instance that answers, from a thread of this process: its address, its election and what holders know."""

    address: str
    folder: Path
    instance: Instance
    election: ElectionFile
    known: Mapping[str, Known]
    loop: asyncio.AbstractEventLoop

    def do(self, work: Callable[[Instance, ElectionFile], Awaitable[T]], within: int = _READY_WITHIN) -> T:
        """Do something to the instance, behind the pages' back, in its own thread; `within` so many seconds."""

        async def done() -> T:
            return await work(self.instance, self.instance.election(self.election.id))

        return asyncio.run_coroutine_threadsafe(done(), self.loop).result(within)

    def transcript(self) -> Transcript:
        """Return the ceremony so far."""
        return self.do(lambda instance, election: hosting.transcript(instance.store, election))

    def wait(self, page: Page, member: str, round_: Round) -> None:
        """Wait until a member's page has handed over its document of that round."""
        for _ in range(200):
            if self.transcript().has("national", member, round_):
                return
            page.wait_for_timeout(100)
        raise AssertionError(f"{member} hands over no {round_.value}")


def small_board(folder: Path, members: Mapping[str, tuple[str, str]], rule: list[dict[str, Any]]) -> Path:
    """Write the example's election with another board: members by id, role and name, and the rule's conditions."""
    document = tomlkit.parse((EXAMPLE / "election.toml").read_text(encoding="utf-8"))
    people = {name: {"role": role, "name": person} for name, (role, person) in members.items()}
    document["boards"] = {"national": {"members": people, "rule": {"all": rule}}}
    taken = [{"risk": risk, "reason": "Un essai."} for risk in ("few_delegates", "fragile_board")]
    document["accepts"] = [*document.get("accepts", []), *taken]
    path = folder / "election.toml"
    path.write_text(tomlkit.dumps(document), encoding="utf-8")
    return path


@contextmanager
def hosted(
    folder: Path,
    source: Path,
    *,
    begun: bool = True,
    opens: datetime | None = None,
    first_of_all: Callable[[Instance, ElectionFile], Awaitable[object]] | None = None,
) -> Iterator[Hosted]:
    """Serve an election of next week (or `opens`), every board member with an account, the ceremony `begun` or not.

    `first_of_all` is done before anybody is served. What goes on in the background of a server goes on here too.
    """
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    ready, began = threading.Event(), []

    async def serve() -> None:
        first = opens or datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=7)
        with bound(HOST) as listening:
            base_url = f"http://{HOST}:{listening.getsockname()[1]}"
            closes = first + timedelta(days=7)
            trial = write_instance(folder, source, base_url=base_url, opens=first, closes=closes)
            async with Instance.open(folder) as instance:
                election = instance.election(trial.election_id)
                if first_of_all is not None:
                    await first_of_all(instance, election)
                if begun:
                    await hosting.begin(instance.store, election, instance.clock)
                known = {one.member or one.name: one for one in await make_accounts(instance, election)}
                async with kept_going(instance), served(instance, election, trial, listening):
                    began.append(Hosted(base_url, folder, instance, election, known, loop))
                    ready.set()
                    await stop.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="ceremony")
    thread.start()
    try:
        assert ready.wait(_READY_WITHIN)
        assert began, "the server did not start"
        yield began[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_READY_WITHIN)
        loop.close()


@dataclass
class Elsewhere:
    """A member who takes part from another computer, by the library alone; or cheats one of the others."""

    site: Hosted
    member: str
    cheats: str = ""
    share: KeyShare | None = None

    def act(self) -> None:
        """Hand over what is due of them now."""
        self.site.do(self._act)

    async def _act(self, instance: Instance, election: ElectionFile) -> None:
        found = await hosting.transcript(instance.store, election)
        if self.share is None:
            self.share, made = members.begin(found.plan, "national", self.member)
        else:
            self.share, due = members.continue_(found, self.share)
            assert due is not None
            made = self._wrong(found, due) if self.cheats and due.round is Round.CONTRIBUTION else due
        await hosting.add(instance.store, election, made, instance.clock)

    def _wrong(self, found: Any, due: Document) -> Document:
        """Seal for somebody a number that does not agree with the coefficients, and sign it all."""
        assert self.share is not None
        seat, whom = found.plan.seat("national", self.member), found.plan.seat("national", self.cheats)
        made, group = setting(found.plan, seat), found.plan.parsed_group
        certificates = found.of("national", seat.place, Round.CERTIFICATE)
        body = {name: part for name, part in due.body.items() if name != "bound"}
        context = rounds._sealed_context(made, certificates, seat.index, whom.index)
        receiver = rounds.certificates_of(made, certificates)[whom.index - 1].encryption
        body["secrets"][whom.index - 1] = channel.seal(group, receiver, context, 5)
        covered = made.bound("contribution", seat.index, [dkg.digest(certificates), body])
        signature = dkg.Identity.of(group, self.share.seed).sign(covered)
        return replace(due, body={**body, "bound": signature.to_json()})


@dataclass
class BoardMember:
    """Somebody of the board in front of their pages: what they know, and the folder of what they keep."""

    page: Page
    known: Known
    folder: Path
    look: Look
    code: str = field(default="", repr=False)
    """What they wrote on their paper: the code of their file."""
    seed: str = field(default="", repr=False)
    """What their printed sheet says."""
    last_step: int = 0

    def see(self, name: str) -> None:
        """Look at the page that is shown."""
        self.look(self.page, name)

    def telephone(self) -> str:
        """Return a code of the second factor that was not used yet; waits for the next one where it must."""
        step = max(int(time.time()) // STEP_SECONDS, self.last_step + 1)
        while step > int(time.time()) // STEP_SECONDS + 1:
            time.sleep(0.5)
        self.last_step = step
        return pyotp.HOTP(self.known.secret).at(step)

    def log_in(self) -> None:
        """Log in to the account, by name, password and the telephone's code."""
        self.page.goto(f"{ELECTION}/board/login")
        for name, value in (
            ("name", self.known.name), ("password", self.known.password), ("code", self.telephone()),
        ):  # fmt: skip
            self.page.locator(f"#f-{name}").fill(value)
        self.page.locator("main button.go").click()
        self.page.wait_for_url("**/board/")

    def enter(self) -> None:
        """Go to the page of the key share."""
        self.page.goto(f"{ELECTION}/board/key")
        expect(self.page.locator(GO)).to_be_visible()

    def heading(self) -> str:
        """Return what the page is about."""
        return self.page.get_by_role("heading", level=1).inner_text()

    def press(self, what: str = GO) -> None:
        """Press the main button, or another."""
        self.page.locator(what).first.click()

    def save(self) -> Path:
        """Save the file that the page offers, and go on; returns where it lies."""
        with self.page.expect_download() as kept:
            self.press()
        path = self.folder / f"{secrets.token_hex(2)}-{kept.value.suggested_filename}"
        kept.value.save_as(path)
        path.chmod(0o600)
        expect(self.page.locator(SECOND)).to_be_visible()
        self.see("file-saved")
        self.press()
        return path

    def give(self, path: Path, code: str) -> None:
        """Choose a file, type its code, and press the button."""
        self.page.locator("#file").set_input_files(path)
        self.page.locator("#code").fill(code)
        self.press("main form .go")

    def make(self) -> Path:
        """Make a share up to the proof: write the code down, save the file, read the sheet; returns the file."""
        self.see("intro")
        self.press()
        self.read_code()
        self.see("file")
        path = self.save()
        self.seed = "".join(self.page.locator(".sheet .seed span").all_inner_texts())
        assert len(self.seed) == 22
        self.see("sheet")
        self.press(SECOND)
        self.see("prove")
        return path

    def read_code(self) -> None:
        """Write the code down, and go on."""
        expect(self.page.locator(".secret")).to_be_visible()
        self.code = re.sub(r"\s", "", self.page.locator(".secret").inner_text())
        self.see("code")
        self.press()

    def hand_over(self, path: Path) -> None:
        """Prove that the file can be read back: the first document goes to the board, and the page waits."""
        self.give(path, self.code)
        self.handed_over()

    def handed_over(self) -> None:
        """Wait until the page shows that the board has this member's first document."""
        expect(self.page.locator(".standings .mine .tick")).to_have_text(re.compile("[…✓]"))

    def begin(self) -> Path:
        """Do all of the first part; returns the file."""
        path = self.make()
        self.hand_over(path)
        return path

    def resume(self, path: Path) -> None:
        """Come back to the page with a file."""
        self.enter()
        self.press()
        expect(self.page.locator("#file")).to_be_visible()
        self.see("open")
        self.give(path, self.code)

    def compare(self) -> str:
        """Wait for the others to have finished; returns the digest, which is then said to be everybody's."""
        shown = self.page.locator("code.aloud")
        expect(shown).to_be_visible()
        self.see("compare")
        digest = " ".join(shown.locator("span").all_inner_texts())
        self.press()
        return digest

    def complete(self) -> Path:
        """Save the complete file and prove it; returns it."""
        expect(self.page.locator(GO)).to_be_visible()
        self.see("complete")
        path = self.save()
        self.give(path, self.code)
        expect(self.page.locator("main .note.ok")).to_be_visible()
        self.see("done")
        return path

    def share(self, path: Path) -> KeyShare:
        """Read a saved file as the command line does, with the code of this member's paper."""
        return KeyShare.read(path, self.code)
