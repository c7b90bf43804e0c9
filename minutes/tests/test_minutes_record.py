"""The record: what it holds is what was recorded, and its file comes back the same or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir_minutes.collect import collect
from isoloir_minutes.poll_book import read_sheet, shown
from isoloir_minutes.record import read_record

pytestmark = pytest.mark.xdist_group("minutes")
ELECTION = "essai"


def test_the_record_tells_what_was_cast_and_done(record, archives):
    """Turnout by college, votes, blanks, seats, lot, remarks, digests: as the election of the fixture was held."""
    cspm, tie, twelve, empty = record.contests
    assert {one.id: one.votes for one in cspm.lists} == {"avenir": 8, "union": 6, "voix": 3}
    assert (cspm.blank, cspm.poll_book, cspm.ballots, cspm.unallocated) == (2, 19, 19, 1)
    assert [(one.seats, one.elected) for one in cspm.lists] == [
        (2, ("Nadia Verne", "Paul Rivière")),
        (1, ("Marc Olivier",)),
        (1, ("Zoé Lambert",)),
    ]
    assert [(one.college, one.entitled, one.voted) for one in tie.colleges] == [("ph", 22, 8), ("hu", 6, 1)]
    assert tie.decided == ("face", "pile")
    assert [step.tie for step in tie.steps if step.step == "highest_average"] == ["lot"]
    assert len(twelve.lists) == 12
    assert (empty.poll_book, empty.expressed, empty.unallocated, empty.steps) == (0, 0, 2, ())
    assert (record.electors.roll, record.electors.voted) == (28, 20)
    assert [(one.board, one.member, one.kind) for one in record.remarks] == [
        ("national", "secretary", "event"),
        ("national", "president", "remark"),
    ]
    acts = [act.act for act in record.calendar]
    told = [act for act in acts if act != "ceremony_document"]
    assert told[:6] == ["configured", "ceremony_begun", "keyed", "sealed", "rehearsed", "opened"]
    assert "box_published" not in acts
    documents = [act.details for act in record.calendar if act.act == "ceremony_document"]
    assert {one["round"] for one in documents} == {"certificate", "contribution", "acknowledgement"}
    assert {one["member"] for one in documents if one["board"] == "national"} == set(
        record.rehearsal.proved["national"]
    )
    assert record.rehearsal.contests[0].without == tuple(
        one for one in record.rehearsal.contests[0].refused if one in record.rehearsal.proved["national"]
    )
    assert record.boards[0].opened_by == ("secretary", "delegate-2", "delegate-3", "delegate-4")
    assert set(record.rehearsal.proved["national"]) == {one.id for one in record.boards[0].members}
    assert acts[-4:] == ["closed", "tallied", "published", "remark_recorded"]
    for contest in record.contests:
        assert contest.archive.sha256 == hashlib.sha256((archives / contest.archive.file).read_bytes()).hexdigest()


def test_no_act_is_told_before_it_happened(record):
    """The calendar is in order, and the freeze, the tally and the paper's date come after the end of the grace."""
    moments = [act.at for act in record.calendar]
    assert moments == sorted(moments)
    closed = next(act.at for act in record.calendar if act.act == "closed")
    assert record.opens < record.closes < record.grace_ends <= closed <= record.ended == moments[-1]


def test_the_record_names_no_voter(collected):
    """No name, reference or e-mail of an elector is in the record's file."""
    record, book = collected
    raw = record.to_bytes().decode()
    for line in book.lines:
        assert line.reference not in raw
    assert "Łukasiewicz" not in raw
    assert "Essai00" not in raw
    assert "ch.example" not in raw


async def test_two_collections_give_the_same_record(tallied, collected):
    """Asked again, the same store gives the same bytes, of the record and of each poll book."""
    async with Instance.open(tallied) as instance:
        again, book = await collect(instance, instance.election(ELECTION))
    assert again.to_bytes() == collected[0].to_bytes()
    assert book.sheet().csv == collected[1].sheet().csv


def test_a_record_comes_back_from_its_file(record):
    """Written and read, a record is the same and has the same bytes."""
    assert read_record(record.to_bytes()) == record
    assert read_record(record.to_bytes()).to_bytes() == record.to_bytes()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: told.pop("title"),
        lambda told: told.update(surplus=1),
        lambda told: told.update(format="isoloir-minutes/9"),
        lambda told: told.update(opens="2024-06-11T09:00:00"),
        lambda told: told["contests"][0].update(seats="5"),
        lambda told: told["contests"][0]["steps"][0].update(step="lottery"),
        lambda told: told["boards"][0]["members"][0].update(secret="x"),
    ],
)
def test_a_file_that_is_no_record_is_refused(record, spoil):
    """A missing, surplus, foreign or untyped value is refused (record_unreadable), and is not echoed."""
    told = record.to_json()
    told = json.loads(json.dumps(told))
    spoil(told)
    with pytest.raises(IsoloirError, match="record_unreadable"):
        read_record(json.dumps(told).encode())
    with pytest.raises(IsoloirError, match="record_unreadable"):
        read_record(b"{")


