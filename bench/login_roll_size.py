"""Whether a roll of a million slows a login.

The look-ups behind a login, on a roll of ten thousand and on one of a million, half of the voters of each marked in
the poll book. The two rolls lie in two databases and are asked by turns, for voters drawn by lot, so that a busy
machine and warm pages serve both alike.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import big_roll
from kit import Figure, Options, against

from isoloir import poll_book, roll
from isoloir.config.election import ElectionFile
from isoloir.roll import RollEntry
from isoloir.roll_import import import_roll, read_roll
from isoloir.store import roll_store
from isoloir.store.base import insert_absent
from isoloir.store.engine import Store
from isoloir.store.roll_tables import PollBookRow

TITLE = "Logging in where the roll is long"
SIZES = (10_000, 1_000_000)
ROUNDS = 1_500
LookUp = Callable[[Store, ElectionFile, RollEntry], Awaitable[Any]]


async def _matches(store: Store, election: ElectionFile, one: RollEntry) -> None:
    entry = await roll.entry(store, election.id, one.id)
    assert entry is not None
    assert roll.matches(election, entry, "ordinal_number", one.fields["ordinal_number"])


async def _entitled(store: Store, election: ElectionFile, one: RollEntry) -> None:
    async with store.read() as session:
        assert await roll_store.is_entitled(session, election.id, one.contests[0], one.id)


LOOK_UPS: dict[str, LookUp] = {
    "by identifier": lambda store, election, one: roll.by_identifier(store, election, one.identifier),
    "by identifier, missed": lambda store, election, one: roll.by_identifier(store, election, "0000000"),
    "by RPPS": lambda store, election, one: roll.by_key(store, election, "rpps", one.fields["rpps"]),
    "entry": lambda store, election, one: roll.entry(store, election.id, one.id),
    "entry and matches": _matches,
    "right to vote": _entitled,
    "poll book": lambda store, election, one: poll_book.marked(store, election, one.id),
}


async def measure(sizes: tuple[int, int], rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    """Fill both rolls, half of the voters marked in the poll book, and time each look-up on both by turns."""
    election = big_roll.election()
    with tempfile.TemporaryDirectory() as folder:
        stores, voters = [], []
        for size in sizes:
            store, some = await _filled(Path(folder) / str(size), election, size)
            stores.append(store)
            voters.append(some)
        found = {
            name: await _by_turns(look_up, election, stores, voters, rounds) for name, look_up in LOOK_UPS.items()
        }
        for store in stores:
            await store.close()
    return found


async def _filled(folder: Path, election: ElectionFile, size: int) -> tuple[Store, list[RollEntry]]:
    folder.mkdir()
    big_roll.write(folder / "roll.csv", size)
    store = await Store.open(folder / "isoloir.sqlite3")
    await import_roll(store, election, read_roll(folder / "roll.csv", election))
    some: list[RollEntry] = []
    marks: list[dict[str, Any]] = []
    number = 0
    async for entry in roll.each(store, election.id):
        number += 1
        if number % 2:
            hour = election.window.opens
            marks.append({"election": election.id, "contest": entry.contests[0], "entry": entry.id, "hour": hour})
        if random.random() * size < 2_000:
            some.append(entry)
    async with store.write() as session:
        for first in range(0, len(marks), 2_000):
            await insert_absent(session, PollBookRow, marks[first : first + 2_000])
    await store.forget_order()
    return store, some


async def _by_turns(
    look_up: LookUp, election: ElectionFile, stores: list[Store], voters: list[list[RollEntry]], rounds: int
) -> tuple[list[float], list[float]]:
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for which in (0, 1):
            one = random.choice(voters[which])
            started = time.perf_counter()
            await look_up(stores[which], election, one)
            taken[which].append((time.perf_counter() - started) * 1e6)
    return taken


def figures(options: Options) -> Iterator[Figure]:
    """See the module."""
    small, large = (max(1_000, round(size * options.scale)) for size in SIZES)
    for name, (few, many) in asyncio.run(measure((small, large), options.rounds(ROUNDS))).items():
        yield against(f"{name}, on a roll of {large:,}", many, "µs", f"on a roll of {small:,}", few)
