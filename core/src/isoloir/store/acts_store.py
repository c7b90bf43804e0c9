"""Rehearsals and publications in the database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.store.acts_tables import PublicationRow, RehearsalRow, WatchRow
from isoloir.store.base import insertion


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal that was held: when (to the hour), under which system digest, and what it showed (JSON)."""

    number: int
    system_digest: str
    passed: bool
    hour: datetime
    record: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Publication:
    """One publication of a contest's box; key and signature (Ed25519) are hexadecimal."""

    contest: str
    number: int
    count: int
    hash: str
    previous_hash: str
    published_at: datetime
    public_key: str
    signature: str


async def add_rehearsal(
    session: AsyncSession,
    election_id: str,
    system_digest: str,
    passed: bool,
    hour: datetime,
    record: Mapping[str, Any],
) -> Rehearsal:
    """Keep a rehearsal; former ones stay."""
    made = Rehearsal(len(await rehearsals(session, election_id)) + 1, system_digest, passed, hour, dict(record))
    session.add(
        RehearsalRow(
            election=election_id,
            number=made.number,
            system_digest=system_digest,
            passed=passed,
            hour=hour,
            record=json.dumps(dict(record), ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        )
    )
    await session.flush()
    return made


async def rehearsals(session: AsyncSession, election_id: str) -> list[Rehearsal]:
    """Return every rehearsal, the oldest first."""
    found = await session.exec(
        select(RehearsalRow).where(RehearsalRow.election == election_id).order_by(col(RehearsalRow.number))
    )
    return [Rehearsal(row.number, row.system_digest, row.passed, row.hour, json.loads(row.record)) for row in found]


async def put_watched(session: AsyncSession, election_id: str, name: str, value: Any) -> None:
    """Keep what watching found (JSON) in the place of what it found before."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    insert = insertion(session, WatchRow).values(election=election_id, name=name, value=text)
    await session.exec(insert.on_conflict_do_update(index_elements=["election", "name"], set_={"value": text}))


async def watched(session: AsyncSession, election_id: str, name: str) -> Any:
    """Return what watching found last, or `None`."""
    query = select(WatchRow.value).where(WatchRow.election == election_id, WatchRow.name == name)
    found = (await session.exec(query)).first()
    return None if found is None else json.loads(found)


async def add_publication(session: AsyncSession, election_id: str, publication: Publication) -> None:
    """Keep a publication."""
    session.add(PublicationRow(election=election_id, **vars(publication)))
    await session.flush()


async def publications(session: AsyncSession, election_id: str, contest_id: str) -> list[Publication]:
    """Return every publication of a contest's box, the oldest first."""
    found = await session.exec(
        select(PublicationRow)
        .where(PublicationRow.election == election_id, PublicationRow.contest == contest_id)
        .order_by(col(PublicationRow.number))
    )
    return [
        Publication(
            row.contest,
            row.number,
            row.count,
            row.hash,
            row.previous_hash,
            row.published_at,
            row.public_key,
            row.signature,
        )
        for row in found
    ]
