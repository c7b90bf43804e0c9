"""What is wrong or odd in a file: all of it counted, the first of it kept, each told to whoever writes it down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

KEPT = 100
"""How many errors, and how many warnings, a preview holds; the rest is counted."""


@dataclass(frozen=True)
class LineError:
    """One mistake: physical line (from 1; 0 for the whole file), column, stable code, and what fills its sentence."""

    line: int
    column: str
    code: str
    where: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class LineWarning(LineError):
    """What looks odd on a line, and refuses nothing."""


F = TypeVar("F", bound=LineError)
Told = Callable[[LineError], None]


class Findings:
    """The first of each kind by line, and how many there are by code. `told` hears of every one."""

    def __init__(self, told: Told | None = None, kept: int = KEPT) -> None:
        self._told = told
        self._most = kept
        self._errors: list[LineError] = []
        self._warnings: list[LineWarning] = []
        self.error_counts: Counter[str] = Counter()
        self.warning_counts: Counter[str] = Counter()

    def error(self, line: int, column: str, code: str, where: Mapping[str, str | int]) -> None:
        """Note a mistake."""
        one = LineError(line, column, code, where)
        self.error_counts[code] += 1
        _keep(self._errors, one, self._most)
        if self._told:
            self._told(one)

    def warning(self, line: int, column: str, code: str, where: Mapping[str, str | int]) -> None:
        """Note what looks odd."""
        one = LineWarning(line, column, code, where)
        self.warning_counts[code] += 1
        _keep(self._warnings, one, self._most)
        if self._told:
            self._told(one)

    @property
    def errors(self) -> tuple[LineError, ...]:
        """The first mistakes, by line."""
        return tuple(sorted(self._errors, key=_line)[: self._most])

    @property
    def warnings(self) -> tuple[LineWarning, ...]:
        """The first warnings, by line."""
        return tuple(sorted(self._warnings, key=_line)[: self._most])


def _line(one: LineError) -> int:
    return one.line


def _keep(found: list[F], one: F, most: int) -> None:
    found.append(one)
    if len(found) >= 2 * most:
        # Doubles come last, and not in the order of lines.
        found.sort(key=_line)
        del found[most:]
