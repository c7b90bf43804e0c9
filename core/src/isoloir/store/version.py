"""Which revision a database has: another one is refused in plain words, not by a failing query."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from isoloir.errors import IsoloirError
from isoloir.store.base import ACTS
from isoloir.store.roles import Roles

HEAD = "0004"
"""The revision that this software works with; a test holds that it is Alembic's last."""
FIRST = "0001"
_TABLE = "alembic_version"
MIGRATIONS = Path(__file__).parent / "migrations"


def version_schema(connection: Connection) -> str | None:
    """Return the schema in which the revision stands."""
    return ACTS if connection.dialect.name == "postgresql" else None


def is_new(connection: Connection) -> bool:
    """Say whether nothing of ours is in this database yet."""
    schema = version_schema(connection)
    known = inspect(connection)
    return not (known.has_table(_TABLE, schema=schema) or known.has_table("schema_version", schema=schema))


def current(connection: Connection) -> str | None:
    """Return the revision of this database; the first one for what was made before there were revisions."""
    schema = version_schema(connection)
    if inspect(connection).has_table(_TABLE, schema=schema):
        where = f"{schema}.{_TABLE}" if schema else _TABLE
        found = connection.execute(text(f"SELECT version_num FROM {where}")).scalar()  # noqa: S608 - our own names
        return None if found is None else str(found)
    return None if is_new(connection) else FIRST


def check_version(connection: Connection) -> None:
    """Raise `IsoloirError` ``schema_outdated`` for an older database, ``schema_version`` for one of the future."""
    found = current(connection)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise IsoloirError("schema_version", found=found, expected=HEAD)
    raise IsoloirError("schema_outdated", found=found or "", expected=HEAD)


def upgrade(connection: Connection, roles: Roles | None = None) -> None:
    """Bring a database, new or old, to `HEAD`, in the caller's transaction: all of it or nothing."""
    # Imported late: most runs find their database as it should be.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["roles"] = roles or Roles()
    schema = version_schema(connection)
    if not is_new(connection) and not inspect(connection).has_table(_TABLE, schema=schema):
        command.stamp(config, FIRST)
    command.upgrade(config, "head")
