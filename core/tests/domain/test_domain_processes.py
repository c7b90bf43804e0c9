"""Two servers on one database: casts, publications and the freeze at once, and every ballot has its entry."""

from __future__ import annotations

import asyncio
import base64
import pickle
import random
import sys
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from isoloir import lifecycle, publication
from isoloir.errors import IsoloirError
from isoloir.login.sessions import Sessions
from isoloir.login.windows import Window

VOTERS = 60
SHARED = 10
"""So many credentials are used by a voter of each process."""
CAST_IN_ANOTHER_PROCESS = """
import asyncio, base64, pickle, sys
from pathlib import Path
from isoloir import casting
from isoloir.errors import IsoloirError
from isoloir.store.engine import Store

async def main():
    with open(sys.argv[1], "rb") as opened:
        election, clock, votes = pickle.load(opened)
    store = await Store.open(sys.argv[2])
    verifier = casting.Verifier()
    print("ready", flush=True)
    sys.stdin.readline()
    async def cast(voter, ballot):
        try:
            receipt = await casting.cast(store, election, voter, "cspm", base64.b64decode(ballot), clock, verifier)
            print(voter.entry_id, "cast", receipt.tracker, flush=True)
        except IsoloirError as error:
            print(voter.entry_id, error.code, flush=True)
    for first in range(0, len(votes), 4):
        await asyncio.gather(*(cast(*vote) for vote in votes[first : first + 4]))
    await store.close()

asyncio.run(main())
"""


async def begin(arguments: list[str]) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-c", CAST_IN_ANOTHER_PROCESS, *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.slow
async def test_two_processes_lose_and_double_nothing(open_with: Any, raw: Any, database_url: str) -> None:
    """Each receipt is one ballot and one entry; of two voters with one credential one casts; none after the end."""
    opened = await open_with(VOTERS)
    credentials: set[str] = set()
    while len(credentials) < VOTERS - SHARED:
        credentials.add(await opened.credential())
    drawn = sorted(credentials)
    drawn += drawn[:SHARED]  # the last voters, all in the second process, take those of the first ones
    votes = [
        (voter, base64.b64encode(opened.ballot(credential, number % 4)).decode())
        for number, (voter, credential) in enumerate(zip(opened.voters, drawn, strict=True))
    ]
    processes = []
    for number, half in enumerate((votes[: VOTERS // 2], votes[VOTERS // 2 :])):
        # Shared ones first, in the middle of which the publications come; half a dozen is left for after the freeze.
        ordered = half if number == 0 else half[::-1]
        file = opened.folder / f"votes-{number}"
        file.write_bytes(pickle.dumps((opened.election, opened.clock, ordered)))
        processes.append(await begin([str(file), database_url]))
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
    told: list[list[str]] = []

    async def listen(process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            told.append(line.decode().split())

    listening = [asyncio.create_task(listen(process)) for process in processes]
    published = 0
    while sum(line[1] == "cast" for line in told) < VOTERS // 3:
        published += len(
            await publication.publish_due(
                opened.store, opened.election, opened.clock, opened.keys, least=1, every=timedelta(0)
            )
        )
        await asyncio.sleep(random.random() / 50)
    await opened.close()
    await asyncio.gather(*listening)
    assert [await process.wait() for process in processes] == [0, 0]

    frozen = await publication.box(opened.store, "essai-2024", "cspm")
    marked = Counter(entry for (entry,) in raw("SELECT entry FROM roll.poll_book"))
    receipts = {line[0]: line[2] for line in told if line[1] == "cast"}
    assert len(told) == VOTERS
    assert published >= 1
    assert set(frozen.trackers) == set(receipts.values())
    assert len(frozen.trackers) == len(receipts) >= VOTERS // 3
    assert marked == Counter(receipts.keys())
    codes = Counter(line[1] for line in told)
    assert set(codes) <= {"cast", "credential_taken", "box_frozen"}
    assert codes["credential_taken"] + codes["box_frozen"] == VOTERS - len(receipts)
    used = Counter(credential for (credential,) in raw("SELECT credential FROM box.box_published"))
    assert set(used.values()) == {1}
    assert raw("SELECT count(*) FROM box.box_waiting") == [(0,)]


async def test_two_stores_act_one_after_the_other(open_with: Any, database_url: str) -> None:
    """Of two acts of the board at once in two processes one is done and one refused; the log's chain holds."""
    from isoloir import audit_log
    from isoloir.store.engine import Store

    opened = await open_with(2)
    other = await Store.open(database_url)
    opened.clock.move_to(opened.election.window.grace_ends)
    acts = [
        lifecycle.close(store, opened.election, opened.clock, opened.keys, opened.folder / "secrets")
        for store in (opened.store, other, opened.store, other)
    ]
    done = await asyncio.gather(*acts, return_exceptions=True)
    codes = Counter(one.code if isinstance(one, IsoloirError) else str(one) for one in done)
    await other.close()
    assert codes == {"None": 1, "lifecycle_order": 3}
    assert (await audit_log.verify(opened.store)).holds


async def test_two_stores_count_together(store: Any, database_url: str, clock: Any, keys: Any) -> None:
    """A limit of ten holds for two processes together; when its time is over there are ten more."""
    from isoloir.store.engine import Store

    other = await Store.open(database_url)
    windows = [Window(one, keys, clock, "test", 10, timedelta(minutes=1)) for one in (store, other)]
    waits = await asyncio.gather(*(windows[n % 2].count("e", "somebody") for n in range(16)))
    assert sum(not wait for wait in waits) == 10
    assert await windows[0].count("e", "somebody else") == timedelta(0)
    assert await windows[0].count("f", "somebody") == timedelta(0)
    clock.move_to(clock.now() + timedelta(seconds=61))
    assert await windows[1].count("e", "somebody") == timedelta(0)
    await other.close()


async def test_two_stores_hold_a_session_one_at_a_time(store: Any, database_url: str, clock: Any, keys: Any) -> None:
    """A session is one request's at a time in both processes: twenty additions to it lose none."""
    from isoloir.store.engine import Store

    other = await Store.open(database_url)
    both = [Sessions(one, keys, clock) for one in (store, other)]
    handle = (await both[0].start("fr")).handle

    async def add(sessions: Sessions) -> None:
        session = await sessions.load(handle)
        assert session is not None
        async with sessions.alone(session):
            part = session.elections.setdefault("e", {"count": 0})
            await asyncio.sleep(0)
            part["count"] += 1
            assert await sessions.save(session)

    await asyncio.gather(*(add(both[n % 2]) for n in range(20)))
    session = await both[0].load(handle)
    assert session is not None
    assert session.elections["e"]["count"] == 20
    await other.close()