def test_there_are_no_minutes_before_the_tally(tallied, tmp_path):
    """An election that is closed and not tallied has no minutes (minutes_too_early)."""
    folder = tmp_path / "instance"
    shutil.copytree(tallied, folder)

    with sqlite3.connect(folder / "isoloir.sqlite3") as database:
        assert database.execute("UPDATE lifecycle SET state = 'closed'").rowcount == 1

    async def ask() -> None:
        async with Instance.open(folder) as instance:
            await collect(instance, instance.election(ELECTION))

    with pytest.raises(IsoloirError, match="minutes_too_early"):
        asyncio.run(ask())


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DELETE FROM poll_book WHERE contest = 'egalite'", "poll_book_differs"),
        ("UPDATE audit_log SET at = '2024-06-18T15:00:00+00:00' WHERE act = 'tallied'", "audit_log_broken"),
        ("UPDATE fact SET value = replace(value, 'Rien', 'Tout') WHERE name = 'remarks'", "remark_changed"),
    ],
)
def test_a_database_that_was_changed_gives_no_minutes(tallied, tmp_path, statement, code):
    """A poll book, a log or a remark changed behind Isoloir's back is found when the record is made."""
    folder = tmp_path / "instance"
    shutil.copytree(tallied, folder)
    with sqlite3.connect(folder / "isoloir.sqlite3") as database:
        # As an administrator would who means harm: what keeps the log append-only goes first.
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        assert database.execute(statement).rowcount

    async def ask() -> None:
        async with Instance.open(folder) as instance:
            await collect(instance, instance.election(ELECTION))

    with pytest.raises(IsoloirError, match=code):
        asyncio.run(ask())


def test_a_poll_book_comes_back_from_its_file(collected):
    """Sheets of one contest and of all are read back as written: sorted by name, homonyms by their references."""
    _, book = collected
    for contest in (None, *book.contests):
        sheet = book.sheet(contest)
        assert read_sheet(sheet.csv, "x.csv") == sheet
    names = [row[1] for row in book.sheet().rows]
    assert names[:2] == ["d’Ornellas-Vasconcelos de la Tour du Pin", "Essai00"]
    assert names[-4:] == ["Łukasiewicz", "Martin", "Martin", "Œuvrard"]
    assert len({row[0] for row in book.sheet().rows}) == 20
    assert book.sheet("vide").rows == ()
    assert all(hour.endswith(":00+02:00") for row in book.sheet("cspm").rows for hour in row[4:])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[:-9],
        lambda raw: raw.replace(b";", b",", 1),
        lambda raw: raw.replace(b"\n", b"\r\n"),
        lambda raw: raw.replace(b"nom", b"name", 1),
        lambda raw: raw.replace(b"2024-06-11T", b"11/06/2024 ", 1),
        lambda raw: raw + b"a;b\n",
        lambda raw: b"\xff" + raw,
        lambda raw: b"",
    ],
)
def test_a_poll_book_that_a_spreadsheet_saved_is_refused(collected, spoil):
    """Cut, re-delimited, with other line ends, dates or bytes: refused (poll_book_unreadable)."""
    with pytest.raises(IsoloirError, match="poll_book_unreadable"):
        read_sheet(spoil(collected[1].sheet("cspm").csv), "x.csv")


def test_a_name_is_never_a_formula(collected):
    """A name that a spreadsheet would run is quoted in the CSV, and printed as it is."""
    _, book = collected
    line = replace(book.of("cspm")[0], last_name="=HYPERLINK(1)", first_name="’t Essai")
    row = replace(book, lines=(line,)).sheet("cspm").rows[0]
    assert row[1] == "'=HYPERLINK(1)"
    assert shown(row[1]) == "=HYPERLINK(1)"
    assert shown(row[2]) == "’t Essai"


def test_a_record_of_this_version_stays_readable():
    """The record that is kept with the tests is read, and gives its own bytes again."""
    raw = Path(__file__).with_name("minutes-record.json").read_bytes()
    assert read_record(raw).to_bytes() == raw
