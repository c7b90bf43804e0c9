"""The poll book as others read it: a voter's own marks, and the turnout."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from isoloir.clock import hour_of
from isoloir.config.election import ElectionFile
from isoloir.roll import RollEntry, contests_of, each
from isoloir.store import poll_book_store, roll_store
from isoloir.store.engine import Store
from isoloir.store.poll_book_store import Marked

__all__ = ["Hours", "Line", "Marked", "Turnout", "hour_of", "lines", "marked", "over_time", "page", "turnout"]


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


@dataclass(frozen=True)
class Hours:
    """The turnout of a contest over time: of each college, and how many voted in each hour (aware, UTC)."""

    colleges: Mapping[str, Turnout]
    by_hour: Mapping[datetime, int]

    @property
    def whole(self) -> Turnout:
        """The contest's turnout."""
        return Turnout(
            sum(one.entitled for one in self.colleges.values()), sum(one.voted for one in self.colleges.values())
        )


async def over_time(store: Store, election: ElectionFile) -> Mapping[str, Hours]:
    """Return the turnout of every contest over time."""
    async with store.read() as session:
        entitled = await poll_book_store.entitled_by_college(session, election.id)
        marks = await poll_book_store.by_hour(session, election.id)
    found = {}
    for contest in election.contests:
        mine = [(college, hour, number) for one, college, hour, number in marks if one == contest.id]
        hours: dict[datetime, int] = {}
        for _, hour, number in mine:
            hours[hour.astimezone(UTC)] = hours.get(hour.astimezone(UTC), 0) + number
        colleges = {
            college: Turnout(
                entitled.get((contest.id, college), 0), sum(number for one, _, number in mine if one == college)
            )
            for college in contest.colleges
        }
        found[contest.id] = Hours(colleges, hours)
    return found


async def page(
    store: Store, election: ElectionFile, contest_id: str, *, begins: str = "", skip: int = 0, limit: int = 50
) -> tuple[Sequence[Marked], int]:
    """Return some lines of a contest's poll book, and how many there are.

    Those who voted; or, where `begins` is given, everybody entitled whose last name begins with it.
    """
    async with store.read() as session:
        return await poll_book_store.page(session, election.id, contest_id, begins=begins, skip=skip, limit=limit)


async def turnout(store: Store, election: ElectionFile) -> Mapping[str, Turnout]:
    """Return the turnout of every contest, in the election file's order."""
    async with store.read() as session:
        entitled = await roll_store.entitled(session, election.id)
        voted = await poll_book_store.voted(session, election.id)
    return {
        contest.id: Turnout(entitled.get(contest.id, 0), voted.get(contest.id, 0)) for contest in election.contests
    }
