"""A folder of papers: the record, the minutes, and a poll book for each contest and for all, as CSV and as PDF."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from isoloir.config.secrets import write_private
from isoloir.errors import IsoloirError
from isoloir_minutes import paper
from isoloir_minutes.poll_book import PollBook, Sheet, read_sheet
from isoloir_minutes.record import NAME, Record, read_record

MINUTES = "proces-verbal.pdf"
_POLL_BOOK = "emargement"

Progress = Callable[[str, int, int], None]
"""Told the file that is written, how many are done, and of how many."""


@dataclass(frozen=True)
class Paper:
    """A PDF of the folder: its name, and for a poll book the CSV it is made from and its contest (`None`: all)."""

    name: str
    csv: str | None = None
    contest: str | None = None


def papers(record: Record) -> tuple[Paper, ...]:
    """Return the papers that belong in the folder of a record."""
    contests = (None, *(contest.id for contest in record.contests))
    return (Paper(MINUTES), *(_poll_book(contest) for contest in contests))


def _poll_book(contest: str | None) -> Paper:
    name = _POLL_BOOK if contest is None else f"{_POLL_BOOK}-{contest}"
    return Paper(f"{name}.pdf", f"{name}.csv", contest)


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
    total = 1 + sum(1 if one.csv is None else 2 for one in whole)
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
            yield one.csv, sheet.csv
            yield one.name, paper.poll_book(record, sheet, one.contest)


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
    return paper.poll_book(record, open_sheet(folder, record, one), one.contest)


def _bytes(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError:
        raise IsoloirError("minutes_missing", file=name) from None
