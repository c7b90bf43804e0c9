"""One voter at one moment: what may be done now, the roll entry, and the marks of the poll book."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.lifecycle import Phase, State, phase_of
from isoloir.roll import RollEntry
from isoloir.store import lifecycle_store, poll_book_store, roll_store
from isoloir.store.engine import Store


@dataclass(frozen=True)
class Moment:
    """What was read together. It is for one request, and never kept: each of the three may change after it.

    `marked` is by contest the hour (aware, UTC) in which the entry voted.
    """

    phase: Phase
    entry: RollEntry | None = field(repr=False)
    marked: Mapping[str, datetime] = field(repr=False)


async def at(store: Store, election: ElectionFile, entry_id: str, clock: Clock) -> Moment:
    """Read it in one transaction, whose cost is the same for an entry that does not exist."""
    contests = [contest.id for contest in election.contests]
    async with store.read() as session:
        state = await lifecycle_store.state(session, election.id)
        entry = await roll_store.entry(session, election.id, entry_id)
        marked = await poll_book_store.marked(session, election.id, contests, entry_id)
    return Moment(phase_of(State(state), election, clock), entry, marked)
