"""What every table shares: one metadata, three schemas, and rows that never print what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

metadata = MetaData()
"""Every table of an instance; other parts register theirs in `store/<part>_tables.py`."""

ROLL = "roll"
"""Schema of the electoral roll, the poll book and what names a voter."""
BOX = "box"
"""Schema of the ballot box; nothing in it names a voter, and no foreign key leaves or stays inside."""
ACTS = "acts"
"""Schema of the board's acts: lifecycle, facts, rehearsals, publications, audit log."""
SCHEMAS = (ROLL, BOX, ACTS)


def kept_in(schema: str) -> dict[str, object]:
    """Return the table arguments of a table of `schema`: its row numbers tell nothing, for it has none."""
    return {"schema": schema, "sqlite_with_rowid": False}


class Row(SQLModel):
    """Base of every table. Its repr names the table alone: a row may hold a tracker or a voter."""

    metadata = metadata

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __str__(self) -> str:
        return repr(self)


COUNTED = {"preserve_rowcount": True}
"""Options of an INSERT whose number of rows is asked for; drivers do not tell it by themselves."""


def insertion(session: AsyncSession, table: type[Row]) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT, as the session's database writes it."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


async def insert_absent(session: AsyncSession, table: type[Row], rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows, leaving alone those whose key is there (ON CONFLICT DO NOTHING); return how many were new.

    Never an error: a violated constraint would print the values in a database's log.
    """
    connection = await session.connection()
    statement = insertion(session, table).on_conflict_do_nothing()
    done = 0
    for row in rows:
        done += (await connection.execute(statement, dict(row), execution_options=COUNTED)).rowcount
    return done
