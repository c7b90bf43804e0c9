"""From a record to what the templates print: every sentence, number and moment, and nothing left to compute."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from isoloir_minutes import words
from isoloir_minutes.poll_book import ONLY, WHO, Part, Sheet, shown
from isoloir_minutes.record import Record
from isoloir_minutes.view import acts, digests, people, results
from isoloir_minutes.view.frame import View, frame


def minutes(record: Record) -> View:
    """Return what the minutes print."""
    return {
        **frame(record, "Procès-verbal"),
        "boards": people.boards(record),
        "electors": people.electors(record),
        "contests": [results.contest(one) for one in record.contests],
        "calendar": acts.calendar(record),
        "rehearsal": acts.rehearsal(record),
        "played": acts.played(record),
        "remarks": acts.remarks(record),
        "risks": acts.risks(record),
        "help": f"{record.phone}, {record.phone_hours}",
        "digests": digests.digests(record),
        "software": ", ".join(f"{name} {version}" for name, version in record.software.items()),
    }


def poll_book(record: Record, sheet: Sheet, contest_id: str | None, part: Part = ONLY) -> View:
    """Return what a part of a poll book prints: of one contest, or of all."""
    contest = None if contest_id is None else record.contest(contest_id)
    entitled = record.electors.roll if contest is None else contest.entitled
    voted = words.plural(len(sheet.rows), "électeur a", "électeurs ont")
    numbered = enumerate(record.contests if contest is None else (), 1)
    return {
        **frame(record, "Liste d’émargement"),
        "contest": "" if contest is None else contest.title,
        "sentence": f"{voted} voté sur {words.plural(entitled, 'inscrit')},"
        f" soit {words.percent(len(sheet.rows), entitled)}.",
        "legend": [
            {"number": str(number), "title": one.title, "voted": words.number(one.poll_book)}
            for number, one in numbered
        ],
        "part": "" if part == ONLY else f"Partie {part.number} sur {part.of}.",
        "rows": [_row(row, ZoneInfo(record.zone), of_all=contest is None) for row in part.rows(sheet)],
        "csv": sheet.sha256,
    }


def _row(row: tuple[str, ...], zone: ZoneInfo, *, of_all: bool) -> list[str]:
    _, last_name, first_name, college = map(shown, row[: len(WHO)])
    hours = row[len(WHO) :]
    if of_all:
        when = words.listed([str(number) for number, hour in enumerate(hours, 1) if hour])
    else:
        when = words.moment(datetime.fromisoformat(hours[0]), zone)
    return [last_name, first_name, college, when]
