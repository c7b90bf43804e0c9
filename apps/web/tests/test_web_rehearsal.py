"""The rehearsal from end to end: test voters on the real pages, and nothing of it of use in the real election."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import tomlkit
from click.testing import CliRunner, Result

from isoloir import board, lifecycle, poll_book, publication, registrar, rehearsal, roll
from isoloir.casting import Verifier, Voter, cast
from isoloir.clock import ShiftedClock
from isoloir.commands import main
from isoloir.config.election import ElectionFile
from isoloir.counting import answer, choices
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir.key_share import KeyShare
from isoloir.partials import Box, Partials
from isoloir.rehearsal import Rehearsal
from isoloir.store import acts_store
from isoloir_ballots import archive as archives
from isoloir_ballots.ballot import make
from isoloir_ballots.election import Election
from isoloir_web import rehearsal as whole
from isoloir_web.app import create_app
from isoloir_web.rehearsal import scratch, wires
from isoloir_web.trial import people, preparation
from isoloir_web.trial.browsing import Browser
from isoloir_web.trial.folder import Trial, write_instance
from isoloir_web.waiting import rehearsals_folder

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

EXAMPLE = Path(__file__).parents[3] / "examples" / "medecins-2024" / "election.toml"
KEPT = ("cspm-ph", "cspm-hu")
BASE = "https://vote.example.org"


def small(folder: Path) -> Path:
    """The example with a contest for each of two colleges: all of its plugins and ways in, and its board."""
    document: Any = tomlkit.parse(EXAMPLE.read_text("utf-8"))
    for number in reversed(range(len(document["contests"]))):
        if document["contests"][number]["id"] not in KEPT:
            del document["contests"][number]
    del document["colleges"]["contractuels"]
    file = folder / "election.toml"
    file.write_text(tomlkit.dumps(document), "utf-8")
    return file


def for_real(trial: Trial) -> None:
    """Write the file as for a real election: no test, the sandbox of the real provider, an address of its own."""
    file = trial.folder / "elections" / trial.election_id / "election.toml"
    document: Any = tomlkit.parse(file.read_text("utf-8"))
    document["test"] = False
    config = {"preset": "bas", "client_id": "hopital", "client_secret": {"file": "psc-simulator"}}
    document["factors"]["psc"]["config"] = {**config, "prompt_login": True}
    file.write_text(tomlkit.dumps(document), "utf-8")


class SealedError(Exception):
    """The election is sealed, and waits for its rehearsal."""


@dataclass
class Held:
    """An election that was rehearsed and is open; and what a thief would have taken of the scratch election."""

    instance: Instance
    election: ElectionFile
    shares: list[KeyShare]
    browsers: list[Browser] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    paths: dict[str, Path] = field(default_factory=dict)
    partials: list[Partials] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    waiting: dict[str, Any] = field(default_factory=dict)
    record: Any = None
    cut: str = ""
    added: Any = None
    left: list[Path] = field(default_factory=list)

    @property
    def rehearsed(self) -> Rehearsal:
        assert isinstance(self.record, Rehearsal)
        return self.record

    async def rehearse(self) -> None:
        """Rehearse it, with every share, keeping what passes by."""
        one, election = self.instance, self.election
        self.before = await self.counted()
        await self._cut_off()
        self.paths = await whole.begin(one, election, lambda step, _, __: self.steps.append(step))
        self.after = await self.counted()
        await self._look((await rehearsal.begun(one.store, election)).scratch)
        boxes = [Box.read(path) for path in self.paths.values()]
        self.partials = [Partials.make(share, boxes) for share in self.shares]
        first, second, *others = self.partials
        self.added = await self.command("add", *self._written(first, second))
        for given in [second, *others]:
            await whole.receive(one, election, given)
        self.record = await whole.finish(one, election)

    def _written(self, first: Partials, second: Partials) -> list[Path]:
        """Return four files: one cut short, one of another member's number, one that is not there, and a good one."""
        names = ("cut-short.json", "of-another.json", "gone.json", "good.json")
        cut, other, gone, good = (self.instance.folder / "remis" / name for name in names)
        cut.parent.mkdir()
        cut.write_bytes(second.to_bytes()[:-40])
        replace(second, number=first.number).write(other)
        first.write(good)
        return [cut, other, gone, good]

    async def command(self, name: str, *files: Path) -> Result:
        """Run a command of the rehearsal as an organiser does."""
        here = ["--instance", str(self.instance.folder), "election", "rehearse", name, self.election.id]
        return await asyncio.to_thread(CliRunner().invoke, main, [*here, *map(str, files), "--json"])

    async def _cut_off(self) -> None:
        """Begin, and be cut off in the middle of the vote."""

        def cut(step: str, *_: int) -> None:
            self.cut = step
            if step == "vote":
                begun.cancel()

        begun = asyncio.create_task(whole.begin(self.instance, self.election, cut))
        with pytest.raises(asyncio.CancelledError):
            await begun
        self.left = list(scratch.place_of(self.instance).iterdir())

    async def counted(self) -> dict[str, Any]:
        """What the real election holds."""
        one, election = self.instance, self.election
        return {
            "roll": {entry.identifier for entry in await roll.entries(one.store, election.id)},
            "turnout": await poll_book.turnout(one.store, election),
            "outbox": sorted((one.folder / "outbox").iterdir()),
            "state": await lifecycle.state(one.store, election.id),
        }

    async def _look(self, name: str) -> None:
        """Look into the scratch election while it waits, and go to its pages with the cookies of its voters."""
        folder = scratch.place_of(self.instance) / name
        trial = scratch.again(self.instance, self.election, name)
        async with wires.Wires().http as nobody, scratch.opened(self.instance, trial, nobody) as opened:
            own = opened.election(self.election.id)
            assert isinstance(opened.clock, ShiftedClock)
            opened.clock.move_to(own.window.closes - timedelta(minutes=4))
            self.waiting = {
                "mode": folder.stat().st_mode & 0o777,
                "keys": (folder / "secrets" / "master.key").read_bytes(),
                "seal": await lifecycle.seal_of(opened.store, own.id),
                "roll": {one.identifier for one in await roll.entries(opened.store, own.id)},
                "file": own,
                "entered": await entering(opened, own, self.browsers),
            }


