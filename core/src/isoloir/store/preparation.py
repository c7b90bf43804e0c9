"""What a PostgreSQL cluster needs before Isoloir: roles, a database, schemas; written for the administrator to read.

Roles belong to the whole cluster, so they are no part of the migrations. Every statement may be run again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from isoloir.errors import IsoloirError
from isoloir.store import tables, version
from isoloir.store.failures import silence_drivers, stripped
from isoloir.store.postgresql import Address
from isoloir.store.roles import Roles

_KEPT_QUIET: Mapping[str, str] = {
    "log_statement": "none",
    "log_duration": "off",
    "log_lock_waits": "off",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "search_path": "pg_catalog, pg_temp",
    "TimeZone": "UTC",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
}
"""Settings of our logins alone; the server's own stay as they are."""

_NOBODY = "NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT NOREPLICATION NOBYPASSRLS"


@dataclass(frozen=True)
class Plan:
    """The statements: for the cluster, to make the database if it is missing, who may enter it, and inside it."""

    database: str
    cluster: tuple[str, ...]
    create: str
    doors: tuple[str, ...]
    inside: tuple[str, ...]

    @property
    def script(self) -> str:
        """Return all of it as a script for ``psql``, run as a superuser."""
        made = self.create.replace("'", "''")
        known = f"pg_database WHERE datname = '{self.database}'"
        lines = [
            *(f"{statement};" for statement in self.cluster),
            f"SELECT '{made}' WHERE NOT EXISTS (SELECT FROM {known}) \\gexec",  # noqa: S608 - run by a person
            f'\\connect "{self.database}"',
            *(f"{statement};" for statement in (*self.doors, *self.inside)),
        ]
        return "\n".join(lines) + "\n"


def plan(address: Address) -> Plan:
    """Return what the database of that address needs."""
    roles, database = address.roles, address.database
    if '"' in database or "'" in database or "\\" in database:
        raise IsoloirError("database_unsupported")
    everybody = ", ".join(f'"{role}"' for role in roles.logins)
    return Plan(
        database,
        cluster=tuple(_roles(roles)),
        create=f"CREATE DATABASE \"{database}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
        doors=(
            f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC',
            f'GRANT CONNECT ON DATABASE "{database}" TO {everybody}',
        ),
        inside=(
            "REVOKE ALL ON SCHEMA public FROM PUBLIC",
            f'CREATE SCHEMA IF NOT EXISTS roll AUTHORIZATION "{roles.roll_owner}"',
            f'CREATE SCHEMA IF NOT EXISTS box AUTHORIZATION "{roles.box_owner}"',
            f'CREATE SCHEMA IF NOT EXISTS acts AUTHORIZATION "{roles.box_owner}"',
            # Nobody but the administrator makes a function here: its owner could see both sides.
            "CREATE SCHEMA IF NOT EXISTS casting",
            # A publication drops the order that the write-ahead log keeps.
            f'GRANT EXECUTE ON FUNCTION pg_catalog.pg_switch_wal() TO "{roles.box}"',
        ),
    )


def _roles(roles: Roles) -> list[str]:
    statements = []
    for role in (*roles.owners, *roles.logins):
        statements.append(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
            f'THEN CREATE ROLE "{role}"; END IF; END $$'
        )
        login = "LOGIN" if role in roles.logins else "NOLOGIN"
        statements.append(f'ALTER ROLE "{role}" {login} {_NOBODY}')
    for role in roles.logins:
        for setting, value in _KEPT_QUIET.items():
            # Names of a list must not be quoted together.
            shown = value if setting == "search_path" else f"'{value}'"
            statements.append(f'ALTER ROLE "{role}" SET {setting} = {shown}')
    statements.append(f'GRANT pg_checkpoint TO "{roles.box}"')
    return statements


def administrator(address: Address, url: str | None) -> URL:
    """Return where the administrator connects: `url`, or the same server as the operating system's user.

    Raises `IsoloirError` ``database_unsupported``.
    """
    if url is None:
        return address.url.set(username=None, password=None)
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError
        raise IsoloirError("database_unsupported") from None
    if found.get_backend_name() not in ("postgresql", "postgres"):
        raise IsoloirError("database_unsupported")
    return found.set(drivername="postgresql+psycopg", database=address.database)


async def prepare(planned: Plan, administrator: URL) -> None:
    """Run the plan. Raises ``database_admin_failed`` with the class of what the server refused."""
    async with _connected(administrator.set(database="postgres")) as connection:
        for statement in planned.cluster:
            await connection.exec_driver_sql(statement)
        query = text("SELECT count(*) FROM pg_database WHERE datname = :name")
        if not (await connection.execute(query, {"name": planned.database})).scalar_one():
            await connection.exec_driver_sql(planned.create)
    async with _connected(administrator.set(database=planned.database)) as connection:
        for statement in (*planned.doors, *planned.inside):
            await connection.exec_driver_sql(statement)


async def upgrade(address: Address, administrator: URL) -> str | None:
    """Bring a prepared database to this software's revision, all or nothing; return the former one."""
    tables.register()
    async with _connected(administrator, "READ COMMITTED") as connection:
        former = await connection.run_sync(version.current)
        await connection.run_sync(version.upgrade, address.roles)
        await connection.commit()
    return former


async def current(administrator: URL) -> str | None:
    """Return the database's revision; `None` when it has none yet."""
    async with _connected(administrator) as connection:
        return await connection.run_sync(version.current)


@asynccontextmanager
async def _connected(address: URL, isolation: str = "AUTOCOMMIT") -> AsyncIterator[AsyncConnection]:
    silence_drivers()
    one = create_async_engine(address, isolation_level=isolation, connect_args={"connect_timeout": 10})
    failure = ""
    try:
        async with one.connect() as connection:
            yield connection
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or ""
        failure = f"{stripped(error)} {state}".strip()
    finally:
        await one.dispose()
    if failure:
        raise IsoloirError("database_admin_failed", failure=failure)
