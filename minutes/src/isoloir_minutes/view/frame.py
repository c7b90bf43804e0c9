"""What every paper shows: whose it is, the period of the vote, and the record that it is made from."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from isoloir_minutes import words
from isoloir_minutes.record import Record

View: TypeAlias = dict[str, Any]
"""Plain values for a template."""


def frame(record: Record, paper: str) -> View:
    """Return the frame of a paper of that name."""
    zone, ended = ZoneInfo(record.zone), record.ended
    moments = {
        "Ouverture": record.opens,
        "Clôture": record.closes,
        "Fin du délai des électeurs connectés": record.grace_ends,
    }
    return {
        "paper": paper,
        "title": record.title,
        "test": record.test,
        "rehearsed": record.played is not None,
        "record": hashlib.sha256(record.to_bytes()).hexdigest(),
        "date": [ended.year, ended.month, ended.day, ended.hour, ended.minute, ended.second],
        "period": [pair(term, f"{words.day(when, zone)}, {hour(when, zone)}") for term, when in moments.items()],
        "zone": f"heure légale, {record.zone}",
        "last": words.moment(ended, zone),
    }


def pair(term: str, value: str) -> View:
    """Return a term and its value."""
    return {"term": term, "value": value}


def hour(when: datetime, zone: ZoneInfo) -> str:
    """Return ``17 h 30``."""
    return words.moment(when, zone).rpartition(", ")[2]
