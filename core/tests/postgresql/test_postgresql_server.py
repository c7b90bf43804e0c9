"""The server as its administrator prepares it, and what Isoloir refuses to start on."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from isoloir.commands import main
from isoloir.errors import IsoloirError
from isoloir.store import preparation, safety
from isoloir.store.engine import Store
from isoloir.store.postgresql import Address
from isoloir.store.roles import Roles
from isoloir.testing.postgresql import Cluster, cluster

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A server of this module's own, whose roles and settings it may spoil."""
    with cluster(track_commit_timestamp="on") as running:
        yield running


@pytest.fixture
def new(own: Cluster) -> Iterator[str]:
    url = own.new()
    yield url
    own.drop(url)


def isoloir(*arguments: str) -> Any:
    with ThreadPoolExecutor(1) as thread:  # a command runs a loop of its own
        return thread.submit(CliRunner().invoke, main, ["--lang", "en", *arguments]).result()


async def refusal(url: str) -> IsoloirError:
    with pytest.raises(IsoloirError) as raised:
        await (await Store.open(url)).close()
    return raised.value


def test_prepare_prints_and_changes_nothing(own: Cluster, new: str) -> None:
    """Without --apply the command prints a script; psql runs it, twice, and the database is there with its roles."""
    database = make_url(new).database or ""
    known = "SELECT count(*) FROM pg_database WHERE datname = '{}'"
    printed = isoloir("database", "prepare", "--database", new)
    assert printed.exit_code == 0, printed.stderr
    assert own.administer(known.format(database)) == [(0,)]
    psql = shutil.which("psql")
    assert psql
    for _ in range(2):
        ran = subprocess.run(
            [psql, "-v", "ON_ERROR_STOP=1", "-h", own.folder, "-U", "postgres", "-d", "postgres", "-q"],
            input=printed.stdout,
            text=True,
            capture_output=True,
        )
        assert ran.returncode == 0, ran.stderr
    assert own.administer(known.format(database)) == [(1,)]
    roles = own.administer("SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname LIKE 'isoloir%%'")
    assert dict(roles) == {**dict.fromkeys(Roles().logins, True), **dict.fromkeys(Roles().owners, False)}


def test_administrator_leads_to_a_database_that_opens(postgresql: Cluster, tmp_path: Path) -> None:
    """prepare --apply and upgrade, each twice, then check: safe; and an instance that names it."""
    url = postgresql.new()
    admin = postgresql.address("postgres", "postgres")
    folder = tmp_path / "instance"
    folder.mkdir()
    (folder / "isoloir.toml").write_text(f"database = {json.dumps(url)}\n")
    here = ["--instance", str(folder), "database"]
    try:
        assert "database_admin_failed" in isoloir(*here, "upgrade", "--admin", admin).stderr
        for _ in range(2):
            assert isoloir(*here, "prepare", "--admin", admin, "--apply").exit_code == 0
        assert "database_empty" in isoloir(*here, "check").stderr
        for former in (None, "0004"):
            told = isoloir(*here, "upgrade", "--admin", admin, "--json")
            assert json.loads(told.stdout) == {"former": former, "current": "0004"}
        told = isoloir(*here, "check", "--json")
        assert json.loads(told.stdout) == {"safe": True, "findings": [], "advice": []}
        assert json.loads(isoloir(*here, "current", "--admin", admin, "--json").stdout)["current"] == "0004"
    finally:
        postgresql.drop(url)


async def test_unreachable_server_is_named_by_role(tmp_path: Path) -> None:
    """No server, or none that knows the role: which role, and no address nor password."""
    error = await refusal(f"postgresql://isoloir:secret-4711@/none?host={tmp_path}")
    assert str(error) == "database_unreachable (role=isoloir_roll)"


@pytest.mark.parametrize("user", ["Isoloir", "a-b", 'x"; DROP', "é", "a" * 41])
async def test_prefix_is_plain(user: str) -> None:
    """The prefix goes into SQL unquoted by others' tools: small letters, digits, underscores."""
    assert (await refusal(f"postgresql://{user}@/x")).code == "database_user_form"
    assert Address.of("postgresql:///x").roles == Roles("isoloir")


