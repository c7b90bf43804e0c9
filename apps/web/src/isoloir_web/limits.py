"""How often one visitor may ask for what costs; in every worker together."""

from __future__ import annotations

from math import ceil

from isoloir.errors import IsoloirError
from isoloir.login.windows import Window


async def count(window: Window, election_id: str, subject: str) -> None:
    """Count one request; raises `IsoloirError` ``too_many_requests`` (`seconds`) when it is one too many."""
    wait = await window.count(election_id, subject)
    if wait:
        raise IsoloirError("too_many_requests", seconds=ceil(wait.total_seconds()))
