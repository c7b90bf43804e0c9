"""Which version of the schema a database has: another one is refused in plain words, not by a failing query."""

from __future__ import annotations

from sqlalchemy import inspect
from sqlmodel import Field, select
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.store.base import ACTS, Row, kept_in

SCHEMA_VERSION = 1


class SchemaVersion(Row, table=True):
    """The one row that says the version."""

    __tablename__ = "schema_version"
    __table_args__ = kept_in(ACTS)

    version: int = Field(primary_key=True)


async def read_version(session: AsyncSession) -> int | None:
    """Return the version of this database, or `None` for a new one."""
    connection = await session.connection()
    known = await connection.run_sync(lambda sync: inspect(sync).has_table("schema_version"))
    if not known:
        return None
    return (await session.exec(select(SchemaVersion.version))).first()


async def write_version(session: AsyncSession) -> None:
    """Write the present version into a new database."""
    session.add(SchemaVersion(version=SCHEMA_VERSION))
    await session.flush()
