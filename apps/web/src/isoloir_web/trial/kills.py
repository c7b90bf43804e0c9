"""Kills in the middle of a vote, and what must hold after each of them."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir.store import box_store, poll_book_store
from isoloir_web.trial.child import ChildServer
from isoloir_web.trial.voting import Tally

_LIVES = (0.1, 1.2)
"""How long a server lives, in seconds, drawn anew each time; three of four once they have answered."""
_INTO_A_CAST = (0.0, 0.1)
"""How long after a ballot was sent, in seconds, every other server is killed."""


class Killer:
    """Kills the server `times` times at random moments, looks at the database while it is down, begins it again."""

    def __init__(
        self,
        instance: Instance,
        election: ElectionFile,
        server: ChildServer,
        times: int,
        seen: Tally,
    ) -> None:
        self._instance = instance
        self._election = election
        self._server = server
        self._times = times
        self._seen = seen
        self._busy = asyncio.Lock()
        self._draw = random.Random()  # noqa: S311  # moments, no secret
        self.done = 0
        self.problems: list[str] = []

    async def run(self) -> None:
        """Kill until the number is reached."""
        while self.done < self._times:
            if self.done % 4:
                await self._server.answers()
            await asyncio.sleep(self._draw.uniform(*_LIVES))
            if self.done % 2:
                self._seen.casting.clear()
                await self._seen.casting.wait()
                await asyncio.sleep(self._draw.uniform(*_INTO_A_CAST))
            async with self._busy:
                await self._kill()

    async def leave(self, killing: asyncio.Task[None]) -> None:
        """End the task of `run` between two kills, so that the server is left running."""
        async with self._busy:
            killing.cancel()
        with suppress(asyncio.CancelledError):
            await killing

    async def _kill(self) -> None:
        shown = {contest: list(trackers) for contest, trackers in self._seen.receipts.items()}
        await self._server.kill()
        self.done += 1
        try:
            await self.look(shown)
        finally:
            self._server.begin()

    async def look(self, shown: dict[str, list[str]]) -> None:
        """Compare box and poll book, and find every ballot that a voter holds a receipt for (trackers by contest)."""
        store, election_id = self._instance.store, self._election.id
        # Alone: a database that runs by itself may still be writing what the killed server had asked of it.
        async with store.alone(election_id) as box:
            async with store.read() as roll:
                marks = await poll_book_store.voted(roll, election_id)
            waiting = await box_store.count_waiting(box, election_id)
            for contest in self._election.contests:
                published = len(await box_store.trackers(box, election_id, contest.id))
                if marks.get(contest.id, 0) != waiting.get(contest.id, 0) + published:
                    self.problems.append(f"{contest.id}: ballots and poll-book entries differ after kill {self.done}")
                for tracker in shown.get(contest.id, []):
                    if not await box_store.holds(box, election_id, contest.id, tracker):
                        self.problems.append(f"{contest.id}: a receipt without its ballot after kill {self.done}")
