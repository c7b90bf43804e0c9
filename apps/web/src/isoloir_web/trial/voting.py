"""One simulated voter, from the landing page to the receipt, by HTTP alone; mistakes on the way if so planned."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from isoloir import counting
from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir.roll import RollEntry
from isoloir_ballots.ballot import make
from isoloir_ballots.election import Election
from isoloir_ballots.hashing import tracker as tracker_of
from isoloir_outbox import read_outbox
from isoloir_web.trial.browsing import Browser, Form, Shown

_STEPS = 12
_PATIENCE = 60.0
_PAUSE = 1.0
_CODE_SEEN_WITHIN = 50
WRONG_NUMBER, WRONG_CODE, WRONG_IDENTIFIER, VOTES_TWICE, ALTERED = (
    "wrong_number",
    "wrong_code",
    "wrong_identifier",
    "votes_twice",
    "altered",
)
MISTAKES = (WRONG_NUMBER, WRONG_CODE, WRONG_IDENTIFIER, VOTES_TWICE, ALTERED)

AtProvider = Callable[[httpx2.AsyncClient, str, str], Awaitable[str]]
"""Given the voter's browser, the address to log in at and the national identifier, logs in at the provider; returns
where it sends the voter back to. Raises ValueError where it does not."""
ReadCode = Callable[[str], Awaitable[str]]
"""Given the address that a password was sent to, returns the password that the voter reads."""


class Lost(Exception):
    """The simulated voter does not know what to do with a page: the simulation has failed."""


class Stuck(Lost):
    """The way in leads nowhere from here: a person would begin again."""


@dataclass
class Plan:
    """What one voter will do: by which branch, choosing what in each contest, with which mistake first."""

    entry: RollEntry
    branch: str
    choices: dict[str, str]
    mistake: str = ""
    typed_mobile: str = ""
    receipts: dict[str, str] = field(default_factory=dict)
    """The tracker of each contest voted in."""


@dataclass
class Tally:
    """What the simulation has seen so far."""

    refused: Counter[str] = field(default_factory=Counter)
    branches: Counter[str] = field(default_factory=Counter)
    cast: dict[str, Counter[str]] = field(default_factory=dict)
    receipts: dict[str, list[str]] = field(default_factory=dict)
    """By contest, the trackers of which voters hold a receipt."""
    voted: int = 0
    casting: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever a ballot is about to be sent."""


