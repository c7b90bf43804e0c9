"""A whole election without a person: invited, voted by HTTP, closed, unsealed, counted, verified."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from isoloir import board, lifecycle, poll_book, publication, roll, unsealing
from isoloir.config.election import ElectionFile
from isoloir.counting import choices
from isoloir.instance import DemoClock, Instance
from isoloir.key_share import KeyShare
from isoloir.partials import Partials
from isoloir.roll import RollEntry
from isoloir_ballots.errors import VerificationError
from isoloir_ballots.verify import check_archive
from isoloir_prosante_connect.simulator import log_in
from isoloir_web.server import bound
from isoloir_web.trial import people
from isoloir_web.trial.browsing import Browser
from isoloir_web.trial.child import ChildServer, child_server
from isoloir_web.trial.folder import Trial, write_instance
from isoloir_web.trial.kills import Killer
from isoloir_web.trial.members import Members
from isoloir_web.trial.preparation import invite, open_vote, prepare
from isoloir_web.trial.serving import HOST
from isoloir_web.trial.voting import MISTAKES, Plan, Stuck, Tally, Voter, reader

if TYPE_CHECKING:
    from isoloir_web.trial.keycloak import Realm

_AT_ONCE = 8
_TRIES = 3
_TRIES_UNDER_KILLS = 60
_ABSTAIN = 0.1
_ERR = 0.2

Advance = Callable[[str, int, int], None]
"""Told the phase, how far it is and of how many."""


@dataclass
class Outcome:
    """What a simulation found; `report` is its JSON."""

    report: dict[str, Any]
    problems: list[str] = field(default_factory=list)


class Simulation:
    """One simulated election in a folder of its own."""

    def __init__(
        self,
        source: Path,
        voters: int,
        *,
        group: str | None = None,
        archives: Path | None = None,
        seed: int | None = None,
        kills: int = 0,
        by_board: bool = False,
        database: str | None = None,
        keycloak: Path | None = None,
        brokered: bool = False,
        advance: Advance | None = None,
    ) -> None:
        self.source = source
        self.voters = voters
        self.group = group
        self.archives = archives
        self.kills = kills
        self.by_board = by_board
        self.database = database
        self.keycloak = keycloak
        self.brokered = brokered
        self.draw = random.Random(seed)  # noqa: S311  # people and choices, no secret
        self.seconds: dict[str, float] = {}
        self.seen = Tally()
        self.problems: list[str] = []
        self._advance = advance or (lambda *_: None)
        self.board_subsets = 0
        self._realm: Realm | None = None
        self._passed = 0

    async def run(self) -> Outcome:
        """Run it from the empty folder to the verified archives."""
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="isoloir-simulation-"))
            listening = stack.enter_context(bound(HOST))
            if self.keycloak is not None:
                with self._timed("keycloak"):
                    self._realm = stack.enter_context(_keycloak().realm(self.keycloak, brokered=self.brokered))
            base_url = f"http://{HOST}:{listening.getsockname()[1]}"
            now = datetime.now(UTC)
            trial = write_instance(
                Path(folder),
                self.source,
                base_url=base_url,
                opens=now,
                closes=now + timedelta(days=2),
                group=self.group,
                database=self.database,
                issuer=self._realm.issuer if self._realm else None,
                broker=self._realm.broker if self._realm else None,
            )
            async with Instance.open(trial.folder) as instance:
                election = instance.election(trial.election_id)
                return await self._life(instance, election, trial, listening)

    async def _life(self, instance: Instance, election: ElectionFile, trial: Trial, listening: Any) -> Outcome:
        clock = instance.clock
        assert isinstance(clock, DemoClock)
        with self._timed("setup"):
            found = people.people(election, self.voters, self.draw)
            members = Members(election, trial.folder, trial.board) if self.by_board else None
            shares = await prepare(
                instance,
                election,
                people.as_csv(found),
                members or trial.board,
                lambda step: self._advance(step, 0, 0),
            )
            if self._realm is not None:
                await self._realm.make(instance, election, trial)
            await open_vote(instance, election)
        with self._timed("invite"):
            await invite(instance, election)
        entries = await roll.entries(instance.store, election.id)
        self.draw.shuffle(entries)
        async with child_server(trial, listening) as server:
            with self._timed("vote"):
                await self._voting(instance, election, trial, entries, clock, server)
                self._passed = await self._realm.passed() if self._realm else 0
            with self._timed("close"):
                clock.move_to(election.window.grace_ends + timedelta(seconds=1))
                await board.close_vote(
                    instance.store,
                    election,
                    clock,
                    instance.keys,
                    instance.secrets_folder,
                    instance.archives_folder,
                )
            with self._timed("tally"):
                await self._decrypt(instance, election, members, shares)
                results = await self._unseal(instance, election)
            await lifecycle.publish_results(instance.store, election, clock)
        with self._timed("verify"):
            archives, verified = await asyncio.to_thread(self._verify, instance, election)
        self._compare(results)
        return Outcome(self._report(results, archives, verified), self.problems)

    async def _decrypt(
        self, instance: Instance, election: ElectionFile, members: Members | None, shares: list[KeyShare]
    ) -> None:
        folder = instance.archives_folder
        if members is None:
            for share in shares:
                if share.member in election.boards[share.board].enough_of(election.boards[share.board].holders):
                    boxes = list(unsealing.boxes_of(election, folder, share.board).values())
                    made = await asyncio.to_thread(Partials.make, share, boxes)
                    await unsealing.receive(instance.store, election, folder, made)
            return
        self.board_subsets, wrong = await members.unseal(folder / election.id)
        self.problems += [f"{one}: opens the box, or not, against the rule" for one in wrong]

    async def _unseal(self, instance: Instance, election: ElectionFile) -> unsealing.Results:
        # The simulated board draws every lot beforehand: the order of its draw parts whatever equals there are.
        lots = {
            contest.id: self.draw.sample([one.id for one in contest.lists], len(contest.lists))
            for contest in election.contests
        }
        return await unsealing.unseal(instance.store, election, instance.archives_folder, instance.clock, lots=lots)

    # --- voting -----------------------------------------------------------------------------------------

    async def _voting(
        self,
        instance: Instance,
        election: ElectionFile,
        trial: Trial,
        entries: list[RollEntry],
        clock: DemoClock,
        server: ChildServer,
    ) -> None:
        plans = [self._plan(election, index, entry) for index, entry in enumerate(entries)]
        late, plans = plans[:1], plans[1:]
        going = [plan for plan in plans if self.draw.random() >= _ABSTAIN]
        clock.move_to(election.window.opens - timedelta(minutes=10))
        await self._expect_refusal(instance, election, trial, going[:1] or late)
        clock.move_to(datetime.now(UTC))
        async with self._killing(instance, election, server):
            await self._crowd(instance, election, trial, going)
        await publication.publish_due(instance.store, election, clock, instance.keys)
        await self._find_trackers(election, trial)
        await self._grace(instance, election, trial, late, clock)
        await self._check_poll_book(instance, election, [*late, *plans])

    async def _crowd(self, instance: Instance, election: ElectionFile, trial: Trial, plans: list[Plan]) -> None:
        """Let everybody vote, some at once."""
        places = asyncio.Semaphore(_AT_ONCE)
        done = 0

        async def one(plan: Plan) -> None:
            nonlocal done
            async with places:
                await self._whole(instance, election, trial, plan)
                done += 1
                self._advance("vote", done, len(plans))

        async with asyncio.TaskGroup() as group:
            for plan in plans:
                group.create_task(one(plan))

    async def _whole(self, instance: Instance, election: ElectionFile, trial: Trial, plan: Plan) -> None:
        """Come, and come again where something went wrong, until every vote of the plan is cast."""
        ways = [branch.id for branch in election.policy.any]
        for tried in range(_TRIES_UNDER_KILLS if self.kills else _TRIES):
            if tried > 1:  # by another way in, as every refusal offers
                plan.branch = ways[(ways.index(plan.branch) + 1) % len(ways)]
            async with Browser(trial.base_url) as browser:
                voter = self._voter(instance, election, trial, plan, browser)
                if await self._goes_through(voter):
                    return
            plan.mistake = ""
        self.problems.append("a voter on the roll could not vote")

    async def _goes_through(self, voter: Voter) -> bool:
        """Log in and vote; under kills, whoever is stuck or finds nobody there at length begins again."""
        try:
            return await voter.log_in() and await voter.vote()
        except (Stuck, httpx2.TransportError):
            if not self.kills:
                raise
            return False

    @asynccontextmanager
    async def _killing(self, instance: Instance, election: ElectionFile, server: ChildServer) -> AsyncIterator[None]:
        """Kill the server again and again until the block ends."""
        killer = Killer(instance, election, server, self.kills, self.seen)
        killing = asyncio.create_task(killer.run())
        try:
            yield
        finally:
            await killer.leave(killing)
        self.problems += killer.problems
        if killer.done < self.kills:
            self.problems.append(f"everybody had voted after {killer.done} kills of {self.kills}: take more voters")

    async def _check_poll_book(self, instance: Instance, election: ElectionFile, plans: list[Plan]) -> None:
        """Whoever holds a receipt is marked in that contest, and nobody else is marked."""
        for plan in plans:
            marks = await poll_book.marked(instance.store, election, plan.entry.id)
            if set(marks) != set(plan.receipts):
                self.problems.append("a voter's receipts and marks in the poll book differ")

    async def _expect_refusal(
        self, instance: Instance, election: ElectionFile, trial: Trial, plans: list[Plan]
    ) -> None:
        for plan in plans:
            async with Browser(trial.base_url) as browser:
                if await self._voter(instance, election, trial, plan, browser).log_in():
                    self.problems.append("a voter logged in outside the window")

    async def _grace(
        self, instance: Instance, election: ElectionFile, trial: Trial, late: list[Plan], clock: DemoClock
    ) -> None:
        """Log in just before the close and vote in the grace; nobody else may come in, and nobody votes after."""
        for plan in late:
            plan.mistake = ""
            if self._realm is not None:  # its clock is not ours to move: whoever comes late takes another way in
                plan.branch = _branch_without_provider(election)
            first, *rest = plan.choices.items()
            clock.move_to(election.window.closes - timedelta(minutes=5))
            async with Browser(trial.base_url) as browser:
                voter = self._voter(instance, election, trial, plan, browser)
                if not await voter.log_in():
                    self.problems.append("a voter could not log in before the close")
                    return
                clock.move_to(election.window.closes + timedelta(minutes=2))
                await self._expect_refusal(instance, election, trial, late)
                if not await voter.vote_in(*first):
                    self.problems.append("a voter logged in before the close could not vote in the grace")
                else:
                    self.seen.voted += 1
                clock.move_to(election.window.grace_ends + timedelta(seconds=1))
                if rest and await voter.vote_in(*rest[0]):
                    self.problems.append("a vote was taken after the grace")

    def _voter(self, instance: Instance, election: ElectionFile, trial: Trial, plan: Plan, browser: Browser) -> Voter:
        at_provider = log_in if self._realm is None else _keycloak().log_in
        return Voter(election, plan, browser, reader(instance, election, trial.outbox), self.seen, at_provider)

    def _plan(self, election: ElectionFile, index: int, entry: RollEntry) -> Plan:
        branches = election.policy.any
        return Plan(
            entry,
            branches[index % len(branches)].id,
            {contest.id: self.draw.choice(choices(contest)) for contest in roll.contests_of(election, entry)},
            self.draw.choice(MISTAKES) if self.draw.random() < _ERR else "",
            f"+336124{index:05d}",
        )

    async def _find_trackers(self, election: ElectionFile, trial: Trial) -> None:
        async with Browser(trial.base_url) as browser:
            for tracker in [one for shown in self.seen.receipts.values() for one in shown[:2]]:
                page = await browser.post(f"/e/{election.id}/box", {"tracker": tracker})
                if page.status != 200 or "tracker_unknown" in page.codes:
                    self.problems.append("a tracker is not in the public box")

    # --- after ------------------------------------------------------------------------------------------

    def _verify(self, instance: Instance, election: ElectionFile) -> tuple[list[str], bool]:
        kept, verified = [], True
        for number, contest in enumerate(election.contests, 1):
            path = unsealing.archive_path(instance.archives_folder, election, contest.id)
            try:
                check_archive(path)
            except VerificationError as error:
                verified = False
                self.problems.append(f"{contest.id}: {error.clause}")
            if self.archives is not None:
                self.archives.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, self.archives / path.name)
                kept.append(str(self.archives / path.name))
            else:
                kept.append(path.name)
            self._advance("verify", number, len(election.contests))
        return kept, verified

    def _compare(self, results: unsealing.Results) -> None:
        for one in results.contests:
            cast = self.seen.cast.get(one.contest, Counter())
            counted = {**one.counts.votes, "blank": one.counts.blank}
            if {name: number for name, number in counted.items() if number} != dict(cast):
                self.problems.append(f"{one.contest}: the result is not what was cast")
            if not one.poll_book == one.ballots == one.counts.expressed + one.counts.blank:
                self.problems.append(f"{one.contest}: poll book, ballots and votes differ")

    def _report(self, results: unsealing.Results, archives: list[str], verified: bool) -> dict[str, Any]:
        return {
            "voters": self.voters,
            "voted": self.seen.voted,
            **({"board": {"subsets_tried": self.board_subsets}} if self.by_board else {}),
            **({"kills": self.kills} if self.kills else {}),
            **({"identity": "keycloak"} if self.keycloak is not None else {}),
            **({"brokered": self._passed} if self.brokered else {}),
            "refused": dict(sorted(self.seen.refused.items())),
            "branches": dict(sorted(self.seen.branches.items())),
            "contests": {
                one.contest: {
                    "poll_book": one.poll_book,
                    "ballots": one.ballots,
                    "blank": one.counts.blank,
                    "lists": {
                        name: {"votes": votes, "seats": one.allocation.seats[name]}
                        for name, votes in one.counts.votes.items()
                    },
                }
                for one in results.contests
            },
            "archives": archives,
            "verified": verified and not self.problems,
            "seconds": {name: round(spent, 3) for name, spent in self.seconds.items()},
        }

    def _timed(self, name: str) -> _Timer:
        self._advance(name, 0, 0)
        return _Timer(self.seconds, name)


class _Timer:
    def __init__(self, kept: dict[str, float], name: str) -> None:
        self._kept, self._name, self._since = kept, name, 0.0

    def __enter__(self) -> None:
        self._since = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._kept[self._name] = time.perf_counter() - self._since


def _keycloak() -> Any:
    from isoloir_web.trial import keycloak  # half a second, and an extra, for those alone who ask for it

    return keycloak


def _branch_without_provider(election: ElectionFile) -> str:
    return next(
        branch.id
        for branch in election.policy.any
        if all(election.factors[name].plugin != "prosante_connect" for name in branch.all)
    )
