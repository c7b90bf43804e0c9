"""The gate of an election: many casts pass together, a freeze or a publication passes alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """A readers/writer gate for one process; whoever wants to pass alone goes before later casts.

    Between processes the transaction is the gate: casts, freezes and publications each write in one
    ``BEGIN IMMEDIATE`` and read the state inside it.
    """

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._shared = 0
        self._alone = False
        self._waiting = 0

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Pass with others, once nobody passes or waits to pass alone."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._alone and not self._waiting)
            self._shared += 1
        try:
            yield
        finally:
            # Not awaited for the lock: a cancelled pass must always be counted out.
            self._shared -= 1
            await self._tell()

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Pass alone, once everybody inside has left."""
        async with self._changed:
            self._waiting += 1
            try:
                await self._changed.wait_for(lambda: not self._alone and not self._shared)
                self._alone = True
            finally:
                self._waiting -= 1
                self._changed.notify_all()
        try:
            yield
        finally:
            self._alone = False
            await self._tell()

    async def _tell(self) -> None:
        telling = asyncio.ensure_future(self._notify())
        await asyncio.shield(telling)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
