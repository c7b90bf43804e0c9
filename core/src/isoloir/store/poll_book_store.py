"""The poll book in the database: who has voted in what, to the hour, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam
from sqlalchemy import select as sql_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.store.base import insert_absent
from isoloir.store.roll_tables import VOTED_COUNT, PollBookRow

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


async def voted(session: AsyncSession, election_id: str) -> dict[str, int]:
    """Return how many entries have voted, by contest; contests without any are left out."""
    query = sql_select(VOTED_COUNT.c.contest, VOTED_COUNT.c.entries).where(VOTED_COUNT.c.election == election_id)
    return {row.contest: row.entries for row in await (await session.connection()).execute(query)}
