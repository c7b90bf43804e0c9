"""The store of an instance: one face, two databases behind it.

SQLite is the embedded default: a file, one process that serves. PostgreSQL is the grown one: several workers and
machines. Code above sees `Store` alone, and says on which side of the election it works.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.store.cast_store import Ballot, Outcome
from isoloir.store.leases import Leases

T = TypeVar("T")

Side = Literal["roll", "box"]
"""Roll, poll book and logins; or the ballot box, with the right to act for the board. Both read the board's acts."""


class Store(ABC):
    """Where an instance keeps everything; sessions come from `read`, `write` and `alone`.

    On PostgreSQL each side is a login of its own, which cannot read the other: a session that asks for more is
    refused there. Driver exceptions leave as `storage_unavailable`, without their text.
    """

    leases: Leases
    engines: tuple[AsyncEngine, ...]
    """Through which everything goes, for whoever watches what is asked."""

    def __init__(self) -> None:
        self._kept: set[asyncio.Task[Any]] = set()

    @staticmethod
    async def open(url: str | Path) -> Store:
        """Open the database at `url`: ``sqlite:///path`` or a plain path (made if new), or ``postgresql://…``.

        Raises `IsoloirError`: `database_unsupported`, `schema_version` (made by another version of Isoloir),
        `schema_outdated` (to be brought up to date by a command), `storage_unavailable`; and on PostgreSQL
        `database_driver_missing`, `database_empty`, `database_unreachable` (as which role) and `database_unsafe`
        (which setting).
        """
        # Imported late: who works on one database need not have the other's driver.
        if str(url).partition(":")[0].partition("+")[0] in ("postgresql", "postgres"):
            from isoloir.store.postgresql import PostgresqlStore

            return await PostgresqlStore.connect(str(url))
        from isoloir.store.sqlite import SqliteStore

        return await SqliteStore.at(url)

    @abstractmethod
    def read(self, side: Side = "roll") -> AbstractAsyncContextManager[AsyncSession]:
        """Open a session that cannot write; it sees one moment of the database."""

    @abstractmethod
    def write(
        self, side: Side = "roll", *, beside: bool = False, roll_of: str = ""
    ) -> AbstractAsyncContextManager[AsyncSession]:
        """Open one transaction; an exception undoes all of it.

        Transactions of a side follow one another, in every process, so that what one reads still holds when it
        writes. Those opened `beside` others do not wait: for a statement or two, each of which is right whatever
        happens between them. Those that write the roll of an election, which may be long, say so (`roll_of`): they
        follow one another, and nobody else waits for them; what others write they neither read nor write.
        """

    @abstractmethod
    def alone(self, election_id: str) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a transaction of the box that passes the gate alone, for a publication or the freeze.

        No cast of this election is under way, and none begins until it ends. Raises `gate_busy` when somebody
        (a backup, say) holds the box for too long.
        """

    @abstractmethod
    async def standing(self, election_id: str, contest_id: str, entry_id: str, tracker: str) -> Outcome | None:
        """Say why this voter may not cast, or that the box holds the ballot already; `None`: nothing hinders."""

    @abstractmethod
    async def cast(self, election_id: str, contest_id: str, entry_id: str, hour: datetime, ballot: Ballot) -> Outcome:
        """Write ballot and poll-book entry together or not at all; many at once, none beside `alone`."""

    @abstractmethod
    async def forget_order(self, *, rebuild: bool = False) -> bool:
        """Empty the write-ahead log, which keeps the order of writes; `rebuild` also rewrites what is kept, sorted.

        Returns false when it could not: call it again.
        """

    async def kept(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end even if whoever waits is cancelled.

        A request cancelled in the middle of a transaction would leave the driver holding its locks.
        """
        task = asyncio.ensure_future(work)
        self._kept.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    async def whole(self, work: Callable[[AsyncSession], Awaitable[T]], *, beside: bool = False) -> T:
        """Run `work` in a transaction of its own, as `write` does, to its end even if whoever waits is cancelled."""

        async def inside() -> T:
            async with self.write(beside=beside) as session:
                return await work(session)

        return await self.kept(inside())

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._kept.discard(task)
        if not task.cancelled():
            task.exception()  # seen by whoever still waits; a left one must not be logged with its details

    async def settle(self) -> None:
        """Wait for the writes that nobody waits for any more."""
        while self._kept:
            await asyncio.wait(set(self._kept))

    @abstractmethod
    async def close(self) -> None:
        """Finish what was begun and close every connection."""
