"""How often one subject may ask for what costs, counted for every process of the instance."""

from __future__ import annotations

from datetime import timedelta

from isoloir.clock import Clock
from isoloir.config.secrets import Keys
from isoloir.store import login_store
from isoloir.store.engine import Store


class Window:
    """At most `times` within `within` for each subject, under a name of its own; subjects are kept as HMAC."""

    def __init__(self, store: Store, keys: Keys, clock: Clock, name: str, times: int, within: timedelta) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._name = name
        self._times = times
        self._within = within

    async def count(self, election_id: str, subject: str) -> timedelta:
        """Count one more; return how long to wait before the next, zero while it is within bounds."""
        now = self._clock.now()
        mac = self._keys.mac("window-subject", f"{election_id}/{self._name}/{subject}")
        count, ends = await self._store.whole(
            lambda writing: login_store.count_in_window(
                writing, election_id, self._name, mac, now, now + self._within
            ),
            beside=True,
        )
        return max(ends - now, timedelta(seconds=1)) if count > self._times else timedelta(0)
