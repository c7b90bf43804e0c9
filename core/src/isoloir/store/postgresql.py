"""The store in PostgreSQL: each side a login of its own, casting one function that alone sees both."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.errors import IsoloirError
from isoloir.store import safety, tables
from isoloir.store.base import COUNTED
from isoloir.store.cast_store import Ballot, Outcome
from isoloir.store.engine import Side, Store
from isoloir.store.failures import silence_drivers, stripped, transaction
from isoloir.store.leases import Leases, ends
from isoloir.store.roles import USUAL, Roles
from isoloir.store.version import check_version, is_new

try:
    import psycopg
except ModuleNotFoundError:
    raise IsoloirError("database_driver_missing") from None

_log = logging.getLogger(__name__)

_CONNECTIONS = {"roll": 8, "box": 5, "cast": 5}
"""How many connections a process has at most, by login."""
_PATIENCE = 60
"""Seconds to wait for one of them."""
_CONNECT_SECONDS = 10
_TURNS: Mapping[Side, int] = {"roll": 1, "box": 2}
_TURN_CLASS = 0x150
"""With the side's number the key of the lock by which its transactions follow one another."""
_ROLL_TURN = text(f"SELECT pg_advisory_xact_lock({_TURN_CLASS + 1}, hashtext(:election))")
"""The turn of those who write an election's roll; two elections of one hash wait for each other, and no more."""
_GATE_PATIENCE = 60
"""Seconds that an act tries to pass the gate alone, before it is refused."""
_GATE_PAUSE = 0.5
_LOCK_NOT_AVAILABLE = "55P03"

_STANDING = text("SELECT casting.standing(:election, :contest, :entry, :tracker)")
_CAST = text("SELECT casting.cast(:election, :contest, :entry, :hour, :credential, :tracker, :ballot)")
_GATE = (
    "SET LOCAL lock_timeout = '2s'",
    f"SELECT pg_advisory_xact_lock({_TURN_CLASS}, {_TURNS['box']})",
    "LOCK TABLE acts.gate IN EXCLUSIVE MODE",
    # Taken here, where waiting in vain costs nothing: a backup that reads them would hold up the TRUNCATE later. And
    # hardly waited for, since voters wait meanwhile.
    "SET LOCAL lock_timeout = '100ms'",
    "LOCK TABLE box.box_waiting, box.box_resting, box.box_lease IN ACCESS EXCLUSIVE MODE",
    "RESET lock_timeout",
    "TRUNCATE box.box_lease",
)


@dataclass(frozen=True, repr=False)
class Address:
    """Where a database is, and under which prefix its roles are; made from the URL of the settings."""

    url: URL
    roles: Roles

    @classmethod
    def of(cls, url: str) -> Address:
        """Read ``postgresql://PREFIX@host/database``; the prefix is ``isoloir`` when left out.

        A password, which only a secret's file may bring, is that of all three logins. Raises `IsoloirError`
        ``database_unsupported`` and ``database_user_form``.
        """
        with suppress(ArgumentError, ValueError):  # a port that is no number is a ValueError
            found = make_url(url)
            if found.get_backend_name() in ("postgresql", "postgres") and found.database:
                plain = found.set(drivername="postgresql+psycopg")
                return cls(plain, Roles(found.username or USUAL))
        raise IsoloirError("database_unsupported")

    @property
    def database(self) -> str:
        """Return the database's name."""
        return str(self.url.database)

    def login(self, role: str) -> URL:
        """Return the address as one of the roles logs in there."""
        return self.url.set(username=role)