async def entering(instance: Instance, election: ElectionFile, browsers: list[Browser]) -> int:
    """Return to how many of these an application shows the contests, for the cookies that they have."""
    transport, entered = httpx2.ASGITransport(create_app(instance)), 0
    for browser in browsers:
        async with httpx2.AsyncClient(base_url=BASE, transport=transport, cookies=browser.http.cookies) as http:
            entered += (await http.get(f"/e/{election.id}/contests")).status_code == 200
    return entered


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def held(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Held]:
    """An election of an instance behind https, whose window is tomorrow's: sealed, rehearsed, opened."""
    folder = tmp_path_factory.mktemp("rehearsed")
    opens = datetime.now(UTC) + timedelta(days=1)
    trial = write_instance(
        folder / "instance", small(folder), base_url=BASE, opens=opens, closes=opens + timedelta(days=2), demo=False
    )
    for_real(trial)
    clock = ShiftedClock()
    async with Instance.open(trial.folder, clock=clock) as instance:
        one = Held(instance, instance.election(trial.election_id), [])

        async def later(_: Instance, __: ElectionFile, shares: Any) -> Any:
            one.shares.extend(shares)
            raise SealedError

        found = people.as_csv(people.people(one.election, 6, random.Random(1)))
        with pytest.raises(SealedError):
            await preparation.prepare(instance, one.election, found, trial.board, lambda _: None, later)
        with pytest.MonkeyPatch.context() as patch:
            browser = wires.Wires.browser

            def noted(self: wires.Wires, base_url: str, number: int) -> Browser:
                one.browsers.append(browser(self, base_url, number))
                return one.browsers[-1]

            patch.setattr(wires.Wires, "browser", noted)
            await one.rehearse()
        await board.open_vote(instance.store, one.election, instance.plugins, clock)
        clock.move_to(one.election.window.opens + timedelta(hours=1))
        yield one


async def test_every_choice_was_cast_opened_and_allotted(held: Held) -> None:
    """The tally is what was cast, each choice among it, with seats; the record is kept under the real seal."""
    record, real = held.rehearsed, await registrar.pools(held.instance.store, held.election)
    assert record.passed
    assert [one.contest for one in record.contests] == list(KEPT)
    for one in record.contests:
        contest = held.election.contest(one.contest)
        assert set(one.votes) == set(choices(contest))
        assert all(one.votes.values())
        assert dict(one.votes) == dict(record.played.cast[one.contest])
        assert sum(record.concluded.seats[one.contest].values()) <= contest.seats
        assert one.uuid != real[one.contest].uuid
        assert set(one.without) == set(one.refused) == set(one.unreadable) == {share.member for share in held.shares}
    assert set(record.played.branches) == {"psc", "password"}
    assert all(record.played.branches.values())
    seal = await lifecycle.seal_of(held.instance.store, held.election.id)
    assert seal is not None
    assert record.system_digest == seal.system == held.waiting["seal"].system
    async with held.instance.store.read() as session:
        (kept,) = await acts_store.rehearsals(session, held.election.id)
    assert kept.record == json.loads(json.dumps(record.to_json()))
    assert list(dict.fromkeys(held.steps)) == ["prepare", "vote", "close"]


