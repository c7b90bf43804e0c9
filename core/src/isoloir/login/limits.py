"""Failures counted: by voter they slow down and are forgotten; by address and over all they fill a bucket that leaks.

Nothing here locks: what is public (an RPPS, an identifier seen over a shoulder) must not shut its owner out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from isoloir.clock import Clock
from isoloir.config.secrets import Keys
from isoloir.hooks import Entry
from isoloir.store import login_store
from isoloir.store.engine import Store


@dataclass(frozen=True)
class Limits:
    """How many failures are free, and how it slows down after them.

    A subject (a voter, a typed text) has `free` failures; each later one makes it wait twice as long, from
    `first_wait` to `longest_wait`; `forgotten` after the last one nothing is left. Buckets hold so many failures
    and lose so many a second: by address generous enough for a hospital behind one address, since each voter's
    own count holds besides. A bucket that is full holds up for `longest_full` at most, or for as long as one failure
    takes to leak away. What would last longer can only come of a clock that was set back, and holds nobody up.
    """

    free: int = 5
    first_wait: timedelta = timedelta(seconds=30)
    longest_wait: timedelta = timedelta(minutes=15)
    forgotten: timedelta = timedelta(hours=2)
    address_holds: int = 600
    address_leaks: float = 2.0
    all_hold: int = 6_000
    all_leak: float = 50.0
    longest_full: timedelta = timedelta(seconds=60)


class Counters:
    """The counters of one election: `Attempts` of the contract, and the core's own buckets."""

    def __init__(self, store: Store, keys: Keys, clock: Clock, election_id: str, limits: Limits) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._election = election_id
        self._limits = limits

    async def check(self, name: str, subject: Entry | str) -> timedelta:
        """Return how long to wait before another try."""
        now = self._clock.now()
        async with self._store.read() as reading:
            counted = await login_store.failures(reading, self._election, name, self._subject(subject), now)
        wait = timedelta(0) if counted is None else counted.wait_until - now
        return min(max(timedelta(0), wait), self._limits.longest_wait)

    async def fail(self, name: str, subject: Entry | str) -> int:
        """Count one failure; return how many are left before waiting begins."""
        return await self._store.kept(self._fail(name, self._subject(subject)))

    async def _fail(self, name: str, subject: str) -> int:
        now = self._clock.now()
        limits = self._limits
        async with self._store.write() as writing:
            counted = await login_store.failures(writing, self._election, name, subject, now)
            count = 1 + (counted.failures if counted else 0)
            wait = timedelta(0)
            if count >= limits.free:
                wait = min(limits.first_wait * 2 ** min(count - limits.free, 20), limits.longest_wait)
            now_counted = login_store.Failures(count, now + wait)
            await login_store.set_failures(
                writing, self._election, name, subject, now_counted, now + wait + limits.forgotten
            )
        return max(0, limits.free - count)

    async def slowed(self, address: str) -> timedelta:
        """Return how long that address, or everybody, must wait: zero but in a flood of failures."""
        now = self._clock.now()
        longest = timedelta(0)
        async with self._store.read() as reading:
            for name, subject, holds, leaks in self._buckets(address):
                full = await login_store.failures(reading, self._election, name, subject, now)
                longest = max(longest, self._level(full, now, holds, leaks) - timedelta(seconds=holds / leaks))
        return longest

    async def failed_from(self, address: str) -> None:
        """Count one failure of that address, and of all."""
        await self._store.kept(self._fill(address, 1))

    async def succeeded_from(self, address: str) -> None:
        """Take one failure back that was counted before it was known to be none."""
        await self._store.kept(self._fill(address, -1))

    async def _fill(self, address: str, failures: int) -> None:
        now = self._clock.now()
        async with self._store.write() as writing:
            for name, subject, holds, leaks in self._buckets(address):
                full = await login_store.failures(writing, self._election, name, subject, now)
                level = self._level(full, now, holds, leaks) + timedelta(seconds=failures / leaks)
                empty = now + min(max(timedelta(0), level), self._most(holds, leaks))
                await login_store.set_failures(
                    writing, self._election, name, subject, login_store.Failures(1, empty), empty
                )

    def _level(self, full: login_store.Failures | None, now: datetime, holds: int, leaks: float) -> timedelta:
        """Return how long a bucket takes to be empty: its moment of being so is what is kept of it."""
        level = timedelta(0) if full is None else max(timedelta(0), full.wait_until - now)
        return level if level <= self._most(holds, leaks) else timedelta(0)

    def _most(self, holds: int, leaks: float) -> timedelta:
        return timedelta(seconds=holds / leaks) + max(self._limits.longest_full, timedelta(seconds=1 / leaks))

    def _buckets(self, address: str) -> list[tuple[str, str, int, float]]:
        limits = self._limits
        buckets = [("core.all", self._mac("all"), limits.all_hold, limits.all_leak)]
        if address:
            buckets.append(
                ("core.address", self._mac(f"address/{address}"), limits.address_holds, limits.address_leaks)
            )
        return buckets

    def _subject(self, subject: Entry | str) -> str:
        return self._mac(f"entry/{subject.handle}" if isinstance(subject, Entry) else f"typed/{subject}")

    def _mac(self, text: str) -> str:
        return self._keys.mac("login-subject", f"{self._election}/{text}")
