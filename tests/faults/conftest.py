"""A trial election, served by a process of its own, whose machine can be made to fail."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from rehearsal_kit import in_short

from isoloir import counting, poll_book, roll
from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir.roll import RollEntry
from isoloir.store import box_store
from isoloir_ballots.ballot import make
from isoloir_ballots.election import Election
from isoloir_outbox import read_outbox
from isoloir_web.refusals import REFUSAL
from isoloir_web.server import bound
from isoloir_web.trial import people
from isoloir_web.trial.browsing import Browser
from isoloir_web.trial.child import ChildServer, child_server
from isoloir_web.trial.folder import Trial, write_instance
from isoloir_web.trial.preparation import invite, open_vote, prepare
from isoloir_web.trial.serving import HOST
from isoloir_web.trial.voting import Plan, Tally, Voter

ROOT = Path(__file__).parents[2]
ELECTION = ROOT / "examples" / "medecins-2024" / "election.toml"
FEW_KILLS = 3
HEAD = """# What was broken on purpose, and what held

Written by `make faults`: a whole election served by a process of its own, over real HTTP, on each database. The acts
of the board are those that commands and pages call, each in a process killed before and after each commit, before a
file takes its place or goes, and before its first byte.

"""


@dataclass
class Trouble:
    """One election under way on a machine that fails."""

    instance: Instance
    election: ElectionFile
    trial: Trial
    server: ChildServer
    entries: list[RollEntry]
    answers: list[tuple[str, int, str]] = field(default_factory=list)
    """Every answer asked for through `ask`: path, status, code."""

    @property
    def root(self) -> str:
        return f"/e/{self.election.id}"

    def contests(self, voter: Voter) -> list[str]:
        """Every contest that this voter may vote in."""
        return [contest.id for contest in roll.contests_of(self.election, voter.plan.entry)]

    @asynccontextmanager
    async def logged_in(self, number: int, branch: str = "psc"):
        """A voter of the roll, logged in."""
        entry = self.entries[number]
        plan = Plan(entry, branch, {}, "", f"+336124{number:05d}")
        async with Browser(self.trial.base_url) as browser:
            voter = Voter(self.election, plan, browser, self._read, Tally())
            assert await voter.log_in()
            yield voter

    async def _read(self, address: str) -> str:
        await self.instance.deliver(self.election)
        mine = [one for one in read_outbox(self.trial.outbox) if one.recipient == address]
        return re.findall(r"\b(?=[A-Z]*[0-9])[A-Z0-9]{6,16}\b", mine[-1].text)[0]

    async def ballot(self, voter: Voter, contest_id: str, choice: str = "blank") -> tuple[str, str, bytes]:
        """Draw and encrypt; what to send a ballot with, token and credential, and its bytes."""
        booth = f"{self.root}/booth/{contest_id}"
        setup = (await voter.browser.json("GET", f"{booth}/setup")).json()
        drawn = (await voter.browser.json("POST", f"{booth}/credential", setup["step_token"])).json()
        row = counting.answer(self.election.contest(contest_id), choice)
        made = make(Election.parse(setup["election_json"].encode()), drawn["credential"], row)
        return setup["step_token"], drawn["credential"], made

    async def cast(
        self, voter: Voter, contest_id: str, token: str, credential: str, ballot: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Send a ballot as the booth does."""
        path = f"{self.root}/booth/{contest_id}/ballot"
        answer = await voter.browser.json("POST", path, token, ballot, credential=credential)
        self.look("the ballot", answer)
        return answer.status_code, answer.json()

    async def ask(self, browser: Browser, *paths: str) -> list[int]:
        """Ask for pages; whatever fails must say so in words."""
        statuses = []
        for path in paths:
            answer = await browser.http.get(path)
            self.look(path, answer)
            statuses.append(answer.status_code)
        return statuses

    def look(self, path: str, answer: Any) -> None:
        """An answer that is no success bears a stable code and a sentence, in HTML or JSON."""
        code = answer.headers.get(REFUSAL, "")
        self.answers.append((path, answer.status_code, code))
        if answer.status_code < 400:
            return
        assert code, f"{path}: {answer.status_code} without a code"
        if answer.headers["content-type"].startswith("application/json"):
            told = json.loads(answer.text)
            assert told["sentence"], path
            assert told["help"]["phone"] == self.election.help_line.phone
        else:
            assert "<h1" in answer.text, path
            assert self.election.help_line.phone.replace(" ", "") in re.sub(r"\s", "", answer.text)

    def codes(self) -> set[str]:
        """The codes of everything that was refused so far."""
        return {code for _, status, code in self.answers if status >= 400}

    async def box_and_book(self) -> tuple[int, int]:
        """How many ballots the box holds, and how many entries the poll book."""
        async with self.instance.store.read("box") as session:
            ballots = sum((await box_store.count_waiting(session, self.election.id)).values())
            for contest in self.election.contests:
                ballots += len(await box_store.trackers(session, self.election.id, contest.id))
        turnout = await poll_book.turnout(self.instance.store, self.election)
        return ballots, sum(one.voted for one in turnout.values())


