"""Whoever takes the whole database cannot join a ballot to a voter: by rows, by numbers, or by bytes in the file."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, make_url
from sqlalchemy.exc import IntegrityError

from isoloir import publication
from isoloir.errors import IsoloirError
from isoloir.hooks import Accepted, Message, NoConfig, Notifier
from isoloir.notifications import Carriers, Rendered, deliver, queue
from isoloir.store import tables
from isoloir.store.base import BOX, ROLL, metadata
from isoloir.store.box_tables import CredentialRow
from isoloir.testing.postgresql import BINARIES

VOTERS = 40
SUSPECT_MATCHES = 10
"""By chance one of forty matches; ten happen once in ten million joins."""
SUSPECT_CORRELATION = 0.8

on_sqlite = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize(
    "new_database", [pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)


@dataclass
class Vote:
    """What an attacker must not learn: which entry cast which ballot, the how-manieth."""

    entry: str
    tracker: str
    credential: str
    alpha: str


async def votes(opened: Any) -> list[Vote]:
    """Cast in a random order; return the votes in that order."""
    made = []
    numbers = list(range(VOTERS))
    random.shuffle(numbers)
    for number in numbers:
        ballot = await opened.fresh(number % 4)
        receipt = await opened.cast(number, ballot)
        value = json.loads(ballot)
        alpha = value["answers"][0]["choices"][0]["alpha"]
        made.append(Vote(opened.voters[number].entry_id, receipt.tracker, value["credential"], alpha))
    return made


Orders = Mapping[str, Sequence[int]]
"""How a place in the dump orders the votes: its name → numbers of the votes, first found first."""


def by_rows(path: Path, made: Sequence[Vote]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Order the votes as each table gives its rows, plainly and by row number: poll-book side, box side."""
    voters: dict[str, list[int]] = {}
    ballots: dict[str, list[int]] = {}
    connection = sqlite3.connect(path)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for name in names:
        for order in ("", "ORDER BY rowid", "ORDER BY rowid DESC"):
            try:
                rows = connection.execute(f"SELECT * FROM {name} {order}").fetchall()  # noqa: S608
            except sqlite3.OperationalError:
                continue  # no row numbers
            _note(voters, f"{name} {order}", [_which(row, made, ("entry",)) for row in rows])
            _note(ballots, f"{name} {order}", [_which(row, made, ("tracker", "credential")) for row in rows])
    connection.close()
    return voters, ballots


def _which(row: tuple[Any, ...], made: Sequence[Vote], fields: Sequence[str]) -> int | None:
    cells = {cell for cell in row if isinstance(cell, str)}
    return next((n for n, vote in enumerate(made) if cells & {getattr(vote, field) for field in fields}), None)


def _note(orders: dict[str, list[int]], name: str, found: Sequence[int | None]) -> None:
    order = list(dict.fromkeys(number for number in found if number is not None))
    if len(order) == VOTERS:
        orders[name] = order


