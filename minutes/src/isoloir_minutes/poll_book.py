"""The poll book as a paper: who has voted, in which contest, in which hour; in CSV, from which its PDF is made.

CGFP R.211-580: the poll books are kept two years. The CSV names each elector by the opaque reference of the roll too:
it tells homonyms apart, and keeps anybody from guessing a poll book by its digest.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from isoloir import poll_book
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.normalise import text
from isoloir.store.engine import Store

WHO = ("reference", "nom", "prenom", "college")
"""The first columns; the hours of each contest follow, under the contest's id."""
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th"})
"""What the alphabet of a French list makes of letters that no accent explains."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Line:
    """An elector: the contests that they may vote in, and the hours (aware, UTC) in which they voted."""

    reference: str = field(repr=False)
    last_name: str = field(repr=False)
    first_name: str = field(repr=False)
    college: str
    contests: tuple[str, ...]
    hours: Mapping[str, datetime] = field(repr=False)


@dataclass(frozen=True)
class Sheet:
    """A poll book of one contest, or of all: a header and the rows of those who voted, sorted by name."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)

    @property
    def contests(self) -> tuple[str, ...]:
        """The contests whose hours it gives."""
        return self.header[len(WHO) :]

    @cached_property
    def csv(self) -> bytes:
        """The sheet as a file: UTF-8 with its mark, ``;``, which spreadsheets open as it is."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";", lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(self.rows)
        return out.getvalue().encode("utf-8-sig")

    @property
    def sha256(self) -> str:
        """The digest of its file."""
        return hashlib.sha256(self.csv).hexdigest()


@dataclass(frozen=True)
class Part:
    """One of the parts in which a sheet is printed, from 1."""

    number: int
    of: int

    def rows(self, sheet: Sheet) -> tuple[tuple[str, ...], ...]:
        """Return the rows that are printed in it."""
        return sheet.rows[(self.number - 1) * PART_ROWS : self.number * PART_ROWS]


ONLY = Part(1, 1)
PART_ROWS = 5_000
"""Rows of one PDF: typst holds some 70 kB for each while it sets them."""


def parts_of(rows: int) -> list[Part]:
    """Return the parts of a sheet of so many rows; one for none."""
    of = max(1, -(-rows // PART_ROWS))
    return [Part(number, of) for number in range(1, of + 1)]


@dataclass(frozen=True)
class PollBook:
    """The whole roll with its marks, sorted by name; `colleges` are the titles by id."""

    contests: tuple[str, ...]
    colleges: Mapping[str, str]
    zone: str
    lines: tuple[Line, ...] = field(repr=False)

    def of(self, contest_id: str) -> list[Line]:
        """Return those who voted in a contest."""
        return [line for line in self.lines if contest_id in line.hours]

    def sheet(self, contest_id: str | None = None) -> Sheet:
        """Return the sheet of one contest, or of all."""
        wanted = self.contests if contest_id is None else (contest_id,)
        zone = ZoneInfo(self.zone)
        rows = (
            (
                line.reference,
                *(_harmless(cell) for cell in (line.last_name, line.first_name, self.colleges[line.college])),
                *(_hour(line.hours.get(contest), zone) for contest in wanted),
            )
            for line in self.lines
            if any(contest in line.hours for contest in wanted)
        )
        return Sheet((*WHO, *wanted), tuple(rows))


async def read_poll_book(store: Store, election: ElectionFile) -> PollBook:
    """Return the poll book of an election, electors without a vote too (their lines have no hours)."""
    lines = [
        Line(
            one.entry.id,
            one.entry.last_name,
            one.entry.first_name,
            one.entry.college,
            one.contests,
            one.hours,
        )
        async for one in poll_book.lines(store, election)
    ]
    lines.sort(key=lambda line: (_place(line.last_name), _place(line.first_name), line.reference))
    colleges = {college: title.get("fr") for college, title in election.colleges.items()}
    return PollBook(tuple(contest.id for contest in election.contests), colleges, election.window.zone, tuple(lines))


def read_sheet(raw: bytes, name: str) -> Sheet:
    """Read a sheet's file; raises IsoloirError ``poll_book_unreadable`` (file) for what was not written by us."""
    try:
        header, *rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";", strict=True)
    except (UnicodeDecodeError, ValueError, csv.Error):
        raise IsoloirError("poll_book_unreadable", file=name) from None
    sheet = Sheet(tuple(header), tuple(map(tuple, rows)))
    if sheet.header[: len(WHO)] != WHO or sheet.csv != raw or not all(_fits(sheet, row) for row in sheet.rows):
        raise IsoloirError("poll_book_unreadable", file=name)
    return sheet


def _fits(sheet: Sheet, row: Sequence[str]) -> bool:
    if len(row) != len(sheet.header):
        return False
    try:
        return all(datetime.fromisoformat(hour).tzinfo is not None for hour in row[len(WHO) :] if hour)
    except ValueError:
        return False


def _hour(moment: datetime | None, zone: ZoneInfo) -> str:
    return "" if moment is None else moment.astimezone(zone).isoformat(timespec="minutes")


def _place(name: str) -> str:
    return text(name.casefold().translate(_LETTERS))


def shown(cell: str) -> str:
    """Return a cell of a sheet as it is on the roll."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _harmless(cell: str) -> str:
    # A spreadsheet would run a cell that begins like a formula.
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
