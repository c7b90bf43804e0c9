"""The password being waited for: one for each voter, hashed, with the tries it has left."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from isoloir.hooks import Flow, Secrets

NAME = "password"


@dataclass(frozen=True)
class Kept:
    """A hashed password, the tries left, and when it ends; `raw` is how it is stored."""

    hash: str = field(repr=False)
    tries: int
    ends: datetime
    raw: str = field(repr=False)


def box(flow: Flow) -> Secrets:
    """Return where this voter's password lies: with the entry, so that every window sees the same one.

    For somebody who is not on the roll, with the attempt.
    """
    return flow.secrets if flow.entry is None else flow.secrets.of(flow.entry)


async def put(flow: Flow, hashed: str, tries: int, ends: datetime) -> None:
    """Keep a password; a former one is gone."""
    raw = json.dumps({"hash": hashed, "tries": tries, "ends": ends.isoformat()})
    await box(flow).put(NAME, raw, max(ends - flow.clock.now(), timedelta(seconds=1)))


async def get(flow: Flow) -> Kept | None:
    """Return the password that is waited for, or `None`: never sent, over, destroyed or used."""
    raw = await box(flow).get(NAME)
    if raw is None:
        return None
    values = json.loads(raw)
    kept = Kept(str(values["hash"]), int(values["tries"]), datetime.fromisoformat(values["ends"]), raw)
    return kept if kept.ends > flow.clock.now() else None


async def take(flow: Flow, kept: Kept) -> bool:
    """Destroy the password; true for exactly one caller."""
    return await box(flow).delete_if(NAME, kept.raw)


async def lose_try(flow: Flow, kept: Kept) -> int:
    """Take one try from the password and return how many are left; without any it is destroyed.

    The caller holds the voter's place (`flow.exclusive`).
    """
    if not await take(flow, kept) or kept.tries <= 1:
        return 0
    await put(flow, kept.hash, kept.tries - 1, kept.ends)
    return kept.tries - 1
