"""A folder of papers: the record, the minutes, and a poll book for each contest and for all, as CSV and as PDF."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from isoloir.config.secrets import write_private
from isoloir.errors import IsoloirError
from isoloir_minutes import paper
from isoloir_minutes.poll_book import ONLY, Part, PollBook, Sheet, parts_of, read_sheet
from isoloir_minutes.record import NAME, Record, read_record

MINUTES = "proces-verbal.pdf"
_POLL_BOOK = "emargement"

Progress = Callable[[str, int, int], None]
"""Told the file that is written, how many are done, and of how many."""


@dataclass(frozen=True)
class Paper:
    """A PDF of the folder: its name; for a poll book its CSV, its contest (`None`: all) and its part."""

    name: str
    csv: str | None = None
    contest: str | None = None
    part: Part = ONLY


def papers(record: Record) -> tuple[Paper, ...]:
    """Return the papers that belong in the folder of a record; a long poll book comes in several parts."""
    contests = (one for contest in record.contests for one in _poll_books(contest.id, contest.poll_book))
    return (Paper(MINUTES), *_poll_books(None, record.electors.voted), *contests)


def _poll_books(contest: str | None, voted: int) -> Iterator[Paper]:
    name = _POLL_BOOK if contest is None else f"{_POLL_BOOK}-{contest}"
    for part in parts_of(voted):
        # A dot: no contest's id has one, so that no part has another contest's name.
        number = "" if part == ONLY else f".{part.number}"
        yield Paper(f"{name}{number}.pdf", f"{name}.csv", contest, part)


def write(folder: Path, record: Record, book: PollBook, progress: Progress | None = None) -> list[Path]:
    """Write a folder of papers, readable by its owner alone; return the files.

    Nothing is left where one of them fails. Raises IsoloirError ``minutes_folder_taken`` when the folder holds
    anything.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise IsoloirError("minutes_folder_taken", folder=folder.name)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written: list[Path] = []
    whole = papers(record)
    total = 1 + len(whole) + len({one.csv for one in whole if one.csv is not None})
    try:
        for name, content in _contents(record, book, whole):
            write_private(folder / name, content)
            written.append(folder / name)
            if progress:
                progress(name, len(written), total)
    except BaseException:
        for path in written:
            path.unlink()
        raise
    return written


def _contents(record: Record, book: PollBook, whole: tuple[Paper, ...]) -> Iterator[tuple[str, bytes]]:
    yield NAME, record.to_bytes()
    for one in whole:
        if one.csv is None:
            yield one.name, paper.minutes(record)
        else:
            sheet = book.sheet(one.contest)
            if one.part.number == 1:
                yield one.csv, sheet.csv
            yield one.name, paper.poll_book(record, sheet, one.contest, one.part)


def open_record(folder: Path) -> Record:
    """Return the record of a folder; raises IsoloirError ``minutes_missing`` (file), ``record_unreadable``."""
    return read_record(_bytes(folder, NAME))


def open_sheet(folder: Path, record: Record, one: Paper) -> Sheet:
    """Return the sheet of a poll book, as the record binds it.

    Raises IsoloirError: ``minutes_missing``, ``poll_book_unreadable``, ``poll_book_changed`` (file): its digest is
    not the record's.
    """
    assert one.csv is not None
    raw = _bytes(folder, one.csv)
    sheet = read_sheet(raw, one.csv)
    bound = record.electors.poll_book_sha256 if one.contest is None else record.contest(one.contest).poll_book_sha256
    if hashlib.sha256(raw).hexdigest() != bound:
        raise IsoloirError("poll_book_changed", file=one.csv)
    return sheet


def open_paper(folder: Path, one: Paper) -> bytes:
    """Return the bytes of a paper, signed or not; raises IsoloirError ``minutes_missing`` (file)."""
    return _bytes(folder, one.name)


def remade(folder: Path, record: Record, one: Paper) -> bytes:
    """Return the paper as the record and its sheet give it now; raises as `open_sheet` does."""
    if one.csv is None:
        return paper.minutes(record)
    return paper.poll_book(record, open_sheet(folder, record, one), one.contest, one.part)


def _bytes(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError:
        raise IsoloirError("minutes_missing", file=name) from None
