"""The audit log: acts of the board and publications, each line chained to the one before by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.clock import Clock
from isoloir.store import audit_store
from isoloir.store.audit_store import AuditLine
from isoloir.store.engine import Store

START = "0" * 64
"""What the first line has in place of the hash of a former one."""


@dataclass(frozen=True)
class Head:
    """The last line: its serial (0 for an empty log) and its hash. The board writes it into its minutes."""

    serial: int
    hash: str


@dataclass(frozen=True)
class Fault:
    """What does not hold, at which serial: `changed`, `chain`, `serial`, or `head_missing`."""

    serial: int
    clause: str


@dataclass(frozen=True)
class AuditCheck:
    """What verifying the log found; it holds when there is no fault."""

    lines: int
    head: Head
    faults: tuple[Fault, ...]

    @property
    def holds(self) -> bool:
        """Say whether every line is as it was written, and in its place."""
        return not self.faults


async def record(session: AsyncSession, election_id: str, act: str, details: Mapping[str, Any], clock: Clock) -> Head:
    """Append a line in the caller's transaction: the act and its line are written together or not at all.

    `details` is JSON, without personal data: numbers, digests, identifiers of contests and lists.
    """
    last = await audit_store.last(session)
    line = AuditLine(
        serial=last.serial + 1 if last else 1,
        election=election_id,
        act=act,
        details=_canonical(dict(details)),
        at=clock.now().astimezone(UTC).isoformat(timespec="seconds"),
        previous=last.hash if last else START,
        hash="",
    )
    line = replace(line, hash=_hash(line))
    await audit_store.append(session, line)
    return Head(line.serial, line.hash)


async def head(store: Store) -> Head:
    """Return the head of the log."""
    async with store.read() as session:
        last = await audit_store.last(session)
    return Head(last.serial, last.hash) if last else Head(0, START)


async def lines(store: Store, election_id: str) -> list[AuditLine]:
    """Return the lines of one election, in order."""
    async with store.read() as session:
        return [line async for line in audit_store.lines(session, election_id)]


async def newest(store: Store, election_id: str, skip: int, limit: int) -> tuple[list[AuditLine], int]:
    """Return some lines of one election, the newest first, and how many it has."""
    async with store.read() as session:
        found = await audit_store.newest(session, election_id, skip, limit)
        return found, await audit_store.count(session, election_id)


async def verify(store: Store, known: Head | None = None) -> AuditCheck:
    """Recompute the whole chain; `known` is a head written down earlier, which must still be in it.

    The chain alone shows a line that was changed, inserted, moved or taken out between others; only a known head
    shows that the last lines were cut off, or the whole log rewritten.
    """
    chain = Chain(known)
    async with store.read() as session:
        async for line in audit_store.lines(session):
            chain.take(line)
    return chain.check()


class Chain:
    """The chain recomputed line by line, from the first one on; `verify` says what it shows."""

    def __init__(self, known: Head | None = None) -> None:
        self._known = known
        self._count, self._present = 0, Head(0, START)
        self._found = known is None or known == self._present
        self._faults: list[Fault] = []

    def take(self, line: AuditLine) -> None:
        """Add the next line."""
        self._count += 1
        if line.serial != self._count and not any(fault.clause == "serial" for fault in self._faults):
            self._faults.append(Fault(line.serial, "serial"))
        if line.previous != self._present.hash:
            self._faults.append(Fault(line.serial, "chain"))
        if line.hash != _hash(line):
            self._faults.append(Fault(line.serial, "changed"))
        self._present = Head(line.serial, line.hash)
        self._found = self._found or self._present == self._known

    def check(self) -> AuditCheck:
        """Return what was found."""
        faults = list(self._faults)
        if self._known is not None and not self._found:
            faults.append(Fault(self._known.serial, "head_missing"))
        return AuditCheck(self._count, self._present, tuple(faults))


async def every_line(store: Store) -> list[AuditLine]:
    """Return the whole log, the lines of every election."""
    async with store.read() as session:
        return [line async for line in audit_store.lines(session)]


def _hash(line: AuditLine) -> str:
    covered = {
        "serial": line.serial,
        "election": line.election,
        "act": line.act,
        "details": line.details,
        "at": line.at,
    }
    return hashlib.sha256(line.previous.encode() + _canonical(covered).encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
