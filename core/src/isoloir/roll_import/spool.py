"""Entries on their way from the file to the roll and back: as many as there are, in flat memory."""

from __future__ import annotations

import heapq
import marshal
from array import array
from collections.abc import Callable, Iterator
from dataclasses import fields
from operator import attrgetter
from os import SEEK_END
from typing import Any, Generic, TypeVar

from isoloir.roll import NewEntry, RollEntry
from isoloir.roll_import.scratch import scratch

_IN_MEMORY = 4 * 1024 * 1024
_FRAME = 100
_RUN = 20_000
# There are as many runs as the roll is long: what each kept in memory would add up.
_RUN_IN_MEMORY = 64 * 1024
T = TypeVar("T", bound=NewEntry)


class Spool(Generic[T]):
    """Entries in the order in which they were added; they may be read again and again."""

    def __init__(self, kind: type[T], *, in_memory: int = _IN_MEMORY) -> None:
        self._kind = kind
        self._values: Callable[[T], tuple[Any, ...]] = attrgetter(*(one.name for one in fields(kind)))
        self._file = scratch(self, in_memory)
        self._waiting: list[tuple[Any, ...]] = []
        self.lines = array("Q")
        """The line on which each entry was read, in the same order."""

    def add(self, entry: T, line: int = 0) -> None:
        """Add an entry."""
        self._waiting.append(self._values(entry))
        self.lines.append(line)
        if len(self._waiting) == _FRAME:
            self._write()

    def _write(self) -> None:
        frame = marshal.dumps(self._waiting)
        self._file.seek(0, SEEK_END)
        self._file.write(len(frame).to_bytes(4, "little") + frame)
        self._waiting = []

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[T]:
        names = [one.name for one in fields(self._kind)]
        if self._waiting:
            self._write()
        place = 0
        while True:
            self._file.seek(place)
            length = int.from_bytes(self._file.read(4), "little")
            if not length:
                return
            place += 4 + length
            for values in marshal.loads(self._file.read(length)):  # noqa: S302 - written by ourselves, just above
                yield self._kind(**dict(zip(names, values, strict=True)))


class Sorted:
    """Entries in the order of a key, whatever their number: sorted runs are spooled, then merged."""

    def __init__(self, key: Callable[[RollEntry], Any]) -> None:
        self._key = key
        self._run: list[RollEntry] = []
        self._runs: list[Spool[RollEntry]] = []

    def add(self, entry: RollEntry) -> None:
        """Add an entry."""
        self._run.append(entry)
        if len(self._run) == _RUN:
            self._finish_run()

    def __len__(self) -> int:
        return sum(map(len, self._runs)) + len(self._run)

    def _finish_run(self) -> None:
        spool = Spool(RollEntry, in_memory=_RUN_IN_MEMORY)
        for entry in sorted(self._run, key=self._key):
            spool.add(entry)
        self._runs.append(spool)
        self._run = []

    def __iter__(self) -> Iterator[RollEntry]:
        yield from heapq.merge(*self._runs, sorted(self._run, key=self._key), key=self._key)
