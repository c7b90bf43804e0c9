"""Two sides: whoever logs in sees one of them, and the casting function alone is between them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import DBAPIError, ProgrammingError

from isoloir.store.roles import Roles
from isoloir.testing.postgresql import Cluster

pytestmark = pytest.mark.slow
ROLES = Roles()
TABLES = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('roll', 'box', 'acts', 'casting') AND c.relkind IN ('r', 'v', 'm', 'p', 'f') ORDER BY 1
"""
COUNTS = {"roll.entitled_count", "roll.voted_count"}


def run(url: str, role: str, *statements: str, database: str | None = None) -> list[Any]:
    """Run statements as somebody who logged in as `role`; return the last one's rows."""
    address = make_url(url).set(drivername="postgresql+psycopg", username=role)
    engine = create_engine(address.set(database=database) if database else address)
    try:
        with engine.connect() as connection:
            for statement in statements:
                found = connection.exec_driver_sql(statement)
            return found.fetchall() if found.returns_rows else []
    finally:
        engine.dispose()


def refused(url: str, role: str, *statements: str) -> bool:
    """Say whether the server refuses for want of a right; any other failure is the test's."""
    try:
        run(url, role, *statements)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":
            raise
        return True
    return False


@pytest.fixture
def tables(postgresql: Cluster, postgresql_url: str) -> list[str]:
    names = [name for (name,) in postgresql.administer(TABLES, make_url(postgresql_url).database or "")]
    assert {"roll.poll_book", "roll.roll_entry", "box.box_waiting", "box.box_published", "acts.fact"} <= set(names)
    return names


def readable(url: str, role: str, tables: list[str], *before: str) -> set[str]:
    return {name for name in tables if not refused(url, role, *before, f"SELECT * FROM {name}")}  # noqa: S608


def test_no_login_reads_both_sides(postgresql_url: str, tables: list[str]) -> None:
    """Each table tried as each login: the roll's never reads the box, the box's of the roll two counts alone."""
    roll = readable(postgresql_url, ROLES.roll, tables)
    box = readable(postgresql_url, ROLES.box, tables)
    assert {name for name in tables if name.startswith("roll.")} <= roll
    assert {name for name in tables if name.startswith("box.")} <= box
    assert not {name for name in roll if name.startswith("box.")}
    assert {name for name in box if name.startswith("roll.")} == COUNTS
    assert readable(postgresql_url, ROLES.cast, tables) == set()


def test_no_login_becomes_another_role(postgresql: Cluster, postgresql_url: str, tables: list[str]) -> None:
    """SET ROLE and SET SESSION AUTHORIZATION lead nobody out of their side, nor into an owner's."""
    others = [name for (name,) in postgresql.administer("SELECT rolname FROM pg_roles")]
    assert {*ROLES.logins, *ROLES.owners, "postgres"} <= set(others)
    for role in ROLES.logins:
        for other in set(others) - {role}:
            mine = role == ROLES.box and other == "pg_checkpoint"
            assert refused(postgresql_url, role, f'SET ROLE "{other}"') is not mine, (role, other)
            assert refused(postgresql_url, role, f'SET SESSION AUTHORIZATION "{other}"'), (role, other)
    assert readable(postgresql_url, ROLES.box, tables, "SET ROLE pg_checkpoint") == set()


def test_owners_do_not_log_in_and_read_one_side(postgresql: Cluster, postgresql_url: str, tables: list[str]) -> None:
    """An owner of tables has no login and no right on the other side; the function's owner reads no ballot."""
    for role in ROLES.owners:
        with pytest.raises(DBAPIError, match="not permitted to log in"):
            run(postgresql_url, role, "SELECT 1")
    own = {
        role: readable(postgresql_url, "postgres", tables, f'SET ROLE "{role}"')
        for role in (ROLES.roll_owner, ROLES.box_owner, ROLES.casting)
    }
    assert {name.partition(".")[0] for name in own[ROLES.roll_owner]} == {"roll"}
    assert {name.partition(".")[0] for name in own[ROLES.box_owner]} == {"box", "acts"}
    assert not own[ROLES.casting] & {"box.box_waiting", "box.box_published"}
    both = "SELECT tracker FROM box.box_waiting, roll.poll_book"
    assert not refused(postgresql_url, "postgres", f'SET ROLE "{ROLES.casting}"', both)
    for role in {*ROLES.logins, *ROLES.owners} - {ROLES.casting}:
        assert refused(postgresql_url, "postgres", f'SET ROLE "{role}"', both), role
    assert refused(postgresql_url, "postgres", f'SET ROLE "{ROLES.casting}"', "SELECT ballot FROM box.box_waiting")


