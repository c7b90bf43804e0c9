"""A later close, decided by the board while people vote: one member proposes it with its reason, another confirms.

The sealed file stays as it is. The window in force is the file's, or the later one of the last extension on record.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir import audit_log
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.store import lifecycle_store
from isoloir.store.engine import Store

LONGEST = timedelta(days=8)
"""How far beyond the sealed close: a vote that lasts eight days may be doubled (décret 2017-1811), no more."""
LAST_MOMENT = timedelta(minutes=1)
"""Every process must have learnt of it before anybody is turned away."""
MOST = 500
_FACT = "extension"
_PROPOSED = "extension/proposed"


@dataclass(frozen=True)
class Proposal:
    """What one member proposed: `number` (from 1) and the close; nothing changes before another confirms it."""

    number: int
    by: str
    closes: datetime
    reason: str


async def propose(
    store: Store, election: ElectionFile, clock: Clock, *, by: str, closes: datetime, reason: str
) -> Proposal:
    """Propose a later close; it takes the place of a proposal that nobody confirmed. `by` is an account's id.

    Raises IsoloirError: ``reason_missing``, ``reason_too_long``, ``extension_not_now`` (not open, or closed already),
    ``extension_too_short`` (not after the present close), ``extension_too_long``.
    """
    reason = reason.strip()
    if not reason:
        raise IsoloirError("reason_missing", election=election.id)
    if len(reason) > MOST:
        raise IsoloirError("reason_too_long", most=MOST)
    async with store.write("box") as session:
        await _demand(session, election, closes, clock)
        told = {"by": by, "closes": closes.isoformat(), "reason": reason}
        number = await lifecycle_store.put_fact(session, election.id, _PROPOSED, told)
        details = {"account": by, "closes": closes.isoformat(), "reason": reason}
        await audit_log.record(session, election.id, "extension_proposed", details, clock)
    return Proposal(number, by, closes, reason)


async def confirm(store: Store, election: ElectionFile, clock: Clock, *, by: str, number: int) -> Proposal:
    """Confirm the proposal of another member: from now on the vote closes later.

    Raises IsoloirError: ``extension_gone`` (confirmed already, or another took its place), ``extension_alone`` (by
    who proposed it), and as `propose` does.
    """
    async with store.write("box") as session:
        proposal = await _pending(session, election)
        if proposal is None or proposal.number != number:
            raise IsoloirError("extension_gone", election=election.id)
        if proposal.by == by:
            raise IsoloirError("extension_alone", election=election.id)
        await _demand(session, election, proposal.closes, clock)
        former = (await applied(session, election)).window.closes
        told = {"closes": proposal.closes.isoformat(), "reason": proposal.reason, "number": number}
        await lifecycle_store.put_fact(session, election.id, _FACT, told)
        details = {
            "account": by,
            "proposed_by": proposal.by,
            "former": former.isoformat(),
            "closes": proposal.closes.isoformat(),
            "reason": proposal.reason,
        }
        await audit_log.record(session, election.id, "extended", details, clock)
    return proposal


async def pending(store: Store, election: ElectionFile) -> Proposal | None:
    """Return the proposal that waits for another member, or `None`."""
    async with store.read() as session:
        return await _pending(session, election)


async def why(store: Store, election: ElectionFile) -> str:
    """Return why the vote was extended, for whoever reads the public pages; empty where it was not."""
    async with store.read() as session:
        kept = await lifecycle_store.get_fact(session, election.id, _FACT)
    return "" if kept is None else str(kept["reason"])


async def everywhere(store: Store) -> dict[str, datetime]:
    """Return the close in force of every election that was extended."""
    async with store.read() as session:
        kept = await lifecycle_store.latest(session, _FACT)
    return {election: datetime.fromisoformat(fact["closes"]) for election, fact in kept.items()}


async def applied(session: AsyncSession, election: ElectionFile) -> ElectionFile:
    """Return the election with the window in force, as the caller's transaction sees it."""
    kept = await lifecycle_store.get_fact(session, election.id, _FACT)
    return election if kept is None else election.extended_to(datetime.fromisoformat(kept["closes"]))


class InForce:
    """The windows in force, as one process knows them."""

    EVERY = 2.0
    """Seconds after which what another process recorded is known here."""

    def __init__(self, store: Store, now: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._now = now
        self._asked = -math.inf
        self._closes: dict[str, datetime] = {}
        self._known: dict[str, tuple[ElectionFile, ElectionFile]] = {}

    async def learn(self, *, at_once: bool = True) -> None:
        """Ask the database which votes were extended; not `at_once`: only if it was not asked lately."""
        if at_once or self._now() - self._asked >= self.EVERY:
            self._asked = self._now()
            self._closes = await everywhere(self._store)

    def applied(self, written: ElectionFile) -> ElectionFile:
        """Return an election with its window in force; the same object until file or window change."""
        closes = self._closes.get(written.id)
        if closes is None:
            return written
        known = self._known.get(written.id)
        if known is None or known[0] is not written or known[1].window.closes != closes:
            known = self._known[written.id] = (written, written.extended_to(closes))
        return known[1]


async def _demand(session: AsyncSession, election: ElectionFile, closes: datetime, clock: Clock) -> None:
    present = (await applied(session, election)).window
    if await lifecycle_store.state(session, election.id) != "open" or clock.now() > present.closes - LAST_MOMENT:
        raise IsoloirError("extension_not_now", election=election.id)
    if closes <= present.closes:
        raise IsoloirError("extension_too_short", election=election.id)
    if closes > election.as_written.window.closes + LONGEST:
        raise IsoloirError("extension_too_long", election=election.id, days=LONGEST.days)


async def _pending(session: AsyncSession, election: ElectionFile) -> Proposal | None:
    proposed: list[dict[str, Any]] = await lifecycle_store.facts(session, election.id, _PROPOSED)
    if not proposed:
        return None
    done = await lifecycle_store.get_fact(session, election.id, _FACT)
    if done is not None and done["number"] >= len(proposed):
        return None
    last = proposed[-1]
    return Proposal(len(proposed), last["by"], datetime.fromisoformat(last["closes"]), last["reason"])
