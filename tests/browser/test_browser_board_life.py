"""A whole election in real browsers: six members of the board, each in a browser of their own, and the organiser."""

from __future__ import annotations

import asyncio
import io
import random
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
import tomlkit
from playwright.sync_api import Browser, Page, expect

from isoloir import lifecycle, roll, roll_import, unsealing
from isoloir.accounts.second_factor import STEP_SECONDS
from isoloir.clock import ShiftedClock
from isoloir.config.election import ElectionFile
from isoloir.counting import choices
from isoloir.instance import DemoClock, Instance
from isoloir.lifecycle import State
from isoloir_ballots.verify import check_archive
from isoloir_minutes import signing
from isoloir_minutes.certificate import demonstration_signer
from isoloir_prosante_connect.simulator import log_in
from isoloir_web.trial import people
from isoloir_web.trial.browsing import Browser as Visitor
from isoloir_web.trial.folder import Trial
from isoloir_web.trial.voting import Plan, Tally, Voter, reader

from . import driving
from .ceremony import BoardMember, Hosted, hosted
from .findings import Findings
from .people import ELECTION, EXAMPLE, FRENCH, Elector
from .views import DESKTOP, fits, shoot

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

MEMBERS = ("president", "secretary", "delegate-1", "delegate-2", "delegate-3", "delegate-4")
UNSEAL = ("secretary", "delegate-2", "delegate-4")
VOTES = 50
CONTESTS = ("cspm-ph", "cspm-hu")


class Telephones:
    """What the members' telephones and the server take for the time; it goes on whenever a code is used."""

    def __init__(self) -> None:
        self.clock = ShiftedClock()

    def code(self, secret: str) -> str:
        """Return a code that nobody used yet."""
        self.clock.shift += timedelta(seconds=STEP_SECONDS)
        return pyotp.TOTP(secret).at(self.clock.now())


class Sitting(BoardMember):
    """Somebody with an account, whose telephone is one of those."""

    telephones: Telephones

    def telephone(self) -> str:
        """Return the code that it shows."""
        return self.telephones.code(self.known.secret)

    def act(self, name: str, **typed: str) -> None:
        """Do an act of the board on its page."""
        self.page.goto(f"{ELECTION}/board/do/{name}")
        for place, rank in enumerate(self.page.locator("select").all(), 1):
            rank.select_option(index=place)
        for field, text in typed.items():
            self.page.locator(f"#f-{field}").fill(text)
        self.see(f"do-{name}")
        self.page.locator("#f-code").fill(self.telephone())
        self.page.locator("main button.go").click()
        self.page.wait_for_url(re.compile(f"/board/(?!do/{name})"))

    def decrypt(self, where: str, share: Path) -> None:
        """Download the boxes, decrypt them on the offline page, and hand in the file that it gives."""
        self.page.goto(f"{ELECTION}/board/{where}")
        self.see(where)
        digests, archives = [], []
        cards = self.page.locator("section.card").filter(has=self.page.locator("a[download]"))
        for place, card in enumerate(cards.all()):
            digests.append(re.sub(r"\s", "", card.locator("dd.code").nth(1).inner_text()))
            with self.page.expect_download() as kept:
                card.locator("a[download]").click()
            archives.append(self.folder / f"{where}-{place}.bel")
            kept.value.save_as(archives[-1])
        assert archives
        made = self._alone(share, archives, digests)
        self.page.locator("#partials").set_input_files(made)
        self.page.locator("main form .go").click()
        expect(self.page.locator("main .note.ok")).to_be_visible()
        self.see(f"{where}-given")

    def _alone(self, share: Path, archives: Sequence[Path], digests: Sequence[str]) -> Path:
        page = self.page.context.new_page()
        page.goto("/trustee")
        page.locator("#share").set_input_files(share)
        page.locator("#code").fill(self.code)
        page.get_by_role("button", name="Ouvrir mon fragment").click()
        page.locator("#archives").set_input_files(archives)
        page.get_by_role("button", name="Contrôler les urnes").click()
        expect(page.locator("#typed-0")).to_be_visible()
        for place, digest in enumerate(digests):
            page.locator(f"#typed-{place}").fill(digest[-16:])
        page.get_by_role("button", name="Déchiffrer ces totaux").click()
        with page.expect_download() as kept:
            page.get_by_role("button", name="Enregistrer le fichier").click()
        path = self.folder / kept.value.suggested_filename
        kept.value.save_as(path)
        page.close()
        return path


@pytest.fixture(scope="module")
def findings() -> Findings:
    """Findings of its own: docs/accessibility.md tells of voters' pages."""
    return Findings(browser="Chromium")


@pytest.fixture
def telephones(monkeypatch: pytest.MonkeyPatch) -> Telephones:
    """Telephones whose time the test leads, as the server sees it too: codes change every half minute."""
    made = Telephones()
    monkeypatch.setattr("isoloir_web.house.SystemClock", lambda: made.clock)
    return made


