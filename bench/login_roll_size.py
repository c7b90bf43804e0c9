"""Whether a roll of a million slows a login: the same look-ups on a small roll and on a large one, in one run.

``python bench/login_roll_size.py [SMALL LARGE]`` (10,000 and 1,000,000) prints JSON: for each look-up behind a login
the median microseconds on both rolls, and their ratio. The two rolls lie in two databases and are asked by turns, for
voters drawn by lot, so that a busy machine and warm pages serve both alike; `noise` is the ratio of every
other round on the small roll to the rounds between.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import big_roll

from isoloir import poll_book, roll
from isoloir.config.election import ElectionFile
from isoloir.roll import RollEntry
from isoloir.roll_import import import_roll, read_roll
from isoloir.store import poll_book_store, roll_store
from isoloir.store.engine import Store

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


async def measure(sizes: tuple[int, int] = SIZES, rounds: int = ROUNDS) -> dict[str, Any]:
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
    return {"lines": list(sizes), "rounds": rounds, "microseconds": found}


async def _filled(folder: Path, election: ElectionFile, size: int) -> tuple[Store, list[RollEntry]]:
    folder.mkdir()
    big_roll.write(folder / "roll.csv", size)
    store = await Store.open(folder / "isoloir.sqlite3")
    await import_roll(store, election, read_roll(folder / "roll.csv", election))
    some: list[RollEntry] = []
    number = 0
    async with store.write() as session:
        async for entry in roll.each(store, election.id):
            number += 1
            if number % 2:
                await poll_book_store.mark(session, election.id, entry.contests[0], entry.id, election.window.opens)
            if random.random() * size < 2_000:
                some.append(entry)
    await store.forget_order()
    return store, some


async def _by_turns(
    look_up: LookUp, election: ElectionFile, stores: list[Store], voters: list[list[RollEntry]], rounds: int
) -> dict[str, float]:
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for which in (0, 1):
            one = random.choice(voters[which])
            started = time.perf_counter()
            await look_up(stores[which], election, one)
            taken[which].append(time.perf_counter() - started)
    small, large = (statistics.median(times) * 1e6 for times in taken)
    halves = [statistics.median(taken[0][start::2]) for start in (0, 1)]
    return {
        "small": round(small, 1),
        "large": round(large, 1),
        "ratio": round(large / small, 2),
        "noise": round(halves[1] / halves[0], 2),
    }


if __name__ == "__main__":
    wanted = tuple(map(int, sys.argv[1:3])) or SIZES
    print(json.dumps(asyncio.run(measure((wanted[0], wanted[1]))), indent=2, ensure_ascii=False))
