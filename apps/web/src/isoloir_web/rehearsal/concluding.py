"""The end of the scratch election: unsealed as the real one will be, its seats allotted, its minutes printed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from datetime import timedelta
from pathlib import Path

from isoloir import lifecycle, rehearsal, unsealing
from isoloir.clock import ShiftedClock
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir.lifecycle import State
from isoloir.partials import Box
from isoloir.rehearsal import Begun, Concluded
from isoloir_minutes import paper
from isoloir_minutes.collect import collect
from isoloir_web.rehearsal import scratch as place
from isoloir_web.rehearsal.wires import Wires

_AFTER = timedelta(minutes=20)


async def conclude(instance: Instance, election: ElectionFile, waiting: Begun, folder: Path) -> Concluded:
    """Unseal the scratch election with what the members gave, and write its minutes into `folder`.

    Whatever refuses to go on is told in the answer: the rehearsal has failed then. Cut off, it does the same again.
    Raises IsoloirError ``rehearsal_scratch_missing``.
    """
    trial = place.again(instance, election, waiting.scratch)
    async with Wires().http as nobody, place.opened(instance, trial, nobody) as scratch:
        assert isinstance(scratch.clock, ShiftedClock)
        scratch.clock.move_to(election.window.grace_ends + _AFTER)
        own = scratch.election(election.id)
        try:
            results = await _unsealed(scratch, own, waiting, rehearsal.boxes_of(waiting, folder))
            record, _ = await collect(scratch, own)
        except IsoloirError as error:
            return Concluded({}, "", "", error.code)
    made = await asyncio.to_thread(paper.minutes, record)
    name = f"{waiting.scratch.rpartition('.')[2]}.pdf"
    await asyncio.to_thread(_write, folder / name, made)
    seats = {one.contest: dict(one.allocation.seats) for one in results.contests}
    return Concluded(seats, name, hashlib.sha256(made).hexdigest())


async def _unsealed(scratch: Instance, own: ElectionFile, waiting: Begun, boxes: dict[str, Box]) -> unsealing.Results:
    if await lifecycle.state(scratch.store, own.id) is State.CLOSED:
        for given in waiting.partials(own, boxes):
            await unsealing.receive(scratch.store, own, scratch.archives_folder, given)
        drawn = secrets.SystemRandom()
        lots = {
            contest.id: drawn.sample([one.id for one in contest.lists], len(contest.lists))
            for contest in own.contests
        }
        await unsealing.unseal(scratch.store, own, scratch.archives_folder, scratch.clock, lots=lots)
    if await lifecycle.state(scratch.store, own.id) is State.TALLIED:
        await lifecycle.publish_results(scratch.store, own, scratch.clock)
    results = await unsealing.results(scratch.store, own)
    assert results is not None
    return results


def _write(path: Path, content: bytes) -> None:
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    os.replace(beside, path)