@pytest.fixture
def site(tmp_path: Path, telephones: Telephones) -> Iterator[Hosted]:
    """The example of 2024 with two of its contests, still a draft, its window open; a roll of fifty."""
    opens = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    document: Any = tomlkit.parse((EXAMPLE / "election.toml").read_text("utf-8"))
    for place in reversed(range(len(document["contests"]))):
        if document["contests"][place]["id"] not in CONTESTS:
            del document["contests"][place]
    del document["colleges"]["contractuels"]
    source = tmp_path / "election.toml"
    source.write_text(tomlkit.dumps(document), "utf-8")
    with hosted(tmp_path / "instance", source, begun=False, opens=opens, first_of_all=import_roll) as served:
        yield served


@pytest.fixture
def sit(
    site: Hosted, telephones: Telephones, chromium: Browser, tmp_path: Path
) -> Iterator[Callable[[str], Sitting]]:
    """Seat somebody in a browser of their own; afterwards: no console error, nothing asked of any other host."""
    opened, errors, elsewhere = [], [], []

    def see(page: Page, what: str) -> None:
        fits(page)
        shoot(page, f"board-life/{what}")

    def seat(name: str) -> Sitting:
        context = chromium.new_context(accept_downloads=True, base_url=site.address, locale="fr-FR", viewport=DESKTOP)
        context.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
        context.on("weberror", lambda one: errors.append(str(one.error)))
        context.on(
            "request",
            lambda one: (
                elsewhere.append(one.url) if not one.url.startswith((site.address, "data:", "blob:")) else None
            ),
        )
        opened.append(context)
        folder = tmp_path / name
        folder.mkdir()
        one = Sitting(context.new_page(), site.known[name], folder, see)
        one.telephones = telephones
        one.log_in()
        return one

    yield seat
    for context in opened:
        context.close()
    assert [one for one in errors if "status of 4" not in one] == []
    assert elsewhere == []


def reached(site: Hosted, page: Page, state: State, seconds: int = 60) -> None:
    """Wait until the server's background has brought the election there."""
    for _ in range(4 * seconds):
        if site.do(lambda instance, election: lifecycle.state(instance.store, election.id)) is state:
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"the election is not {state.value}")


def tallied(site: Hosted, officer: Sitting, other: Sitting, seconds: int = 120) -> None:
    """Wait for the tally; at a tie, an officer records the board's lot, and another member confirms it."""
    for _ in range(2 * seconds):
        if site.do(lambda instance, election: lifecycle.state(instance.store, election.id)) is State.TALLIED:
            return
        officer.page.goto(f"{ELECTION}/board/unsealing")
        if officer.page.locator("a[href$='/do/lot']").count():
            officer.act("lot", drawn_by="la secrétaire", before="deux délégués")
            other.act("lot-confirm")
        officer.page.wait_for_timeout(500)
    raise AssertionError("no tally comes")


def until(page: Page, address: str, what: str, seconds: int = 60) -> None:
    """Look at a page again and again until it shows something."""
    for _ in range(2 * seconds):
        page.goto(address)
        if page.locator(what).count():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"{address} does not show {what}")


async def import_roll(instance: Instance, election: ElectionFile) -> None:
    """Put fifty electors on the roll, as the organiser's command does."""
    csv = people.as_csv(people.people(election, VOTES, random.Random(2024)))
    preview = roll_import.read_roll(csv, election, instance.plugins.roll_checks.values())
    await roll_import.import_roll(instance.store, election, preview)


async def vote(instance: Instance, election: ElectionFile, site: Hosted, first: int, last: int) -> int:
    """Have some electors vote over HTTP, by both ways in; returns in how many contests."""
    entries = (await roll.entries(instance.store, election.id))[first:last]
    trial = Trial(site.folder, election.id, site.folder / "outbox", site.address, "")
    seen, draw = Tally(), random.Random(first)

    async def one(place: int, entry: roll.RollEntry) -> int:
        plan = Plan(
            entry,
            election.policy.any[place % len(election.policy.any)].id,
            {contest.id: draw.choice(choices(contest)) for contest in roll.contests_of(election, entry)},
            "",
            f"+336124{first + place:05d}",
        )
        async with Visitor(site.address) as visitor:
            voter = Voter(election, plan, visitor, reader(instance, election, trial.outbox), seen, log_in)
            assert await voter.log_in()
            assert await voter.vote()
        return len(plan.receipts)

    return sum(await asyncio.gather(*[one(place, entry) for place, entry in enumerate(entries)]))


