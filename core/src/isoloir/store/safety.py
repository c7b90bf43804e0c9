"""What a PostgreSQL server must not do, looked at whenever Isoloir starts: keep times and values, mix the sides."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from isoloir.errors import IsoloirError

SETTINGS: Mapping[str, tuple[str, ...]] = {
    # They keep when each transaction was, hence the order of casts.
    "track_commit_timestamp": ("off",),
    "log_statement": ("none", "ddl"),
    "log_duration": ("off",),
    "log_lock_waits": ("off",),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
    "auto_explain.log_min_duration": ("-1",),
    # They print values, which may be a ballot or a voter.
    "log_parameter_max_length": ("0",),
    "log_parameter_max_length_on_error": ("0",),
    "log_error_verbosity": ("terse",),
    "pgaudit.log_parameter": ("off",),
    # Without them a receipt may be shown of a ballot that a power cut takes away.
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
}
"""Settings as they must be for our logins, the first value to be written. Those that are absent are fine."""

FOR_TESTS = frozenset({"fsync", "full_page_writes"})
"""What a throw-away server of the tests may leave out; it says so by the name of its cluster."""
THROW_AWAY = "isoloir-throw-away"

_MAY = text(
    "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication "
    "FROM pg_catalog.pg_roles WHERE rolname = current_user"
)
_RIGHTS = ("superuser", "bypassrls", "createrole", "createdb", "replication")
_MEMBER = text(
    "SELECT rolname FROM pg_catalog.pg_roles "
    "WHERE rolname <> current_user AND pg_catalog.pg_has_role(current_user, oid, 'MEMBER') ORDER BY rolname"
)
_ALLOWED = frozenset({"pg_checkpoint"})
_DATABASE = text(
    "SELECT datcollate, pg_catalog.pg_encoding_to_char(encoding) FROM pg_catalog.pg_database "
    "WHERE datname = current_database()"
)
BYTEWISE = ("C", "POSIX", "C.UTF-8", "C.utf8")


async def findings(connection: AsyncConnection, role: str) -> list[IsoloirError]:
    """Return everything unsafe that this connection shows: a role that may too much, settings, the collation."""
    found = []

    def note(setting: str, value: object, wanted: str) -> None:
        found.append(IsoloirError("database_unsafe", role=role, setting=setting, value=str(value), wanted=wanted))

    user = (await connection.exec_driver_sql("SELECT current_user")).scalar_one()
    if user != role:
        note("role", user, role)
    rights = (await connection.execute(_MAY)).one()
    for name, has in zip(_RIGHTS, rights, strict=True):
        if has:
            note("role", name, f"no{name}")
    for (member,) in await connection.execute(_MEMBER):
        if member not in _ALLOWED:
            note("role", member, f"REVOKE {member}")
    collation, encoding = (await connection.execute(_DATABASE)).one()
    if collation not in BYTEWISE:
        note("lc_collate", collation, "C")
    if encoding != "UTF8":
        note("encoding", encoding, "UTF8")
    throw_away = await _setting(connection, "cluster_name") == THROW_AWAY
    for setting, accepted in SETTINGS.items():
        value = await _setting(connection, setting)
        if value and value not in accepted and not (throw_away and setting in FOR_TESTS):
            note(setting, value, accepted[0])
    return found


async def advice(connection: AsyncConnection) -> list[str]:
    """Return why the write-ahead log outlives a publication: ``wal_recycle``, ``archive_mode``, ``replication``."""
    told = []
    if await _setting(connection, "wal_recycle") != "off":
        told.append("wal_recycle")
    if await _setting(connection, "archive_mode") != "off":
        told.append("archive_mode")
    slots = await connection.exec_driver_sql("SELECT count(*) FROM pg_catalog.pg_replication_slots")
    if slots.scalar_one():
        told.append("replication")
    return told


async def _setting(connection: AsyncConnection, name: str) -> str:
    query = text("SELECT pg_catalog.current_setting(:name, true)")
    return str((await connection.execute(query, {"name": name})).scalar_one() or "")
