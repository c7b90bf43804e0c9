"""The rehearsal from end to end: voters who do not exist go through the real pages of a scratch election.

`begin` plays it to its close, in this process and without a socket; the members decrypt its boxes on their own
devices (`receive`); `finish` opens them, allots the seats, prints the minutes and destroys everything but archives,
record and minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from isoloir import rehearsal
from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir.key_share import KeyShare
from isoloir.partials import Box, Partials
from isoloir.rehearsal import Rehearsal
from isoloir_web.rehearsal import concluding, scratch
from isoloir_web.rehearsal.playing import Playing, Progress
from isoloir_web.rehearsal.wires import Wires
from isoloir_web.waiting import rehearsals_folder

__all__ = ["Progress", "begin", "finish", "receive", "rehearse", "sweep"]

sweep = scratch.sweep


async def begin(instance: Instance, election: ElectionFile, progress: Progress = lambda *_: None) -> dict[str, Path]:
    """Play a scratch election to its close; return its archives by contest, for the members to decrypt.

    What was begun before, and not finished, is destroyed; so is this one where it is cut off.
    Raises IsoloirError: ``not_sealed``, ``already_open``, ``rehearsal_stand_in_missing``,
    and as `isoloir.rehearsal.begin` does.
    """
    await rehearsal.demand_sealed(instance.store, election)
    await sweep(instance)
    with scratch.made(instance, election) as trial:
        wires = Wires()
        async with wires.http, scratch.opened(instance, trial, wires.http) as opened:
            played, boxes = await Playing(instance, opened, election, trial, wires, progress).play()
        paths = await rehearsal.begin(
            instance.store, election, rehearsals_folder(instance, election), played, boxes, trial.folder.name
        )
    await sweep(instance)  # the one that waited until now
    return paths


async def receive(instance: Instance, election: ElectionFile, given: Partials) -> None:
    """Keep one member's partial decryptions, once they are checked; raises as `isoloir.rehearsal.receive` does."""
    await rehearsal.receive(instance.store, election, rehearsals_folder(instance, election), given)


async def finish(instance: Instance, election: ElectionFile) -> Rehearsal:
    """Open the scratch boxes, allot the seats, print the minutes; destroy the rest, and keep the record.

    Raises IsoloirError: as `isoloir.rehearsal.demand_met` does, ``rehearsal_scratch_missing``.
    """
    waiting = await rehearsal.demand_met(instance.store, election)
    folder = rehearsals_folder(instance, election)
    concluded = await concluding.conclude(instance, election, waiting, folder)
    held = await rehearsal.finish(instance.store, election, instance.plugins, folder, instance.clock, concluded)
    await scratch.destroy(instance, waiting.scratch)
    return held


async def rehearse(
    instance: Instance, election: ElectionFile, shares: Iterable[KeyShare], progress: Progress = lambda *_: None
) -> Rehearsal:
    """Hold a whole rehearsal with shares that their holders brought to this computer; raises as its parts do."""
    paths = await begin(instance, election, progress)
    for share in shares:
        boxes = [Box.read(path) for contest, path in paths.items() if election.contest(contest).board == share.board]
        await receive(instance, election, await asyncio.to_thread(Partials.make, share, boxes))
    return await finish(instance, election)
