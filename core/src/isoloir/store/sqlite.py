"""The store in one SQLite file: one writer at a time, and nothing left of what was erased."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.errors import IsoloirError
from isoloir.store import cast_store, tables
from isoloir.store.base import SCHEMAS
from isoloir.store.cast_store import Ballot, Outcome
from isoloir.store.engine import Side, Store
from isoloir.store.failures import silence_drivers, stripped, transaction, unavailable
from isoloir.store.gate import Gate
from isoloir.store.leases import MemoryLeases
from isoloir.store.version import check_version, is_new, upgrade

_BUSY_MILLISECONDS = 20_000
_READERS = 4
_CHECKPOINT_TRIES = 5


class SqliteStore(Store):
    """One writer connection, so transactions follow one another and none is ever locked out.

    Both sides lie in one file: attached files are not atomic together under WAL.
    """

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine) -> None:
        super().__init__()
        self._writer = writer
        self._reader = reader
        self._gates: defaultdict[str, Gate] = defaultdict(Gate)
        self.leases = MemoryLeases()
        self.engines = (writer, reader)

    @classmethod
    async def at(cls, url: str | Path, *, outdated: bool = False) -> SqliteStore:
        """Open the file at `url`, made 0600 with its tables if new; `outdated` ones too, to be upgraded."""
        tables.register()
        silence_drivers()
        address = _address(url)
        _make_private(Path(file_of(url)))
        store = cls(_engine(address, writes=True), _engine(address, writes=False))
        try:
            async with store.write() as session:
                connection = await session.connection()
                if await connection.run_sync(is_new):
                    await connection.run_sync(upgrade)
                elif not outdated:
                    await connection.run_sync(check_version)
        except BaseException:
            await store.close()
            raise
        return store

    @asynccontextmanager
    async def read(self, side: Side = "roll") -> AsyncIterator[AsyncSession]:
        """Open a session that cannot write; it sees one moment of the database."""
        async with transaction(self._reader, sqlite3.Error) as session:
            yield session

    @asynccontextmanager
    async def write(
        self, side: Side = "roll", *, beside: bool = False, roll_of: str = ""
    ) -> AsyncIterator[AsyncSession]:
        """Open one transaction that holds the write lock from its start."""
        async with transaction(self._writer, sqlite3.Error) as session:
            yield session

    @asynccontextmanager
    async def alone(self, election_id: str) -> AsyncIterator[AsyncSession]:
        """Open a transaction that passes the gate alone; leases are forgotten with it."""
        async with self._gates[election_id].exclusive():
            async with self.write("box") as session:
                yield session
            await self.leases.clear(election_id)

    async def standing(self, election_id: str, contest_id: str, entry_id: str, tracker: str) -> Outcome | None:
        """Say why this voter may not cast, or that the box holds the ballot already."""
        async with self.read() as session:
            return await cast_store.standing(session, election_id, contest_id, entry_id, tracker)

    async def cast(self, election_id: str, contest_id: str, entry_id: str, hour: datetime, ballot: Ballot) -> Outcome:
        """Write ballot and poll-book entry together or not at all."""
        async with self._gates[election_id].shared(), self.write("box") as session:
            return await cast_store.cast(session, election_id, contest_id, entry_id, hour, ballot)

    async def forget_order(self, *, rebuild: bool = False) -> bool:
        """Empty the write-ahead log, which keeps the order of writes; `rebuild` also rewrites the file sorted.

        Returns false when another process was reading all along, so that the log could not be emptied:
        call it again.
        """
        emptied = await self._checkpoint()
        if rebuild:
            await self._alone("VACUUM")
            emptied = await self._checkpoint()
        return emptied

    async def _checkpoint(self) -> bool:
        for _ in range(_CHECKPOINT_TRIES):
            busy = await self._alone("PRAGMA wal_checkpoint(TRUNCATE)")
            if not busy:
                return True
            await asyncio.sleep(0.05)
        return False

    async def _alone(self, statement: str) -> int:
        failure = ""
        try:
            async with self._writer.connect() as connection:
                raw = (await connection.get_raw_connection()).driver_connection
                assert raw is not None
                cursor = await raw.execute(statement)
                row = await cursor.fetchone()
                await cursor.close()
                return int(row[0]) if row else 0
        except (SQLAlchemyError, sqlite3.Error) as error:
            failure = stripped(error)
        raise unavailable(failure)

    async def close(self) -> None:
        """Finish what was begun and close every connection."""
        await self.settle()
        await self._writer.dispose()
        await self._reader.dispose()


def file_of(url: str | Path) -> str:
    """Return the path of the database file at `url`; raises `IsoloirError` ``database_unsupported``."""
    return str(_address(url).database)


def _address(url: str | Path) -> URL:
    if isinstance(url, Path):
        return URL.create("sqlite+aiosqlite", database=str(url))
    with suppress(ArgumentError, ValueError):  # a port that is no number is a ValueError
        address = make_url(url)
        if address.get_backend_name() == "sqlite" and address.database and address.database != ":memory:":
            return URL.create("sqlite+aiosqlite", database=address.database)
    raise IsoloirError("database_unsupported")


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise IsoloirError("storage_unavailable", failure=type(error).__name__) from None


def _engine(address: URL, *, writes: bool) -> AsyncEngine:
    # No limit on the wait for the one writer connection: a queue of voters is no failure.
    size = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 600} if writes else {"pool_size": _READERS}
    engine = create_async_engine(
        address,
        hide_parameters=True,
        execution_options={"schema_translate_map": dict.fromkeys(SCHEMAS)},
        **size,
    )

    pragmas = (
        f"busy_timeout={_BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        f"query_only={'OFF' if writes else 'ON'}",
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        connection.isolation_level = None  # else the driver begins by itself, deferred
        try:
            cursor = connection.cursor()
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()
        except BaseException:
            connection.close()  # the pool does not close what it could not prepare
            raise

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
