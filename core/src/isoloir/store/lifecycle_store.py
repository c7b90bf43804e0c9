"""Where an election stands, and the facts fixed for it, in the database."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy import select as sql_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.store.acts_tables import FactRow, LifecycleRow

BEFORE_OPENING = frozenset({"draft", "configured", "keyed", "sealed", "rehearsed"})
"""The states in which nothing was ever cast."""

_STATE = sql_select(col(LifecycleRow.state)).where(col(LifecycleRow.election) == bindparam("election"))


async def state(session: AsyncSession, election_id: str) -> str:
    """Return the state's name; an election never heard of is a draft."""
    found = await (await session.connection()).execute(_STATE, {"election": election_id})
    return found.scalar_one_or_none() or "draft"


async def set_state(session: AsyncSession, election_id: str, state: str) -> None:
    """Write the state."""
    await session.merge(LifecycleRow(election=election_id, state=state))
    await session.flush()


async def put_fact(session: AsyncSession, election_id: str, name: str, value: Any) -> int:
    """Add a version of a fact (JSON); return its number, from 1."""
    last = (
        await session.exec(
            select(FactRow.version)
            .where(FactRow.election == election_id, FactRow.name == name)
            .order_by(col(FactRow.version).desc())
            .limit(1)
        )
    ).first()
    version = (last or 0) + 1
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    session.add(FactRow(election=election_id, name=name, version=version, value=text))
    await session.flush()
    return version


async def get_fact(session: AsyncSession, election_id: str, name: str) -> Any:
    """Return the latest version of a fact, or `None`."""
    versions = await facts(session, election_id, name)
    return versions[-1] if versions else None


async def latest(session: AsyncSession, name: str) -> dict[str, Any]:
    """Return the latest version of a fact, of every election that has it."""
    found = await session.exec(
        select(FactRow.election, FactRow.value).where(FactRow.name == name).order_by(col(FactRow.version))
    )
    return {election: json.loads(value) for election, value in found}


async def facts(session: AsyncSession, election_id: str, name: str) -> list[Any]:
    """Return every version of a fact, the oldest first."""
    found = await session.exec(
        select(FactRow.value)
        .where(FactRow.election == election_id, FactRow.name == name)
        .order_by(col(FactRow.version))
    )
    return [json.loads(value) for value in found]