def test_from_the_ceremony_to_the_minutes(site: Hosted, sit: Callable[[str], Sitting], chromium: Browser) -> None:
    """Six browsers make the key, rehearse, open, close and unseal; fifty vote; the minutes are signed and say so."""
    organiser, board = sit("organisateur"), {name: sit(name) for name in MEMBERS}
    secretary = board["secretary"]
    organiser.act("file")
    organiser.act("ceremony")

    # The ceremony: six shares, made in six browsers, each saved and proved.
    for one in board.values():
        one.page.goto(f"{ELECTION}/board/key")
        one.begin()
    assert len({one.compare() for one in board.values()}) == 1
    shares = {name: one.complete() for name, one in board.items()}
    organiser.act("keys")
    reached(site, organiser.page, State.KEYED)
    organiser.act("seal")
    reached(site, organiser.page, State.SEALED)

    # The rehearsal, opened by all six from their own files.
    secretary.act("rehearsal")
    until(secretary.page, f"{ELECTION}/board/rehearsal", "a[download]")
    for name, one in board.items():
        one.decrypt("rehearsal", shares[name])
    secretary.act("rehearsal-end")
    reached(site, secretary.page, State.REHEARSED)
    secretary.page.goto(f"{ELECTION}/board/rehearsal")
    secretary.see("rehearsed")
    secretary.act("open")
    reached(site, secretary.page, State.OPEN)

    # Fifty votes: one in a browser, the others over HTTP.
    site.do(lambda instance, election: instance.invite(election))
    everybody = site.do(lambda instance, election: roll.entries(instance.store, election.id))
    cast = vote_in_a_browser(site, chromium, everybody[0])
    for first in range(1, VOTES, 10):
        last = min(first + 10, VOTES)
        cast += site.do(lambda instance, election, a=first, b=last: vote(instance, election, site, a, b), 120)
    closing = site.instance.election(site.election.id).window.grace_ends + timedelta(minutes=1)
    assert isinstance(site.instance.clock, DemoClock)
    site.instance.clock.move_to(closing)

    # A week has passed: everybody logs in again. The box is closed, and opened by three.
    for name in ("organisateur", *UNSEAL):
        (organiser if name == "organisateur" else board[name]).log_in()
    secretary.act("close")
    reached(site, secretary.page, State.CLOSED)
    until(secretary.page, f"{ELECTION}/board/unsealing", "a[download]")
    for name in UNSEAL:
        assert site.do(lambda instance, election: lifecycle.state(instance.store, election.id)) is State.CLOSED
        board[name].decrypt("unsealing", shares[name])
    tallied(site, secretary, board["delegate-2"])
    secretary.act("publish")
    reached(site, secretary.page, State.PUBLISHED)
    results = site.do(lambda instance, election: unsealing.results(instance.store, election))
    assert results is not None
    assert sum(one.ballots for one in results.contests) == cast
    for contest in results.contests:
        path = unsealing.archive_path(site.instance.archives_folder, site.election, contest.contest)
        assert check_archive(path).ballots == contest.ballots

    # The minutes: made, signed on the organiser's own computer, handed in, and checked.
    organiser.act("papers")
    until(organiser.page, f"{ELECTION}/board/minutes", "a[href$='papers.zip']")
    with organiser.page.expect_download() as kept:
        organiser.page.locator("a[href$='papers.zip']").click()
    away = organiser.folder / "away"
    zipfile.ZipFile(io.BytesIO(kept.value.path().read_bytes())).extractall(away)
    site.do(lambda *_: signing.sign(away, demonstration_signer(closing), closing))
    organiser.page.locator("#papers").set_input_files(sorted(away.glob("*.pdf")))
    organiser.page.locator("main form .go").click()
    until(organiser.page, f"{ELECTION}/board/minutes", "text=Tous les documents sont signés")
    organiser.see("minutes-signed")
    with organiser.page.expect_download() as kept:
        organiser.page.locator("a[href$='proces-verbal.pdf']").click()
    minutes = organiser.folder / "proces-verbal.pdf"
    shutil.copyfile(kept.value.path(), minutes)
    said = subprocess.run(["pdftotext", "-layout", str(minutes), "-"], capture_output=True, text=True, check=True)
    for name in UNSEAL:
        assert site.election.boards["national"].members[name].name in said.stdout
    assert b"/ETSI.CAdES.detached" in minutes.read_bytes()


def vote_in_a_browser(site: Hosted, chromium: Browser, entry: roll.RollEntry) -> int:
    """Log one elector in by Pro Santé Connect and vote in every contest; returns in how many."""
    context = chromium.new_context(accept_downloads=True, base_url=site.address, locale="fr-FR", viewport=DESKTOP)
    name = f"{entry.first_name} {entry.last_name}"
    fields = entry.fields
    elector = Elector(name, fields["rpps"], fields["ordinal_number"], entry.mobile, entry.college)
    voter = driving.Voter(context.new_page(), FRENCH, lambda page, what: shoot(page, f"board-life/voter-{what}"))
    voter.log_in_by_psc(elector)
    voter.contests()
    left = len(voter.to_vote())
    trackers = voter.vote_everywhere(elector, [FRENCH.blank] * left)
    context.close()
    return len(trackers)