class PostgresqlStore(Store):
    """Three pools of connections: of the roll, of the box, and of casting."""

    def __init__(self, address: Address) -> None:
        super().__init__()
        roles = address.roles
        self._roll = engine(address.login(roles.roll), _CONNECTIONS["roll"])
        self._box = engine(address.login(roles.box), _CONNECTIONS["box"])
        self._cast = engine(address.login(roles.cast), _CONNECTIONS["cast"])
        self._sides: Mapping[Side, AsyncEngine] = {"roll": self._roll, "box": self._box}
        one_moment = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._readers = {side: one.execution_options(**one_moment) for side, one in self._sides.items()}
        self.leases = StoredLeases(self)
        self.engines = (self._roll, self._box, self._cast)

    @classmethod
    async def connect(cls, url: str) -> PostgresqlStore:
        """Connect as each of the three logins; refuse what would be unsafe, missing or of another version."""
        tables.register()
        silence_drivers()
        address = Address.of(url)
        store = cls(address)
        try:
            for role, one in zip(address.roles.logins, store.engines, strict=True):
                await _look(one, role)
            async with store.read() as session:
                await (await session.connection()).run_sync(_refuse_other_version)
        except BaseException:
            await store.close()
            raise
        return store

    @asynccontextmanager
    async def read(self, side: Side = "roll") -> AsyncIterator[AsyncSession]:
        """Open a session that cannot write; it sees one moment of the database."""
        async with transaction(self._readers[side], psycopg.Error) as session:
            yield session

    @asynccontextmanager
    async def write(
        self, side: Side = "roll", *, beside: bool = False, roll_of: str = ""
    ) -> AsyncIterator[AsyncSession]:
        """Open one transaction, which waits for its turn among those of its side in every process."""
        async with transaction(self._sides[side], psycopg.Error) as session:
            connection = await session.connection()
            if roll_of:
                await connection.execute(_ROLL_TURN, {"election": roll_of})
            else:
                shared = "_shared" if beside else ""
                turn = f"SELECT pg_advisory_xact_lock{shared}({_TURN_CLASS}, {_TURNS[side]})"
                await connection.exec_driver_sql(turn)
            yield session

    @asynccontextmanager
    async def alone(self, election_id: str) -> AsyncIterator[AsyncSession]:
        """Open a transaction that passes the gate alone; leases are forgotten with it."""
        until = monotonic() + _GATE_PATIENCE
        while True:
            async with transaction(self._box, psycopg.Error) as session:
                if await _passes(session):
                    yield session
                    return
                await session.rollback()
            if monotonic() >= until:
                break
            await asyncio.sleep(_GATE_PAUSE)
        raise IsoloirError("gate_busy", election=election_id)

    async def standing(self, election_id: str, contest_id: str, entry_id: str, tracker: str) -> Outcome | None:
        """Say why this voter may not cast, or that the box holds the ballot already."""
        values = {"election": election_id, "contest": contest_id, "entry": entry_id, "tracker": tracker}
        async with transaction(self._cast, psycopg.Error) as session:
            found = (await (await session.connection()).execute(_STANDING, values)).scalar_one()
        return None if found is None else Outcome(found)

    async def cast(self, election_id: str, contest_id: str, entry_id: str, hour: datetime, ballot: Ballot) -> Outcome:
        """Write ballot and poll-book entry by the one function that may."""
        values = {
            "election": election_id,
            "contest": contest_id,
            "entry": entry_id,
            "hour": hour,
            "credential": ballot.credential,
            "tracker": ballot.tracker,
            "ballot": ballot.data,
        }
        async with transaction(self._cast, psycopg.Error) as session:
            found = (await (await session.connection()).execute(_CAST, values)).scalar_one()
        return Outcome(found)

    async def forget_order(self, *, rebuild: bool = False) -> bool:
        """Begin a new segment of the write-ahead log and let the server drop the former ones.

        Nothing is rewritten: a publication left no order in the tables. False where the server keeps segments all
        the same (it recycles, archives or streams them): `isoloir database check` says so beforehand.
        """
        try:
            async with self._box.connect() as connection:
                plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
                await plain.exec_driver_sql("SELECT pg_catalog.pg_switch_wal()")
                await plain.exec_driver_sql("CHECKPOINT")
                return not await safety.advice(plain)
        except (SQLAlchemyError, psycopg.Error) as error:
            failure = stripped(error)
        _log.warning("the write-ahead log was not dropped: %s", failure)
        return False

    async def close(self) -> None:
        """Finish what was begun and close every connection."""
        await self.settle()
        for one in self.engines:
            await one.dispose()


