"""The election's half of the substitutes' copies: kept locked, and freed by a replacement that is on record."""

from __future__ import annotations

import json
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir import audit_log, code_lock
from isoloir.ceremony import hosting
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.store import lifecycle_store
from isoloir.store.engine import Store
from isoloir.substitute_copy import Release

_PURPOSE = "substitute-release"
_OVER = frozenset({"tallied", "published", "archived"})


async def deposit(store: Store, keys: Keys, election: ElectionFile, release: Release, clock: Clock) -> None:
    """Keep a copy's release key, encrypted under the instance's keys; a later one takes its place.

    Raises IsoloirError: ``release_foreign`` (another ceremony), ``substitute_unnamed`` (the election file names none
    for that member), ``ceremony_missing``, ``ceremony_outdated``, and ``ceremony_unfinished``.
    """
    _seated(election, release.board, release.member)
    plan = (await hosting.transcript(store, election)).plan
    if release.ceremony != plan.uuid:
        raise IsoloirError("release_foreign", file=f"{release.board}-{release.member}")
    await hosting.entries(store, election)
    kept = code_lock.encode(keys.encrypt(_PURPOSE, json.dumps(release.to_json()).encode()))
    async with store.write("box") as session:
        name = _name(plan.uuid, release.board, release.member)
        await lifecycle_store.put_fact(session, election.id, name, {"digest": release.digest, "locked": kept})
        details = {"board": release.board, "member": release.member, "release": release.digest}
        await audit_log.record(session, election.id, "substitute_ready", details, clock)


async def ready(store: Store, election: ElectionFile) -> frozenset[tuple[str, str]]:
    """Return the members, by (board, member), for whose substitute there is a copy in the present ceremony."""
    plan = (await hosting.transcript(store, election)).plan
    seats = [(board, member) for board, groups in plan.boards.items() for group in groups for member in group.members]
    async with store.read() as session:
        return frozenset([seat for seat in seats if await _kept(session, election, plan.uuid, *seat)])


async def replace(
    store: Store, keys: Keys, election: ElectionFile, board: str, member: str, reason: str, clock: Clock
) -> Release:
    """Record that the substitute sits in the member's place, then free the copy's key; again: the same key.

    Raises IsoloirError: ``substitute_unnamed``, ``release_missing`` (no copy was made), ``reason_missing``,
    ``lifecycle_order`` once the boxes are opened.
    """
    _seated(election, board, member)
    if not reason.strip():
        raise IsoloirError("reason_missing", election=election.id)
    plan = (await hosting.transcript(store, election)).plan
    async with store.write("box") as session:
        state = await lifecycle_store.state(session, election.id)
        if state in _OVER:
            raise IsoloirError("lifecycle_order", election=election.id, state=state, wanted="closed")
        kept = await _kept(session, election, plan.uuid, board, member)
        if kept is None:
            raise IsoloirError("release_missing", trustee=member, board=board)
        release = Release.from_json(json.loads(keys.decrypt(_PURPOSE, code_lock.decode(kept["locked"]))))
        name = f"replaced/{plan.uuid}/{board}/{member}"
        if not await lifecycle_store.get_fact(session, election.id, name):
            await lifecycle_store.put_fact(session, election.id, name, {"reason": reason.strip()})
            details = {"board": board, "member": member, "reason": reason.strip()}
            await audit_log.record(session, election.id, "member_replaced", details, clock)
    return release


def _seated(election: ElectionFile, board: str, member: str) -> None:
    found = election.boards[board].members.get(member) if board in election.boards else None
    if found is None:
        raise IsoloirError("share_unexpected", trustee=member, board=board)
    if not found.substitute:
        raise IsoloirError("substitute_unnamed", trustee=member, board=board)


async def _kept(session: AsyncSession, election: ElectionFile, ceremony: str, board: str, member: str) -> Any:
    return await lifecycle_store.get_fact(session, election.id, _name(ceremony, board, member))


def _name(ceremony: str, board: str, member: str) -> str:
    return f"release/{ceremony}/{board}/{member}"
