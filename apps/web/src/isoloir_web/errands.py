"""Does errands in the background: every process looks, one does each, and another goes on where that one stops."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from secrets import token_hex
from typing import ClassVar

from isoloir import errands, lifecycle, unsealing
from isoloir.config.election import ElectionFile
from isoloir.errands import Errand
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir.lifecycle import State
from isoloir_web import waiting, works

_log = logging.getLogger(__name__)
_AGAIN = timedelta(minutes=1)


class Errands:
    """The errands that one process does; call it again and again with every election."""

    BEAT_SECONDS: ClassVar = 2.0
    PATIENCE: ClassVar = 20.0
    """Seconds, by the clock that cannot be set, after which a beat that stands still is taken over."""

    def __init__(self, instance: Instance, now: Callable[[], float] = time.monotonic) -> None:
        self._instance = instance
        self._now = now
        self._me = token_hex(8)
        self._seen: dict[str, tuple[Errand, float]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def __call__(self, election: ElectionFile) -> None:
        """Begin what there is to do for this election, and come back at once."""
        running = self._running.get(election.id)
        if running is not None and not running.done():
            return
        await ask_due(self._instance, election)
        found = await errands.last(self._instance.store, election.id)
        if found is None or found.ended or not self._free(election.id, found):
            return
        taken = await errands.take(self._instance.store, election.id, found, f"{self._me}/{token_hex(4)}")
        if taken is not None:
            self._running[election.id] = asyncio.create_task(self._do(election, taken))

    async def settled(self) -> None:
        """Wait for what this process is doing."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def stop(self) -> None:
        """Stop what is being done, for another process to do it."""
        for task in self._running.values():
            task.cancel()
        await self.settled()

    def _free(self, election_id: str, found: Errand) -> bool:
        if not found.holder:
            return True
        seen, since = self._seen.get(election_id, (None, 0.0))
        if seen != found:
            self._seen[election_id] = (found, self._now())
            return False
        return self._now() - since >= self.PATIENCE

    async def _do(self, election: ElectionFile, errand: Errand) -> None:
        far = works.Far()
        work = asyncio.create_task(self._work(election, errand, far))
        beating = asyncio.create_task(self._beat(election, errand, far, work))
        try:
            refusal = await work
        except asyncio.CancelledError:
            work.cancel()
            with suppress(IsoloirError):
                await errands.leave(self._instance.store, election.id, errand)
            raise
        finally:
            beating.cancel()
        await errands.end(self._instance.store, election.id, errand, refusal)

    async def _work(self, election: ElectionFile, errand: Errand, far: works.Far) -> IsoloirError | None:
        try:
            await works.WORKS[errand.kind](self._instance, election, errand, far)
        except IsoloirError as error:
            _log.error("election %s: %s: %s", election.id, errand.kind, error.code)
            return error
        except Exception as error:
            # The class alone: what it says may quote a secret.
            _log.error("election %s: %s: %s", election.id, errand.kind, type(error).__name__)
            return IsoloirError("errand_failed", election=election.id)
        return None

    async def _beat(self, election: ElectionFile, errand: Errand, far: works.Far, work: asyncio.Task[object]) -> None:
        while True:
            await asyncio.sleep(self.BEAT_SECONDS)
            try:
                still = await errands.beat(self._instance.store, election.id, errand, far.done, far.of)
            except IsoloirError:
                continue  # the database is away: another may take over, and the next beat says so
            if not still:
                work.cancel()
                return


async def ask_due(instance: Instance, election: ElectionFile) -> None:
    """Ask for what nobody has to ask for: the boxes' digests once they are closed, the tally once the rule is met."""
    store = instance.store
    if await lifecycle.state(store, election.id) is not State.CLOSED:
        return
    if not unsealing.written(instance.archives_folder, election):
        return
    last = await errands.last(store, election.id)
    # Nobody has to ask for the digests, so nobody can ask again: a failure is tried again by itself.
    again = last is not None and last.refusal is not None and instance.clock.now() - last.asked_at >= _AGAIN
    with suppress(IsoloirError):  # something is under way
        if await waiting.boxes_read(store, election) is None:
            await errands.ask(store, election, "boxes", instance.clock, again=again)
        elif await unsealing.rule_met(store, election):
            await errands.ask(store, election, "tally", instance.clock)
