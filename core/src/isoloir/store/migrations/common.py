"""What revisions share: on which database they run, the roles' names, a table in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from isoloir.store.roles import Roles

TEXT, WHOLE, BYTES, MOMENT, YES_NO = AutoString, sa.Integer, sa.LargeBinary, UTCDateTime, sa.Boolean

Columns = Mapping[str, type[Any]]
"""Columns by name, in order; each is NOT NULL."""


def has_schemas() -> bool:
    """Say whether this is PostgreSQL, which has schemas, roles and functions."""
    return op.get_bind().dialect.name == "postgresql"


def schema(name: str) -> str | None:
    """Return the schema as this database names it."""
    return name if has_schemas() else None


def roles() -> Roles:
    """Return the roles for which the database was prepared."""
    found = context.config.attributes["roles"]
    assert isinstance(found, Roles)
    return found


def become(role: str | None) -> None:
    """On PostgreSQL, go on as `role`, who then owns what is made; as oneself for `None`."""
    if has_schemas():
        op.execute(f'SET LOCAL ROLE "{role}"' if role else "RESET ROLE")


def make_table(where: str, name: str, columns: Columns, *, key: int) -> None:
    """Create a table whose first `key` columns are its primary key, without row numbers on SQLite."""
    op.create_table(
        name,
        *(sa.Column(column, kind(), nullable=False, autoincrement=False) for column, kind in columns.items()),
        sa.PrimaryKeyConstraint(*list(columns)[:key]),
        schema=schema(where),
        sqlite_with_rowid=False,
    )


def make_index(where: str, table: str, name: str, *columns: str, unique: bool = False) -> None:
    """Create an index."""
    op.create_index(name, table, list(columns), unique=unique, schema=schema(where))
