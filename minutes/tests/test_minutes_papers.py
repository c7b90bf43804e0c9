"""The papers: the same bytes from the same record, in French, with the record's figures and nobody's clock."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from isoloir.errors import IsoloirError
from isoloir.seats import allocate
from isoloir_minutes import checking, collect, paper, poll_book, signing, typesetting, view, words
from isoloir_minutes import folder as papers_folder
from isoloir_minutes.certificate import demonstration_signer
from isoloir_minutes.checking import attached
from isoloir_minutes.record import Drill, ListResult

pytestmark = pytest.mark.xdist_group("minutes")


def text_of(pdf: bytes, *options: str) -> str:
    """Return the words of a PDF, as a program that is not ours reads them; line by line, or as `options` say."""
    ran = subprocess.run(
        ["pdftotext", *(options or ("-layout",)), "-", "-"], input=pdf, capture_output=True, check=True
    )
    return ran.stdout.decode().replace("\u202f", " ").replace("\u00a0", " ")


def test_two_runs_give_the_same_bytes(record, collected, made, tmp_path):
    """Written again, and in another process with another zone, language and home, each file has the same bytes."""
    papers_folder.write(tmp_path / "again", record, collected[1])
    for path in made.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()
    program = (
        "import sys; from isoloir_minutes import paper; from isoloir_minutes.record import read_record;"
        "sys.stdout.buffer.write(paper.minutes(read_record(sys.stdin.buffer.read())))"
    )
    elsewhere = {"PATH": os.environ["PATH"], "TZ": "Pacific/Auckland", "LC_ALL": "C", "HOME": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", program],
        input=record.to_bytes(),
        capture_output=True,
        cwd=tmp_path,
        env=elsewhere,
        check=True,
    )
    assert ran.stdout == (made / papers_folder.MINUTES).read_bytes()


def test_a_changed_record_gives_another_paper(record, made):
    """The twin: one vote more, and the bytes differ."""
    contest = record.contests[0]
    changed = replace(contest, lists=(replace(contest.lists[0], votes=9), *contest.lists[1:]))
    other = paper.minutes(replace(record, contests=(changed, *record.contests[1:])))
    assert other != (made / papers_folder.MINUTES).read_bytes()


def test_the_record_isattached_and_the_date_is_that_of_the_last_act(record, made):
    """The minutes carry the record's file to the byte; title, language and dates stand in the document."""
    raw = (made / papers_folder.MINUTES).read_bytes()
    reader = PdfFileReader(BytesIO(raw))
    assert attached(reader) == record.to_bytes()
    assert reader.root["/Lang"] == "fr-FR"
    stamp = record.ended.strftime("D:%Y%m%d%H%M%SZ")
    info = reader.trailer["/Info"]
    assert [str(info[name]) for name in ("/CreationDate", "/ModDate")] == [stamp, stamp]
    assert str(info["/Title"]) == f"Procès-verbal – {record.title}"
    dates = set(re.findall(rb"<xmp:(?:Create|Modify)Date>([^<]+)<", raw))
    assert dates == {record.ended.strftime("%Y-%m-%dT%H:%M:%SZ").encode()}


@pytest.mark.slow
def test_the_minutes_print_the_figures_of_the_record(record, made):
    """pdftotext finds each contest's title, figures, votes, seats, elected, the lot, the remarks and the digests."""
    text = text_of((made / papers_folder.MINUTES).read_bytes())
    flat = " ".join(text.split())
    in_cells = " ".join(text_of((made / papers_folder.MINUTES).read_bytes(), "-raw").split())
    for contest in record.contests:
        for one in contest.lists:
            first = one.name.split()[0]
            assert re.search(rf"{re.escape(first)}.* {one.votes} +[\d,]+ ?[%–].* {one.seats} ", text) or not (
                contest.expressed
            )
            for name in one.elected:
                assert name in in_cells
        assert contest.archive.sha256[:8] in text
        assert contest.poll_book_sha256[-8:] in text
    assert "Quotient électoral : 17 suffrages exprimés ÷ 5 sièges = 3,4." in flat
    assert "émargements 19 = suffrages exprimés 17 + votes blancs 2." in flat
    assert "Siège 4 : Union des praticiens (à égalité de moyenne, à la liste qui a le plus de voix)." in flat
    assert "Union des praticiens obtient 2 sièges et ne présente que 1 candidat." in flat
    assert "1 siège reste non attribué." in flat
    assert "Tirage au sort consigné par le bureau, dans l’ordre : Face ; Pile." in flat
    assert "Aucun suffrage n’est exprimé : aucun siège n’est attribué." in flat
    assert "Liste électorale, tous collèges 28 20 71,4 %" in flat
    assert "18 juin 2024, 17 h 30 min 03 s" in flat
    assert "Aucun vote n’a été perdu." in flat
    assert "La base ne contient pas tous les mobiles." in flat
    assert record.audit_log.hash[:8] in text
    assert "démonstration, sans valeur légale" in flat


