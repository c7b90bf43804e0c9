"""What importing a file would do, line by line; and doing it, all or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from isoloir import roll
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.hooks import RollCheck
from isoloir.normalise import NORMALISERS
from isoloir.roll import NewEntry
from isoloir.roll_import import values
from isoloir.roll_import.columns import KIND, columns
from isoloir.roll_import.records import Record, table
from isoloir.store.engine import Store

T = TypeVar("T")


@dataclass(frozen=True)
class LineError:
    """One mistake: physical line (from 1; 0 for the whole file), column, stable code, and what fills its sentence."""

    line: int
    column: str
    code: str
    where: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class LineWarning:
    """What looks odd on a line, and refuses nothing."""

    line: int
    column: str
    code: str
    where: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Preview:
    """Everything that an import would do. With one error, nothing can be imported."""

    entries: tuple[NewEntry, ...] = field(repr=False)
    errors: tuple[LineError, ...]
    warnings: tuple[LineWarning, ...]
    lines: int
    delimiter: str
    encoding: str
    colleges: Mapping[str, int]
    contests: Mapping[str, int]


def read_roll(data: bytes | Path, election: ElectionFile, roll_checks: Iterable[RollCheck] = ()) -> Preview:
    """Read a roll: CSV, UTF-8 with or without byte-order mark, ``;``, ``,`` or tab, header in French or English.

    Never raises for what the file holds: that is in `errors`, every line of it.
    """
    try:
        read = table(data.read_bytes() if isinstance(data, Path) else data)
        return _Reading(election, tuple(roll_checks)).read(read.records(), read.delimiter, read.encoding)
    except IsoloirError as error:
        line = int(error.where.get("line", 0))
        return Preview((), (LineError(line, "", error.code, error.where),), (), 0, "", "", {}, {})


async def import_roll(store: Store, election: ElectionFile, preview: Preview) -> int:
    """Put a preview on the roll, all or nothing; returns how many entries.

    Raises IsoloirError: ``roll_has_errors``, ``roll_already_there`` (a key that the roll holds already, with how
    many), ``roll_sealed``.
    """
    if preview.errors:
        raise IsoloirError("roll_has_errors", number=len(preview.errors), line=preview.errors[0].line)
    there = {
        (name, NORMALISERS[declared.normalise](entry.fields.get(name, "")))
        for entry in await roll.entries(store, election.id)
        for name, declared in election.roll.fields.items()
        if declared.key
    }
    doubled = sum(
        (name, NORMALISERS[election.roll.fields[name].normalise](value)) in there
        for entry in preview.entries
        for name, value in entry.fields.items()
    )
    if doubled:
        raise IsoloirError("roll_already_there", number=doubled, election=election.id)
    return await roll.add_entries(store, election, preview.entries)


class _Reading:
    def __init__(self, election: ElectionFile, checks: tuple[RollCheck, ...]) -> None:
        self._election = election
        self._checks = checks
        self._errors: list[LineError] = []
        self._warnings: list[LineWarning] = []
        self._seen: dict[tuple[str, str], int] = {}

    def read(self, records: Iterable[Record], delimiter: str, encoding: str) -> Preview:
        found: list[NewEntry] = []
        header: list[str] | None = None
        lines = 0
        for record in records:
            if header is None:
                header, mistakes = columns(self._election, record.cells)
                self._errors += [
                    LineError(record.line, one.column, one.code, {"column": one.column}) for one in mistakes
                ]
                if mistakes:
                    break
                continue
            lines += 1
            entry = self._entry(header, record)
            if entry is not None:
                found.append(entry)
        if header is not None and not lines and not self._errors:
            self._errors.append(LineError(0, "", "roll_file_empty"))
        contests: Counter[str] = Counter()
        for entry in found:
            named = entry.contests or [one.id for one in self._election.contests if entry.college in one.colleges]
            contests.update(named)
        return Preview(
            tuple(found),
            tuple(self._errors),
            tuple(self._warnings),
            lines,
            delimiter,
            encoding,
            dict(Counter(entry.college for entry in found)),
            dict(contests),
        )

    def _entry(self, header: list[str], record: Record) -> NewEntry | None:
        if len(record.cells) != len(header):
            told = {"found": len(record.cells), "expected": len(header)}
            self._errors.append(LineError(record.line, "", "roll_cells", told))
            return None
        row = {column: cell.strip() for column, cell in zip(header, record.cells, strict=True)}
        before = len(self._errors)
        declared = self._election.roll.fields

        def take(column: str, read: Callable[[str], T], default: T) -> T:
            try:
                return read(row.get(column, ""))
            except values.Bad as bad:
                self._errors.append(LineError(record.line, column, bad.code, {"column": column}))
                return default

        college = take("college", lambda cell: values.college(self._election, cell), "")
        entry = NewEntry(
            civility=row.get("civility", ""),
            last_name=take("last_name", values.name, ""),
            first_name=take("first_name", values.name, ""),
            email=take("email", values.email, ""),
            mobile=take("mobile", values.mobile, ""),
            college=college,
            contests=take("contests", lambda cell: values.contests(self._election, college, cell), ())
            if college
            else (),
            fields={
                name: take(name, lambda cell, one=one: values.field(one, cell), "")  # type: ignore[misc]
                for name, one in declared.items()
            },
            kinds={
                name: take(name + KIND, lambda cell, one=one: values.kind(one, cell), "")  # type: ignore[misc]
                for name, one in declared.items()
                if one.kinds
            },
            locale=take("locale", values.locale, "fr"),
        )
        self._doubles(entry, record.line)
        self._look(row, entry, record.line)
        return entry if len(self._errors) == before else None

    def _doubles(self, entry: NewEntry, line: int) -> None:
        for name, declared in self._election.roll.fields.items():
            value = NORMALISERS[declared.normalise](entry.fields.get(name, ""))
            other = self._seen.setdefault((name, value), line) if value else line
            if other != line:
                told: dict[str, str | int] = {"column": name, "other": other}
                if declared.key:
                    self._errors.append(LineError(line, name, "roll_double", told))
                else:
                    self._warnings.append(LineWarning(line, name, "roll_same_value", told))
        address = NORMALISERS["email"](entry.email)
        other = self._seen.setdefault(("email", address), line) if address else line
        if other != line:
            self._warnings.append(LineWarning(line, "email", "roll_same_value", {"column": "email", "other": other}))
        if not address:
            self._warnings.append(LineWarning(line, "email", "roll_no_email", {}))

    def _look(self, row: Mapping[str, str], entry: NewEntry, line: int) -> None:
        shown = {**row, **entry.fields, **{name + KIND: row.get(name + KIND, "") for name in entry.kinds}}
        for check in self._checks:
            for warning in check.warnings(shown):
                self._warnings.append(LineWarning(line, warning.field, warning.code, {"column": warning.field}))
