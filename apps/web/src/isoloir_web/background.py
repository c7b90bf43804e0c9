"""What goes on while pages are served: messages are carried, publications made, each at its own pace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from isoloir import publication
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.instance import Instance

_log = logging.getLogger(__name__)

_DELIVER_SECONDS = 1.0
_PUBLISH_SECONDS = 30.0


@asynccontextmanager
async def kept_going(instance: Instance) -> AsyncIterator[None]:
    """Carry messages and publish boxes of every election of the instance until the block ends."""

    async def publish(election: ElectionFile) -> object:
        return await publication.publish_due(instance.store, election, instance.clock, instance.keys)

    tasks = [
        asyncio.create_task(_again(instance, instance.deliver, _DELIVER_SECONDS)),
        asyncio.create_task(_again(instance, publish, _PUBLISH_SECONDS)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again(instance: Instance, act: Callable[[ElectionFile], Awaitable[object]], seconds: float) -> None:
    while True:
        for election_id in instance.elections():
            try:
                await act(instance.election(election_id))
            except IsoloirError as error:
                _log.error("election %s: %s", election_id, error.code)
            except Exception as error:
                # The class alone: what a carrier or the database says may quote a message.
                _log.error("election %s: %s", election_id, type(error).__name__)
        await asyncio.sleep(seconds)