@pytest.mark.slow
def test_the_minutes_print_the_drills_of_the_rehearsal(record, made):
    """Ways in, who could be absent, whose damaged decryptions were refused; a rehearsal’s own say what they are."""
    flat = " ".join(text_of((made / papers_folder.MINUTES).read_bytes()).split())
    assert "Parts absentes, parts illisibles" in flat
    assert "1 électeur d’essai a voté" in flat
    assert "Émargements et reçus comparés" in flat
    assert record.rehearsal.minutes_sha256[:8] in flat
    assert record.rehearsal.contests[0].without
    assert "Répétition" not in flat
    drills = (Drill("wrong_code", "password", ("sms_password_wrong",), held=False),)
    own = replace(record, rehearsal=None, played=replace(record.rehearsal.played, drills=drills))
    pages = text_of(paper.minutes(own)).split("\f")[:-1]
    assert all("Répétition — sans valeur" in page for page in pages)
    assert re.search(r"Mot de passe faux.*sms_password_wrong.*non conforme", " ".join(pages), re.DOTALL)


@pytest.mark.slow
def test_every_page_names_the_record_and_no_hour_is_before_the_first_act(record, made):
    """Each page's foot has the record's digest; every hour printed lies between the first act and the last."""
    pages = text_of((made / papers_folder.MINUTES).read_bytes()).split("\f")[:-1]
    digest = view.minutes(record)["record"][:16]
    for number, page in enumerate(pages, 1):
        assert digest in page
        assert f"Page {number} sur {len(pages)}" in page
    for name in ("emargement-cspm", "emargement-egalite"):
        text = text_of((made / f"{name}.pdf").read_bytes())
        hours = re.findall(r"(\d+) juin 2024, (\d+) h$", text, re.MULTILINE)
        assert hours
        assert all(11 <= int(day) <= 18 and 9 <= int(hour) <= 17 for day, hour in hours)


@pytest.mark.slow
def test_a_poll_book_prints_those_who_voted_and_nobody_else(collected, made):
    """The contest's poll book has its voters, homonyms twice; who did not vote is not in it, nor any reference."""
    _, book = collected
    text = text_of((made / "emargement-egalite.pdf").read_bytes())
    assert "9 électeurs ont voté sur 28 inscrits, soit 32,1 %." in text
    for line in book.lines:
        assert line.reference not in text
    assert text.count("Martin") == 2
    assert "Univ00" not in text
    assert "Personne n’a voté." in text_of((made / "emargement-vide.pdf").read_bytes())
    whole = text_of((made / "emargement.pdf").read_bytes())
    assert re.search(r"Œuvrard +Zoé +Hospitalo-universitaires +2 et 3\n", whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("漢字 Liste", "[U+6F22][U+5B57] Liste"),
        ("A\x07B\u2028C", "A B C"),
        ("q\u0e47é\u0e47", "q[U+0E47]é[U+0E47]"),
        ("#panic() $x$ *gras* @ref \\ \"", "#panic() $x$ *gras* @ref \\ \""),
        ("Ελλάδα Україна", "Ελλάδα Україна"),
    ],
)  # fmt: skip
def test_any_name_can_be_printed(record, name, printed):
    """A letter without a font is printed by its number; controls are blanks; nothing in a name is a command."""
    contest = record.contests[3]
    changed = replace(contest, lists=(ListResult("x", name, ("A",), 0, 0, ()),), order=("x",))
    text = text_of(paper.minutes(replace(record, contests=(*record.contests[:3], changed))))
    assert printed in text


