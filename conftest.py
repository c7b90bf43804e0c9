"""What every suite shares: SQLite and PostgreSQL, on which what is kept must hold, and a real Keycloak."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import make_url

from isoloir.store.engine import Store
from isoloir.testing.postgresql import Cluster, cluster

if TYPE_CHECKING:
    from xdist.scheduler import Scheduling

    from isoloir_prosante_connect.keycloak import Keycloak

_KEYCLOAK = pytest.StashKey["Keycloak"]()
_WHOLE = (
    "apps/web/tests/test_web_check_browser.py",
    "core/tests/kit/",
    "plugins/prosante_connect/tests/test_keycloak_",
    "plugins/prosante_connect/tests/test_psc_broker_login.py",
    "plugins/prosante_connect/tests/test_psc_doctor.py",
    "plugins/prosante_connect/tests/test_psc_realm_inspection.py",
    "tests/attacks/",
    "tests/browser/",
    "tests/docs/",
    "tests/elections/test_second_provider.py",
)
"""Files whose tests share something that takes seconds to make: a site, a realm, a demonstration, a plugin built."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    """Under ``--dist loadgroup`` give each file of `_WHOLE` to one worker, these first, all other tests one by one.

    By the file's name, as the mark `xdist_group` is without effect where xdist 3.8 runs under pytest 9.2: it writes
    the group into an attribute of the test that is no longer read.
    """
    if config.getvalue("dist") != "loadgroup":
        return None
    gone = [one for one in _WHOLE if not any(config.rootpath.glob(f"{one}*"))]
    assert not gone, f"no such tests: {gone}"
    from xdist.scheduler import LoadScopeScheduling  # installed with the development tools alone

    class Whole(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid.partition("::")[0] if nodeid.startswith(_WHOLE) else nodeid

    return Whole(config, log)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL server, one for each worker of the run; where it is not installed the test fails."""
    with cluster() as running:
        yield running


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A new file."""
    return f"sqlite:///{tmp_path}/isoloir.sqlite3"


@pytest.fixture
def postgresql_url(postgresql: Cluster) -> Iterator[str]:
    """A new database with Isoloir's tables."""
    url = postgresql.url()
    yield url
    postgresql.drop(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with Isoloir's tables, to be copied: to make them takes longer than most tests."""
    made = tmp_path_factory.mktemp("template") / "isoloir.sqlite3"

    async def make() -> None:
        await (await Store.open(f"sqlite:///{made}")).close()

    with ThreadPoolExecutor(1) as thread:  # a loop may be running here
        thread.submit(asyncio.run, make()).result()
    return made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Run the test on both databases: a function that makes a new one with Isoloir's tables, and returns its URL."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        names = (f"isoloir{'-' * bool(number)}{number or ''}.sqlite3" for number in count())
        yield lambda: f"sqlite:///{shutil.copy(template, tmp_path / next(names))}"
        return
    running: Cluster = request.getfixturevalue("postgresql")
    made: list[str] = []

    def make() -> str:
        made.append(running.url())
        return made[-1]

    yield make
    for url in made:
        running.drop(url)


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    """Run the test on both databases: the URL of a new one."""
    return new_database()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """Run the test on both databases: an open, empty store."""
    store = await Store.open(database_url)
    yield store
    await store.close()


@pytest.fixture
def raw(database_url: str, request: pytest.FixtureRequest) -> Callable[[str], list[tuple[Any, ...]]]:
    """Return a function that asks the database behind Isoloir's back, as somebody who owns it.

    Tables are written with their schemas (``acts.audit_log``), which SQLite does not have.
    """

    def ask(statement: str) -> list[tuple[Any, ...]]:
        if database_url.startswith("postgresql"):
            running: Cluster = request.getfixturevalue("postgresql")
            return running.administer(statement, make_url(database_url).database or "")
        with closing(sqlite3.connect(make_url(database_url).database or "")) as connection, connection:
            return connection.execute(re.sub(r"\b(acts|box|roll)\.", "", statement)).fetchall()

    return ask


@pytest.fixture(scope="session")
def keycloak(worker_id: str, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Keycloak:
    """A real Keycloak, one for the whole run and all its workers; where it is not installed the test fails.

    Each test that needs a realm makes one of its own, under a name drawn at random.
    """
    from isoloir_prosante_connect.keycloak import shared  # half a second, which most runs need not wait

    base = tmp_path_factory.getbasetemp()
    alone = worker_id == "master"
    running = shared(
        Path(__file__).parent / ".cache" / "keycloak",
        (base if alone else base.parent) / "keycloak",
        os.getpid() if alone else os.getppid(),
    )
    pytestconfig.stash[_KEYCLOAK] = running
    return running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add Keycloak's last words to the report of a failure: they mostly say why."""
    report = yield
    if report.failed and "keycloak" in getattr(item, "fixturenames", ()):
        running = item.config.stash.get(_KEYCLOAK, None)
        if running is not None:
            report.sections.append(("Keycloak's last words", running.last_words()))
    return report
