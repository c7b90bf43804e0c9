"""What waits for the members: the boxes that they are to decrypt, with what they compare, and who has given."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoloir import oversight, rehearsal
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir.partials import Box, Partials
from isoloir.store import acts_store
from isoloir.store.engine import Store

BOXES = "boxes"
REHEARSED = "rehearsal_boxes"


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
    archives = {contest: rehearsals_folder(instance, election) / name for contest, name in found.archives.items()}
    return Waiting(archives, {board: tuple(given) for board, given in found.given.items()})


async def rehearsals_held(store: Store, election: ElectionFile) -> list[acts_store.Rehearsal]:
    """Return the rehearsals that were finished, the oldest first."""
    async with store.read() as session:
        return await acts_store.rehearsals(session, election.id)


async def receive_rehearsal(instance: Instance, election: ElectionFile, given: Partials) -> None:
    """Keep what one member decrypted for the rehearsal; raises as `rehearsal.receive` does."""
    await rehearsal.receive(instance.store, election, rehearsals_folder(instance, election), given)


async def boxes_read(store: Store, election: ElectionFile) -> Mapping[str, BoxRead] | None:
    """Return what to compare for each closed box, once it was read; `None` before."""
    return await _read(store, election, BOXES)


async def rehearsal_boxes(store: Store, election: ElectionFile) -> Mapping[str, BoxRead]:
    """Return what to compare for each scratch box of the rehearsal under way."""
    return await _read(store, election, REHEARSED) or {}


async def tell(instance: Instance, election: ElectionFile, template: str, key: str) -> None:
    """Send every member and organiser a message, once for each key."""
    texts, url = instance.texts_of(election), instance.settings.base_url
    await oversight.tell(instance.store, instance.keys, election, texts, instance.clock, template, {}, key, url)


def rehearsals_folder(instance: Instance, election: ElectionFile) -> Path:
    """Return where the archives and the minutes of an election's rehearsals lie."""
    return instance.archives_folder / election.id / "rehearsals"


async def keep_read(
    store: Store,
    election: ElectionFile,
    name: str,
    paths: Mapping[str, Path],
    far: Callable[[int, int], None] | None = None,
) -> None:
    """Read closed boxes, and keep under a name what members compare of each."""
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
