"""The life of an election: ten states, each arrow with its conditions, none skipped, every one in the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir import audit_log, extension, publication, registrar
from isoloir.clock import Clock, hour_of
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.store import acts_store, box_store, lifecycle_store, poll_book_store, roll_store
from isoloir.store.engine import Store


class State(Enum):
    """Where an election stands."""

    DRAFT = "draft"
    CONFIGURED = "configured"
    KEYED = "keyed"
    SEALED = "sealed"
    REHEARSED = "rehearsed"
    OPEN = "open"
    CLOSED = "closed"
    TALLIED = "tallied"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Phase(Enum):
    """What a visitor may do at this moment: the state and the clock together."""

    NOT_READY = "not_ready"
    """The board has not opened the vote."""
    BEFORE = "before"
    """The vote will open at the hour of its window."""
    OPEN = "open"
    GRACE = "grace"
    """Closed, but for those who were fully authenticated before."""
    ENDED = "ended"
    COUNTED = "counted"
    """The results are public."""


_NEXT: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.CONFIGURED}),
    State.CONFIGURED: frozenset({State.KEYED}),
    State.KEYED: frozenset({State.SEALED}),
    State.SEALED: frozenset({State.REHEARSED}),
    State.REHEARSED: frozenset({State.REHEARSED, State.OPEN}),
    State.OPEN: frozenset({State.CLOSED}),
    State.CLOSED: frozenset({State.TALLIED}),
    State.TALLIED: frozenset({State.PUBLISHED}),
    State.PUBLISHED: frozenset({State.ARCHIVED}),
    State.ARCHIVED: frozenset(),
}

SYSTEM_DIGEST = "system_digest"
ROLL_DIGEST = "roll_digest"


@dataclass(frozen=True)
class Seal:
    """The two digests under which an election is sealed, hexadecimal."""

    system: str
    roll: str


async def state(store: Store, election_id: str) -> State:
    """Return where the election stands; a draft when nothing was ever done with it."""
    async with store.read() as session:
        return State(await lifecycle_store.state(session, election_id))


async def phase(store: Store, election: ElectionFile, clock: Clock) -> Phase:
    """Return what a visitor may do now."""
    return phase_of(await state(store, election.id), election, clock)


def phase_of(state: State, election: ElectionFile, clock: Clock) -> Phase:
    """Return what a visitor may do now, of an election in that state."""
    now, window = clock.now(), election.window
    if state in (State.PUBLISHED, State.ARCHIVED):
        return Phase.COUNTED
    if state in (State.CLOSED, State.TALLIED) or (state is State.OPEN and now >= window.grace_ends):
        return Phase.ENDED
    if state in (State.SEALED, State.REHEARSED, State.OPEN) and now < window.opens:
        return Phase.BEFORE
    if state is not State.OPEN:
        return Phase.NOT_READY
    return Phase.OPEN if now < window.closes else Phase.GRACE


async def seal_of(store: Store, election_id: str) -> Seal | None:
    """Return the digests under which the election is sealed, or `None`."""
    async with store.read() as session:
        return await _seal_of(session, election_id)


async def display_order(store: Store, election: ElectionFile, contest_id: str) -> tuple[str, ...]:
    """Return the order in which a contest's lists are shown, drawn by lot at the sealing; the file's until then."""
    async with store.read() as session:
        order = await lifecycle_store.get_fact(session, election.id, _order_fact(contest_id))
    return tuple(order) if order else tuple(shown.id for shown in election.contest(contest_id).lists)


async def missing(
    store: Store, election: ElectionFile, to: State, clock: Clock, *, system_digest: str = "", roll_digest: str = ""
) -> list[IsoloirError]:
    """Return everything that still keeps the election from that state: a checklist, empty when it may go on.

    The digests are the present ones, needed for `State.OPEN`.
    """
    async with store.read("box") as session:
        return await _missing(session, election, to, clock, Seal(system_digest, roll_digest))


async def create(
    store: Store, election: ElectionFile, clock: Clock, *, details: Mapping[str, Any] | None = None
) -> None:
    """Draft → configured: the election file is read and holds together. `details` go into the audit log."""
    await _act(store, election, State.CONFIGURED, "configured", clock, details or {})


async def key(store: Store, election: ElectionFile, clock: Clock) -> None:
    """Configured → keyed: every contest has voters, a pool that is large enough, and a setup made with it."""
    async with store.read("box") as session:
        details = {"setups": await box_store.setup_digests(session, election.id)}
    await _act(store, election, State.KEYED, "keyed", clock, details)


async def seal(
    store: Store,
    election: ElectionFile,
    clock: Clock,
    *,
    system_digest: str,
    roll_digest: str,
    display_orders: Mapping[str, Sequence[str]],
    details: Mapping[str, Any] | None = None,
) -> None:
    """Keyed → sealed, under these digests, with the order in which each contest's lists are shown, drawn by lot."""
    for contest in election.contests:
        if sorted(display_orders.get(contest.id, ())) != sorted(shown.id for shown in contest.lists):
            raise IsoloirError("display_order_missing", election=election.id, contest=contest.id)
    orders = {contest.id: list(display_orders[contest.id]) for contest in election.contests}
    facts: dict[str, Any] = {_order_fact(contest): order for contest, order in orders.items()}
    facts |= {SYSTEM_DIGEST: system_digest, ROLL_DIGEST: roll_digest}
    told = {"system_digest": system_digest, "roll_digest": roll_digest, "display_orders": orders, **(details or {})}
    await _act(store, election, State.SEALED, "sealed", clock, told, facts=facts)