async def test_every_mistake_was_refused(held: Held) -> None:
    """Each with the code that a voter reads; the votes that were taken are its twin."""
    met = {(one.what, one.branch): (one.codes, one.held) for one in held.rehearsed.played.drills}
    assert met == {
        ("before_opening", "psc"): (("election_not_open",), True),
        ("votes_twice", "psc"): (("already_voted",), True),
        ("altered", "password"): (("ballot_invalid",), True),
        ("wrong_number", "psc"): (("ordinal_mismatch",), True),
        ("wrong_number", "password"): (("ordinal_mismatch",), True),
        ("wrong_code", "password"): (("sms_password_wrong",), True),
        ("wrong_identifier", "password"): (("ordinal_mismatch",), True),
        ("stranger", "psc"): (("not_recognised",), True),
        ("tracker", ""): ((), True),
        ("after_close", "password"): (("election_closed",), True),
        ("grace", "psc"): ((), True),
        ("after_grace", "password"): (("election_closed",), True),
        ("poll_book", ""): ((), True),
    }


async def test_the_scratch_election_is_its_own_and_the_real_one_untouched(held: Held) -> None:
    """Own keys, roll and messages in a private folder, another file only where something stands in."""
    assert held.before == held.after
    assert held.waiting["mode"] == 0o700
    assert held.waiting["keys"] != (held.instance.secrets_folder / "master.key").read_bytes()
    assert not held.waiting["roll"] & held.after["roll"]
    psc = ("client_id", "issuer", "post_logout_url", "preset")
    channels = ("email", "post", "sms")
    assert held.rehearsed.played.differences == (
        *(f"factors.psc.config.{key}" for key in psc),
        *(f"notifiers.{channel}.config.folder" for channel in channels),
        "test",
    )
    assert held.rehearsed.played.plugins["factors.psc"] == "real, simulator"
    assert held.rehearsed.played.plugins["factors.sms"] == "real"


async def test_nothing_is_left_but_archives_record_and_minutes(held: Held) -> None:
    """The scratch folder is gone; an archive for each contest stays, and minutes that are marked on every page."""
    assert list(scratch.place_of(held.instance).iterdir()) == []
    folder, told = rehearsals_folder(held.instance, held.election), held.rehearsed.concluded
    assert {path.name for path in folder.iterdir()} == {*(path.name for path in held.paths.values()), told.minutes}
    made = (folder / told.minutes).read_bytes()
    assert hashlib.sha256(made).hexdigest() == told.minutes_sha256
    command = ["pdftotext", folder / told.minutes, "-"]
    read = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True)
    pages = read.stdout.decode().split("\f")[:-1]
    assert len(pages) > 3
    assert all("Répétition — sans valeur" in page for page in pages)


async def test_a_session_of_the_rehearsal_is_none_in_the_real_election(held: Held) -> None:
    """Nobody enters with the cookies of test voters; the scratch application knew one who had not logged out."""
    assert held.waiting["entered"] == 1
    assert await entering(held.instance, held.election, held.browsers) == 0


async def test_a_ballot_of_the_rehearsal_is_refused_in_the_real_box(held: Held) -> None:
    """It and those made anew with credentials of the rehearsal are refused for an elector; a real one is not."""
    one, election, contest = held.instance, held.election, held.election.contest("cspm-ph")
    elector = next(entry for entry in await roll.entries(one.store, election.id) if entry.college == "ph")
    who = Voter(elector.id, election.id, one.clock.now())
    setup = Election.parse((await publication.setup_bytes(one.store, election.id, contest.id))[0])
    drawn = {browser._credential for browser in held.browsers if browser._credential}
    assert len(drawn) > 5
    old = next(iter(archives.read(held.paths[contest.id]).ballots))
    row = answer(contest, "blank")
    verifier = Verifier()
    for ballot in (old, *(make(setup, credential, row) for credential in sorted(drawn)[:3])):
        with pytest.raises(IsoloirError) as refused:
            await cast(one.store, election, who, contest.id, ballot, one.clock, verifier)
        assert refused.value.code == "ballot_invalid"
    real = await registrar.draw_credential(one.store, election, contest.id, keys_folder=one.secrets_folder)
    await cast(one.store, election, who, contest.id, make(setup, real, row), one.clock, verifier)


