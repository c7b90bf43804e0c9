"""Opened ballots: what `isoloir-check-ballot` says of a check file, and what it refuses."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoloir_ballots import ballot
from isoloir_ballots.election import Election, Question
from isoloir_ballots.errors import VerificationError
from isoloir_ballots.groups import named
from isoloir_ballots.hashing import tracker
from isoloir_ballots.opened import FORMAT, Reference, check
from isoloir_ballots.opened.command import main

CREDENTIAL = "ABCDE-FGHJKL-MNPQR-STUVWX"
KEY = {
    name: named(name).serialise(named(name).generator_power(987654321987654321))
    for name in ("Ed25519", "BELENIOS-2048")
}
LISTS = Question("Quelle liste ?", ("Avenir", "Solidarité “42”", "Santé"), 1, 1, blank=True)
APPROVAL = Question("Which ones?", ("A", "B", "C"), 0, 2)


def _election(*questions: Question, group: str = "Ed25519") -> Election:
    return Election(1, "Essai", "Élection d’essai", group, KEY[group], questions, "1soLoirTest123")


def _file(election: Election, rows: list[list[int]], credential: str = CREDENTIAL) -> dict[str, Any]:
    """Make a ballot and open it; the exponents of a question are the first numbers drawn for it."""
    drawn: list[int] = []

    def rng(q: int) -> int:
        drawn.append(ballot.system_rng(q))
        return drawn[-1]

    made = ballot.make(election, credential, rows, rng)
    numbers = iter(drawn)
    answers = []
    for question, row in zip(election.questions, rows, strict=True):
        answers.append({"choices": row, "randomness": [str(next(numbers)) for _ in row]})
        for _ in range(
            3 * len(row) + 3 * question.blank + 2 * (question.max - question.min + 1 + question.blank) - 1
        ):
            next(numbers)
    return {
        "format": FORMAT,
        "election": election.serialise().decode(),
        "ballot": made.decode(),
        "tracker": tracker(made),
        "answers": answers,
    }


def _check(file: dict[str, Any], **options: Any) -> Any:
    return check(json.dumps(file).encode(), **options)


def _clause(file: Any, **options: Any) -> str:
    with pytest.raises(VerificationError) as refused:
        _check(file, **options)
    return refused.value.clause


ROWS = st.tuples(
    st.sampled_from([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
    st.sampled_from([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]]),
)


@settings(max_examples=30, deadline=None)
@given(ROWS, ROWS, st.data())
def test_the_choice_announced_is_the_choice_held(rows: Any, others: Any, data: st.DataObject) -> None:
    """Any ballot opens to its own choices; announced with any others, or with any number changed, it is refused."""
    election = _election(LISTS, APPROVAL)
    file = _file(election, list(rows))
    finding = _check(file, shown=file["tracker"])
    assert finding.questions[0].blank is bool(rows[0][0])
    assert [held.answers for held in finding.questions] == [
        tuple(n for n, flag in zip(LISTS.answers, rows[0][1:], strict=True) if flag),
        tuple(n for n, flag in zip(APPROVAL.answers, rows[1], strict=True) if flag),
    ]
    if others != rows:
        answers = [{**a, "choices": o} for a, o in zip(file["answers"], others, strict=True)]
        assert _clause({**file, "answers": answers}) == "check.ciphertext"
    question = data.draw(st.integers(0, 1))
    place = data.draw(st.integers(0, 3 - question))
    shift = data.draw(st.integers(1, 2**252))
    q = election.parsed_group.q
    numbers = file["answers"][question]["randomness"]
    numbers[place] = str((int(numbers[place]) + shift) % q or 1)
    assert _clause(file) == "check.ciphertext"


def test_the_finite_field_too() -> None:
    """A ballot of BELENIOS-2048 opens to its choice and to no other."""
    file = _file(_election(LISTS, group="BELENIOS-2048"), [[0, 0, 1, 0]])
    assert _check(file).questions[0].answers == ("Solidarité “42”",)
    file["answers"][0]["choices"] = [0, 1, 0, 0]
    assert _clause(file) == "check.ciphertext"


@pytest.fixture(scope="module")
def opened() -> dict[str, Any]:
    return _file(_election(LISTS), [[0, 1, 0, 0]])


def _answer(opened: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**opened, "answers": [{**opened["answers"][0], **changes}]}


def test_what_is_malformed_is_refused_by_its_clause(opened: dict[str, Any]) -> None:
    """Each broken part of a file has its clause; the file itself passes."""
    _check(opened)
    numbers = opened["answers"][0]["randomness"]
    q = named("Ed25519").q
    refused = {
        "check.file": [
            [], {**opened, "format": "isoloir-check-2"}, {**opened, "more": 1}, {**opened, "ballot": {}},
            {**opened, "answers": {}}, {**opened, "tracker": None}, _answer(opened, more=1),
            {**opened, "election": "\ud800"},
        ],
        "check.election": [{**opened, "election": "{}"}, {**opened, "election": opened["election"] + " "}],
        "check.tracker": [{**opened, "tracker": opened["tracker"][::-1]}, {**opened, "tracker": ""}],
        "check.choices": [
            {**opened, "answers": []}, _answer(opened, choices=[0, 1, 1, 0]), _answer(opened, choices=[1, 1, 0, 0]),
            _answer(opened, choices=[0, 0, 0, 0]), _answer(opened, choices=[0, 2, 0, 0]),
            _answer(opened, choices=[False, True, False, False]), _answer(opened, choices=[0, 1, 0]),
        ],
        "check.randomness": [
            _answer(opened, randomness=numbers[1:]), _answer(opened, randomness=["0"] * 4),
            _answer(opened, randomness=[str(int(n) + q) for n in numbers]),
            _answer(opened, randomness=["0" + n for n in numbers]), _answer(opened, randomness=[1, 2, 3, 4]),
        ],
        "ballot.shape": [{**opened, "ballot": "[]"}, {**opened, "ballot": "{"}],
        "ballot.fingerprint": [{**opened, "election": opened["election"].replace("Avenir", "Passé")}],
        "ballot.canonical": [{**opened, "ballot": opened["ballot"] + " "}],
    }  # fmt: skip
    for clause, files_ in refused.items():
        assert [_clause(file) for file in files_] == [clause] * len(files_)


def test_the_tracker_shown_must_be_its_own(opened: dict[str, Any]) -> None:
    """Spaces in the tracker that the voter noted do not count; any other tracker is refused."""
    assert _check(opened, shown=f" {opened['tracker'][:7]} {opened['tracker'][7:]}\n").compared
    assert not _check(opened).compared
    assert _clause(opened, shown="A" * 43) == "check.shown"


def test_held_against_a_published_election(opened: dict[str, Any], tmp_path: Path) -> None:
    """The published election.json must be the file's own, another is refused."""
    path = tmp_path / "election.json"
    path.write_text(opened["election"] + "\n", "utf-8")
    assert _check(opened, reference=Reference.read(path)).fingerprint == _election(LISTS).fingerprint
    path.write_bytes(_election(APPROVAL).serialise())
    assert _clause(opened, reference=Reference.read(path)) == "check.other_election"
    for content in (b"", b"{}", b"hello"):
        path.write_bytes(content)
        with pytest.raises(VerificationError):
            Reference.read(path)
    with pytest.raises(VerificationError) as absent:
        Reference.read(tmp_path / "absent")
    assert absent.value.clause == "check.reference"


