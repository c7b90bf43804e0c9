"""How often one visitor may ask for what costs: counted in memory, in one process."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from math import ceil

from isoloir.clock import Clock
from isoloir.errors import IsoloirError

_SUBJECTS = 50_000


class Limit:
    """At most `times` per `within` for each subject; beyond, ``too_many_requests`` with the seconds to wait."""

    def __init__(self, clock: Clock, times: int, within: timedelta) -> None:
        self._clock = clock
        self._times = times
        self._within = within
        self._seen: OrderedDict[str, list[datetime]] = OrderedDict()

    def count(self, subject: str) -> None:
        """Count one request; raises `IsoloirError` ``too_many_requests`` (`seconds`) when it is one too many."""
        now = self._clock.now()
        recent = [moment for moment in self._seen.pop(subject, []) if now - self._within < moment <= now]
        if len(recent) >= self._times:
            self._seen[subject] = recent
            raise IsoloirError("too_many_requests", seconds=ceil((recent[0] + self._within - now).total_seconds()))
        self._seen[subject] = [*recent, now]
        if len(self._seen) > _SUBJECTS:
            self._seen.popitem(last=False)
