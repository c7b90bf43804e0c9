"""The lot that a board draws for a tie: one officer records it, another member confirms it, then it decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir import audit_log
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.store import lifecycle_store
from isoloir.store.engine import Store

MOST = 200
"""Characters of who drew, and of who saw it."""


@dataclass(frozen=True)
class Lot:
    """A lot: the lists in the order drawn, who drew it before whom, and by which accounts it is in the record."""

    contest: str
    order: tuple[str, ...]
    drawn_by: str
    before: str
    recorded_by: str
    confirmed_by: str = ""


async def record(store: Store, election: ElectionFile, clock: Clock, lot: Lot, tied: Sequence[str]) -> None:
    """Record a lot among the lists that are `tied`; one that is not confirmed yet is replaced.

    Raises IsoloirError: ``lot_order`` (contest: not each of these lists once), ``lot_words`` (who drew, before whom),
    ``lot_confirmed``, ``lifecycle_order`` (the boxes are not closed, or tallied already).
    """
    if sorted(lot.order) != sorted(tied):
        raise IsoloirError("lot_order", contest=lot.contest)
    if not (0 < len(lot.drawn_by.strip()) <= MOST and 0 < len(lot.before.strip()) <= MOST):
        raise IsoloirError("lot_words", most=MOST)
    async with store.write("box") as session:
        await _closed(session, election)
        former = await _lot(session, election, lot.contest)
        if former is not None and former.confirmed_by:
            raise IsoloirError("lot_confirmed", contest=lot.contest)
        await _record(session, election, lot, "lot_recorded", clock, lot.recorded_by)


async def confirm(store: Store, election: ElectionFile, clock: Clock, contest: str, account: str) -> Lot:
    """Confirm a recorded lot by the account of another member, where the board has one; from here on it decides.

    Raises IsoloirError: ``lot_missing``, ``lot_confirmed``, ``lot_same_member``, ``lifecycle_order``.
    """
    async with store.write("box") as session:
        await _closed(session, election)
        found = await _lot(session, election, contest)
        if found is None:
            raise IsoloirError("lot_missing", contest=contest)
        if found.confirmed_by:
            raise IsoloirError("lot_confirmed", contest=contest)
        alone = len(election.boards[election.contest(contest).board].members) == 1
        if found.recorded_by == account and not alone:
            raise IsoloirError("lot_same_member", contest=contest)
        confirmed = replace(found, confirmed_by=account)
        await _record(session, election, confirmed, "lot_confirmed", clock, account)
    return confirmed


async def lot_of(store: Store, election: ElectionFile, contest: str) -> Lot | None:
    """Return the lot of a contest, confirmed or not."""
    async with store.read() as session:
        return await _lot(session, election, contest)


async def decided(store: Store, election: ElectionFile) -> dict[str, tuple[str, ...]]:
    """Return the order of the lists by contest, of the lots that are confirmed."""
    async with store.read() as session:
        found = [await _lot(session, election, contest.id) for contest in election.contests]
    return {lot.contest: lot.order for lot in found if lot is not None and lot.confirmed_by}


async def _closed(session: AsyncSession, election: ElectionFile) -> None:
    state = await lifecycle_store.state(session, election.id)
    if state != "closed":
        raise IsoloirError("lifecycle_order", election=election.id, state=state, wanted="tallied")


async def _lot(session: AsyncSession, election: ElectionFile, contest: str) -> Lot | None:
    kept: dict[str, Any] | None = await lifecycle_store.get_fact(session, election.id, f"lot/{contest}")
    return None if kept is None else Lot(**{**kept, "order": tuple(kept["order"])})


async def _record(
    session: AsyncSession, election: ElectionFile, lot: Lot, act: str, clock: Clock, account: str
) -> None:
    await lifecycle_store.put_fact(session, election.id, f"lot/{lot.contest}", asdict(lot))
    # Who drew and who saw it are names: they stand in the minutes, not in the log.
    details = {"account": account, "contest": lot.contest, "order": list(lot.order)}
    await audit_log.record(session, election.id, act, details, clock)
