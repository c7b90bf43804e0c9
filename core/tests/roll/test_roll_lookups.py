"""Every look-up behind a login goes by an index: a roll of a million slows none of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from isoloir import poll_book, roll
from isoloir.config.election import ElectionFile
from isoloir.roll_import import import_roll, read_roll
from isoloir.store import message_store, poll_book_store, roll_store
from isoloir.store.engine import Store
from isoloir.store.message_store import NewMessage

HEAD = "nom;prenom;courriel;mobile;rpps;numero_ordre;college"
LINE = "Martin;Alix;a{0}@chu.example;;9970000{0:04d};75/{0};ph"
HOUR = datetime(2024, 6, 11, 7, tzinfo=UTC)


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Yield the statements that are run meanwhile, as the database gets them."""
    seen: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH", "DELETE")):
            seen.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def plans(store: Store, seen: list[tuple[str, Any]]) -> list[str]:
    """Return the steps of SQLite's plans for these statements."""
    steps = []
    async with store.read() as session:
        connection = await session.connection()
        for statement, parameters in seen:
            found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps += [row[3] for row in found]
    return steps


def by_whole_key(step: str) -> bool:
    """Say whether a step goes by an index, and by more of it than the election."""
    return step.startswith("SEARCH") and step.count("=?") >= 2


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The plans read here are SQLite's; PostgreSQL has the same keys."""
    return sqlite_url


@pytest.fixture
async def filled(store: Store, election: ElectionFile) -> Store:
    lines = [LINE.format(number) for number in range(300)]
    await import_roll(store, election, read_roll("\n".join((HEAD, *lines)).encode(), election))
    async with store.write() as session:
        for entry in await roll.entries(store, election.id):
            await poll_book_store.mark(session, election.id, "cspm", entry.id, HOUR)
    return store


LOOK_UPS = {
    "identifier": lambda store, election, one: roll.by_identifier(store, election, one.identifier),
    "identifier missed": lambda store, election, one: roll.by_identifier(store, election, "NOBODY"),
    "rpps": lambda store, election, one: roll.by_key(store, election, "rpps", one.fields["rpps"]),
    "rpps missed": lambda store, election, one: roll.by_key(store, election, "rpps", "1"),
    "entry": lambda store, election, one: roll.entry(store, election.id, one.id),
    "poll book": lambda store, election, one: poll_book.marked(store, election, one.id),
}


@pytest.mark.parametrize("name", LOOK_UPS)
async def test_a_look_up_goes_by_an_index(filled: Store, election: ElectionFile, name: str) -> None:
    """No step reads a table, nor all of an election's part of one."""
    one = (await roll.entries(filled, election.id))[0]
    with statements() as seen:
        await LOOK_UPS[name](filled, election, one)
    steps = await plans(filled, seen)
    assert steps
    assert [step for step in steps if not by_whole_key(step)] == []


async def test_rights_and_marks_go_by_an_index(filled: Store, election: ElectionFile) -> None:
    """What casting asks of the roll and of the poll book, too."""
    one = (await roll.entries(filled, election.id))[0]
    with statements() as seen:
        async with filled.read() as session:
            assert await roll_store.is_entitled(session, election.id, "cspm", one.id)
            assert await poll_book_store.is_marked(session, election.id, "cspm", one.id)
    steps = await plans(filled, seen)
    assert len(steps) == 2
    assert all(by_whole_key(step) for step in steps)


async def test_a_new_password_finds_the_former_by_its_voter(store: Store, election: ElectionFile) -> None:
    """Superseding a message asks for the voter's own, and not for everything that a mailing has waiting."""
    message = NewMessage("login/2", "password", "sms", "voter", "password", HOUR, b"")
    with statements() as seen:
        async with store.write() as session:
            await message_store.add(session, election.id, [message])
    steps = await plans(store, seen)
    assert [step.partition(" (")[0] for step in steps] == ["SEARCH main.message USING INDEX message_entry"]


async def test_a_plan_without_an_index_is_seen(filled: Store, election: ElectionFile) -> None:
    """The test's own eyes: reading the whole roll, or searching by a name, is no look-up by an index."""
    with statements() as seen:
        await roll.entries(filled, election.id)
        async with filled.read() as session:
            await (await session.connection()).execute(text("SELECT id FROM roll_entry WHERE last_name = 'Martin'"))
    steps = await plans(filled, seen)
    assert [step for step in steps if not by_whole_key(step)]
    assert any(step.startswith("SCAN") for step in steps)
