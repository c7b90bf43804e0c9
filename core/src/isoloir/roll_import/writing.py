"""The roll as a file that can be imported again, and comes back the same."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterator
from typing import IO

from isoloir.config.election import ElectionFile
from isoloir.normalise import text
from isoloir.roll import RollEntry
from isoloir.roll_import.columns import IDENTIFIER, KIND
from isoloir.roll_import.spool import Sorted


async def write_roll(
    file: IO[str], election: ElectionFile, entries: AsyncIterator[RollEntry], *, with_identifiers: bool = False
) -> int:
    """Write entries as CSV (``;``, a header in English), sorted by name; returns how many. Memory stays flat."""
    fields = list(election.roll.fields)
    kinds = [name for name, declared in election.roll.fields.items() if declared.kinds]
    header = ["title", "last_name", "first_name", "email", "mobile", *fields, *(name + KIND for name in kinds)]
    header += ["college", "contests", "language"] + ([IDENTIFIER] if with_identifiers else [])
    by_name = Sorted(_name)
    async for entry in entries:
        by_name.add(entry)
    writer = csv.writer(file, delimiter=";", lineterminator="\n")
    writer.writerow(header)
    number = 0
    for entry in by_name:
        row = list(_cells(entry, fields, kinds))
        writer.writerow([*row, entry.identifier] if with_identifiers else row)
        number += 1
    return number


def _name(entry: RollEntry) -> tuple[str, ...]:
    return text(entry.last_name), text(entry.first_name), entry.last_name, entry.first_name, entry.id


def _cells(entry: RollEntry, fields: list[str], kinds: list[str]) -> Iterator[str]:
    yield from (entry.civility, entry.last_name, entry.first_name, entry.email, entry.mobile)
    yield from (entry.fields.get(name, "") for name in fields)
    yield from (entry.kinds.get(name, "") for name in kinds)
    yield from (entry.college, ",".join(entry.contests), entry.locale)
