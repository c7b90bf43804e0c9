"""A machine that stops in the middle of casts: each receipt given stands for one ballot and one poll-book entry."""

from __future__ import annotations

import base64
import pickle
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from isoloir.store.engine import Store

ROUNDS = 10
CAST_BY_ANOTHER_PROCESS = """
import asyncio, base64, pickle, sys
from pathlib import Path
from isoloir import casting
from isoloir.store.engine import Store

async def main(folder):
    with open(folder / "votes", "rb") as opened:
        election, clock, votes = pickle.load(opened)
    store = await Store.open(sys.argv[2])
    verifier = casting.Verifier()
    async def cast(voter, ballot):
        receipt = await casting.cast(store, election, voter, "cspm", base64.b64decode(ballot), clock, verifier)
        print(voter.entry_id, receipt.tracker, flush=True)
    for first in range(0, len(votes), 4):
        await asyncio.gather(*(cast(*vote) for vote in votes[first : first + 4]))
    print("all", flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""


def dumped(raw: Any) -> tuple[list[str], list[str]]:
    ballots = [tracker for (tracker,) in raw("SELECT tracker FROM box.box_waiting")]
    entries = [entry for (entry,) in raw("SELECT entry FROM roll.poll_book")]
    return ballots, entries


@pytest.mark.slow
async def test_kills_lose_and_double_nothing(open_with: Any, tmp_path: Path, raw: Any, database_url: str) -> None:
    """Ten kills at random points: receipts printed so far have one ballot and one entry each; retries finish it."""
    opened = await open_with(60)
    credentials: set[str] = set()
    while len(credentials) < 60:
        credentials.add(await opened.credential())
    votes = [
        (voter, base64.b64encode(opened.ballot(credential, number % 4)).decode())
        for number, (voter, credential) in enumerate(zip(opened.voters, sorted(credentials), strict=True))
    ]
    random.shuffle(votes)
    with (tmp_path / "votes").open("wb") as file:
        pickle.dump((opened.election, opened.clock, votes), file)
    await opened.store.close()
    receipts: dict[str, str] = {}
    killed = 0
    command = [sys.executable, "-c", CAST_BY_ANOTHER_PROCESS, str(tmp_path), database_url]
    for attempt in range(ROUNDS + 1):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
        assert process.stdout is not None
        last = attempt == ROUNDS
        fresh = 0
        for line in process.stdout:
            if line != "all\n":
                entry, tracker = line.split()
                assert receipts.setdefault(entry, tracker) == tracker
            fresh += 1  # noqa: SIM113  # the count outlives the loop, which a kill may end
            # Later rounds first repeat what is in the box: the kill falls among the new ones.
            if not last and fresh > attempt * 5 + random.randrange(5):
                process.kill()
                killed += 1
                break
        for line in process.stdout:  # printed before the kill, read after it
            if line.endswith("\n") and len(line.split()) == 2:
                receipts.setdefault(*line.split())
        process.stdout.close()
        code = process.wait()
        assert code == (0 if last else -9)
        ballots, entries = dumped(raw)
        assert len(ballots) == len(entries)
        if database_url.startswith("sqlite"):
            assert raw("PRAGMA integrity_check") == [("ok",)]
        assert set(Counter(ballots).values()) | set(Counter(entries).values()) <= {1}
        assert set(receipts) <= set(entries)
        assert set(receipts.values()) <= set(ballots)
    assert killed == ROUNDS
    assert len(receipts) == len(ballots) == 60
    opened.store = await Store.open(database_url)
    await opened.close()
    await opened.store.close()
