"""What a board member has written into the minutes: remarks, events, and interventions on the system.

CGFP R.211-577: the minutes hold the members' observations, the events of the vote, and the interventions on the
system. The text is kept beside the audit log, which holds its SHA-256: the log needs no free text, and a changed one
is noticed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

from isoloir import audit_log
from isoloir.clock import Clock
from isoloir.composition import composition
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.store import lifecycle_store
from isoloir.store.engine import Store

Kind: TypeAlias = Literal["remark", "event", "intervention"]
KINDS: tuple[Kind, ...] = get_args(Kind)

ACT = "remark_recorded"
MOST = 4_000
"""Characters of one text."""

_FACT = "remarks"
_NEVER = frozenset({"draft", "archived"})


@dataclass(frozen=True)
class Remark:
    """One text, by a member of a board; `at` is the moment of its line in the audit log (aware, UTC)."""

    serial: int
    at: datetime
    board: str
    member: str
    kind: Kind
    text: str


async def add(
    store: Store,
    election: ElectionFile,
    clock: Clock,
    *,
    member: str,
    kind: Kind,
    text: str,
    board: str | None = None,
) -> audit_log.Head:
    """Record a text for the minutes, with its line in the audit log; return the log's head.

    `board` is needed only where several boards have a member of that id.
    Raises IsoloirError: ``remark_empty``, ``remark_too_long``, ``remark_member_unknown``, ``remark_board_needed``,
    ``remark_not_now`` (the election is a draft, or archived).
    """
    text = text.strip()
    if not text:
        raise IsoloirError("remark_empty")
    if len(text) > MOST:
        raise IsoloirError("remark_too_long", most=MOST)
    told = {"board": _board(election, member, board), "member": member, "kind": kind}
    async with store.write("box") as session:
        if await lifecycle_store.state(session, election.id) in _NEVER:
            raise IsoloirError("remark_not_now", election=election.id)
        head = await audit_log.record(session, election.id, ACT, {**told, "sha256": _sha256(text)}, clock)
        await lifecycle_store.put_fact(session, election.id, _FACT, {**told, "serial": head.serial, "text": text})
    return head


async def remarks(store: Store, election: ElectionFile) -> list[Remark]:
    """Return every text, in the order of the audit log; raises ``remark_changed`` where one is not as logged."""
    lines = {line.serial: line for line in await audit_log.lines(store, election.id) if line.act == ACT}
    async with store.read() as session:
        kept = {fact["serial"]: fact for fact in await lifecycle_store.facts(session, election.id, _FACT)}
    found = []
    for serial in sorted({*lines, *kept}):
        line, fact = lines.get(serial), kept.get(serial)
        if line is None or fact is None or json.loads(line.details) != _logged(fact):
            raise IsoloirError("remark_changed", election=election.id, serial=serial)
        at = datetime.fromisoformat(line.at)
        found.append(Remark(serial, at, fact["board"], fact["member"], fact["kind"], fact["text"]))
    return found


def _logged(fact: dict[str, str]) -> dict[str, str]:
    return {name: fact[name] for name in ("board", "member", "kind")} | {"sha256": _sha256(fact["text"])}


def _board(election: ElectionFile, member: str, board: str | None) -> str:
    sits = [name for name, members in composition(election).items() if member in {one.id for one in members}]
    if board is not None:
        sits = [name for name in sits if name == board]
    if not sits:
        raise IsoloirError("remark_member_unknown", election=election.id)
    if len(sits) > 1:
        raise IsoloirError("remark_board_needed", boards=", ".join(sits))
    return sits[0]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