def by_bytes(path: Path, made: Sequence[Vote]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Order the votes by where their traces stand in the files: first and last trace, in the file and in its log."""
    voters: dict[str, list[int]] = {}
    ballots: dict[str, list[int]] = {}
    for file in sorted(path.parent.glob(path.name + "*")):
        raw = file.read_bytes()
        for field in ("tracker", "credential", "alpha"):
            _places(ballots, f"{file.name} {field}", raw, [getattr(vote, field).encode() for vote in made])
        # A poll-book row is told from the roll's by the hour that follows the entry.
        _places(voters, f"{file.name} poll book", raw, [f"{vote.entry}2024-06-1".encode() for vote in made])
    return voters, ballots


def _places(orders: dict[str, list[int]], name: str, raw: bytes, tokens: Sequence[bytes]) -> None:
    for end, find in (("first", raw.find), ("last", raw.rfind)):
        places = [find(token) for token in tokens]
        if min(places) >= 0:
            orders[f"{name} {end}"] = sorted(range(len(tokens)), key=places.__getitem__)


def suspects(voters: Orders, ballots: Orders) -> list[str]:
    """Return every join of a poll-book order with a box order that finds more than chance does."""
    found = []
    for left, entries in voters.items():
        for right, boxed in ballots.items():
            for sense in (1, -1):
                matches = sum(entry == ballot for entry, ballot in zip(entries, boxed[::sense], strict=True))
                if matches >= SUSPECT_MATCHES:
                    found.append(f"{left} = {right}: {matches}")
    return found


def ordered(orders: Orders) -> list[str]:
    """Return the places that keep the order in which votes were cast."""
    return [name for name, order in orders.items() if abs(correlation(order)) > SUSPECT_CORRELATION]


def correlation(order: Sequence[int]) -> float:
    """Return Spearman's coefficient of an order and the order of casting."""
    size = len(order)
    return 1 - 6 * sum((place - number) ** 2 for place, number in enumerate(order)) / (size * (size**2 - 1))


@on_sqlite
async def test_dump_after_publication_and_freeze_joins_nothing(open_with: Any, tmp_path: Path) -> None:
    """After a publication the box keeps no order of casts; after the freeze nothing does, and every join fails.

    The twin is below: on tables with row numbers the same attack joins all of them.
    """
    opened = await open_with(VOTERS)
    path = tmp_path / "isoloir.sqlite3"
    made = await votes(opened)
    await opened.store.forget_order()

    assert await publication.publish_due(opened.store, opened.election, opened.clock, opened.keys)
    for look in (by_rows, by_bytes):
        voters, ballots = look(path, made)
        assert voters, look
        assert ballots, look
        assert ordered(ballots) == []
        assert suspects(voters, ballots) == []

    await opened.close()
    for look in (by_rows, by_bytes):
        voters, ballots = look(path, made)
        assert voters, look
        assert ballots, look
        assert ordered(ballots) == []
        assert ordered(voters) == []
        assert suspects(voters, ballots) == []


@on_sqlite
async def test_nothing_of_the_waiting_box_stays_behind(open_with: Any, tmp_path: Path) -> None:
    """After the freeze each ballot and each poll-book row stands once in the file, and the log is empty."""
    opened = await open_with(VOTERS)
    made = await votes(opened)
    await opened.close()
    raw = (tmp_path / "isoloir.sqlite3").read_bytes()
    log = tmp_path / "isoloir.sqlite3-wal"
    assert not log.exists() or log.stat().st_size == 0
    for vote in made:
        assert raw.count(vote.alpha.encode()) == 1
        assert raw.count(f"{vote.entry}2024-06-1".encode()) == 1


def test_attack_finds_tables_with_row_numbers(tmp_path: Path) -> None:
    """The twin of the rows: with ordinary tables, whose rows are numbered, the attack joins all of them."""
    numbers = range(VOTERS)
    made = [Vote(random.randbytes(16).hex(), f"t{n}-{random.random()}", f"c{n}", f"a{n}") for n in numbers]
    path = tmp_path / "cheat.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE poll_book (entry TEXT PRIMARY KEY, hour TEXT)")
    connection.execute("CREATE TABLE box (tracker TEXT PRIMARY KEY)")
    for vote in made:
        connection.execute("INSERT INTO poll_book VALUES (?, '2024-06-11')", (vote.entry,))
        connection.execute("INSERT INTO box VALUES (?)", (vote.tracker,))
    connection.commit()
    connection.close()
    voters, ballots = by_rows(path, made)
    assert ordered(voters)
    assert any(f": {VOTERS}" in found for found in suspects(voters, ballots))


# --- PostgreSQL: a real dump, hidden columns, files, statistics and the log ------------------------------------

HIDDEN = ("", "ORDER BY ctid", "ORDER BY ctid DESC",
          *(f"ORDER BY {column}::text::bigint, ctid" for column in ("xmin", "xmax", "cmin")))  # fmt: skip
_OURS = "n.nspname IN ('roll', 'box', 'acts')"


