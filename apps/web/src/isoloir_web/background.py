"""What goes on while pages are served: messages, publications, errands, the seal watched, the close by the clock."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import ClassVar

from isoloir import board, oversight, publication, roll_correction
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir.lifecycle import State
from isoloir_web import rehearsal
from isoloir_web.errands import Errands

_log = logging.getLogger(__name__)

_DELIVER_SECONDS = 1.0
_ERRAND_SECONDS = 1.0
_PUBLISH_SECONDS = 30.0
_CLOSE_SECONDS = 10.0
_WATCH_SECONDS = 60.0


@asynccontextmanager
async def kept_going(instance: Instance) -> AsyncIterator[None]:
    """Do all of it for every election of the instance until the block ends."""
    await rehearsal.sweep(instance)

    async def publish(election: ElectionFile) -> object:
        return await publication.publish_due(instance.store, election, instance.clock, instance.keys)

    async def watch(election: ElectionFile) -> None:
        await watch_over(instance, election)

    doing = Errands(instance)
    tasks = [
        asyncio.create_task(_again(instance, act, seconds))
        for act, seconds in (
            (instance.deliver, _DELIVER_SECONDS),
            (doing, _ERRAND_SECONDS),
            (publish, _PUBLISH_SECONDS),
            (Closing(instance), _CLOSE_SECONDS),
            (watch, _WATCH_SECONDS),
        )
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await doing.stop()


async def watch_over(instance: Instance, election: ElectionFile) -> None:
    """Check the seal when it is due and raise the alarm; tell the board the head of the log every day."""
    store, clock, url = instance.store, instance.clock, instance.settings.base_url
    texts = instance.texts_of(election)
    await roll_correction.finish(store, election, clock)
    check = await oversight.check_due(store, election, instance.plugins, clock)
    if check is not None:
        await oversight.alarm(store, instance.keys, election, texts, clock, check, url)
    await oversight.send_head_due(store, instance.keys, election, texts, clock, url)


class Closing:
    """Freezes an election by itself at the end of its grace, and writes its archives, also after a restart.

    Not in a demonstration, whose clock is moved to and fro by whoever looks at it. What cannot be undone is done only
    where the clock says so for a while: one that jumped ahead is set right meanwhile. Archives that another process
    may still be writing are waited for longer.
    """

    PATIENCE: ClassVar = {State.OPEN: 20.0, State.CLOSED: 600.0}
    """Seconds, by the clock that cannot be set."""

    def __init__(self, instance: Instance, now: Callable[[], float] = time.monotonic) -> None:
        self._instance = instance
        self._now = now
        self._since: dict[tuple[str, State], float] = {}

    async def __call__(self, election: ElectionFile) -> None:
        """Look, and close when it is time."""
        one = self._instance
        if one.settings.demo:
            return
        state = await oversight.is_to_close(one.store, election, one.clock, one.archives_folder)
        if state is None:
            self._since = {key: since for key, since in self._since.items() if key[0] != election.id}
            return
        since = self._since.setdefault((election.id, state), self._now())
        if self._now() - since < self.PATIENCE[state]:
            return
        await board.close_vote(one.store, election, one.clock, one.keys, one.secrets_folder, one.archives_folder)


async def _again(instance: Instance, act: Callable[[ElectionFile], Awaitable[object]], seconds: float) -> None:
    while True:
        await instance.windows.learn(at_once=False)
        for election_id in instance.elections():
            try:
                await act(instance.election(election_id))
            except IsoloirError as error:
                _log.error("election %s: %s", election_id, error.code)
            except Exception as error:
                # The class alone: what a carrier or the database says may quote a message.
                _log.error("election %s: %s", election_id, type(error).__name__)
        await asyncio.sleep(seconds)