@pytest.mark.parametrize("url", ["postgresql://a:secret@h:nope/db", "nonsense", "mysql://a@h/db"])
def test_administrators_address_is_refused_by_code(url: str) -> None:
    """An administrator's address that cannot be read, its port say, is a code, without the address."""
    with pytest.raises(IsoloirError) as raised:
        preparation.administrator(Address.of("postgresql://isoloir@h/db"), url)
    assert str(raised.value) == "database_unsupported"


async def test_commit_times_are_refused(own: Cluster, new: str) -> None:
    """A server that keeps the moment of each commit is refused."""
    own.prepare(new)
    error = await refusal(new)
    assert (error.code, error.where["setting"]) == ("database_unsafe", "track_commit_timestamp")


UNSAFE = [
    ("log_statement", "all"),
    ("log_statement", "mod"),
    ("log_min_duration_statement", "0"),
    ("log_min_duration_sample", "0"),
    ("log_duration", "on"),
    ("log_lock_waits", "on"),
    ("log_transaction_sample_rate", "0.5"),
    ("log_parameter_max_length", "-1"),
    ("log_parameter_max_length_on_error", "100"),
    ("log_error_verbosity", "default"),
    ("synchronous_commit", "off"),
]


@pytest.mark.parametrize(("setting", "value"), UNSAFE)
async def test_settings_that_keep_times_or_values_are_refused(
    postgresql: Cluster, postgresql_url: str, setting: str, value: str
) -> None:
    """A log of statements, durations or values, receipts before the disk: refused for each login until set back."""
    database = make_url(postgresql_url).database
    for role in Roles().logins:
        inside = f'ALTER ROLE "{role}" IN DATABASE "{database}"'
        postgresql.administer(f"{inside} SET {setting} = '{value}'")
        error = await refusal(postgresql_url)
        assert (error.code, error.where["role"], error.where["setting"]) == ("database_unsafe", role, setting)
        postgresql.administer(f"{inside} RESET {setting}")
    await (await Store.open(postgresql_url)).close()


@pytest.mark.parametrize(
    ("spoil", "mend"),
    [
        ("ALTER ROLE isoloir_roll SUPERUSER", "ALTER ROLE isoloir_roll NOSUPERUSER"),
        ("ALTER ROLE isoloir_cast BYPASSRLS", "ALTER ROLE isoloir_cast NOBYPASSRLS"),
        ("GRANT isoloir_box_owner TO isoloir_roll", "REVOKE isoloir_box_owner FROM isoloir_roll"),
        ("GRANT isoloir_casting TO isoloir_cast", "REVOKE isoloir_casting FROM isoloir_cast"),
        ("GRANT pg_read_all_data TO isoloir_box", "REVOKE pg_read_all_data FROM isoloir_box"),
    ],
)
async def test_roles_that_may_too_much_are_refused(own: Cluster, new: str, spoil: str, mend: str) -> None:
    """A superuser, or a login that is a member of anything, is refused before anything is read."""
    own.prepare(new)
    own.administer(spoil)
    try:
        error = await refusal(new)
        told = isoloir("database", "check", "--database", new, "--json")
    finally:
        own.administer(mend)
    # The server of this module also keeps commit times, which the first login shows.
    roles = {str(one["where"]["setting"]) for one in json.loads(told.stdout)["findings"]}
    assert error.code == "database_unsafe"
    assert roles == {"role", "track_commit_timestamp"}
    assert told.exit_code == 1


async def test_other_collations_are_refused(own: Cluster, new: str) -> None:
    """Trackers are sorted by their bytes: a database that sorts by a language is refused."""
    database = make_url(new).database
    own.administer(
        f'CREATE DATABASE "{database}" TEMPLATE template0 ENCODING LATIN1 LC_COLLATE "POSIX" LC_CTYPE "POSIX"'
    )
    own.prepare(new)
    told = isoloir("database", "check", "--database", new, "--json")
    assert "encoding" in {one["where"]["setting"] for one in json.loads(told.stdout)["findings"]}
    assert {"C", "POSIX"} <= set(safety.BYTEWISE)


async def test_receipts_need_a_server_that_keeps_them(postgresql: Cluster, postgresql_url: str) -> None:
    """Without fsync only a server of the tests is accepted, which its name says."""
    assert postgresql.administer("SHOW fsync") == [("off",)]
    await (await Store.open(postgresql_url)).close()
    with cluster(cluster_name="somebody's") as other:
        error = await refusal(other.url())
    assert (error.code, error.where["setting"]) == ("database_unsafe", "fsync")