@asynccontextmanager
async def trouble(folder: Path, database: str | None = None, voters: int = 9):
    """An open election in `folder`, served; in SQLite where no database is given."""
    with bound(HOST) as listening:
        base_url = f"http://{HOST}:{listening.getsockname()[1]}"
        now = datetime.now(UTC)
        trial = write_instance(
            folder,
            ELECTION,
            base_url=base_url,
            opens=now - timedelta(hours=1),
            closes=now + timedelta(days=2),
            database=database,
        )
        async with Instance.open(trial.folder) as instance:
            election = instance.election(trial.election_id)
            found = people.people(election, voters, Random(1))
            await prepare(instance, election, people.as_csv(found), trial.board, lambda _: None, in_short)
            await open_vote(instance, election)
            await invite(instance, election)
            entries = sorted(await roll.entries(instance.store, election.id), key=lambda one: one.fields["rpps"])
            async with child_server(trial, listening) as server:
                yield Trouble(instance, election, trial, server, entries)


@pytest.fixture
def trouble_in():
    """Open an election in a folder: ``async with trouble_in(folder, database) as trouble``."""
    return trouble


@pytest.fixture
async def failing(tmp_path, database_url):
    """An open election, served from a folder of its own, on either database."""
    async with trouble(tmp_path, database_url) as opened:
        yield opened


@pytest.fixture
async def failing_on_sqlite(tmp_path):
    """The same in a file."""
    async with trouble(tmp_path) as opened:
        yield opened


@pytest.fixture
async def failing_on_postgresql(tmp_path, postgresql_url):
    """The same in a server."""
    async with trouble(tmp_path, postgresql_url) as opened:
        yield opened


@pytest.fixture
def database_name(database_url):
    """The database's name for the table."""
    return "PostgreSQL" if database_url.startswith("postgresql") else "SQLite"


def pytest_addoption(parser):
    """How hard to try, and where to write what was seen."""
    parser.addoption("--kills", type=int, default=FEW_KILLS, help="How often to kill the server.")
    parser.addoption("--faults-table", type=Path, help="Write what was seen as a Markdown table.")


@pytest.fixture
def kills(request):
    """How often to kill the server: few with the other tests, more by `make faults`."""
    return request.config.getoption("--kills", default=FEW_KILLS)


@pytest.fixture
def told(record_property):
    """Keep what a fault did, for the table: the fault, what voters were shown, what held."""

    def keep(*row: str) -> None:
        record_property("fault", row)

    return keep


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    """Write the table where the run was asked to, and everything held."""
    path = config.getoption("--faults-table", default=None)
    if path is None or exitstatus != 0:
        return
    passed = sorted(terminalreporter.getreports("passed"), key=lambda report: report.nodeid)
    rows = [
        row for report in passed for name, row in report.user_properties if name == "fault" and report.when == "call"
    ]
    lines = ["| fault | what voters were shown | what held |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    path.write_text(HEAD + "\n".join(lines) + "\n")
