"""The hours of the vote: nobody logs in outside them; the grace belongs to those who are in already."""

from __future__ import annotations

from isoloir import lifecycle
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.lifecycle import Phase
from isoloir.store.engine import Store


async def closed(store: Store, election: ElectionFile, clock: Clock) -> str | None:
    """Return the code of why nobody may log in now, or `None` while the vote is open."""
    phase = await lifecycle.phase(store, election, clock)
    if phase is Phase.OPEN:
        return None
    return "election_not_open" if phase in (Phase.NOT_READY, Phase.BEFORE) else "election_closed"
