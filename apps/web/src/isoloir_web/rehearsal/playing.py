"""Playing the scratch election: prepared under the real seal, opened, voted in through the real pages, and closed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import httpx2

from isoloir import (
    audit_log,
    counting,
    lifecycle,
    notifications,
    poll_book,
    publication,
    registrar,
    roll,
    roll_import,
    sealing,
    unsealing,
)
from isoloir.ceremony import hosting
from isoloir.clock import ShiftedClock, hour_of
from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir.lifecycle import State
from isoloir.rehearsal import Drill, Played
from isoloir_ballots import trustees
from isoloir_ballots.groups import named
from isoloir_web.rehearsal import voters
from isoloir_web.rehearsal.admitted import Admitted
from isoloir_web.rehearsal.wires import Wires, plugins_of
from isoloir_web.trial import people
from isoloir_web.trial.browsing import Browser
from isoloir_web.trial.folder import Trial
from isoloir_web.trial.voting import WRONG_IDENTIFIER, Lost, Plan, ReadCode, Tally, Voter, reader

Progress = Callable[[str, int, int], None]
"""Told the step (``prepare``, ``vote``, ``close``), how far it is and of how many."""

_AT_ONCE = 4
_STAYS = timedelta(minutes=10)


class Playing:
    """One scratch election and everybody in it; `real` is the instance whose sealed configuration is rehearsed."""

    def __init__(
        self, real: Instance, scratch: Instance, sealed: ElectionFile, trial: Trial, wires: Wires, progress: Progress
    ) -> None:
        assert isinstance(scratch.clock, ShiftedClock)
        self._real, self._scratch, self._sealed, self._trial, self._wires = real, scratch, sealed, trial, wires
        self._election = scratch.election(sealed.id)
        self._clock: ShiftedClock = scratch.clock
        self._progress = progress
        self._cast: dict[str, Counter[str]] = {}
        self._branches: Counter[str] = Counter()
        self._drills: list[Drill] = []
        self._trackers: list[str] = []
        self._logs_in = bool(voters.walkable(self._election))
        self._comers = 0
        self._visits = 0

    async def play(self) -> tuple[Played, dict[str, Path]]:
        """Play it from the empty roll to the closed boxes; return how it went, and each contest's archive."""
        self._progress("prepare", 0, 1)
        tried = voters.tries(self._election, self._scratch.branches_with_identifier(self._election))
        invented = voters.invent(self._election, tried)
        await self._prepare(invented)
        await self._wires.connect(self._scratch, self._election, self._trial, invented.strangers)
        entries = {one.email: one for one in await roll.entries(self._scratch.store, self._election.id)}
        plans = voters.plan(self._election, invented, entries, tried)
        await self._vote(plans)
        self._progress("close", 0, 1)
        boxes = await self._close()
        played = Played(
            {contest.id: dict(self._cast.get(contest.id, {})) for contest in self._sealed.contests},
            {branch.id: self._branches[branch.id] for branch in self._sealed.policy.any},
            tuple(self._drills),
            plugins_of(self._sealed),
            differences(self._sealed, self._election),
        )
        async with self._scratch.store.write("box") as session:
            await audit_log.record(session, self._election.id, "rehearsal_played", asdict(played), self._clock)
        return played, boxes

    # --- before -----------------------------------------------------------------------------------------

    async def _prepare(self, invented: voters.Invented) -> None:
        """Lead it from its file to the opening, with the real trustees, seal and order of lists."""
        one, election, clock = self._scratch, self._election, self._clock
        clock.move_to(election.window.opens - timedelta(hours=1))
        everybody = people.as_csv([*invented.voters, *invented.bystanders])
        preview = roll_import.read_roll(everybody, election, one.plugins.roll_checks.values())
        await roll_import.import_roll(one.store, election, preview)
        await lifecycle.create(one.store, election, clock)
        await self._make_keys()
        await lifecycle.key(one.store, election, clock)
        system = await self._seal()
        async with one.store.write("box") as session:
            # What keeps a real election shut here, a rehearsal under this seal, is what this one is.
            await lifecycle.move(session, election, State.REHEARSED, "rehearsing", clock, {"system_digest": system})
            await lifecycle.opened_empty(session, election, clock, system)
        await one.invite(election)
        while await one.deliver(election) != notifications.DeliveryReport():
            pass

    async def _make_keys(self) -> None:
        one, election = self._scratch, self._election
        entries = await hosting.entries(self._real.store, self._sealed)
        group = named(election.group)
        for contest_id, pool in (await registrar.make_pools(one.store, one.secrets_folder, election)).items():
            contest = election.contest(contest_id)
            mine = entries[contest.board]
            keyed = counting.belenios_election(self._sealed, contest, pool.uuid, mine, rehearsal=True)
            files = keyed.serialise(), trustees.serialise(group, mine)
            await registrar.save_setup(one.store, election, contest_id, *files)

    async def _seal(self) -> str:
        """Seal under the real system's digest; only the roll is another."""
        one, election = self._scratch, self._election
        trusted = await hosting.trustees_files(self._real.store, self._sealed)
        system = await asyncio.to_thread(sealing.system_seal, self._sealed, trusted, self._real.plugins)
        roll_digest = sealing.roll_digest(await roll.entries(one.store, election.id))
        await lifecycle.seal(
            one.store,
            election,
            self._clock,
            system_digest=system.digest,
            roll_digest=roll_digest,
            display_orders={
                contest.id: await lifecycle.display_order(self._real.store, self._sealed, contest.id)
                for contest in election.contests
            },
            details={"parts": dict(system.parts)},
        )
        return system.digest

    # --- voting -----------------------------------------------------------------------------------------

    async def _vote(self, plans: voters.Plans) -> None:
        window, (*usual, late) = self._election.window, plans.voters
        self._clock.move_to(window.opens - timedelta(minutes=10))
        await self._stays_out("before_opening", late)
        self._clock.move_to(window.opens + timedelta(hours=1))
        places = asyncio.Semaphore(_AT_ONCE)
        total = len(usual) + len(plans.bystanders) + len(plans.strangers)

        async def one(plan: Plan) -> None:
            async with places:
                await self._comes(plan)
                self._progress("vote", self._comers, total)

        async with asyncio.TaskGroup() as group:
            for each in [*usual, *plans.bystanders, *plans.strangers]:
                group.create_task(one(each))
        await self._publish()
        await self._at_the_end(late, plans.too_late)
        await self._poll_book(plans)

    async def _comes(self, plan: Plan) -> None:
        """Let somebody come, with the mistake of their plan, and note what came of it."""
        mistake, seen = plan.mistake, Tally()
        done = await self._goes(plan, seen)
        if not done and mistake == WRONG_IDENTIFIER:  # told so, a voter begins again
            plan.mistake = ""
            done = await self._goes(plan, seen)
        if mistake:
            refused = bool(seen.refused) and done == (mistake != voters.STRANGER)
            self._drills.append(Drill(mistake, plan.branch, tuple(sorted(seen.refused)), held=refused))
        elif not done:
            self._drills.append(Drill("vote", plan.branch, tuple(sorted(seen.refused)), held=False))
        self._comers += 1
        self._count(plan, seen)

    async def _goes(self, plan: Plan, seen: Tally) -> bool:
        """Log in and vote; false where one was refused, or knew no way on."""
        async with self._browser() as browser:
            voter = self._voter(plan, browser, seen)
            try:
                return await voter.log_in() and await voter.vote()
            except (Lost, httpx2.HTTPError, json.JSONDecodeError, KeyError):
                return False

    async def _stays_out(self, what: str, plan: Plan) -> None:
        if not self._logs_in:
            return
        seen = Tally()
        without = Plan(plan.entry, plan.branch, {}, "", plan.typed_mobile)
        entered = await self._goes(without, seen)
        held = not entered and bool(seen.refused)
        self._drills.append(Drill(what, plan.branch, tuple(sorted(seen.refused)), held))

    async def _at_the_end(self, late: Plan, too_late: Plan) -> None:
        """Who logged in before the close votes in the grace; nobody else comes in, and nobody votes after it."""
        window, seen, after = self._election.window, Tally(), Tally()
        self._clock.move_to(window.closes - timedelta(minutes=5))
        async with self._browser() as browser, self._browser() as other:
            voter = self._voter(late, browser, seen)
            loiters = self._voter(too_late, other, after)
            entered = await voter.log_in() and await loiters.log_in()
            if window.grace_ends - window.closes > timedelta(minutes=2):
                self._clock.move_to(window.closes + timedelta(minutes=1))
                await self._stays_out("after_close", too_late)
            held = entered and await voter.vote()
            self._drills.append(Drill("grace", late.branch, tuple(sorted(seen.refused)), held))
            self._count(late, seen)
            while self._clock.now() < window.grace_ends - _STAYS:  # so that no session ends for want of use
                self._clock.move_to(self._clock.now() + _STAYS)
                await other.get(f"/e/{self._election.id}/contests")
            self._clock.move_to(window.grace_ends + timedelta(seconds=1))
            ((contest, choice),) = too_late.choices.items()
            took = await loiters.vote_in(contest, choice)
            codes = tuple(sorted(after.refused))
            self._drills.append(Drill("after_grace", too_late.branch, codes, held=not took and bool(codes)))

    async def _publish(self) -> None:
        """Publish the boxes as the clock would, and find a voter's tracker in them."""
        one = self._scratch
        await publication.publish_due(one.store, self._election, self._clock, one.keys)
        if self._trackers:
            async with self._browser() as browser:
                path = f"/e/{self._election.id}/box"
                page = await browser.post(path, {"tracker": self._trackers[0]})
            held = page.status == 200 and "tracker_unknown" not in page.codes
            self._drills.append(Drill("tracker", "", tuple(page.codes), held))

    async def _poll_book(self, plans: voters.Plans) -> None:
        """Whoever holds a receipt is marked in that contest, and nobody else is."""
        held = True
        for plan in [*plans.voters, *plans.bystanders, plans.too_late]:
            marks = await poll_book.marked(self._scratch.store, self._election, plan.entry.id)
            held &= set(marks) == set(plan.receipts)
        self._drills.append(Drill("poll_book", "", (), held))

    def _count(self, plan: Plan, seen: Tally) -> None:
        for contest, chosen in seen.cast.items():
            self._cast.setdefault(contest, Counter()).update(chosen)
        if self._logs_in and seen.voted and plan.receipts:
            self._branches[plan.branch] += 1
        self._trackers += plan.receipts.values()

    def _browser(self) -> Browser:
        self._visits += 1
        return self._wires.browser(self._trial.base_url, self._visits)

    def _voter(self, plan: Plan, browser: Browser, seen: Tally) -> Voter:
        given = (self._election, plan, browser, self._reader(), seen)
        return Voter(*given) if self._logs_in else Admitted(self._scratch, *given)

    def _reader(self) -> ReadCode:
        return reader(self._scratch, self._election, self._trial.outbox)

    # --- after ------------------------------------------------------------------------------------------

    async def _close(self) -> dict[str, Path]:
        one, election = self._scratch, self._election
        await lifecycle.close(one.store, election, self._clock, one.keys, one.secrets_folder)
        timestamp = int(hour_of(self._real.clock.now()).timestamp())
        return await unsealing.build_archives(one.store, election, one.archives_folder, timestamp)


def differences(sealed: ElectionFile, scratch: ElectionFile) -> tuple[str, ...]:
    """Return the keys in which two election files differ, down to where one has no more tables."""
    return tuple(_differing(json.loads(sealing.election_file(sealed)), json.loads(sealing.election_file(scratch))))


def _differing(one: object, other: object, path: str = "") -> Iterable[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*one, *other}):
            yield from _differing(one.get(key), other.get(key), f"{path}.{key}" if path else str(key))
    elif one != other:
        yield path