def test_many_seats_and_long_texts_are_laid_out(record):
    """Forty lists, sixty seats at the highest average and a remark of four thousand signs make a paper."""
    votes = {f"l{n}": 1 + n % 7 for n in range(40)}
    made = allocate(60, votes, decided=tuple(votes))
    lists = tuple(ListResult(n, f"Liste {n} " * 8, ("Nom " * 20,), v, made.seats[n], ()) for n, v in votes.items())
    steps = tuple(collect._step(step.as_json()) for step in made.steps)
    contest = replace(
        record.contests[0], seats=60, lists=lists, order=tuple(votes), steps=steps, decided=tuple(votes)
    )
    long = replace(record.remarks[0], text="Observation. " * 300)
    raw = paper.minutes(replace(record, contests=(contest, *record.contests[1:]), remarks=(long,)))
    assert raw.startswith(b"%PDF-1.7")


@pytest.mark.parametrize(
    ("fraction", "decimal"),
    [("7289/5", "1\u202f457,8"), ("2/3", "0,667"), ("1/2000", "0,001"), ("4/1", "4"), ("0/1", "0")],
)
def test_fractions_are_printed_the_french_way(fraction, decimal):
    """Half a thousandth goes up; thousands are parted by a narrow space; a whole number has no comma."""
    assert words.decimal(fraction) == decimal


def test_percentages_counts_and_lists_of_words():
    """14,2 %, nobody entitled, one and several, and the conjunction."""
    assert words.percent(142, 1000) == "14,2\u202f%"
    assert words.percent(1, 3) == "33,3\u202f%"
    assert words.percent(0, 0) == "–"
    assert words.plural(1, "siège") == "1\u00a0siège"
    assert words.plural(12345, "siège") == "12\u202f345\u00a0sièges"
    assert words.listed(("a", "b", "c")) == "a, b et c"
    assert words.listed(()) == ""


def test_a_folder_in_use_is_refused_and_a_failure_leaves_nothing(collected, tmp_path, monkeypatch):
    """minutes_folder_taken for whatever is there; when a paper cannot be made, no file stays behind."""
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("x")
    with pytest.raises(IsoloirError, match="minutes_folder_taken"):
        papers_folder.write(taken, *collected)
    monkeypatch.setattr(paper, "poll_book", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        papers_folder.write(tmp_path / "new", *collected)
    assert list((tmp_path / "new").iterdir()) == []


def test_the_files_are_their_owners_alone(made):
    """Folder 0700, files 0600: poll books are personal data."""
    assert made.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in Path(made).iterdir())


def test_a_long_poll_book_comes_in_parts(collected, tmp_path, monkeypatch):
    """More voters than one paper sets: numbered parts from one CSV, every voter in one; they sign and check."""
    record, book = collected
    monkeypatch.setattr(poll_book, "PART_ROWS", 10)
    names = [path.name for path in papers_folder.write(tmp_path / "papers", record, book)]
    assert [name for name in names if name.startswith("emargement-cspm")] == [
        "emargement-cspm.csv",
        "emargement-cspm.1.pdf",
        "emargement-cspm.2.pdf",
    ]
    assert "emargement-vide.pdf" in names
    sheet = book.sheet("cspm")
    shown = [view.poll_book(record, sheet, "cspm", part) for part in poll_book.parts_of(19)]
    assert [one["part"] for one in shown] == ["Partie 1 sur 2.", "Partie 2 sur 2."]
    assert [row[0] for one in shown for row in one["rows"]] == [row[1] for row in sheet.rows]
    # In this process the parts have the same bytes as in theirs.
    monkeypatch.setattr(typesetting, "pdf_apart", typesetting.pdf)
    asyncio.run(signing.sign(tmp_path / "papers", demonstration_signer(record.ended), record.ended))
    assert not any(one.faults for one in asyncio.run(checking.check(tmp_path / "papers")))