class StoredLeases(Leases):
    """The leases of every process, in a table that no log keeps (UNLOGGED); a cast never touches them."""

    def __init__(self, store: PostgresqlStore) -> None:
        self._store = store

    async def take(self, election_id: str, contest_id: str, number: int, now: datetime) -> bool:
        """Lend `number`; false when it is lent already."""
        values = {
            "election": election_id,
            "contest": contest_id,
            "number": number,
            "now": now,
            "until": ends(now),
        }
        async with self._store.write("box", beside=True) as session:
            connection = await session.connection()
            return (await connection.execute(_LEND, values, execution_options=COUNTED)).rowcount == 1

    async def lent(self, election_id: str, contest_id: str, now: datetime) -> set[int]:
        """Return the numbers lent at present."""
        values = {"election": election_id, "contest": contest_id, "now": now}
        async with self._store.read("box") as session:
            return {number for (number,) in await (await session.connection()).execute(_LENT, values)}

    async def clear(self, election_id: str) -> None:
        """Forget every lease, those of other elections too: deleted rows would stay in the file.

        The others lose nothing but rarity of collisions: what two booths then draw, one of them draws anew.
        """
        async with self._store.write("box") as session:
            await (await session.connection()).exec_driver_sql("TRUNCATE box.box_lease")


_LEND = text(
    "INSERT INTO box.box_lease AS l (election, contest, number, until) VALUES (:election, :contest, :number, :until) "
    "ON CONFLICT (election, contest, number) DO UPDATE SET until = :until WHERE l.until <= :now"
)
_LENT = text("SELECT number FROM box.box_lease WHERE election = :election AND contest = :contest AND until > :now")


def engine(address: URL, connections: int) -> AsyncEngine:
    """Return an engine whose connections are tried before use: one that was lost is opened anew."""
    return create_async_engine(
        address,
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_PATIENCE,
        pool_pre_ping=True,
        connect_args={"connect_timeout": _CONNECT_SECONDS, "application_name": "isoloir"},
    )


async def look(address: Address) -> tuple[list[IsoloirError], list[str]]:
    """Return everything unsafe that the three logins show, and what the administrator had better know.

    Advice: ``wal_recycle``, ``archive_mode``, ``replication``: there the write-ahead log keeps the order of casts for
    longer than until the next publication. Raises ``database_unreachable``.
    """
    silence_drivers()
    found: list[IsoloirError] = []
    advice: list[str] = []
    for role in address.roles.logins:
        one = engine(address.login(role), 1)
        try:
            async with _connected(one, role) as connection:
                found += await safety.findings(connection, role)
                advice = await safety.advice(connection)
        finally:
            await one.dispose()
    return found, advice


@asynccontextmanager
async def _connected(one: AsyncEngine, role: str) -> AsyncIterator[AsyncConnection]:
    """Connect for the first time; raises ``database_unreachable``."""
    try:
        async with one.connect() as connection:
            yield connection
            return
    except OperationalError as error:
        stripped(error)
    raise IsoloirError("database_unreachable", role=role)


async def _look(one: AsyncEngine, role: str) -> None:
    """Refuse what a role's first connection shows; raises ``database_unreachable``, ``database_unsafe``."""
    async with _connected(one, role) as connection:
        for finding in await safety.findings(connection, role):
            raise finding


def _refuse_other_version(connection: Connection) -> None:
    if is_new(connection):
        raise IsoloirError("database_empty")
    check_version(connection)


async def _passes(session: AsyncSession) -> bool:
    """Pass the gate alone and hold what a publication truncates; false when somebody else holds it for too long."""
    connection = await session.connection()
    try:
        for statement in _GATE:
            await connection.exec_driver_sql(statement)
    except DBAPIError as error:
        if _sqlstate(error) != _LOCK_NOT_AVAILABLE:
            raise
        return False
    return True


def _sqlstate(error: DBAPIError) -> Any:
    return getattr(error.orig, "sqlstate", None)
