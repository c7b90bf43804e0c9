"""The poll book in the database: who has voted in what, to the hour, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, func, or_
from sqlalchemy import select as sql_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.store.base import insert_absent
from isoloir.store.roll_tables import VOTED_COUNT, EntitlementRow, EntryRow, PollBookRow

_MARKED = sql_select(col(PollBookRow.contest), col(PollBookRow.hour)).where(
    col(PollBookRow.election) == bindparam("election"),
    col(PollBookRow.contest).in_(bindparam("contests", expanding=True)),
    col(PollBookRow.entry) == bindparam("entry"),
)


async def mark(session: AsyncSession, election_id: str, contest_id: str, entry_id: str, hour: datetime) -> bool:
    """Write that this entry voted; false when it is written already."""
    row = {"election": election_id, "contest": contest_id, "entry": entry_id, "hour": hour}
    return await insert_absent(session, PollBookRow, [row]) == 1


async def marked(
    session: AsyncSession, election_id: str, contest_ids: Sequence[str], entry_id: str
) -> dict[str, datetime]:
    """Return the hours in which this entry voted, by contest."""
    # By contest, because the key begins with it: by the entry alone, every login would read the whole poll book.
    values = {"election": election_id, "contests": list(contest_ids), "entry": entry_id}
    found = await (await session.connection()).execute(_MARKED, values)
    return {row.contest: row.hour for row in found}


async def is_marked(session: AsyncSession, election_id: str, contest_id: str, entry_id: str) -> bool:
    """Say whether this entry has voted in this contest."""
    query = select(PollBookRow.entry).where(
        PollBookRow.election == election_id, PollBookRow.contest == contest_id, PollBookRow.entry == entry_id
    )
    return (await session.exec(query)).first() is not None


async def marks(session: AsyncSession, election_id: str) -> dict[str, dict[str, datetime]]:
    """Return every mark of an election: by entry, then by contest, the hour."""
    query = select(PollBookRow.entry, PollBookRow.contest, PollBookRow.hour).where(
        PollBookRow.election == election_id
    )
    found: dict[str, dict[str, datetime]] = {}
    for entry, contest, hour in await session.exec(query):
        found.setdefault(entry, {})[contest] = hour
    return found


async def by_hour(session: AsyncSession, election_id: str) -> list[tuple[str, str, datetime, int]]:
    """Return how many entries voted by contest, college and hour."""
    query = (
        sql_select(col(PollBookRow.contest), col(EntryRow.college), col(PollBookRow.hour), func.count())
        .join(EntryRow, (col(EntryRow.election) == PollBookRow.election) & (col(EntryRow.id) == PollBookRow.entry))
        .where(col(PollBookRow.election) == election_id)
        .group_by(col(PollBookRow.contest), col(EntryRow.college), col(PollBookRow.hour))
        .order_by(col(PollBookRow.hour))
    )
    found = await (await session.connection()).execute(query)
    return [(contest, college, hour, number) for contest, college, hour, number in found]


async def entitled_by_college(session: AsyncSession, election_id: str) -> dict[tuple[str, str], int]:
    """Return how many entries may vote, by contest and college."""
    query = (
        sql_select(col(EntitlementRow.contest), col(EntryRow.college), func.count())
        .join(
            EntryRow, (col(EntryRow.election) == EntitlementRow.election) & (col(EntryRow.id) == EntitlementRow.entry)
        )
        .where(col(EntitlementRow.election) == election_id)
        .group_by(col(EntitlementRow.contest), col(EntryRow.college))
    )
    found = await (await session.connection()).execute(query)
    return {(contest, college): number for contest, college, number in found}


@dataclass(frozen=True)
class Marked:
    """One line of the poll book as the board reads it; `hour` is `None` for who has not voted."""

    last_name: str = field(repr=False)
    first_name: str = field(repr=False)
    college: str
    hour: datetime | None


async def page(
    session: AsyncSession, election_id: str, contest_id: str, *, begins: str, skip: int, limit: int
) -> tuple[list[Marked], int]:
    """Return some lines of a contest, by name, and how many there are.

    Those who voted; or, where `begins` is given, everybody entitled whose last name begins with it. Databases do not
    agree on the capitals of accented letters, so the usual ways of writing a name are tried.
    """
    entitled = col(EntitlementRow.election) == election_id, col(EntitlementRow.contest) == contest_id
    marks = (
        (col(PollBookRow.election) == EntitlementRow.election)
        & (col(PollBookRow.contest) == EntitlementRow.contest)
        & (col(PollBookRow.entry) == EntitlementRow.entry)
    )
    query = (
        sql_select(col(EntryRow.last_name), col(EntryRow.first_name), col(EntryRow.college), col(PollBookRow.hour))
        .select_from(EntitlementRow)
        .join(
            EntryRow, (col(EntryRow.election) == EntitlementRow.election) & (col(EntryRow.id) == EntitlementRow.entry)
        )
        .join(PollBookRow, marks, isouter=bool(begins))
        .where(*entitled)
    )
    if begins:
        ways = {begins, begins.upper(), begins.lower(), begins.title()}
        query = query.where(or_(*(col(EntryRow.last_name).startswith(way, autoescape=True) for way in sorted(ways))))
    connection = await session.connection()
    number = (await connection.execute(sql_select(func.count()).select_from(query.subquery()))).scalar_one()
    # By the id last: two of one name must not change places from page to page.
    ordered = query.order_by(col(EntryRow.last_name), col(EntryRow.first_name), col(EntryRow.id))
    found = await connection.execute(ordered.offset(skip).limit(limit))
    return [Marked(*row) for row in found], number


async def voted(session: AsyncSession, election_id: str) -> dict[str, int]:
    """Return how many entries have voted, by contest; contests without any are left out."""
    query = sql_select(VOTED_COUNT.c.contest, VOTED_COUNT.c.entries).where(VOTED_COUNT.c.election == election_id)
    return {row.contest: row.entries for row in await (await session.connection()).execute(query)}
