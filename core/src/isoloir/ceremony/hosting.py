"""The election's side of a ceremony: takes documents that hold, gives them to all, and makes the boxes' keys."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir import audit_log, counting, lifecycle, registrar
from isoloir.ceremony import progress
from isoloir.ceremony.documents import Document, Transcript
from isoloir.ceremony.plan import Plan, groups_of
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir.store import lifecycle_store
from isoloir.store.engine import Store
from isoloir_ballots import trustees
from isoloir_ballots.groups import named
from isoloir_ballots.trustees import Entry

_PLAN = "ceremony"


async def begin(store: Store, election: ElectionFile, clock: Clock) -> Transcript:
    """Begin the ceremony of an election whose file is taken; one that was begun goes on.

    Raises IsoloirError: ``lifecycle_order`` once keys are made, ``ceremony_outdated`` when the boards have changed.
    """
    if await lifecycle.state(store, election.id) is State.DRAFT:
        await lifecycle.create(store, election, clock)
    async with store.write("box") as session:
        await _configured(session, election)
        found = await _transcript(session, election)
        if found is None:
            found = await _begun(session, election, clock, {})
    return _current(election, found)


async def restart(store: Store, election: ElectionFile, clock: Clock, reason: str) -> Transcript:
    """Begin again under a new uuid, with new shares; the reason goes into the audit log."""
    async with store.write("box") as session:
        await _configured(session, election)
        return await _begun(session, election, clock, {"reason": reason})


async def add(store: Store, election: ElectionFile, document: Document, clock: Clock) -> Transcript:
    """Check a document and keep it; the same again changes nothing. A complaint that holds stops the ceremony.

    Raises IsoloirError as `progress.check` does, ``ceremony_missing``, ``ceremony_outdated``, ``lifecycle_order``.
    """
    # Checked before the transaction, which others wait for, and again inside only for what may have come since.
    before = await transcript(store, election)
    if document in before.documents:
        return before
    await asyncio.to_thread(progress.check, before, document)
    async with store.write("box") as session:
        await _configured(session, election)
        now = await _transcript(session, election)
        if now is None or now.plan != before.plan:
            raise IsoloirError("ceremony_foreign", trustee=document.member, board=document.board)
        if document not in now.documents:
            progress.expected(now, document)
            await lifecycle_store.put_fact(session, election.id, _documents(now.plan), document.to_json())
            details = {
                "ceremony": now.plan.uuid,
                "board": document.board,
                "member": document.member,
                "round": document.round.value,
            }
            await audit_log.record(session, election.id, "ceremony_document", details, clock)
            now = now.and_([document])
    return now


async def transcript(store: Store, election: ElectionFile) -> Transcript:
    """Return the ceremony so far; raises IsoloirError ``ceremony_missing``, ``ceremony_outdated``."""
    async with store.read() as session:
        found = await _transcript(session, election)
    if found is None:
        raise IsoloirError("ceremony_missing", election=election.id)
    return _current(election, found)


async def entries(store: Store, election: ElectionFile) -> Mapping[str, tuple[Entry, ...]]:
    """Return the trustees of every board; raises ``ceremony_missing``, ``ceremony_unfinished`` (trustee, board)."""
    found = await transcript(store, election)
    return await asyncio.to_thread(progress.entries, found)


async def trustees_files(store: Store, election: ElectionFile) -> dict[str, bytes]:
    """Return each board's trustees as its archives publish them; raises as `entries` does."""
    group = named(election.group)
    return {board: trustees.serialise(group, made) for board, made in (await entries(store, election)).items()}


async def make_keys(
    store: Store, election: ElectionFile, keys_folder: Path, progress: registrar.Progress | None = None
) -> None:
    """Make each contest's pool of credentials and its setup from the keys of its board.

    Raises as `entries` does, and what the registrar refuses.
    """
    made = await entries(store, election)
    pools = await registrar.make_pools(store, keys_folder, election, progress=progress)
    group = named(election.group)
    for contest in election.contests:
        mine = made[contest.board]
        keyed = counting.belenios_election(election, contest, pools[contest.id].uuid, mine)
        await registrar.save_setup(store, election, contest.id, keyed.serialise(), trustees.serialise(group, mine))


async def _begun(
    session: AsyncSession, election: ElectionFile, clock: Clock, details: Mapping[str, str]
) -> Transcript:
    plan = Plan.new(election)
    await lifecycle_store.put_fact(session, election.id, _PLAN, plan.to_json())
    await audit_log.record(session, election.id, "ceremony_begun", {"ceremony": plan.uuid, **details}, clock)
    return Transcript(plan)


async def _transcript(session: AsyncSession, election: ElectionFile) -> Transcript | None:
    plan = await lifecycle_store.get_fact(session, election.id, _PLAN)
    if plan is None:
        return None
    read = Plan.from_json(plan)
    kept = await lifecycle_store.facts(session, election.id, _documents(read))
    return Transcript(read, tuple(map(Document.from_json, kept)))


def _current(election: ElectionFile, found: Transcript) -> Transcript:
    if found.plan.boards != groups_of(election) or found.plan.group != election.group:
        raise IsoloirError("ceremony_outdated", election=election.id)
    return found


async def _configured(session: AsyncSession, election: ElectionFile) -> None:
    state = State(await lifecycle_store.state(session, election.id))
    if state is not State.CONFIGURED:
        raise IsoloirError("lifecycle_order", election=election.id, state=state.value, wanted=State.CONFIGURED.value)


def _documents(plan: Plan) -> str:
    return f"ceremony/{plan.uuid}"
