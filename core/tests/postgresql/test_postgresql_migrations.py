"""Revisions lead from the first version to the models, on both databases, all the way or not at all."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from click.testing import CliRunner
from sqlalchemy import Connection, MetaData, create_engine, make_url
from sqlalchemy.schema import BLANK_SCHEMA

from isoloir.commands import main
from isoloir.errors import IsoloirError
from isoloir.store import tables, version
from isoloir.store.base import SCHEMAS, metadata
from isoloir.store.engine import Store

POSTGRESQL_ALONE = {"gate", "box_lease", "box_resting", "alembic_version"}
FIRST_VERSION = Path(__file__).parent / "first_version.sql"


def models(schemas: bool) -> MetaData:
    """Return the models' tables, without schemas for SQLite."""
    tables.register()
    if schemas:
        return metadata
    plain = MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(plain, schema=None, referred_schema_fn=lambda *_: BLANK_SCHEMA)  # type: ignore[arg-type]
    return plain


def differences(connection: Connection, expected: MetaData) -> list[Any]:
    """Return what Alembic finds different between the database and the models."""
    schemas = connection.dialect.name == "postgresql"

    def ours(name: str | None, kind: str, parents: Any) -> bool:
        return name in SCHEMAS if kind == "schema" and schemas else name not in POSTGRESQL_ALONE

    context = MigrationContext.configure(
        connection, opts={"include_schemas": schemas, "include_name": ours, "compare_server_default": True}
    )
    return list(compare_metadata(context, expected))


async def test_revisions_end_where_the_models_are(database_url: str) -> None:
    """A database made by the revisions has the models' tables, columns, types, keys and indexes; a lost one shows."""
    await (await Store.open(database_url)).close()
    url = make_url(database_url)
    schemas = url.get_backend_name() == "postgresql"
    engine = create_engine(url.set(drivername="postgresql+psycopg", username="postgres") if schemas else url)
    expected = models(schemas)
    with engine.connect() as connection:
        assert differences(connection, expected) == []
        where = "roll." if schemas else ""
        connection.exec_driver_sql(f"DROP INDEX {where}message_due")
        assert [change[0] for change in differences(connection, expected)] == ["add_index"]
        connection.exec_driver_sql(f"ALTER TABLE {where}poll_book ADD COLUMN cast_at TIMESTAMP")
        assert [change[0] for change in differences(connection, expected)] == ["add_index", "remove_column"]
    engine.dispose()


async def test_sqlite_keeps_no_row_numbers(sqlite_url: str) -> None:
    """Every table of ours is WITHOUT ROWID, which Alembic does not see."""
    await (await Store.open(sqlite_url)).close()
    with closing(sqlite3.connect(make_url(sqlite_url).database or "")) as connection:
        made = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
    assert set(made) - {"alembic_version"} == {table.name for table in models(schemas=False).sorted_tables}
    assert [name for name, sql in made.items() if "WITHOUT ROWID" not in sql] == ["alembic_version"]


def test_the_software_names_the_last_revision() -> None:
    """There is one line of revisions, and its end is the one that the software asks for."""
    config = Config()
    config.set_main_option("script_location", str(version.MIGRATIONS))
    revisions = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    assert revisions == sorted(revisions, reverse=True)
    assert (revisions[0], revisions[-1]) == (version.HEAD, version.FIRST)


@pytest.fixture
def first_version(tmp_path: Path) -> str:
    """An instance's database as the first version made it, with a voter on the roll."""
    path = tmp_path / "isoloir.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST_VERSION.read_text())
        connection.execute("INSERT INTO roll_contact VALUES ('e', 'a', 'kept', '', 'fr')")
        connection.execute("INSERT INTO poll_book VALUES ('e', 'c', 'a', '2024-06-11 09:00:00')")
        connection.commit()
    return f"sqlite:///{path}"


def isoloir(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["--lang", "en", *arguments])


async def opened(url: str) -> str:
    """Open and close a database; return the refusal, or nothing."""
    try:
        await (await Store.open(url)).close()
    except IsoloirError as error:
        return str(error)
    return ""


def test_first_version_is_adopted(first_version: str, tmp_path: Path) -> None:
    """A database of before there were revisions is refused by name, brought up by the command, and keeps its rows."""
    import asyncio

    assert asyncio.run(opened(first_version)) == "schema_outdated (found=0001, expected=0004)"
    told = isoloir("database", "upgrade", "--database", first_version, "--json")
    assert json.loads(told.stdout) == {"former": "0001", "current": "0004"}
    assert asyncio.run(opened(first_version)) == ""
    again = isoloir("database", "current", "--database", first_version, "--json")
    assert json.loads(again.stdout) == {"current": "0004", "expected": "0004"}
    with closing(sqlite3.connect(tmp_path / "isoloir.sqlite3")) as connection:
        assert connection.execute("SELECT email FROM roll_contact").fetchall() == [("kept",)]
        assert connection.execute("SELECT * FROM voted_count").fetchall() == [("e", "c", 1)]
        assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchall()
    engine = create_engine(first_version)
    with engine.connect() as connection:
        assert differences(connection, models(schemas=False)) == []
    engine.dispose()


def test_failed_upgrade_changes_nothing(first_version: str, tmp_path: Path) -> None:
    """An upgrade that fails half-way leaves the database as it was; without the obstacle it goes through."""
    with closing(sqlite3.connect(tmp_path / "isoloir.sqlite3")) as connection:
        connection.execute("CREATE TABLE voted_count (in_the_way INTEGER)")
        connection.commit()
        before = connection.execute("SELECT * FROM sqlite_master ORDER BY name").fetchall()
        told = isoloir("database", "upgrade", "--database", first_version)
        assert told.exit_code == 1
        assert "storage_unavailable" in told.stderr
        assert connection.execute("SELECT * FROM sqlite_master ORDER BY name").fetchall() == before
        connection.execute("DROP TABLE voted_count")
        connection.commit()
    assert isoloir("database", "upgrade", "--database", first_version).exit_code == 0


async def test_other_version_is_refused(database_url: str, raw: Any) -> None:
    """A database of a later version, or of an earlier one, is refused by name; one of this version opens."""
    assert await opened(database_url) == ""
    for found, code in (("9999", "schema_version"), ("0001", "schema_outdated")):
        raw(f"UPDATE acts.alembic_version SET version_num = '{found}'")  # noqa: S608
        assert await opened(database_url) == f"{code} (found={found}, expected={version.HEAD})"
    raw(f"UPDATE acts.alembic_version SET version_num = '{version.HEAD}'")  # noqa: S608
    assert await opened(database_url) == ""


def test_nothing_is_upgraded_where_nothing_is(tmp_path: Path) -> None:
    """The command makes no file by accident."""
    told = isoloir("database", "upgrade", "--database", f"sqlite:///{tmp_path}/none.sqlite3")
    assert told.exit_code == 1
    assert "database_missing" in told.stderr
    assert not (tmp_path / "none.sqlite3").exists()
