"""What each errand does: the one place where long acts of the core and the papers are called for the pages.

Each can be done again from its start after a stop, and finds what was finished.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoloir import board, lifecycle, lots, oversight, rehearsal, unsealing
from isoloir.config.election import ElectionFile
from isoloir.errands import Errand
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir.lifecycle import State
from isoloir.partials import Box, Partials
from isoloir.store import acts_store
from isoloir.store.engine import Store
from isoloir_web import papers

_BOXES = "boxes"
_REHEARSED = "rehearsal_boxes"


@dataclass
class Far:
    """How far an errand is; written by threads, read by its beat."""

    done: int = 0
    of: int = 0

    def __call__(self, done: int, of: int) -> None:
        """Note it."""
        self.done, self.of = done, of


@dataclass(frozen=True)
class BoxRead:
    """What a member compares before decrypting a closed box: its archive's SHA-256, its total's digest."""

    file: str
    sha256: str
    digest: str
    ballots: int

    @classmethod
    def of(cls, path: Path) -> BoxRead:
        """Read an archive, which is not verified here: the member's own program does that."""
        box = Box.read(path)
        return cls(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), box.digest, box.total.num_tallied)


@dataclass(frozen=True)
class Waiting:
    """A rehearsal that waits for the members: its archives by contest, and who has decrypted, by board."""

    archives: Mapping[str, Path]
    given: Mapping[str, tuple[str, ...]]


async def rehearsal_waiting(instance: Instance, election: ElectionFile) -> Waiting | None:
    """Return the rehearsal that was begun and is not finished, or `None`."""
    try:
        found = await rehearsal.begun(instance.store, election)
    except IsoloirError as error:
        if error.code != "rehearsal_not_begun":
            raise
        return None
    archives = {contest: _rehearsals(instance, election) / name for contest, name in found.archives.items()}
    return Waiting(archives, {board: tuple(given) for board, given in found.given.items()})


async def rehearsals_held(store: Store, election: ElectionFile) -> list[acts_store.Rehearsal]:
    """Return the rehearsals that were finished, the oldest first."""
    async with store.read() as session:
        return await acts_store.rehearsals(session, election.id)


async def receive_rehearsal(instance: Instance, election: ElectionFile, given: Partials) -> None:
    """Keep what one member decrypted for the rehearsal; raises as `rehearsal.receive` does."""
    await rehearsal.receive(instance.store, election, _rehearsals(instance, election), given)


async def boxes_read(store: Store, election: ElectionFile) -> Mapping[str, BoxRead] | None:
    """Return what to compare for each closed box, once it was read; `None` before."""
    return await _read(store, election, _BOXES)


async def rehearsal_boxes(store: Store, election: ElectionFile) -> Mapping[str, BoxRead]:
    """Return what to compare for each scratch box of the rehearsal under way."""
    return await _read(store, election, _REHEARSED) or {}


async def tell(instance: Instance, election: ElectionFile, template: str, key: str) -> None:
    """Send every member and organiser a message, once for each key."""
    texts, url = instance.texts_of(election), instance.settings.base_url
    await oversight.tell(instance.store, instance.keys, election, texts, instance.clock, template, {}, key, url)


async def _keys(instance: Instance, election: ElectionFile, _: Errand, far: Far) -> None:
    if await lifecycle.state(instance.store, election.id) is State.KEYED:
        return
    done: dict[str, tuple[int, int]] = {}

    def progress(contest: str, made: int, of: int) -> None:
        done[contest] = made, of
        far(sum(one for one, _ in done.values()), sum(of for _, of in done.values()))

    await board.make_keys(instance.store, election, instance.secrets_folder, instance.clock, progress)


async def _seal(instance: Instance, election: ElectionFile, _: Errand, __: Far) -> None:
    if await lifecycle.state(instance.store, election.id) is not State.SEALED:
        await board.seal(instance.store, election, instance.plugins, instance.clock)


async def _rehearse(instance: Instance, election: ElectionFile, errand: Errand, _: Far) -> None:
    folder = _rehearsals(instance, election)
    paths = await rehearsal.begin(instance.store, election, folder, instance.clock)
    await _keep_read(instance.store, election, _REHEARSED, paths)
    await tell(instance, election, "rehearsal_begun", f"rehearsal/{errand.number}")


async def _finish_rehearsal(instance: Instance, election: ElectionFile, _: Errand, __: Far) -> None:
    if await rehearsal_waiting(instance, election) is not None:
        folder = _rehearsals(instance, election)
        await rehearsal.finish(instance.store, election, instance.plugins, folder, instance.clock)


async def _close(instance: Instance, election: ElectionFile, _: Errand, far: Far) -> None:
    await board.close_vote(
        instance.store,
        election,
        instance.clock,
        instance.keys,
        instance.secrets_folder,
        instance.archives_folder,
        lambda _, __, done, of: far(done, of),
    )


async def _boxes(instance: Instance, election: ElectionFile, _: Errand, far: Far) -> None:
    paths = {
        contest.id: unsealing.archive_path(instance.archives_folder, election, contest.id)
        for contest in election.contests
    }
    await _keep_read(instance.store, election, _BOXES, paths, far)
    await tell(instance, election, "boxes_closed", "closed")


async def _tally(instance: Instance, election: ElectionFile, _: Errand, far: Far) -> None:
    if await lifecycle.state(instance.store, election.id) is State.TALLIED:
        return
    await unsealing.unseal(
        instance.store,
        election,
        instance.archives_folder,
        instance.clock,
        lots=await lots.decided(instance.store, election),
        progress=lambda _, __, done, of: far(done, of),
    )


async def _papers(instance: Instance, election: ElectionFile, _: Errand, far: Far) -> None:
    await papers.make(instance, election, far)


async def _signed(instance: Instance, election: ElectionFile, _: Errand, far: Far) -> None:
    await papers.take_signed(instance, election, far)


async def _archive(instance: Instance, election: ElectionFile, _: Errand, far: Far) -> None:
    digest = await papers.pack(instance, election, far)
    if await lifecycle.state(instance.store, election.id) is State.PUBLISHED:
        await lifecycle.archive(instance.store, election, instance.clock, {"sha256": digest})


WORKS: Mapping[str, Callable[[Instance, ElectionFile, Errand, Far], Awaitable[None]]] = {
    "keys": _keys,
    "seal": _seal,
    "rehearsal": _rehearse,
    "rehearsal-end": _finish_rehearsal,
    "close": _close,
    "boxes": _boxes,
    "tally": _tally,
    "papers": _papers,
    "signed": _signed,
    "archive": _archive,
}
"""What to do for each kind of errand."""


def _rehearsals(instance: Instance, election: ElectionFile) -> Path:
    return instance.archives_folder / election.id / "rehearsals"


async def _keep_read(
    store: Store, election: ElectionFile, name: str, paths: Mapping[str, Path], far: Far | None = None
) -> None:
    read: dict[str, Any] = {}
    for number, (contest, path) in enumerate(paths.items(), 1):
        read[contest] = vars(await asyncio.to_thread(BoxRead.of, path))
        if far is not None:
            far(number, len(paths))
    async with store.write("box") as session:
        await acts_store.put_watched(session, election.id, name, read)


async def _read(store: Store, election: ElectionFile, name: str) -> dict[str, BoxRead] | None:
    async with store.read() as session:
        kept = await acts_store.watched(session, election.id, name)
    return None if kept is None else {contest: BoxRead(**one) for contest, one in kept.items()}
