"""Values that two lines share, across millions of lines, in flat memory.

Each value leaves a keyed digest, sorted into buckets that spill to unnamed temporary files; each bucket is then
looked through alone. The key is forgotten with the object, so what was spilled tells nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from hashlib import blake2b
from struct import Struct
from typing import NamedTuple

from isoloir.roll_import.scratch import scratch

_BUCKETS = 64
_IN_MEMORY = 64 * 1024
_RECORD = Struct("<16sHQ")


class Double(NamedTuple):
    """A value of `column` that stands on line `first`, and again on `line`."""

    line: int
    first: int
    column: str


class Doubles:
    """Takes the values of columns, line by line; yields in the end those that came before."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._columns: list[str] = []
        self._buckets = [scratch(self, _IN_MEMORY) for _ in range(_BUCKETS)]

    def add(self, column: str, value: str, line: int) -> None:
        """Note a normalised value; an empty one is none."""
        if not value:
            return
        if column not in self._columns:
            self._columns.append(column)
        number = self._columns.index(column)
        digest = blake2b(f"{number}/{value}".encode("utf-8", "surrogatepass"), digest_size=16, key=self._key).digest()
        self._buckets[digest[0] % _BUCKETS].write(_RECORD.pack(digest, number, line))

    def found(self) -> Iterator[Double]:
        """Yield each value that came before, bucket by bucket."""
        for bucket in self._buckets:
            bucket.seek(0)
            seen: dict[bytes, int] = {}
            for digest, number, line in _RECORD.iter_unpack(bucket.read()):
                first = seen.setdefault(digest, line)
                if first != line:
                    yield Double(line, first, self._columns[number])