async def reseal_roll(
    store: Store,
    election: ElectionFile,
    clock: Clock,
    *,
    roll_digest: str,
    reason: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Seal the roll again after an act of the board; the former digest stays in the chain. Sealed to open."""
    async with store.write("box") as session:
        present = State(await lifecycle_store.state(session, election.id))
        if present not in (State.SEALED, State.REHEARSED, State.OPEN):
            raise _order(election, present, State.SEALED)
        former = await lifecycle_store.get_fact(session, election.id, ROLL_DIGEST)
        await lifecycle_store.put_fact(session, election.id, ROLL_DIGEST, roll_digest)
        told = {"former": former, "roll_digest": roll_digest, "reason": reason, **(details or {})}
        await audit_log.record(session, election.id, "roll_sealed_again", told, clock)


async def break_seal(store: Store, election: ElectionFile, clock: Clock, *, reason: str) -> None:
    """Keyed, sealed or rehearsed → configured: setups and pools are removed, and are to be made anew."""
    async with store.write("box") as session:
        present = State(await lifecycle_store.state(session, election.id))
        if present not in (State.KEYED, State.SEALED, State.REHEARSED):
            raise _order(election, present, State.CONFIGURED)
        await lifecycle_store.set_state(session, election.id, State.CONFIGURED.value)
        await box_store.forget_setups(session, election.id)
        await audit_log.record(session, election.id, "seal_broken", {"reason": reason}, clock)


async def rehearsed(
    store: Store,
    election: ElectionFile,
    clock: Clock,
    *,
    system_digest: str,
    passed: bool,
    record: Mapping[str, Any],
    facts: Mapping[str, Any] | None = None,
) -> acts_store.Rehearsal:
    """Keep a rehearsal held under that system digest; sealed → rehearsed if it passed. Later ones may follow.

    `facts` are kept with it, in the same transaction.
    """
    async with store.write("box") as session:
        for name, value in (facts or {}).items():
            await lifecycle_store.put_fact(session, election.id, name, value)
        made = await acts_store.add_rehearsal(
            session, election.id, system_digest, passed, hour_of(clock.now()), record
        )
        details = {"number": made.number, "passed": passed, "system_digest": system_digest}
        present = State(await lifecycle_store.state(session, election.id))
        if present not in (State.SEALED, State.REHEARSED):
            raise _order(election, present, State.REHEARSED)
        if passed:
            await move(session, election, State.REHEARSED, "rehearsed", clock, details)
        else:
            await audit_log.record(session, election.id, "rehearsal_failed", details, clock)
    return made


async def open_(store: Store, election: ElectionFile, clock: Clock, *, system_digest: str, roll_digest: str) -> None:
    """Rehearsed → open; voters may vote from the window's hour on. The digests are the present ones.

    The audit log keeps that boxes, poll book and counters were empty. Raises the first of `missing`:
    `rehearsal_missing`, `rehearsal_failed`, `rehearsal_outdated`, `seal_broken`, `window_over`, `box_not_empty`, or
    `lifecycle_order`.
    """
    async with store.write("box") as session:
        await _demand(session, election, State.OPEN, clock, Seal(system_digest, roll_digest))
        await opened_empty(session, election, clock, system_digest)


async def opened_empty(session: AsyncSession, election: ElectionFile, clock: Clock, system_digest: str) -> None:
    """Go to `State.OPEN` in the caller's transaction, with the proof that nothing was cast in the audit log.

    For each contest: ballots, marks of the poll book and publications, all nought, and the hash of the empty list.
    Raises `box_not_empty` (contest), `lifecycle_order`.
    """
    holds = await _holdings(session, election)
    for error in _not_empty(election, holds):
        raise error
    empty = {contest: {**counted, "hash": publication.hash_of(())} for contest, counted in holds.items()}
    await move(session, election, State.OPEN, "opened", clock, {"system_digest": system_digest, "boxes": empty})


async def _holdings(session: AsyncSession, election: ElectionFile) -> dict[str, dict[str, int]]:
    ballots = await box_store.count(session, election.id)
    marks = await poll_book_store.voted(session, election.id)
    return {
        contest.id: {
            "ballots": ballots.get(contest.id, 0),
            "marks": marks.get(contest.id, 0),
            "publications": len(await acts_store.publications(session, election.id, contest.id)),
        }
        for contest in election.contests
    }


def _not_empty(election: ElectionFile, holds: Mapping[str, Mapping[str, int]]) -> list[IsoloirError]:
    return [
        IsoloirError("box_not_empty", election=election.id, contest=contest)
        for contest, counted in holds.items()
        if any(counted.values())
    ]


async def close(store: Store, election: ElectionFile, clock: Clock, keys: Keys, keys_folder: Path) -> None:
    """Open → closed, once the grace is over: the freeze.

    Alone at the gate: what waits is published, the state changes, both in one transaction, so that no ballot
    slips past. Then seeds and leases are destroyed and the database is rewritten sorted, without its log.
    Raises `grace_not_over`, `box_unbalanced` (poll book and box differ), `lifecycle_order`.
    """
    await store.kept(_freeze(store, election, clock, keys))
    await finish_closing(store, election, keys_folder)


async def _freeze(store: Store, election: ElectionFile, clock: Clock, keys: Keys) -> None:
    async with store.alone(election.id) as session:
        await _demand(session, election, State.CLOSED, clock, Seal("", ""))
        await publication.publish_last(session, election, clock, keys)
        voted = await poll_book_store.voted(session, election.id)
        boxes = {}
        for contest in election.contests:
            last = (await acts_store.publications(session, election.id, contest.id))[-1]
            if last.count != voted.get(contest.id, 0):
                raise IsoloirError("box_unbalanced", election=election.id, contest=contest.id)
            boxes[contest.id] = {"ballots": last.count, "hash": last.hash}
        await move(session, election, State.CLOSED, "closed", clock, {"boxes": boxes})


async def finish_closing(store: Store, election: ElectionFile, keys_folder: Path) -> None:
    """Do again what follows the freeze, should the machine have stopped in between; harmless twice."""
    present = await state(store, election.id)
    if present.value in lifecycle_store.BEFORE_OPENING or present is State.OPEN:
        raise _order(election, present, State.CLOSED)
    await registrar.destroy(store, keys_folder, election)
    await store.forget_order(rebuild=True)


async def tallied(store: Store, election: ElectionFile, clock: Clock, details: Mapping[str, Any]) -> None:
    """Closed → tallied: the board has unsealed; `details` (digests, totals) go into the audit log."""
    await _act(store, election, State.TALLIED, "tallied", clock, details)


async def publish_results(
    store: Store, election: ElectionFile, clock: Clock, details: Mapping[str, Any] | None = None
) -> None:
    """Tallied → published: the results are public."""
    await _act(store, election, State.PUBLISHED, "published", clock, details or {})


async def archive(
    store: Store, election: ElectionFile, clock: Clock, details: Mapping[str, Any] | None = None
) -> None:
    """Published → archived."""
    await _act(store, election, State.ARCHIVED, "archived", clock, details or {})


async def move(
    session: AsyncSession, election: ElectionFile, to: State, act: str, clock: Clock, details: Mapping[str, Any]
) -> None:
    """Go along one arrow in the caller's transaction, with its line in the audit log; raises `lifecycle_order`."""
    present = State(await lifecycle_store.state(session, election.id))
    if to not in _NEXT[present]:
        raise _order(election, present, to)
    await lifecycle_store.set_state(session, election.id, to.value)
    await audit_log.record(session, election.id, act, details, clock)


async def _act(
    store: Store,
    election: ElectionFile,
    to: State,
    act: str,
    clock: Clock,
    details: Mapping[str, Any],
    *,
    seal: Seal | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    async with store.write("box") as session:
        await _demand(session, election, to, clock, seal or Seal("", ""))
        for name, value in (facts or {}).items():
            await lifecycle_store.put_fact(session, election.id, name, value)
        await move(session, election, to, act, clock, details)


async def _demand(session: AsyncSession, election: ElectionFile, to: State, clock: Clock, seal: Seal) -> None:
    lacking = await _missing(session, election, to, clock, seal)
    if lacking:
        raise lacking[0]


async def _missing(
    session: AsyncSession, election: ElectionFile, to: State, clock: Clock, seal: Seal
) -> list[IsoloirError]:
    present = State(await lifecycle_store.state(session, election.id))
    if to is State.OPEN and present is State.SEALED:
        return await _opening(session, election, clock, seal)
    if to not in _NEXT[present]:
        return [_order(election, present, to)]
    if to in (State.KEYED, State.SEALED):
        return await _keying(session, election)
    if to is State.OPEN:
        return await _opening(session, election, clock, seal)
    if to is State.CLOSED and clock.now() < (await extension.applied(session, election)).window.grace_ends:
        return [IsoloirError("grace_not_over", election=election.id)]
    return []


async def _keying(session: AsyncSession, election: ElectionFile) -> list[IsoloirError]:
    entitled = await roll_store.entitled(session, election.id)
    sizes = await box_store.pool_sizes(session, election.id)
    setups = await box_store.setup_digests(session, election.id)
    lacking = []
    for contest in election.contests:
        where = {"election": election.id, "contest": contest.id}
        if not entitled.get(contest.id):
            lacking.append(IsoloirError("contest_without_voters", **where))
        if contest.id not in sizes:
            lacking.append(IsoloirError("pool_missing", **where))
        elif sizes[contest.id] < entitled.get(contest.id, 0):
            lacking.append(
                IsoloirError("pool_too_small", **where, size=sizes[contest.id], entitled=entitled[contest.id])
            )
        if contest.id not in setups:
            lacking.append(IsoloirError("setup_missing", **where))
    return lacking


async def _opening(session: AsyncSession, election: ElectionFile, clock: Clock, seal: Seal) -> list[IsoloirError]:
    lacking = []
    held = await acts_store.rehearsals(session, election.id)
    rehearsal = held[-1] if held else None
    if rehearsal is None:
        lacking.append(IsoloirError("rehearsal_missing", election=election.id))
    elif rehearsal.system_digest != seal.system:
        lacking.append(IsoloirError("rehearsal_outdated", election=election.id))
    elif not rehearsal.passed:
        lacking.append(IsoloirError("rehearsal_failed", election=election.id))
    else:
        lacking += _unproved(election, [one for one in held if one.passed and one.system_digest == seal.system])
    sealed = await _seal_of(session, election.id)
    if sealed is None or sealed.system != seal.system:
        lacking.append(IsoloirError("seal_broken", election=election.id, part="system"))
    if sealed is None or sealed.roll != seal.roll:
        lacking.append(IsoloirError("seal_broken", election=election.id, part="roll"))
    if clock.now() >= election.window.closes:
        lacking.append(IsoloirError("window_over", election=election.id))
    lacking += _not_empty(election, await _holdings(session, election))
    if not lacking and State(await lifecycle_store.state(session, election.id)) is not State.REHEARSED:
        lacking.append(IsoloirError("rehearsal_missing", election=election.id))
    return lacking


def _unproved(election: ElectionFile, held: Sequence[acts_store.Rehearsal]) -> list[IsoloirError]:
    """Return an error for each member whose share served in none of these rehearsals."""
    return [
        IsoloirError("share_unproved", trustee=member, board=name)
        for name in sorted({contest.board for contest in election.contests})
        for member in election.boards[name].holders
        if not any(member in one.record.get("proved", {}).get(name, ()) for one in held)
    ]


async def _seal_of(session: AsyncSession, election_id: str) -> Seal | None:
    if await lifecycle_store.state(session, election_id) in ("draft", "configured", "keyed"):
        return None  # a broken seal stays among the facts, and seals nothing
    system = await lifecycle_store.get_fact(session, election_id, SYSTEM_DIGEST)
    roll = await lifecycle_store.get_fact(session, election_id, ROLL_DIGEST)
    return Seal(system, roll) if system is not None and roll is not None else None


def _order_fact(contest_id: str) -> str:
    return f"display_order/{contest_id}"


def _order(election: ElectionFile, present: State, wanted: State) -> IsoloirError:
    return IsoloirError("lifecycle_order", election=election.id, state=present.value, wanted=wanted.value)