def by_hidden_columns(raw: Any, made: Sequence[Vote]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Order the votes as each table gives its rows: plainly, by place in the file, by transaction."""
    voters: dict[str, list[int]] = {}
    ballots: dict[str, list[int]] = {}
    found = raw(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c "  # noqa: S608 - names of our own
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE c.relkind = 'r' AND {_OURS}"
    )
    for (name,) in found:
        for order in HIDDEN:
            rows = raw(f"SELECT * FROM {name} {order}")  # noqa: S608
            if name == "roll.poll_book":
                _note(voters, f"{name} {order}", [_which(row, made, ("entry",)) for row in rows])
            _note(ballots, f"{name} {order}", [_which(row, made, ("tracker", "credential")) for row in rows])
    return voters, ballots


def by_dump(text: str, made: Sequence[Vote]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Order the votes as ``pg_dump`` wrote each table's rows."""
    voters: dict[str, list[int]] = {}
    ballots: dict[str, list[int]] = {}
    for part in text.split("\nCOPY ")[1:]:
        name = part.split(" ", 1)[0]
        rows = [tuple(line.split("\t")) for line in part.split("\n\\.")[0].splitlines()]
        if name == "roll.poll_book":
            _note(voters, f"dump {name}", [_which(row, made, ("entry",)) for row in rows])
        _note(ballots, f"dump {name}", [_which(row, made, ("tracker", "credential")) for row in rows])
    return voters, ballots


def by_relation_files(
    raw: Any, data: Path, made: Sequence[Vote]
) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Order the votes by where their traces stand in the files of each table, index and TOAST table."""
    voters: dict[str, list[int]] = {}
    ballots: dict[str, list[int]] = {}
    raw("CHECKPOINT")
    files = raw(
        "WITH ours AS (SELECT c.oid, c.reltoastrelid, "  # noqa: S608 - names of our own
        "n.nspname || '.' || c.relname AS name FROM pg_class c "
        f"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}) "
        "SELECT name, pg_relation_filepath(oid) FROM ours UNION ALL "
        "SELECT name || ' toast', pg_relation_filepath(reltoastrelid) FROM ours WHERE reltoastrelid <> 0"
    )
    for name, path in files:
        content = (data / path).read_bytes() if path else b""
        for field in ("tracker", "credential", "alpha"):
            _places(ballots, f"{name} {field}", content, [getattr(vote, field).encode() for vote in made])
        if name.startswith("roll.poll_book"):
            _places(voters, name, content, [vote.entry.encode() for vote in made])
    return voters, ballots


def told(text: str, made: Sequence[Vote]) -> set[str]:
    """Return which kinds of value stand in a text."""
    kinds = ("tracker", "credential", "alpha", "entry")
    return {kind for kind in kinds if any(getattr(vote, kind) in text for vote in made)}


def dumped(postgresql: Any, url: str) -> str:
    """Run the real ``pg_dump``, as the administrator does."""
    command = [BINARIES / "pg_dump", "-h", postgresql.folder, "-U", "postgres", make_url(url).database or ""]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@on_postgresql
async def test_postgresql_keeps_no_order_of_ballots(
    open_with: Any, raw: Any, postgresql: Any, database_url: str
) -> None:
    """Dump, ctid, xmin, xmax, files and TOAST: before a publication the order is found, afterwards none, nor a join.

    The first half is the twin: the same looks on the waiting ballots join nearly all of them.
    """
    opened = await open_with(VOTERS)
    data = postgresql.folder / "data"
    made = await votes(opened)

    def looks() -> dict[str, tuple[Orders, Orders]]:
        return {
            "hidden": by_hidden_columns(raw, made),
            "dump": by_dump(dumped(postgresql, database_url), made),
            "files": by_relation_files(raw, data, made),
        }

    for name, (voters, ballots) in looks().items():
        assert ordered(ballots), name
        if name != "files":  # pages are filled from their end: the order is there, the plain join is not
            assert suspects(voters, ballots), name

    assert await publication.publish_due(opened.store, opened.election, opened.clock, opened.keys)
    await opened.close()
    for name, (voters, ballots) in looks().items():
        assert voters, name
        assert any("box_published" in place for place in ballots), name
        assert ordered(ballots) == []
        assert suspects(voters, ballots) == []
    assert raw("SELECT count(DISTINCT xmin::text) FROM box.box_published") == [(1,)]


@on_postgresql
async def test_postgresql_keeps_no_order_of_what_goes_on_waiting(open_with: Any, raw: Any) -> None:
    """A contest that publishes leaves another's waiting ballots sorted too, and a second publication hides them."""
    opened = await open_with(VOTERS)
    made = await votes(opened)
    for number in range(5):
        await opened.cast(number, await opened.fresh(0, "csn"), "csn")
    waiting = "SELECT contest, tracker FROM box.box_waiting ORDER BY ctid"
    assert len(raw(waiting)) == VOTERS + 5
    published = await publication.publish_due(opened.store, opened.election, opened.clock, opened.keys)
    assert [one.contest for one in published] == ["cspm"]
    rest = raw(waiting)
    assert [contest for contest, _ in rest] == ["csn"] * 5
    assert rest == sorted(rest)
    assert raw("SELECT count(*) FROM box.box_resting") == [(0,)]
    assert raw("SELECT count(DISTINCT xmin::text) FROM box.box_waiting") == [(1,)]
    assert raw("SELECT count(*) FROM box.box_lease") == [(0,)]
    assert told(str(raw("SELECT * FROM box.box_published")), made) >= {"tracker", "credential"}


@on_postgresql
async def test_postgresql_says_nothing_in_log_and_statistics(
    open_with: Any, raw: Any, postgresql: Any, database_url: str
) -> None:
    """No value of a vote in the server's log nor in its statistics of activity; the twin logs them on purpose."""
    opened = await open_with(VOTERS)
    start = postgresql.log.stat().st_size
    made = await votes(opened)
    taken = await opened.fresh()
    with pytest.raises(IsoloirError, match="already_voted"):
        await opened.cast(0, taken)
    with pytest.raises(IsoloirError, match="storage_unavailable"):  # noqa: PT012 - the block is what is tested
        async with opened.store.write("box") as session:
            row = {"election": "essai-2024", "contest": "cspm", "number": 0, "public": made[0].credential}
            await (await session.connection()).execute(insert(CredentialRow), row)
    assert await publication.publish_due(opened.store, opened.election, opened.clock, opened.keys)

    def log() -> str:
        return postgresql.log.read_bytes()[start:].decode()

    views = [name for (name,) in raw("SELECT viewname FROM pg_views WHERE viewname LIKE 'pg_stat_%%'")]
    assert len(views) > 20
    statistics = "".join(str(raw(f"SELECT * FROM {view}")) for view in views)  # noqa: S608
    assert "duplicate key" in log()
    assert told(log() + statistics, made) == set()

    # The twin: the same violation by somebody whose log is not kept quiet.
    raw('ALTER DATABASE "' + (make_url(database_url).database or "") + '" SET log_error_verbosity = default')
    with pytest.raises(IntegrityError):
        raw("INSERT INTO box.box_published SELECT * FROM box.box_published LIMIT 1")
    assert "tracker" in told(log(), made)


async def test_messages_of_votes_keep_no_order(open_with: Any, raw: Any) -> None:
    """Delivered, the messages "you voted" are in no order of casts; the twin: waiting, by their time they are."""
    opened = await open_with(VOTERS)
    made = await votes(opened)
    for vote in made:
        await queue(opened.store, opened.keys, opened.election, opened.clock, [_voted(vote)])

    def look() -> dict[str, list[int]]:
        orders: dict[str, list[int]] = {}
        found = raw("SELECT due, entry FROM roll.message ORDER BY due, entry")
        _note(orders, "message due", [_which(row[1:], made, ("entry",)) for row in found])
        return orders

    assert ordered(look()) == ["message due"]
    carriers: Carriers = {"email": (_Carrier(), NoConfig())}
    assert (await deliver(opened.store, opened.keys, opened.election, carriers, opened.clock)).accepted == VOTERS
    assert look()
    assert ordered(look()) == []
    assert len(raw("SELECT DISTINCT due FROM roll.message")) == 1


class _Carrier(Notifier[NoConfig]):
    name = "carrier"
    config = NoConfig
    channels = frozenset({"email"})

    async def send(self, config: NoConfig, message: Message) -> Accepted:
        return Accepted("1")


def _voted(vote: Vote) -> Rendered:
    key = f"vote_recorded/cspm/{vote.entry}"
    return Rendered("vote_recorded", "email", "a@example.org", "s", "t", "fr", key, vote.entry)


def test_two_families_are_apart() -> None:
    """No foreign key anywhere, no voter and no time in the box, no ballot on the roll's side, no row numbers."""
    tables.register()
    told = {table.name: table for table in metadata.tables.values()}
    assert {"poll_book", "box_waiting", "box_published", "roll_entry"} <= set(told)
    for table in told.values():
        columns = {column.name for column in table.columns}
        if table.schema in (BOX, ROLL):
            assert not table.foreign_keys, table.name
            assert table.dialect_options["sqlite"]["with_rowid"] is False, table.name
        if table.schema == BOX:
            assert not columns & {"entry", "identifier", "hour", "created_at", "at", "id"}, table.name
            assert not [column for column in table.columns if "DATE" in str(column.type)], table.name
        else:
            assert not columns & {"tracker", "credential", "ballot"}, table.name
    assert {column.name for column in told["poll_book"].columns} == {"election", "contest", "entry", "hour"}


@pytest.mark.parametrize("election_side", [ROLL, BOX])
def test_schemas_are_declared(election_side: str) -> None:
    """Each family is declared in its own schema, for the database that has them."""
    tables.register()
    assert [table for table in metadata.tables.values() if table.schema == election_side]
