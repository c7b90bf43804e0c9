"""Complete journeys, by each way in.

A journey is the landing page, the login, a vote in both contests of the voter and the logout, over HTTP, of the
election of `examples/medecins-2024`. The server (one process, on SQLite, then on PostgreSQL, whose own processes are
not counted) runs in a process of its own; the voters (eight at once), the encryption of their ballots and the
simulated Pro Santé Connect in another. What counts is the server's processor time for one journey, and what it was
for; beside it journeys a second on the clock, which the voters' own work slows down on a machine of two processors.
The event loop is shared out by a second run under a profiler, which slows down what it looks at: only the shares are
taken from it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import measured_server
from kit import CACHE, ROOT, Figure, Options

from isoloir import counting, roll
from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir.roll import RollEntry
from isoloir.testing.postgresql import cluster
from isoloir_outbox import read_outbox
from isoloir_prosante_connect.simulator import RelyingParty, create_simulator, from_roll
from isoloir_web import server
from isoloir_web.trial import people
from isoloir_web.trial.browsing import Browser
from isoloir_web.trial.folder import CLIENT_ID, SIMULATED, Trial, write_instance
from isoloir_web.trial.preparation import invite, open_vote, prepare
from isoloir_web.trial.voting import Plan, Tally, Voter

TITLE = "Complete journeys"
SOURCE = ROOT / "examples" / "medecins-2024" / "election.toml"
AT_ONCE = 8
WARM = 8
VOTERS = 150
WAYS = {"psc": "Pro Santé Connect", "password": "identifier and password by SMS"}


def figures(options: Options) -> Iterator[Figure]:
    """See the module."""
    number = max(12, round(VOTERS * options.scale))
    with cluster() as postgresql:
        for branch, way in WAYS.items():
            for name, new in (("SQLite", lambda: ""), ("PostgreSQL", postgresql.url)):
                yield from _journeys(f"{way}, {name}", branch, number, new)


def _journeys(name: str, branch: str, number: int, new_database: Callable[[], str]) -> Iterator[Figure]:
    plain = asyncio.run(Run(branch, number, new_database(), profiled=False).measure())
    profiled = asyncio.run(Run(branch, max(12, number // 3), new_database(), profiled=True).measure())
    whole = 1000 * plain["all"] / number
    yield Figure(f"{name}: server's processor", whole, "ms")
    named = {key: 1000 * seconds / number for key, seconds in plain.items() if key not in ("all", "clock")}
    for key, milliseconds in sorted(named.items(), key=lambda item: -item[1]):
        yield Figure(f"… {key} ({milliseconds / whole:.0%})", milliseconds, "ms")
    rest = whole - sum(named.values())
    yield Figure(f"… event loop and the rest ({rest / whole:.0%})", rest, "ms")
    shares = {key: value for key, value in profiled["profile"].items() if key != "templates"}
    for key, value in sorted(shares.items(), key=lambda item: -item[1]):
        share = value / sum(shares.values())
        yield Figure(f"… … of that, {key} ({share:.0%})", share * rest, "ms")
    yield Figure(f"{name}: on the clock", number / plain["clock"], "journeys/s")


class Run:
    """One run by one way in."""

    def __init__(self, branch: str, number: int, database: str, *, profiled: bool) -> None:
        self.branch, self.number, self.database, self.profiled = branch, number, database, profiled
        self.seen = Tally()
        self.draw = random.Random(1)
        self.mobiles = itertools.count()

    async def measure(self) -> dict[str, Any]:
        """Seconds of the server's processor by what they were for, `all` of them, and of the `clock`."""
        with (
            tempfile.TemporaryDirectory(prefix="isoloir-bench-") as folder,
            server.bound("127.0.0.1") as listening,
            server.bound("127.0.0.1") as elsewhere,
        ):
            base, psc = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in (listening, elsewhere))
            trial = self._written(Path(folder) / "instance", base, psc)
            async with Instance.open(trial.folder) as instance:
                election = instance.election(trial.election_id)
                found = people.people(election, self.number + WARM, self.draw)
                await prepare(instance, election, people.as_csv(found), trial.board, lambda _: None)
                await open_vote(instance, election)
                await invite(instance, election)
                entries = await roll.entries(instance.store, election.id)
                async with self._provider(instance, election, trial, psc, elsewhere):
                    return await self._serve_and_vote(instance, election, trial, entries, listening)

    def _written(self, folder: Path, base: str, psc: str) -> Trial:
        now = datetime.now(UTC)
        trial = write_instance(
            folder, SOURCE, base_url=base, opens=now, closes=now + timedelta(days=2), database=self.database or None
        )
        file = folder / "elections" / trial.election_id / "election.toml"
        file.write_text(file.read_text("utf-8").replace(f"{base}{SIMULATED}", f"{psc}{SIMULATED}"), "utf-8")
        return trial

    @asynccontextmanager
    async def _provider(
        self, instance: Instance, election: ElectionFile, trial: Trial, psc: str, listening: Any
    ) -> AsyncIterator[None]:
        root = f"{trial.base_url}/e/{election.id}"
        here = RelyingParty(CLIENT_ID, trial.client_secret, (f"{root}/login/callback/psc",), (f"{root}/goodbye",))
        entries = await roll.entries(instance.store, election.id)
        known = from_roll((one.fields["rpps"], one.civility, one.first_name, one.last_name) for one in entries)
        simulator = create_simulator(known, f"{psc}{SIMULATED}", [here], clock=instance.clock)
        async with server.served(instance, listening, application=simulator, graceful_seconds=2):
            yield

    async def _serve_and_vote(
        self, instance: Instance, election: ElectionFile, trial: Trial, entries: list[RollEntry], listening: Any
    ) -> dict[str, Any]:
        report = trial.folder / "spent.json"
        listening.listen(256)
        child = multiprocessing.get_context("spawn").Process(
            target=measured_server.serve,
            args=(trial.folder, election.id, listening, report, self.profiled),
            daemon=True,
        )
        child.start()
        try:
            await self._crowd(instance, election, trial, entries[:WARM])
            before = await self._asked(child.pid or 0, report)
            began = time.perf_counter()
            await self._crowd(instance, election, trial, entries[WARM:])
            clock = time.perf_counter() - began
            after = await self._asked(child.pid or 0, report)
        finally:
            child.terminate()
            await asyncio.to_thread(child.join, 30)
        spent = {key: after[key] - before.get(key, 0) for key in after if key != "profile"}
        if self.profiled:
            shutil.copy(report.with_suffix(".prof"), CACHE / f"journeys-{self.branch}.prof")
        return {**spent, "clock": clock, **({"profile": after["profile"]} if self.profiled else {})}

    async def _asked(self, process: int, report: Path) -> dict[str, Any]:
        report.unlink(missing_ok=True)
        os.kill(process, signal.SIGUSR1)
        while not report.exists():  # noqa: ASYNC110  # another process writes it
            await asyncio.sleep(0.02)
        found: dict[str, Any] = json.loads(report.read_text())
        return found

    async def _crowd(
        self, instance: Instance, election: ElectionFile, trial: Trial, entries: list[RollEntry]
    ) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def read(address: str) -> str:
            for _ in range(100):
                mine = [one for one in read_outbox(trial.outbox) if one.recipient == address]
                found = re.findall(r"\b(?=[A-Z]*[0-9])[A-Z0-9]{6,16}\b", mine[-1].text) if mine else []
                if found:
                    return str(found[0])
                await instance.deliver(election)
                await asyncio.sleep(0.05)
            raise AssertionError("no password came")

        async def one(entry: RollEntry) -> None:
            wanted = {
                contest.id: self.draw.choice(counting.choices(contest))
                for contest in roll.contests_of(election, entry)
            }
            async with places, Browser(trial.base_url) as browser:
                plan = Plan(entry, self.branch, wanted, typed_mobile=f"+3361240{next(self.mobiles):04d}")
                voter = Voter(election, plan, browser, read, self.seen)
                done = await voter.log_in() and await voter.vote()
                assert done, f"a voter could not vote: {dict(self.seen.refused)}"

        await asyncio.gather(*(one(entry) for entry in entries))
