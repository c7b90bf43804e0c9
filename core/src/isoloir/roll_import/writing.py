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
    fields, kinds = list(election.roll.fields), _kinds(election)
    by_name = Sorted(_name)
    async for entry in entries:
        by_name.add(entry)
    writer = csv.writer(file, delimiter=";", lineterminator="\n")
    writer.writerow([*header(election), IDENTIFIER] if with_identifiers else header(election))
    number = 0
    for entry in by_name:
        row = list(_cells(entry, fields, kinds))
        writer.writerow([*row, entry.identifier] if with_identifiers else row)
        number += 1
    return number


def header(election: ElectionFile) -> list[str]:
    """Return the columns of an election's roll, as they are written: in English, without identifiers."""
    fields = [*election.roll.fields, *(name + KIND for name in _kinds(election))]
    return ["title", "last_name", "first_name", "email", "mobile", *fields, "college", "contests", "language"]


def _kinds(election: ElectionFile) -> list[str]:
    return [name for name, declared in election.roll.fields.items() if declared.kinds]


def _name(entry: RollEntry) -> tuple[str, ...]:
    return text(entry.last_name), text(entry.first_name), entry.last_name, entry.first_name, entry.id


def _cells(entry: RollEntry, fields: list[str], kinds: list[str]) -> Iterator[str]:
    yield from (entry.civility, entry.last_name, entry.first_name, entry.email, entry.mobile)
    yield from (entry.fields.get(name, "") for name in fields)
    yield from (entry.kinds.get(name, "") for name in kinds)
    yield from (entry.college, ",".join(entry.contests), entry.locale)
