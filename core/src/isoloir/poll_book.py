"""The poll book as others read it: a voter's own marks, and the turnout."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from isoloir.clock import hour_of
from isoloir.config.election import ElectionFile
from isoloir.roll import RollEntry, contests_of, each
from isoloir.store import poll_book_store, roll_store
from isoloir.store.engine import Store

__all__ = ["Line", "Turnout", "hour_of", "lines", "marked", "turnout"]


@dataclass(frozen=True)
class Turnout:
    """How many may vote in a contest, and how many have."""

    entitled: int
    voted: int


@dataclass(frozen=True)
class Line:
    """An elector, the contests that they may vote in, and the hour (aware, UTC) of each vote that they cast."""

    entry: RollEntry
    contests: tuple[str, ...]
    hours: Mapping[str, datetime]


async def lines(store: Store, election: ElectionFile) -> AsyncIterator[Line]:
    """Yield the poll book, a line for each entry of the roll, voted or not, in the order of their ids."""
    async with store.read() as session:
        marks = await poll_book_store.marks(session, election.id)
    async for entry in each(store, election.id):
        contests = tuple(contest.id for contest in contests_of(election, entry))
        yield Line(entry, contests, marks.get(entry.id, {}))


async def marked(store: Store, election: ElectionFile, entry_id: str) -> Mapping[str, datetime]:
    """Return, by contest, the hour (aware, UTC) in which this entry voted."""
    async with store.read() as session:
        return await poll_book_store.marked(session, election.id, [one.id for one in election.contests], entry_id)


async def turnout(store: Store, election: ElectionFile) -> Mapping[str, Turnout]:
    """Return the turnout of every contest, in the election file's order."""
    async with store.read() as session:
        entitled = await roll_store.entitled(session, election.id)
        voted = await poll_book_store.voted(session, election.id)
    return {
        contest.id: Turnout(entitled.get(contest.id, 0), voted.get(contest.id, 0)) for contest in election.contests
    }