async def test_real_shares_are_refused_once_the_vote_is_open(held: Held) -> None:
    """At every entry, by the same code: nothing is begun, taken or finished, and no folder is left."""
    one = held.instance
    for act in (
        lambda: whole.begin(one, held.election),
        lambda: whole.receive(one, held.election, held.partials[0]),
        lambda: whole.finish(one, held.election),
    ):
        with pytest.raises(IsoloirError, match="already_open"):
            await act()
    for name, files in (("begin", []), ("add", [one.folder / "remis" / "good.json"]), ("finish", [])):
        ran = await held.command(name, *files)
        assert ran.exit_code == 1
        assert json.loads(ran.stderr)["error"]["code"] == "already_open"
    assert list(scratch.place_of(one).iterdir()) == []


async def test_a_file_that_cannot_be_read_stops_no_other(held: Held) -> None:
    """Cut short, foreign or missing, each is told by its name on stderr; the good one after them was taken."""
    assert held.added.exit_code == 1
    told = [part["error"] for part in _each(held.added.stderr)]
    assert [one["code"] for one in told] == ["partial_unreadable", "partial_foreign", "partial_unreadable"]
    assert [one["where"].get("file") for one in told] == ["cut-short.json", None, "gone.json"]
    assert all(one["sentence"] and one["remedy"] for one in told)
    first, second = held.partials[:2]
    assert held.rehearsed.proved[first.board]
    assert json.loads(held.added.stdout)["state"] == "sealed"
    assert {first.member, second.member} <= set(held.rehearsed.proved[first.board])


def _each(text: str) -> list[Any]:
    """Read JSON values that follow one another."""
    found, rest, decoder = [], text.strip(), json.JSONDecoder()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append(value)
        rest = rest[end:].strip()
    return found


async def test_a_rehearsal_that_is_cut_off_leaves_nothing(held: Held) -> None:
    """In the middle of the vote: its folder is destroyed, and the next one begins anew."""
    assert (held.cut, held.left) == ("vote", [])


async def test_what_nobody_waits_for_is_swept(held: Held) -> None:
    """A folder that a killed rehearsal left is destroyed; one that another process plays in is not."""
    left, played_in = (scratch.place_of(held.instance) / f"{held.election.id}.{name}" for name in ("left", "played"))
    for folder in (left, played_in):
        folder.mkdir(parents=True)
        (folder / "isoloir.sqlite3").write_text("x")
    with scratch._held(played_in):
        await scratch.sweep(held.instance)
        assert not left.exists()
        assert played_in.exists()
    await scratch.sweep(held.instance)
    assert not played_in.exists()


async def test_the_opening_proved_the_real_box_empty(held: Held) -> None:
    """The audit log holds, by contest, that there was nothing, and the hash of the empty list."""
    from isoloir import audit_log

    (line,) = [one for one in await audit_log.lines(held.instance.store, held.election.id) if one.act == "opened"]
    empty = {"ballots": 0, "marks": 0, "publications": 0, "hash": hashlib.sha256(b"").hexdigest()}
    assert json.loads(line.details)["boxes"] == dict.fromkeys(KEPT, empty)


async def test_an_election_whose_ways_in_nobody_can_try_is_rehearsed_from_the_login_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test voters are let in by the scratch election alone; no way in is said to have been gone, nor refused."""
    monkeypatch.setattr("isoloir_web.rehearsal.voters._KNOWN", {})
    opens = datetime.now(UTC) + timedelta(days=1)
    window = {"opens": opens, "closes": opens + timedelta(days=2)}
    trial = write_instance(tmp_path / "instance", small(tmp_path), base_url=BASE, demo=False, **window)
    for_real(trial)
    async with Instance.open(trial.folder, clock=ShiftedClock()) as instance:
        election = instance.election(trial.election_id)
        kept: list[Any] = []

        async def noted(one: Instance, sealed: ElectionFile, shares: Any) -> Any:
            kept.append(await whole.rehearse(one, sealed, shares))
            return kept[0]

        found = people.as_csv(people.people(election, 6, random.Random(1)))
        await preparation.prepare(instance, election, found, trial.board, lambda _: None, noted)
    (record,) = kept
    assert record.passed
    assert set(record.played.branches.values()) == {0}
    met = {one.what: (one.codes, one.held) for one in record.played.drills}
    assert met == {
        "votes_twice": (("already_voted",), True),
        "altered": (("ballot_invalid",), True),
        "tracker": ((), True),
        "grace": ((), True),
        "after_grace": (("election_closed",), True),
        "poll_book": ((), True),
    }
