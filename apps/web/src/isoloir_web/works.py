"""What each errand does: the one place where long acts of the core and the papers are called for the pages.

Each can be done again from its start after a stop, and finds what was finished.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from isoloir import board, lifecycle, lots, unsealing
from isoloir.config.election import ElectionFile
from isoloir.errands import Errand
from isoloir.instance import Instance
from isoloir.lifecycle import State
from isoloir_web import papers, rehearsal
from isoloir_web.waiting import BOXES, REHEARSED, keep_read, rehearsal_waiting, tell


@dataclass
class Far:
    """How far an errand is; written by threads, read by its beat."""

    done: int = 0
    of: int = 0

    def __call__(self, done: int, of: int) -> None:
        """Note it."""
        self.done, self.of = done, of


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


async def _rehearse(instance: Instance, election: ElectionFile, errand: Errand, far: Far) -> None:
    paths = await rehearsal.begin(instance, election, lambda _, done, of: far(done, of))
    await keep_read(instance.store, election, REHEARSED, paths)
    await tell(instance, election, "rehearsal_begun", f"rehearsal/{errand.number}")


async def _finish_rehearsal(instance: Instance, election: ElectionFile, _: Errand, __: Far) -> None:
    if await rehearsal_waiting(instance, election) is not None:
        await rehearsal.finish(instance, election)


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
    await keep_read(instance.store, election, BOXES, paths, far)
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
