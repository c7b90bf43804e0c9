"""Time, injected: nothing in Isoloir asks the system for the hour but through a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time, aware and in UTC."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


class ShiftedClock:
    """A clock that can be moved, for rehearsals, simulations and tests; it goes on running from where it is put."""

    def __init__(self, base: Clock | None = None, shift: timedelta = timedelta(0)) -> None:
        self._base = base or SystemClock()
        self.shift = shift

    def now(self) -> datetime:
        """Return the shifted moment, aware, in UTC."""
        return self._base.now() + self.shift

    def move_to(self, moment: datetime) -> None:
        """Make `moment` (aware) the present."""
        self.shift = moment.astimezone(UTC) - self._base.now()


def hour_of(moment: datetime) -> datetime:
    """Round down to the hour: finer times in the poll book would tell the order of votes."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
