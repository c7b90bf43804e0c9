"""Errands: long work that an act of the board, or the clock, asks for; done in the background, one at a time.

What was asked, how far it is and what came of it lie in the database, so that every page can say so. Whoever does an
errand beats; one whose beat stands still is taken over by another process and done from its start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.store import acts_store
from isoloir.store.engine import Store

_NAME = "errand"


@dataclass(frozen=True)
class Errand:
    """One errand: which, the how manieth, who asked (an account's id; empty: the clock), who does it, how far it is.

    `beat` grows while it is being done. Once `ended`, `error` is the code of what refused it (empty: it is done),
    and `where` what fills its sentence.
    """

    kind: str
    number: int
    by: str
    asked_at: datetime
    holder: str = ""
    beat: int = 0
    done: int = 0
    of: int = 0
    ended: bool = False
    error: str = ""
    where: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def refusal(self) -> IsoloirError | None:
        """What refused it, if anything did."""
        return IsoloirError(self.error, **self.where) if self.error else None


async def last(store: Store, election_id: str) -> Errand | None:
    """Return the errand that was asked last, under way or ended."""
    async with store.read() as session:
        return await _last(session, election_id)


async def require_none(store: Store, election: ElectionFile) -> None:
    """Raise IsoloirError ``errand_going`` while one is under way."""
    found = await last(store, election.id)
    if found is not None and not found.ended:
        raise IsoloirError("errand_going", election=election.id)


async def ask(
    store: Store, election: ElectionFile, kind: str, clock: Clock, *, by: str = "", again: bool = False
) -> Errand | None:
    """Ask for an errand; raises IsoloirError ``errand_going``.

    The clock (no `by`) asks for none twice in a row, unless it says so (`again`).
    """
    async with store.write("box") as session:
        former = await _last(session, election.id)
        if former is not None and not by and not again and former.kind == kind:
            return None
        if former is not None and not former.ended:
            raise IsoloirError("errand_going", election=election.id)
        made = Errand(kind, former.number + 1 if former else 1, by, clock.now())
        await _put(session, election.id, made)
    return made


async def take(store: Store, election_id: str, seen: Errand, holder: str) -> Errand | None:
    """Take over an errand as it was seen; `None` when it has moved since."""
    async with store.write("box") as session:
        if await _last(session, election_id) != seen or seen.ended:
            return None
        taken = replace(seen, holder=holder, beat=seen.beat + 1, done=0, of=0)
        await _put(session, election_id, taken)
    return taken


async def beat(store: Store, election_id: str, mine: Errand, done: int, of: int) -> bool:
    """Say that it is being done, and how far it is; false once another does it."""
    async with store.write("box") as session:
        present = await _last(session, election_id)
        if not _same(present, mine):
            return False
        assert present is not None
        await _put(session, election_id, replace(present, beat=present.beat + 1, done=done, of=of))
    return True


async def leave(store: Store, election_id: str, mine: Errand) -> None:
    """Let another take it at once: this process stops."""
    async with store.write("box") as session:
        if _same(await _last(session, election_id), mine):
            await _put(session, election_id, replace(mine, holder=""))


async def end(store: Store, election_id: str, mine: Errand, refusal: IsoloirError | None = None) -> None:
    """Write what came of it; nothing when another does it."""
    async with store.write("box") as session:
        present = await _last(session, election_id)
        if _same(present, mine):
            assert present is not None
            told = {} if refusal is None else {"error": refusal.code, "where": dict(refusal.where)}
            await _put(session, election_id, replace(present, ended=True, **told))  # type: ignore[arg-type]


def _same(present: Errand | None, mine: Errand) -> bool:
    return (
        present is not None and not present.ended and (present.number, present.holder) == (mine.number, mine.holder)
    )


async def _last(session: AsyncSession, election_id: str) -> Errand | None:
    kept: dict[str, Any] | None = await acts_store.watched(session, election_id, _NAME)
    return None if kept is None else Errand(**{**kept, "asked_at": datetime.fromisoformat(kept["asked_at"])})


async def _put(session: AsyncSession, election_id: str, errand: Errand) -> None:
    told = {**asdict(errand), "asked_at": errand.asked_at.isoformat()}
    await acts_store.put_watched(session, election_id, _NAME, told)