def test_the_casting_login_calls_one_function_and_can_do_nothing_else(postgresql_url: str) -> None:
    """It calls the function; tables, other schemas, temporary tables and functions of its own are refused."""
    asked = "SELECT casting.standing('e', 'c', 'v', 't')"
    assert run(postgresql_url, ROLES.cast, asked) == [("not_open",)]
    for statement in (
        "CREATE TEMPORARY TABLE lifecycle (election text, state text)",
        "CREATE TABLE public.mine ()",
        "CREATE TABLE casting.mine ()",
        "CREATE FUNCTION casting.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA mine",
        "LOCK TABLE acts.gate IN ROW SHARE MODE",
    ):
        assert refused(postgresql_url, ROLES.cast, statement), statement
    for role in (ROLES.roll, ROLES.box):
        assert refused(postgresql_url, role, asked), role


def test_the_function_is_closed_and_believes_its_own_tables(postgresql: Cluster, postgresql_url: str) -> None:
    """Both functions are of the owner alone, SECURITY DEFINER, with a fixed path that ends in pg_temp."""
    rows = postgresql.administer(
        "SELECT p.proname, r.rolname, p.prosecdef, array_to_string(p.proconfig, ','), p.proacl::text "
        "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles r ON r.oid = p.proowner "
        "WHERE n.nspname = 'casting' ORDER BY 1",
        make_url(postgresql_url).database or "",
    )
    assert [row[:4] for row in rows] == [
        (name, ROLES.casting, True, "search_path=pg_catalog, pg_temp") for name in ("cast", "standing")
    ]
    for row in rows:
        grantees = {grant.partition("=")[0] for grant in row[4].strip("{}").split(",")}
        assert grantees == {ROLES.casting, ROLES.cast}


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_casting_refuses_a_snapshot_of_before_the_gate(postgresql_url: str, level: str) -> None:
    """Read in a transaction that sees an older moment, the state could be that of before the freeze: refused."""
    call = "SELECT casting.cast('e', 'c', 'v', now(), 'k', 't', 'b')"
    assert run(postgresql_url, ROLES.cast, call) == [("not_open",)]
    with pytest.raises(DBAPIError, match="statement by statement"):
        run(postgresql_url, ROLES.cast, f"SET TRANSACTION ISOLATION LEVEL {level}", call)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (ROLES.roll, "INSERT INTO roll.poll_book VALUES ('e', 'c', 'v', now())"),
        (ROLES.roll, "DELETE FROM roll.poll_book"),
        (ROLES.roll, "UPDATE acts.lifecycle SET state = 'open'"),
        (ROLES.roll, "INSERT INTO acts.audit_log VALUES (1, 'e', 'a', '', '', '', '')"),
        (ROLES.box, "UPDATE box.box_published SET tracker = ''"),
        (ROLES.box, "DELETE FROM box.box_published"),
        (ROLES.box, "DELETE FROM box.box_waiting"),
        (ROLES.box, "UPDATE acts.audit_log SET hash = ''"),
        (ROLES.box, "TRUNCATE acts.audit_log"),
        (ROLES.box, "ALTER TABLE acts.audit_log DISABLE TRIGGER ALL"),
        (ROLES.box, "DROP TABLE box.box_waiting"),
    ],
)
def test_logins_change_no_more_than_they_must(postgresql_url: str, role: str, statement: str) -> None:
    """The poll book is written by casting alone, published ballots and the log by nobody, once they are there."""
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        run(postgresql_url, role, statement)
