"""The store: who may read the file, what survives an error, and what an error may say."""

from __future__ import annotations

import asyncio
import logging
import stat
import traceback
from pathlib import Path

import pytest
from sqlmodel import col, select

from isoloir.errors import IsoloirError
from isoloir.store.engine import Store
from isoloir.store.gate import Gate
from isoloir.store.roll_tables import ContactRow, PollBookRow

CANARY = "canari-4711"


def contact(entry: str = "a", email: str = "x") -> ContactRow:
    return ContactRow(election="e", entry=entry, email=email, mobile="", locale="fr")


async def emails(store: Store) -> list[str]:
    async with store.read() as session:
        return list(await session.exec(select(ContactRow.email).order_by(col(ContactRow.email))))


async def test_database_is_its_owners_alone(sqlite_url: str, tmp_path: Path) -> None:
    """The database and its log are readable by their owner alone."""
    store = await Store.open(sqlite_url)
    async with store.write() as session:
        session.add(contact())
    modes = [stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("isoloir.sqlite3*")]
    await store.close()
    assert len(modes) >= 2
    assert set(modes) == {0o600}


async def test_exception_undoes_the_transaction(store: Store) -> None:
    """What an exception interrupts is not written; what ends well is."""
    async with store.write() as session:
        session.add(contact("kept", "kept"))
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block is what is tested
        async with store.write() as session:
            session.add(contact("lost", "lost"))
            await session.flush()
            raise ZeroDivisionError
    assert await emails(store) == ["kept"]


async def test_readers_cannot_write(store: Store) -> None:
    """A reading session refuses to write, and its refusal is a stable code."""
    with pytest.raises(IsoloirError, match="storage_unavailable"):
        async with store.read() as session:
            session.add(contact())
    assert await emails(store) == []


async def test_driver_exceptions_say_nothing(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """A driver exception leaves as a code; no text, trace, chained exception or log holds the value."""
    async with store.write() as session:
        session.add(contact("a", CANARY))
    caplog.set_level(logging.DEBUG)
    with pytest.raises(IsoloirError) as raised:
        async with store.write() as session:
            session.add(contact("a", CANARY))
    assert raised.value.code == "storage_unavailable"
    told = "".join(traceback.format_exception(raised.value)) + caplog.text
    chained: BaseException | None = raised.value
    while chained is not None:
        told += repr(chained) + str(vars(chained))
        chained = chained.__context__
    assert "IntegrityError" in told
    assert CANARY not in told


async def test_writes_follow_one_another(store: Store) -> None:
    """Sixty transactions at once that read, wait and write lose nothing, and none is locked out."""
    async with store.write() as session:
        session.add(contact("a", "0"))

    async def add_one() -> None:
        async with store.write() as session:
            row = await session.get(ContactRow, ("e", "a"))
            assert row is not None
            await asyncio.sleep(0)
            row.email = str(int(row.email) + 1)

    await asyncio.gather(*(add_one() for _ in range(60)))
    assert await emails(store) == ["60"]


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:secret@host/db",
        "sqlite://",
        "sqlite:///:memory:",
        "nonsense",
        "postgresql://u:secret@h",
        "postgresql://a:secret@h:nope/db",
        "sqlite://h:nope/secret.db",
    ],
)
async def test_other_databases_are_refused(url: str) -> None:
    """What is neither SQLite nor PostgreSQL is refused, without the address, which may hold a password."""
    with pytest.raises(IsoloirError) as raised:
        await Store.open(url)
    assert str(raised.value) == "database_unsupported"


async def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A file of something else is refused and left as it is."""
    path = tmp_path / "letter.txt"
    path.write_bytes(b"Monsieur," * 200)
    with pytest.raises(IsoloirError, match="storage_unavailable"):
        await Store.open(path)
    assert path.read_bytes() == b"Monsieur," * 200


async def test_kept_work_outlives_its_request(store: Store) -> None:
    """A cancelled request's kept transaction is finished; the same work not kept is undone."""

    async def work(entry: str, begun: asyncio.Event) -> None:
        async with store.write() as session:
            session.add(contact(entry, entry))
            begun.set()
            await asyncio.sleep(0.05)

    for entry, kept in (("kept", True), ("lost", False)):
        begun = asyncio.Event()
        coroutine = work(entry, begun)
        request = asyncio.create_task(store.kept(coroutine) if kept else coroutine)
        await begun.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
    await store.settle()
    assert await emails(store) == ["kept"]


async def test_gate_lets_casts_together_and_acts_alone() -> None:
    """Two pass shared at once; an exclusive one waits for both, and later casts wait for it."""
    gate, told = Gate(), []
    inside = asyncio.Event()
    leave = asyncio.Event()

    async def cast(name: str) -> None:
        async with gate.shared():
            told.append(name)
            if told == ["a", "b"] or told == ["b", "a"]:
                inside.set()
            await leave.wait()

    async def freeze() -> None:
        async with gate.exclusive():
            told.append("freeze")

    tasks = [asyncio.create_task(cast(name)) for name in "ab"]
    await inside.wait()
    tasks.append(asyncio.create_task(freeze()))
    await asyncio.sleep(0.01)
    tasks.append(asyncio.create_task(cast("late")))
    await asyncio.sleep(0.01)
    assert sorted(told) == ["a", "b"]
    leave.set()
    await asyncio.gather(*tasks)
    assert told[2:] == ["freeze", "late"]


async def test_cancelled_pass_leaves_the_gate_open() -> None:
    """Whoever is cancelled inside the gate, or waiting for it, does not block it."""
    gate = Gate()

    async def stay() -> None:
        async with gate.shared():
            await asyncio.sleep(60)

    async def alone() -> None:
        async with gate.exclusive():
            await asyncio.sleep(60)

    first = asyncio.create_task(stay())
    await asyncio.sleep(0)
    second = asyncio.create_task(alone())
    await asyncio.sleep(0.01)
    for task in (second, first):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with asyncio.timeout(15), gate.exclusive():
        pass


def test_rows_do_not_print_what_they_hold() -> None:
    """The repr of a row, alone or in a list, holds none of its values."""
    row = contact(email=CANARY)
    assert CANARY not in f"{row} {row!r} {[row]}"
    assert repr(PollBookRow(election="e", contest="c", entry=CANARY)) == "<PollBookRow>"
