"""Corrections of a sealed roll: one member proposes them, another confirms, and the roll is sealed again.

In 2024 people were missing from the rolls. Electors are added and corrected until the vote closes; the pools of
credentials hold a reserve for those added. Electors are struck before the opening: nobody loses a right while people
vote.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir import audit_log, lifecycle, roll
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.roll import NewEntry, RollEntry
from isoloir.sealing import roll_digest
from isoloir.store import box_store, correction_store, lifecycle_store, message_store, roll_store
from isoloir.store.correction_store import StoredCorrection
from isoloir.store.engine import Store

MOST = 100
"""Lines of one correction: two people read each of them."""
_PURPOSE = "roll-correction"
_STATES = ("sealed", "rehearsed", "open")
_LONGEST = 500

Kind = Literal["added", "changed", "struck"]


@dataclass(frozen=True)
class Change:
    """What happens to one elector: who they were, or who they will be, or both."""

    kind: Kind
    before: RollEntry | None
    after: RollEntry | None


@dataclass(frozen=True)
class Correction:
    """A correction that waits for another member: `number` (from 1), who proposed it (an account's id), and why."""

    number: int
    by: str
    reason: str
    changes: tuple[Change, ...]


async def propose(
    store: Store,
    keys: Keys,
    election: ElectionFile,
    clock: Clock,
    *,
    by: str,
    reason: str,
    entries: Iterable[NewEntry],
    strike: bool = False,
) -> Correction:
    """Propose to put these electors on the roll, or to correct them there; or to strike them off it.

    Who is on the roll already is known by the first key of the election's file. It takes the place of a correction
    that nobody confirmed. Kept encrypted until it is confirmed; the log says how many electors, and names none.
    Raises IsoloirError: ``reason_missing``, ``reason_too_long``, ``correction_empty``, ``correction_too_many``,
    ``correction_not_now``, and with the line (from 1) ``correction_unknown`` (struck, but not on the roll),
    ``correction_twice``, ``correction_key_missing``, ``correction_taken`` (another elector has that key),
    ``correction_takes_right`` (while people vote), ``correction_reserve`` (contest: no credential is left in
    reserve), and what `roll.made` raises.
    """
    reason, proposed = reason.strip(), list(entries)
    if not reason:
        raise IsoloirError("reason_missing", election=election.id)
    if len(reason) > _LONGEST:
        raise IsoloirError("reason_too_long", most=_LONGEST)
    if len(proposed) > MOST:
        raise IsoloirError("correction_too_many", most=MOST)
    reserve = await _reserve(store, election)
    async with store.write(roll_of=election.id) as session:
        changes = await _plan(session, election, proposed, reserve, strike=strike)
        former = await correction_store.last(session, election.id)
        if former is not None and former.state == "applied":
            raise IsoloirError("correction_not_now", election=election.id)
        number = former.number + 1 if former else 1
        told = {"by": by, "reason": reason, "strike": strike, **_counts(changes)}
        data = keys.encrypt(_PURPOSE, json.dumps([asdict(one) for one in proposed]).encode())
        await correction_store.put(session, election.id, StoredCorrection(number, "pending", told, data))
    async with store.write("box") as session:
        details = {"account": by, "reason": reason, "number": number, **_counts(changes)}
        await audit_log.record(session, election.id, "correction_proposed", details, clock)
    return Correction(number, by, reason, changes)


async def pending(store: Store, keys: Keys, election: ElectionFile) -> Correction | None:
    """Return the correction that waits, with what it would change now; `None` for none. Raises as `propose` does."""
    reserve = await _reserve(store, election)
    async with store.read() as session:
        kept = await correction_store.last(session, election.id)
        if kept is None or kept.state != "pending":
            return None
        changes = await _plan(session, election, _entries(keys, kept), reserve, strike=kept.told["strike"])
    return Correction(kept.number, kept.told["by"], kept.told["reason"], changes)


async def confirm(store: Store, keys: Keys, election: ElectionFile, clock: Clock, *, by: str, number: int) -> None:
    """Confirm another member's correction: it is written, and the roll is sealed again.

    Raises IsoloirError: ``correction_gone`` (confirmed already, or another took its place), ``correction_alone`` (by
    who proposed it), and as `propose` does.
    """
    reserve = await _reserve(store, election)
    async with store.write(roll_of=election.id) as session:
        kept = await correction_store.last(session, election.id)
        if kept is None or (kept.state, kept.number) != ("pending", number):
            raise IsoloirError("correction_gone", election=election.id)
        if kept.told["by"] == by:
            raise IsoloirError("correction_alone", election=election.id)
        changes = await _plan(session, election, _entries(keys, kept), reserve, strike=kept.told["strike"])
        await _write(session, election, changes)
        told = {**kept.told, "confirmed_by": by}
        await correction_store.put(session, election.id, replace(kept, state="applied", told=told, data=b""))
    await finish(store, election, clock)


async def finish(store: Store, election: ElectionFile, clock: Clock) -> None:
    """Seal the roll again after a correction that was written; harmless where there is none, and twice."""
    async with store.read() as session:
        kept = await correction_store.last(session, election.id)
    if kept is None or kept.state != "applied":
        return
    digest = await asyncio.to_thread(roll_digest, await roll.entries(store, election.id))
    sealed = await lifecycle.seal_of(store, election.id)
    if sealed is not None and sealed.roll != digest:
        told = dict(kept.told)
        details = {"account": told["confirmed_by"], "proposed_by": told["by"], "correction": kept.number}
        details |= {kind: told[kind] for kind in ("added", "changed", "struck")}
        await lifecycle.reseal_roll(
            store, election, clock, roll_digest=digest, reason=told["reason"], details=details
        )
    async with store.write(roll_of=election.id) as session:
        await correction_store.put(session, election.id, replace(kept, state="done"))


async def _plan(
    session: AsyncSession,
    election: ElectionFile,
    proposed: Sequence[NewEntry],
    reserve: Mapping[str, int],
    *,
    strike: bool,
) -> tuple[Change, ...]:
    state = await lifecycle_store.state(session, election.id)
    if state not in _STATES:
        raise IsoloirError("correction_not_now", election=election.id)
    key = roll.first_key(election)
    known = await _known(session, election, key, proposed)
    changes: list[Change] = []
    for line, (new, old) in enumerate(zip(proposed, known, strict=True), 1):
        if strike and old is None:
            raise IsoloirError("correction_unknown", election=election.id, line=line)
        if strike:
            changes.append(Change("struck", old, None))
        elif old is None:
            (made,) = roll.made(election, [new])
            changes.append(Change("added", None, made))
        elif (now := roll.corrected(election, old, new)) != old:
            changes.append(Change("changed", old, now))
        if state == "open" and changes and changes[-1].before is old and _lost(changes[-1]):
            raise IsoloirError("correction_takes_right", election=election.id, line=line)
    if not changes:
        raise IsoloirError("correction_empty", election=election.id)
    await _demand_free_keys(session, election, proposed, known)
    await _demand_reserve(session, election, changes, reserve)
    return tuple(changes)


async def _known(
    session: AsyncSession, election: ElectionFile, key: str, proposed: Sequence[NewEntry]
) -> list[RollEntry | None]:
    values = [roll.key_value(election, key, one) for one in proposed]
    for line, value in enumerate(values, 1):
        if not value:
            raise IsoloirError("correction_key_missing", election=election.id, line=line, field=key)
        if value in values[: line - 1]:
            raise IsoloirError("correction_twice", election=election.id, line=line)
    ids = await roll_store.with_keys(session, election.id, key, values)
    entries = await roll_store.with_ids(session, election.id, [*ids.values()])
    return [entries.get(ids.get(value, "")) for value in values]


async def _demand_free_keys(
    session: AsyncSession,
    election: ElectionFile,
    proposed: Sequence[NewEntry],
    known: Sequence[RollEntry | None],
) -> None:
    """Two electors with one key could neither be told apart nor log in by it."""
    for name, declared in election.roll.fields.items():
        if not declared.key:
            continue
        for line, (new, old) in enumerate(zip(proposed, known, strict=True), 1):
            whose = await roll_store.with_key(session, election.id, name, roll.key_value(election, name, new))
            if any(one != (old.id if old else "") for one in whose):
                raise IsoloirError("correction_taken", election=election.id, line=line, field=name)


async def _demand_reserve(
    session: AsyncSession, election: ElectionFile, changes: Sequence[Change], reserve: Mapping[str, int]
) -> None:
    entitled = await roll_store.entitled(session, election.id)
    more: Counter[str] = Counter()
    for change in changes:
        more.update(change.after.contests if change.after else ())
        more.subtract(change.before.contests if change.before else ())
    for contest, number in more.items():
        if number > 0 and entitled.get(contest, 0) + number > reserve.get(contest, 0):
            raise IsoloirError("correction_reserve", election=election.id, contest=contest)


async def _write(session: AsyncSession, election: ElectionFile, changes: Sequence[Change]) -> None:
    gone = [change.before.id for change in changes if change.before]
    await roll_store.remove(session, election.id, gone)
    # Those who have an identifier first, so that what is drawn is none of theirs.
    after = sorted((change.after for change in changes if change.after), key=lambda one: (not one.identifier, one.id))
    await roll.write_entries(session, election, after)
    readdressed = [
        change.after.id
        for change in changes
        if change.before and change.after and change.before.email != change.after.email
    ]
    await message_store.forget(session, election.id, "invitation", readdressed)
    await message_store.withdraw_absent(session, election.id)


def _lost(change: Change) -> bool:
    before = set(change.before.contests) if change.before else set()
    return bool(before - set(change.after.contests if change.after else ()))


def _counts(changes: Sequence[Change]) -> dict[str, int]:
    found = Counter(change.kind for change in changes)
    kinds: tuple[Kind, ...] = ("added", "changed", "struck")
    return {kind: found[kind] for kind in kinds}


def _entries(keys: Keys, kept: StoredCorrection) -> list[NewEntry]:
    values = json.loads(keys.decrypt(_PURPOSE, kept.data))
    return [NewEntry(**{**value, "contests": tuple(value["contests"])}) for value in values]


async def _reserve(store: Store, election: ElectionFile) -> dict[str, int]:
    async with store.read("box") as session:
        return await box_store.pool_sizes(session, election.id)
