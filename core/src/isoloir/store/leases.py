"""Credentials lent for some minutes, naming no voter, so that two booths seldom draw the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from datetime import datetime, timedelta

LASTS = timedelta(minutes=10)


def ends(now: datetime) -> datetime:
    """Return when a credential lent at `now` comes back: ten minutes later, rounded up to the full minute.

    A lease that is kept must not tell the moment of a draw, which is that of a booth.
    """
    exact = now + LASTS
    whole = exact.replace(second=0, microsecond=0)
    return whole if whole == exact else whole + timedelta(minutes=1)


class Leases(ABC):
    """Which numbers of which pool are lent until when. Losing all of them is harmless."""

    @abstractmethod
    async def take(self, election_id: str, contest_id: str, number: int, now: datetime) -> bool:
        """Lend `number`; false when it is lent already."""

    @abstractmethod
    async def lent(self, election_id: str, contest_id: str, now: datetime) -> set[int]:
        """Return the numbers lent at present."""

    @abstractmethod
    async def clear(self, election_id: str) -> None:
        """Forget the leases of an election, and maybe those of others with them."""


class MemoryLeases(Leases):
    """The leases of one process."""

    def __init__(self) -> None:
        self._until: defaultdict[tuple[str, str], dict[int, datetime]] = defaultdict(dict)

    async def take(self, election_id: str, contest_id: str, number: int, now: datetime) -> bool:
        """Lend `number`; false when it is lent already."""
        pool = self._until[election_id, contest_id]
        if pool.get(number, now) > now:
            return False
        pool[number] = ends(now)
        return True

    async def lent(self, election_id: str, contest_id: str, now: datetime) -> set[int]:
        """Return the numbers lent at present, and forget those that came back."""
        key = (election_id, contest_id)
        self._until[key] = {number: until for number, until in self._until[key].items() if until > now}
        return set(self._until[key])

    async def clear(self, election_id: str) -> None:
        """Forget the leases of an election."""
        for key in list(self._until):
            if key[0] == election_id:
                del self._until[key]
