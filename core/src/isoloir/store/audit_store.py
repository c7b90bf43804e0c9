"""The audit log in the database: appended to, and read from its first line to its last."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.store.acts_tables import AuditRow

_PAGE = 1_000


@dataclass(frozen=True)
class AuditLine:
    """One line as it is kept; `details` is the canonical JSON that was hashed."""

    serial: int
    election: str
    act: str
    details: str
    at: str
    previous: str
    hash: str


async def last(session: AsyncSession) -> AuditLine | None:
    """Return the last line, or `None` for an empty log."""
    row = (await session.exec(select(AuditRow).order_by(col(AuditRow.serial).desc()).limit(1))).first()
    return None if row is None else _line(row)


async def append(session: AsyncSession, line: AuditLine) -> None:
    """Write one more line."""
    session.add(AuditRow(**vars(line)))
    await session.flush()


async def lines(session: AsyncSession, election_id: str | None = None) -> AsyncIterator[AuditLine]:
    """Yield every line, or those of one election, in the order of their serials."""
    after = None
    while True:
        query = select(AuditRow).order_by(col(AuditRow.serial)).limit(_PAGE)
        if after is not None:
            query = query.where(AuditRow.serial > after)
        if election_id is not None:
            query = query.where(AuditRow.election == election_id)
        page = [_line(row) for row in await session.exec(query)]
        for line in page:
            yield line
        if len(page) < _PAGE:
            return
        after = page[-1].serial


async def count(session: AsyncSession, election_id: str) -> int:
    """Return how many lines an election has."""
    query = select(func.count()).select_from(AuditRow).where(AuditRow.election == election_id)
    return (await session.exec(query)).one()


async def newest(session: AsyncSession, election_id: str, skip: int, limit: int) -> list[AuditLine]:
    """Return some lines of an election, the newest first."""
    query = (
        select(AuditRow)
        .where(AuditRow.election == election_id)
        .order_by(col(AuditRow.serial).desc())
        .offset(skip)
        .limit(limit)
    )
    return [_line(row) for row in await session.exec(query)]


def _line(row: AuditRow) -> AuditLine:
    return AuditLine(row.serial, row.election, row.act, row.details, row.at, row.previous, row.hash)
