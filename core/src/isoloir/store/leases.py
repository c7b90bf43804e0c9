"""Credentials lent for some minutes: kept in memory, naming no voter, so that two booths seldom draw the same."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

LASTS = timedelta(minutes=10)


class Leases:
    """Which numbers of which pool are lent until when. Losing all of them is harmless."""

    def __init__(self) -> None:
        self._until: defaultdict[tuple[str, str], dict[int, datetime]] = defaultdict(dict)

    def take(self, election_id: str, contest_id: str, number: int, now: datetime) -> bool:
        """Lend `number`; false when it is lent already."""
        pool = self._until[election_id, contest_id]
        if pool.get(number, now) > now:
            return False
        pool[number] = now + LASTS
        return True

    def lent(self, election_id: str, contest_id: str, now: datetime) -> set[int]:
        """Return the numbers lent at present, and forget those that came back."""
        key = (election_id, contest_id)
        self._until[key] = {number: until for number, until in self._until[key].items() if until > now}
        return set(self._until[key])

    def clear(self, election_id: str, contest_id: str | None = None) -> None:
        """Forget the leases of an election, or of one contest of it."""
        for key in list(self._until):
            if key[0] == election_id and contest_id in (None, key[1]):
                del self._until[key]
