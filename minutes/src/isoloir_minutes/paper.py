"""From a record to the papers: what each prints, set by typst. Pure functions: the same record, the same bytes."""

from __future__ import annotations

from isoloir_minutes import typesetting, view
from isoloir_minutes.poll_book import ONLY, Part, Sheet
from isoloir_minutes.record import NAME, Record


def minutes(record: Record) -> bytes:
    """Return the minutes, the record attached."""
    return typesetting.pdf("minutes", view.minutes(record), name=NAME, record=record.to_bytes().decode())


def poll_book(record: Record, sheet: Sheet, contest_id: str | None = None, part: Part = ONLY) -> bytes:
    """Return the poll book of one contest, or of all, from its sheet; or one part of it."""
    values = view.poll_book(record, sheet, contest_id, part)
    return typesetting.pdf("poll_book", values) if part == ONLY else typesetting.pdf_apart("poll_book", values)
