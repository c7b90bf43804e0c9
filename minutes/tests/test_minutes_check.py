"""Checking a folder: a record that tells another result than the boxes is found, however well its papers are made."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace

import pytest

from isoloir.errors import IsoloirError
from isoloir_minutes import checking, paper, signing
from isoloir_minutes import folder as papers_folder
from isoloir_minutes.certificate import demonstration_signer
from isoloir_minutes.record import NAME

pytestmark = pytest.mark.xdist_group("minutes")


def faults(folder, archives=None):
    """Return what is wrong, by name; nothing for what holds."""
    return {one.name: one.faults for one in asyncio.run(checking.check(folder, archives=archives)) if one.faults}


def rewritten(folder, changed):
    """Put another record in a folder, with the papers that it gives, signed."""
    (folder / NAME).write_bytes(changed.to_bytes())
    for one in papers_folder.papers(changed):
        (folder / one.name).write_bytes(papers_folder.remade(folder, changed, one))
    asyncio.run(signing.sign(folder, demonstration_signer(changed.ended), changed.ended))


def with_contest(record, number, **changes):
    contests = list(record.contests)
    contests[number] = replace(contests[number], **changes)
    return replace(record, contests=tuple(contests))


def test_signed_papers_hold_against_the_boxes(signed, archives):
    """Nothing is wrong with the papers as they were made; unsigned ones are told to be unsigned."""
    assert faults(signed, archives) == {}


def test_unsigned_papers_say_so(papers):
    """Papers that nobody signed are what the record gives, and are not signed."""
    assert set(faults(papers).values()) == {("not_signed",)}


def test_votes_moved_from_one_list_to_another_are_found(papers, record, archives):
    """A record whose votes were swapped, well made and signed: the seats or the boxes say otherwise."""
    first, second, third = record.contests[0].lists
    swapped = replace(first, votes=second.votes), replace(second, votes=first.votes), third
    rewritten(papers, with_contest(record, 0, lists=swapped))
    assert faults(papers, archives) == {"cspm": ("seats_differ",), "cspm.bel": ("result_differs",)}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"blank": 3}, {"cspm": ("counts_differ",), "cspm.bel": ("result_differs",)}),
        ({"ballots": 20}, {"cspm": ("counts_differ",), "cspm.bel": ("result_differs",)}),
        ({"unallocated": 0}, {"cspm": ("seats_differ",)}),
        ({"quotient": "18/5"}, {"cspm": ("seats_differ",)}),
        ({"steps": ()}, {"cspm": ("seats_differ",)}),
    ],
)
def test_figures_that_do_not_follow_are_found(papers, record, archives, changes, found):
    """Another blank, ballot, quotient or step than the votes give is found, with and without the boxes."""
    rewritten(papers, with_contest(record, 0, **changes))
    assert faults(papers, archives) == found


def test_another_elected_candidate_is_found(papers, record):
    """Who is elected follows from the seats and the list's order."""
    first, *others = record.contests[0].lists
    changed = replace(first, elected=(first.candidates[0], first.candidates[4]))
    rewritten(papers, with_contest(record, 0, lists=(changed, *others)))
    assert faults(papers) == {"cspm": ("seats_differ",)}


def test_a_lot_that_was_not_drawn_is_found(papers, record):
    """Without the lot, equals cannot be parted."""
    rewritten(papers, with_contest(record, 1, decided=()))
    assert faults(papers) == {"egalite": ("seats_differ",)}


def test_other_archives_are_found(signed, archives, tmp_path):
    """A missing archive, that of another contest and a cut one are told apart."""
    boxes = tmp_path / "boxes"
    shutil.copytree(archives, boxes)
    (boxes / "vide.bel").unlink()
    shutil.copy(boxes / "cspm.bel", boxes / "egalite.bel")
    (boxes / "douze.bel").write_bytes((boxes / "douze.bel").read_bytes()[:-512])
    assert faults(signed, boxes) == {
        "vide.bel": ("archive_missing",),
        "egalite.bel": ("archive_differs", "result_differs"),
        "douze.bel": ("archive_invalid",),
    }


def test_poll_books_are_bound_by_the_record(signed, record):
    """A changed CSV, a missing one, and a count that is not the record's."""
    book = signed / "emargement-egalite.csv"
    raw = book.read_bytes()
    book.write_bytes(raw.replace(b"Essai00", b"Essai99"))
    assert faults(signed) == {"emargement-egalite.pdf": ("poll_book_changed",)}
    book.unlink()
    assert faults(signed) == {"emargement-egalite.pdf": ("minutes_missing",)}
    book.write_bytes(raw)
    for path in signed.glob("*.pdf"):
        path.unlink()
    rewritten(signed, with_contest(record, 1, poll_book=10))
    assert faults(signed)["emargement-egalite.pdf"] == ("poll_book_count",)


def test_a_record_set_by_another_typst_is_told(signed, record, monkeypatch):
    """Years later: the bytes cannot be made again, so the attachment is compared, and the version is named."""
    monkeypatch.setattr(paper, "minutes", lambda _: b"%PDF-1.7 other")
    assert faults(signed) == {"proces-verbal.pdf": ("paper_changed",)}
    monkeypatch.setattr(checking, "software", lambda: {**record.software, "typst": "0.99"})
    assert faults(signed) == {"proces-verbal.pdf": ("paper_made_elsewhere",)}
    (signed / NAME).write_bytes(replace(record, phone="01 99 00 00 00").to_bytes())
    assert faults(signed)["proces-verbal.pdf"] == ("paper_made_elsewhere", "attachment_differs")


def test_a_folder_without_a_record_is_refused(signed):
    """minutes_missing, and record_unreadable for what is none."""
    (signed / NAME).write_bytes(b"{}")
    with pytest.raises(IsoloirError, match="record_unreadable"):
        faults(signed)
    (signed / NAME).unlink()
    with pytest.raises(IsoloirError, match="minutes_missing"):
        faults(signed)
