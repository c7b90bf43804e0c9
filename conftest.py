"""What every suite shares: the databases on which what is kept must hold, SQLite and a real PostgreSQL."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from isoloir.store.engine import Store
from isoloir.testing.postgresql import Cluster, cluster


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


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Run the test on both databases: a function that makes a new one and returns its URL."""
    if request.param == "sqlite":
        names = (f"isoloir{'-' * bool(number)}{number or ''}.sqlite3" for number in count())
        yield lambda: f"sqlite:///{tmp_path / next(names)}"
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