def test_held_against_an_archive(edwards: Any, whole: bytes, tmp_path: Path) -> None:
    """Against an archive: a ballot that was cast is refused, an unlisted credential too, a fresh one passes."""
    path = tmp_path / "1soLoirTest123.bel"
    path.write_bytes(whole)
    reference = Reference.read(path)
    assert len(reference.trackers) == 4
    rows = [[0, 1, 0, 0] if question.blank else [1, 0, 0] for question in edwards.election.questions]
    file = _file(edwards.election, rows, edwards.codes[0])
    assert _check(file, reference=reference).questions[0].answers == ("Avenir",)
    cast = Reference(reference.election, reference.setup, reference.trackers | {file["tracker"]})
    assert _clause(file, reference=cast) == "check.cast"
    assert _clause(_file(edwards.election, rows), reference=reference) == "ballot.credential.unlisted"


def test_the_command(opened: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names choice, tracker and fingerprint in plain words, in both languages and in JSON; exit 0 or 1."""
    path = tmp_path / "check.json"
    path.write_text(json.dumps(opened), "utf-8")
    assert main([str(path), "--lang", "fr", "--tracker", opened["tracker"]]) == 0
    shown = capsys.readouterr().out
    assert f"{path}\u202f: CONTRÔLÉ" in shown
    assert "Ce bulletin contient\u202f: Avenir" in shown
    assert f"celui que vous avez donné\u202f: {opened['tracker']}" in shown
    assert main([str(path)], "en") == 0
    shown = capsys.readouterr().out
    assert "This ballot holds: Avenir" in shown
    assert "to be compared with the one that the booth showed" in shown
    assert main([str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["finding"]["questions"][0]["answers"] == ["Avenir"]
    path.write_text(json.dumps(_answer(opened, choices=[0, 0, 1, 0])), "utf-8")
    assert main([str(path)], "en") == 1
    shown = capsys.readouterr().out
    assert "REFUSED" in shown
    assert "check.ciphertext" in shown
    assert "call the help line" in shown
    assert main([str(path), "--json"], "fr") == 1
    assert json.loads(capsys.readouterr().out)["clause"] == "check.ciphertext"
    assert main([str(tmp_path / "absent"), "--election", str(tmp_path / "absent")], "en") == 1
    assert "check.reference" in capsys.readouterr().out


def test_a_name_in_the_file_steers_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Line feeds and direction marks in names are shown as replacement characters."""
    forged = Question("Q\n  forged line", ("A\u202eB", "C"), 1, 1)
    path = tmp_path / "check.json"
    path.write_text(json.dumps(_file(_election(forged), [[1, 0]])), "utf-8")
    assert main([str(path)], "en") == 0
    shown = capsys.readouterr().out
    assert "\n  forged line" not in shown
    assert "A\ufffdB" in shown


def test_both_languages_have_every_sentence() -> None:
    """The same keys in both files, a reason for every clause that is raised, French typography."""
    package = files("isoloir_ballots.opened")
    fr, en = (tomllib.loads(package.joinpath("locales", f"{code}.toml").read_text("utf-8")) for code in ("fr", "en"))
    assert {table: set(fr[table]) for table in fr} == {table: set(en[table]) for table in en}
    for text in (text for table in fr.values() for text in table.values()):
        assert " :" not in text
        assert "'" not in text
    raised = {
        clause
        for module in ("checking.py", "reference.py", "command.py")
        for clause in package.joinpath(module).read_text("utf-8").split('"')
        if clause.startswith("check.")
    }
    assert raised == {clause for clause in fr["why"] if clause.startswith("check.")}
