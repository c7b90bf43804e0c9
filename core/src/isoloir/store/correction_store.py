"""The last correction of a sealed roll, as it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.store.correction_tables import CorrectionRow


@dataclass(frozen=True)
class StoredCorrection:
    """A correction: its number (from 1), how far it is, what may be told of it, what it would write (encrypted)."""

    number: int
    state: str
    told: Mapping[str, Any]
    data: bytes = field(repr=False)


async def last(session: AsyncSession, election_id: str) -> StoredCorrection | None:
    """Return the last correction of an election, or `None`."""
    row = (await session.exec(select(CorrectionRow).where(CorrectionRow.election == election_id))).first()
    return None if row is None else StoredCorrection(row.number, row.state, json.loads(row.told), row.data)


async def put(session: AsyncSession, election_id: str, kept: StoredCorrection) -> None:
    """Write it in the place of the former."""
    told = json.dumps(dict(kept.told), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    row = CorrectionRow(election=election_id, number=kept.number, state=kept.state, told=told, data=kept.data)
    await session.merge(row)
    await session.flush()
