"""The store of an instance: one SQLite file, one writer at a time, and nothing left of what was erased."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.errors import IsoloirError
from isoloir.store import tables
from isoloir.store.base import SCHEMAS, metadata
from isoloir.store.gate import Gate
from isoloir.store.leases import Leases
from isoloir.store.version import SCHEMA_VERSION, read_version, write_version

T = TypeVar("T")
_log = logging.getLogger(__name__)

_BUSY_MILLISECONDS = 20_000
_READERS = 4
_CHECKPOINT_TRIES = 5


def _silence_drivers() -> None:
    """Keep the drivers from logging the values they carry: aiosqlite does so at DEBUG, SQLAlchemy prints rows.

    A filter, because a level would be undone by whoever configures logging for more.
    """
    for name in ("aiosqlite", "sqlalchemy.engine.Engine"):
        logger = logging.getLogger(name)
        if _is_no_detail not in logger.filters:
            logger.addFilter(_is_no_detail)


def _is_no_detail(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


class Store:
    """Where an instance keeps everything; sessions come from `read` and `write`.

    `write` is the only way to write: there is one writer connection, so transactions follow one another and
    none is ever locked out. Driver exceptions leave as `storage_unavailable`, without their text.
    """

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self.folder = Path(str(writer.url.database)).parent
        self._writer = writer
        self._reader = reader
        self._gates: defaultdict[str, Gate] = defaultdict(Gate)
        self._kept: set[asyncio.Task[Any]] = set()
        self.leases = Leases()

    @classmethod
    async def open(cls, url: str | Path) -> Store:
        """Open the database at `url` (``sqlite:///path`` or a plain path), made 0600 with its tables if new.

        Raises `IsoloirError`: `database_unsupported` (not a SQLite file), `schema_version` (made by another
        version of Isoloir), `storage_unavailable`.
        """
        tables.register()
        _silence_drivers()
        address = _address(url)
        _make_private(Path(str(address.database)))
        store = cls(_engine(address, writes=True), _engine(address, writes=False))
        try:
            async with store.write() as session:
                await _make_schema(session)
        except BaseException:
            await store.close()
            raise
        return store

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session that cannot write; it sees one moment of the database."""
        async with _session(self._reader) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Open one transaction that holds the write lock from its start; an exception undoes all of it."""
        async with _session(self._writer) as session:
            yield session

    def gate(self, election_id: str) -> Gate:
        """Return the gate of an election: casts pass shared, freezing and publishing pass alone."""
        return self._gates[election_id]

    async def kept(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end even if whoever waits is cancelled.

        A request cancelled in the middle of a transaction would leave the driver holding the write lock.
        """
        task = asyncio.ensure_future(work)
        self._kept.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._kept.discard(task)
        if not task.cancelled():
            task.exception()  # seen by whoever still waits; a left one must not be logged with its details

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
            failure = _stripped(error)
        raise _unavailable(failure)

    async def settle(self) -> None:
        """Wait for the writes that nobody waits for any more."""
        while self._kept:
            await asyncio.wait(set(self._kept))

    async def close(self) -> None:
        """Finish what was begun and close every connection."""
        await self.settle()
        await self._writer.dispose()
        await self._reader.dispose()


@asynccontextmanager
async def _session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    failure = ""
    session = AsyncSession(engine, expire_on_commit=False)
    try:
        async with session.begin():
            yield session
    except (SQLAlchemyError, sqlite3.Error) as error:
        failure = _stripped(error)
    finally:
        await session.close()
    if failure:
        raise _unavailable(failure) from None


async def _make_schema(session: AsyncSession) -> None:
    found = await read_version(session)
    if found is not None and found != SCHEMA_VERSION:
        raise IsoloirError("schema_version", found=found, expected=SCHEMA_VERSION)
    connection = await session.connection()
    await connection.run_sync(metadata.create_all)
    if found is None:
        await write_version(session)


def _stripped(error: BaseException) -> str:
    """Empty a driver exception of its statement and values, which may be a ballot; return its class's name."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, StatementError):
            seen.statement = None
            seen.params = None
            seen.detail = []
        if isinstance(seen, DBAPIError | StatementError):
            seen.orig = None
        if isinstance(seen, SQLAlchemyError | sqlite3.Error):
            seen.args = ("",)
        seen = seen.__cause__ or seen.__context__
    return type(error).__name__


def _unavailable(failure: str) -> IsoloirError:
    _log.error("the database refused: %s", failure)
    return IsoloirError("storage_unavailable", failure=failure)


def _address(url: str | Path) -> URL:
    if isinstance(url, Path):
        return URL.create("sqlite+aiosqlite", database=str(url))
    with suppress(ArgumentError):
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
