"""A rehearsal in short, for tests that only need one held: its boxes are filled directly, and nobody walks the pages.

It lives beside the tests, so that no installation has it: a real election is rehearsed by `isoloir_web.rehearsal`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from isoloir import counting, rehearsal
from isoloir.ceremony import hosting
from isoloir.clock import Clock, hour_of
from isoloir.config.election import Contest, ElectionFile
from isoloir.key_share import KeyShare
from isoloir.partials import Box, Partials
from isoloir.plugin_set import PluginSet
from isoloir.rehearsal import Concluded, Drill, Played, Rehearsal
from isoloir.store.engine import Store
from isoloir_ballots import credentials, tally, trustees
from isoloir_ballots.archive import Archive
from isoloir_ballots.ballot import make
from isoloir_ballots.election import new_uuid
from isoloir_ballots.groups import named
from isoloir_ballots.setup import Setup
from isoloir_ballots.trustees import Entry
from isoloir_ballots.verify import check_ballot


def played_of(election: ElectionFile, **changes: Any) -> Played:
    """How it would have been played: each choice once, everybody by the first way in."""
    values = {
        "cast": {contest.id: dict.fromkeys(counting.choices(contest), 1) for contest in election.contests},
        "branches": {branch.id: int(not number) for number, branch in enumerate(election.policy.any)},
        "drills": (Drill("poll_book", "", (), held=True),),
        "plugins": {},
        "differences": (),
    }
    return Played(**{**values, **changes})


async def begin(store: Store, election: ElectionFile, folder: Path, clock: Clock, **changes: Any) -> dict[str, Path]:
    """Begin with boxes made at once; `changes` of what `played_of` says."""
    entries = await hosting.entries(store, election)
    boxes = {}
    for contest in election.contests:
        boxes[contest.id] = await asyncio.to_thread(
            scratch_box, election, contest, entries[contest.board], folder / "made", clock
        )
    return await rehearsal.begin(store, election, folder, played_of(election, **changes), boxes, "nowhere")


async def finish(
    store: Store, election: ElectionFile, plugins: PluginSet, folder: Path, clock: Clock, **changes: Any
) -> Rehearsal:
    """Finish with seats that nobody counted; `changes` of the conclusion."""
    seats = {contest.id: {one.id: 0 for one in contest.lists} for contest in election.contests}
    concluded = Concluded(**{"seats": seats, "minutes": "", "minutes_sha256": "", **changes})
    return await rehearsal.finish(store, election, plugins, folder, clock, concluded)


async def rehearse(
    store: Store,
    election: ElectionFile,
    plugins: PluginSet,
    shares: Iterable[KeyShare],
    folder: Path,
    clock: Clock,
    **changes: Any,
) -> Rehearsal:
    """Hold it with all these shares; `changes` of the conclusion."""
    paths = await begin(store, election, folder, clock)
    for share in shares:
        boxes = [Box.read(path) for contest, path in paths.items() if election.contest(contest).board == share.board]
        await rehearsal.receive(store, election, folder, await asyncio.to_thread(Partials.make, share, boxes))
    return await finish(store, election, plugins, folder, clock, **changes)


async def in_short(instance: Any, election: ElectionFile, shares: Iterable[KeyShare]) -> Rehearsal:
    """The same on an instance, for `isoloir_web.trial.preparation.prepare`."""
    folder = instance.archives_folder / election.id / "rehearsals"
    return await rehearse(instance.store, election, instance.plugins, shares, folder, instance.clock)


def scratch_box(
    election: ElectionFile, contest: Contest, entries: Sequence[Entry], folder: Path, clock: Clock
) -> Path:
    """Make one closed box with a ballot for each choice."""
    folder.mkdir(parents=True, exist_ok=True)
    group, uuid = named(election.group), new_uuid()
    scratch = counting.belenios_election(election, contest, uuid, entries, rehearsal=True)
    options, seed = counting.choices(contest), secrets.token_bytes(32)
    pool = [credentials.from_seed(seed, number) for number in range(len(options))]
    files = (
        scratch.serialise(),
        trustees.serialise(group, entries),
        credentials.public_credentials_file(credentials.public(group, uuid, one) for one in pool),
    )
    setup = Setup.load(*files)
    ballots = {}
    for choice, credential in zip(options, pool, strict=True):
        ballot = make(scratch, credential, counting.answer(contest, choice))
        ballots[check_ballot(setup, ballot)] = ballot
    total = tally.encrypted_tally(setup, ballots)
    archive = Archive.create(folder / f"{uuid}.bel", *files, int(hour_of(clock.now()).timestamp()))
    archive.add_ballots(ballots[checked] for checked in sorted(ballots, key=lambda checked: checked.tracker))
    archive.end_ballots()
    archive.encrypted_tally(total.serialise(), total.num_tallied, total.total_weight)
    return folder / f"{uuid}.bel"
