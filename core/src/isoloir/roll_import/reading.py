"""From records to entries: every cell read, every mistake noted, and nothing of a bad line kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from isoloir.config.election import ElectionFile
from isoloir.hooks import RollCheck
from isoloir.normalise import NORMALISERS
from isoloir.roll import NewEntry
from isoloir.roll_import import damage, values
from isoloir.roll_import.columns import IDENTIFIER, IGNORED, KIND, columns, letter
from isoloir.roll_import.doubles import Doubles
from isoloir.roll_import.findings import Findings
from isoloir.roll_import.records import Record
from isoloir.roll_import.spool import Spool

T = TypeVar("T")
_SAMPLES = 5
_NAMES = frozenset({"last_name", "first_name"})


class Reading:
    """Reads the records of one file, the header first."""

    def __init__(
        self,
        election: ElectionFile,
        checks: Sequence[RollCheck],
        findings: Findings,
        mapped: Mapping[str, str] | None = None,
    ) -> None:
        self._election = election
        self._checks = checks
        self._findings = findings
        self._mapped = mapped
        self._doubles = Doubles()
        self._header: list[str] = []
        self._shown: dict[str, str] = {}
        self._letters: dict[str, str] = {}
        self._rights: dict[tuple[str, str], tuple[str, ...] | values.Bad] = {}
        self._normalisers = {name: NORMALISERS[one.normalise] for name, one in election.roll.fields.items()}
        self.entries: Spool[NewEntry] = Spool(NewEntry)
        self.lines = 0
        self.colleges: Counter[str] = Counter()
        self.contests: Counter[str] = Counter()
        self.samples: list[str] = []
        self._bad = False

    @property
    def identified(self) -> bool:
        """Whether there is a column of identifiers."""
        return IDENTIFIER in self._header

    def header(self, record: Record) -> bool:
        """Read the header; say whether the lines below can be read."""
        names = [name.strip() for name in record.cells]
        header, mistakes = ([], []) if record.fault else columns(self._election, names, self._mapped)
        if record.fault:
            self._findings.error(record.line, "", record.fault, {})
        for one in mistakes:
            self._findings.error(record.line, one.column, one.code, {"column": one.column, "name": one.column})
        self._header = header
        for place, column in enumerate(header):
            if column and column != IGNORED:
                self._letters[column] = letter(place)
                self._shown[column] = " ".join(names[place].split())
        return not mistakes and not record.fault

    def line(self, record: Record) -> None:
        """Read one line; a good one is an entry."""
        self.lines += 1
        if record.fault:
            self._findings.error(record.line, "", record.fault, {})
            return
        cells = record.cells
        expected = len(self._header)
        if len(cells) > expected and not any(cell.strip() for cell in cells[expected:]):
            del cells[expected:]
        if len(cells) != expected:
            self._findings.error(record.line, "", "roll_cells", {"found": len(cells), "expected": expected})
            return
        row = dict(zip(self._header, map(_stripped, cells), strict=True))
        if self._damaged(row, record.line):
            return
        entry = self._entry(row, record.line)
        self._note_doubles(entry, record.line)
        self._look(row, entry, record.line)
        if not self._bad:
            self._take(entry, record.line)

    def finish(self) -> None:
        """Name the values that several lines share."""
        declared = self._election.roll.fields
        for double in self._doubles.found():
            unique = double.column == IDENTIFIER or (double.column in declared and declared[double.column].key)
            where = self._where(double.column) | {"other": double.first}
            if unique:
                self._findings.error(double.line, double.column, "roll_double", where)
            else:
                self._findings.warning(double.line, double.column, "roll_same_value", where)

    def _where(self, column: str) -> dict[str, str | int]:
        # Headers that were understood are words of ours or of the organiser's, never somebody's data.
        return {"column": self._shown.get(column, column), "letter": self._letters.get(column, "")}

    def _error(self, line: int, column: str, bad: values.Bad) -> None:
        self._bad = True
        self._findings.error(line, column, bad.code, self._where(column) | bad.where)

    def _damaged(self, row: Mapping[str, str], line: int) -> bool:
        self._bad = False
        for column, cell in row.items():
            if column != IGNORED and (code := damage.of_cell(cell)):
                self._error(line, column, values.Bad(code))
        return self._bad

    def _entry(self, row: Mapping[str, str], line: int) -> NewEntry:
        def take(column: str, read: Callable[[str], T], default: T) -> T:
            try:
                return read(row.get(column, ""))
            except values.Bad as bad:
                self._error(line, column, bad)
                return default

        declared = self._election.roll.fields
        college = take("college", self._college, "")
        fields, kinds = {}, {}
        for name, one in declared.items():
            try:
                fields[name] = values.field(one, row.get(name, ""))
            except values.Bad as bad:
                self._error(line, name, bad)
                fields[name] = ""
            if one.kinds:
                kinds[name] = take(name + KIND, lambda cell, one=one: values.kind(one, cell), "")  # type: ignore[misc]
        return NewEntry(
            civility=take("civility", values.title, ""),
            last_name=take("last_name", values.name, ""),
            first_name=take("first_name", values.name, ""),
            email=take("email", values.email, ""),
            mobile=take("mobile", values.mobile, ""),
            college=college,
            contests=take("contests", lambda cell: self._contests(college, cell), ()) if college else (),
            fields=fields,
            kinds=kinds,
            locale=take("locale", values.locale, "fr"),
            identifier=take(IDENTIFIER, self._identifier, "") if IDENTIFIER in row else "",
        )

    def _college(self, cell: str) -> str:
        return values.college(self._election, cell)

    def _identifier(self, cell: str) -> str:
        return values.identifier(self._election, cell)

    def _contests(self, college: str, cell: str) -> tuple[str, ...]:
        # A roll has few ways of writing this, and a million lines.
        known = self._rights.get((college, cell))
        if known is None:
            try:
                known = values.contests(self._election, college, cell)
            except values.Bad as bad:
                known = bad
            if len(self._rights) < 1_000:
                self._rights[college, cell] = known
        if isinstance(known, values.Bad):
            raise known
        return known

    def _note_doubles(self, entry: NewEntry, line: int) -> None:
        for name, normalise in self._normalisers.items():
            self._doubles.add(name, normalise(entry.fields[name]), line)
        self._doubles.add("email", NORMALISERS["email"](entry.email), line)
        self._doubles.add(IDENTIFIER, entry.identifier, line)

    def _look(self, row: Mapping[str, str], entry: NewEntry, line: int) -> None:
        warn = self._findings.warning
        if not row.get("email"):
            warn(line, "email", "roll_no_email", self._where("email"))
        if entry.mobile and values.lost_zero(row["mobile"]):
            warn(line, "mobile", "roll_zero_restored", self._where("mobile"))
        for column in _NAMES:
            if damage.looks_twice_encoded(row[column]):
                warn(line, column, "roll_twice_encoded", self._where(column))
            elif len(self.samples) < _SAMPLES and not row[column].isascii() and row[column] not in self.samples:
                self.samples.append(row[column])
        if self._checks:
            shown = {**row, **entry.fields, **{name + KIND: row.get(name + KIND, "") for name in entry.kinds}}
            for check in self._checks:
                for found in check.warnings(shown):
                    warn(line, found.field, found.code, self._where(found.field))

    def _take(self, entry: NewEntry, line: int) -> None:
        self.entries.add(entry, line)
        self.colleges[entry.college] += 1
        for contest in entry.contests or self._contests_of(entry.college):
            self.contests[contest] += 1

    def _contests_of(self, college: str) -> list[str]:
        return [one.id for one in self._election.contests if college in one.colleges]


def _stripped(cell: str) -> str:
    return damage.unwrapped(cell.strip())
