"""The audit log: what is changed, removed, inserted or moved is found, and the database itself refuses to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from isoloir import audit_log
from isoloir.audit_log import START, Fault, Head
from isoloir.clock import ShiftedClock
from isoloir.errors import IsoloirError
from isoloir.store.engine import Store


async def write_five(store: Store, clock: ShiftedClock) -> list[Head]:
    heads = []
    for number in range(5):
        async with store.write("box") as session:
            heads.append(await audit_log.record(session, "e", "act", {"number": number, "é": "à"}, clock))
    return heads


@pytest.fixture
def tamper(raw: Any, database_url: str) -> Callable[..., None]:
    """Return a function that changes the log behind the back of the triggers, as its owner can."""

    def change(*statements: str) -> None:
        if database_url.startswith("postgresql"):
            raw("ALTER TABLE acts.audit_log DISABLE TRIGGER USER")
        else:
            for act in ("update", "delete"):
                raw(f"DROP TRIGGER IF EXISTS audit_log_no_{act}")
        for statement in statements:
            raw(statement)

    return change


async def test_untouched_log_holds(store: Store, clock: ShiftedClock) -> None:
    """An empty log and one of five lines hold, and the head is that of the last line."""
    assert await audit_log.verify(store) == audit_log.AuditCheck(0, Head(0, START), ())
    heads = await write_five(store, clock)
    check = await audit_log.verify(store, heads[2])
    assert check == audit_log.AuditCheck(5, heads[4], ())
    assert await audit_log.head(store) == heads[4]
    assert next(line.at for line in await audit_log.lines(store, "e")).startswith("2024-06-11T09:20:0")
    assert await audit_log.lines(store, "another") == []


MOVE = (
    "UPDATE acts.audit_log SET serial = 90 WHERE serial = 2",
    "UPDATE acts.audit_log SET serial = 2 WHERE serial = 3",
    "UPDATE acts.audit_log SET serial = 3 WHERE serial = 90",
)
INSERT = (
    "UPDATE acts.audit_log SET serial = 6 WHERE serial = 5",
    "UPDATE acts.audit_log SET serial = 5 WHERE serial = 4",
    "UPDATE acts.audit_log SET serial = 4 WHERE serial = 3",
    (
        "INSERT INTO acts.audit_log SELECT 3, election, act, details, at, previous, hash FROM acts.audit_log"
        " WHERE serial = 2"
    ),
)


@pytest.mark.parametrize(
    ("statements", "faults"),
    [
        (["UPDATE acts.audit_log SET details = '{}' WHERE serial = 3"], {Fault(3, "changed")}),
        (["UPDATE acts.audit_log SET at = '2030-01-01T00:00:00+00:00' WHERE serial = 1"], {Fault(1, "changed")}),
        (["UPDATE acts.audit_log SET election = 'f' WHERE serial = 5"], {Fault(5, "changed")}),
        (["UPDATE acts.audit_log SET hash = previous WHERE serial = 3"], {Fault(3, "changed"), Fault(4, "chain")}),
        (["DELETE FROM acts.audit_log WHERE serial = 3"], {Fault(4, "serial"), Fault(4, "chain")}),
        (["DELETE FROM acts.audit_log WHERE serial = 1"], {Fault(2, "serial"), Fault(2, "chain")}),
        (MOVE, {Fault(2, "chain"), Fault(2, "changed"), Fault(3, "changed")}),
        (INSERT, {Fault(3, "chain"), Fault(3, "changed")}),
    ],
    ids=["details", "time", "election", "hash", "removed", "removed-first", "moved", "inserted"],
)
async def test_tampering_is_found(
    store: Store, clock: ShiftedClock, tamper: Any, statements: list[str], faults: set[Fault]
) -> None:
    """A changed, removed, moved or inserted line is named; before, the same log held."""
    await write_five(store, clock)
    assert (await audit_log.verify(store)).holds
    tamper(*statements)
    check = await audit_log.verify(store)
    assert not check.holds
    assert faults <= set(check.faults)


async def test_cut_end_is_found_by_a_known_head(store: Store, clock: ShiftedClock, tamper: Any) -> None:
    """Lines cut off at the end leave a chain that holds; the head in the minutes shows it."""
    heads = await write_five(store, clock)
    tamper("DELETE FROM acts.audit_log WHERE serial = 5")
    assert (await audit_log.verify(store)).holds
    assert (await audit_log.verify(store, heads[3])).holds
    assert (await audit_log.verify(store, heads[4])).faults == (Fault(5, "head_missing"),)


async def test_rewritten_log_is_found_by_a_known_head(store: Store, clock: ShiftedClock, tamper: Any) -> None:
    """A log written anew from the start chains well; a former head is not in it."""
    heads = await write_five(store, clock)
    tamper("DELETE FROM acts.audit_log")
    async with store.write("box") as session:
        await audit_log.record(session, "e", "invented", {}, clock)
    assert (await audit_log.verify(store)).holds
    assert not (await audit_log.verify(store, heads[0])).holds


@pytest.mark.parametrize("table", ["audit_log", "fact", "rehearsal", "publication"])
@pytest.mark.parametrize("act", ["UPDATE {} SET election = 'x'", "DELETE FROM {}"])
async def test_database_refuses_to_change_what_is_appended(
    open_with: Callable[..., Any], raw: Any, table: str, act: str
) -> None:
    """The log and its fellows now refuse UPDATE and DELETE to whoever comes by SQL; the roll's does not."""
    opened = await open_with(1)
    await opened.close()
    assert raw(f"SELECT count(*) FROM acts.{table}")[0][0] > 0  # noqa: S608
    with pytest.raises((sqlite3.IntegrityError, IntegrityError), match="append-only"):
        raw(act.format(f"acts.{table}"))
    raw(act.format("roll.roll_contact"))


async def test_line_and_act_are_one(store: Store, clock: ShiftedClock) -> None:
    """An act that fails leaves no line; the next line takes its place in the chain."""
    with pytest.raises(IsoloirError, match="refused"):  # noqa: PT012 - the block is what is tested
        async with store.write("box") as session:
            await audit_log.record(session, "e", "act", {}, clock)
            raise IsoloirError("refused")
    assert (await audit_log.head(store)).serial == 0
    await write_five(store, clock)
    assert (await audit_log.verify(store)).holds