class Voter:
    """A voter with a plan and a browser."""

    def __init__(
        self,
        election: ElectionFile,
        plan: Plan,
        browser: Browser,
        read_code: ReadCode,
        seen: Tally,
        at_provider: AtProvider | None = None,
    ) -> None:
        self.election = election
        self.plan = plan
        self.browser = browser
        self.seen = seen
        self._read_code = read_code
        self._log_in_there = at_provider or _log_in_at_simulator
        self._mistake = plan.mistake
        self._lost_identifier = False
        self._root = f"/e/{election.id}"

    async def log_in(self) -> bool:
        """Walk the branch; true once logged in, false where the site refused and said why."""
        await self.browser.get(f"{self._root}/")
        page = await self.browser.post(f"{self._root}/login", {"branch": self.plan.branch})
        patient = time.monotonic() + _PATIENCE
        trail: list[str] = []
        while len(trail) < _STEPS:
            trail.append(" ".join([page.path.removeprefix(self._root), str(page.status), *page.codes]))
            if page.path == f"{self._root}/contests":
                self.seen.branches[self.plan.branch] += 1
                return True
            self.seen.refused.update(page.codes)
            if any(code.endswith("_busy") for code in page.codes):
                await asyncio.sleep(_PAUSE)
                if time.monotonic() < patient:
                    trail.pop()  # told to wait a little: no step of the way
            form = page.asking("identifier", "rpps", "number", "mobile", "password") or _bare(page)
            if self._lost_identifier and page.codes:
                return False  # an identifier that nobody has: the voter sees the refusal, and begins again
            if page.onward:
                back = await self._at_provider(page.onward)
                if back is None:
                    return False
                page = back
            elif form is not None:
                page = await self._fill(form)
            elif page.codes:
                return False
            else:
                raise Stuck(f"no way on: {', '.join(trail)}")
        raise Stuck(f"the login does not end: {', '.join(trail)}")

    async def _at_provider(self, url: str) -> Shown | None:
        """Log in at the provider; `None` where it broke down, so that the voter begins again."""
        identity = f"8{self.plan.entry.fields.get('rpps', '')}"
        try:
            back = await self._log_in_there(self.browser.http, url, identity)
        except (httpx2.TransportError, ValueError):
            return None
        return await self.browser.get(back)

    async def _fill(self, form: Form) -> Shown:
        entry = self.plan.entry
        values: dict[str, str] = {}
        for name in form.fields:
            match name:
                case "identifier":
                    self._lost_identifier = self._once(WRONG_IDENTIFIER)
                    values[name] = "ZZZZZZZ" if self._lost_identifier else entry.identifier.lower()
                case "rpps":
                    values[name] = entry.fields["rpps"]
                case "number":
                    right = entry.fields["ordinal_number"]
                    values[name] = "00/000000" if self._once(WRONG_NUMBER) else f" {right} "
                case "mobile":
                    values[name] = self.plan.typed_mobile
                case "password":
                    code = await self._read_code(entry.mobile or self.plan.typed_mobile)
                    values[name] = "WRONG-1" if self._once(WRONG_CODE) else code
                case _:
                    raise Lost(f"an unknown field: {name}")
        return await self.browser.send(form, **values)

    def _once(self, mistake: str) -> bool:
        if self._mistake != mistake:
            return False
        self._mistake = ""
        return True

    async def vote(self) -> bool:
        """Vote in what is left of the plan, as the booth does, and log out; false where one was refused."""
        for contest_id, choice in self.plan.choices.items():
            if contest_id not in self.plan.receipts and not await self.vote_in(contest_id, choice):
                return False
        page = await self.browser.get(f"{self._root}/logout")
        if page.forms:
            await self.browser.send(page.forms[0])
        self.seen.voted += 1  # last, for whoever finds nobody there on the way comes again
        return True

    async def vote_in(self, contest_id: str, choice: str) -> bool:
        """Encrypt and cast one choice; true once the receipt came back, false where the site refused."""
        booth = f"{self._root}/booth/{contest_id}"
        answer = await self.browser.json("GET", f"{booth}/setup")
        if self._refused(answer.status_code, answer.content):
            return False
        setup = answer.json()
        contest = self.election.contest(contest_id)
        belenios = Election.parse(setup["election_json"].encode())
        for _ in range(_STEPS):
            drawn = await self.browser.json("POST", f"{booth}/credential", setup["step_token"])
            if self._refused(drawn.status_code, drawn.content):
                return False
            row = counting.answer(contest, choice)
            ballot = await asyncio.to_thread(make, belenios, drawn.json()["credential"], row)
            if self._once(ALTERED):
                bad = await self.browser.json("POST", f"{booth}/ballot", setup["step_token"], _altered(ballot))
                self._refused(bad.status_code, bad.content)
            self.seen.casting.set()
            cast = await self.browser.json("POST", f"{booth}/ballot", setup["step_token"], ballot)
            if self._refused(cast.status_code, cast.content) == "credential_taken":
                continue
            if cast.status_code != 200:
                return False
            if cast.json()["tracker"] != tracker_of(ballot):
                raise Lost("the tracker that came back is another one")
            self.seen.cast.setdefault(contest_id, Counter())[choice] += 1
            self.seen.receipts.setdefault(contest_id, []).append(tracker_of(ballot))
            self.plan.receipts[contest_id] = tracker_of(ballot)
            if self._once(VOTES_TWICE):
                again = await asyncio.to_thread(make, belenios, drawn.json()["credential"], row)
                second = await self.browser.json("POST", f"{booth}/ballot", setup["step_token"], again)
                if self._refused(second.status_code, second.content) is None:
                    raise Lost("a second vote was taken")
            return True
        raise Lost("no credential was free")

    def _refused(self, status: int, content: bytes) -> str | None:
        if status == 200:
            return None
        code = str(json.loads(content)["code"])
        self.seen.refused[code] += 1
        return code


async def _log_in_at_simulator(http: httpx2.AsyncClient, url: str, identity: str) -> str:
    from isoloir_prosante_connect.simulator import log_in  # an extra, for elections that use it alone

    return await log_in(http, url, identity)


def reader(instance: Instance, election: ElectionFile, outbox: Path) -> ReadCode:
    """Return what reads a password off the message that carried it, in the outbox of an instance."""

    lengths = {use.config.get("length", 8) for use in election.factors.values() if use.plugin == "password_sms"}
    password = re.compile("|".join(rf"\b(?=[A-Z]*[0-9])[A-Z0-9]{{{length}}}\b" for length in lengths) or "(?!)")

    async def read(address: str) -> str:
        for _ in range(_CODE_SEEN_WITHIN):
            await instance.deliver(election)
            mine = [one for one in read_outbox(outbox) if one.recipient == address]
            found = password.search(mine[-1].text) if mine else None
            if found:
                return found[0]
            await asyncio.sleep(_PAUSE / 10)
        return ""

    return read


def _bare(page: Shown) -> Form | None:
    """Return the one form of a login step that asks nothing ("send me my password")."""
    here = [form for form in page.forms if form.action.endswith("/login/step")]
    return here[0] if here and not page.codes else None


def _altered(ballot: bytes) -> bytes:
    """Change one digit of a response in the proofs: canonical still, and false."""
    place = ballot.index(b'"response":"') + len(b'"response":"')
    digit = b"1" if ballot[place : place + 1] != b"1" else b"2"
    return ballot[:place] + digit + ballot[place + 1 :]
