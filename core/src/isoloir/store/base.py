"""What every table shares: one metadata, three schemas, and rows that never print what they hold."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlmodel import SQLModel

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
