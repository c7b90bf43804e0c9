"""Cast or check, in both directions: files of the booth in Python, files of Python in the booth's code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isoloir_ballots import canonical
from isoloir_ballots.errors import VerificationError
from isoloir_ballots.groups import named
from isoloir_ballots.hashing import compact_digest
from isoloir_ballots.opened import FORMAT, check

BOOTH = Path(__file__).resolve().parents[1]
CASES = json.loads((BOOTH.parents[1] / "tests/vectors/ed25519-ballots.json").read_text("utf-8"))["cases"]
File = dict[str, Any]


def _copy(file: File, **changes: Any) -> File:
    return json.loads(json.dumps({**file, **changes}))


def _of_booth(ask: Any, case: dict[str, Any], vector: dict[str, Any], choices: list[Any]) -> File:
    """A check file that the booth wrote, with fresh randomness."""
    given = {"election": case["election"], "credential": vector["credential"], "choices": choices, "open": True}
    return json.loads(ask(given))


def _of_python(case: dict[str, Any], vector: dict[str, Any]) -> File:
    """The check file of a ballot that Python made: its exponents stand where `ballot.make` drew them."""
    drawn = iter(vector["randomness"])
    answers = []
    for question, row in zip(json.loads(case["election"])["questions"], vector["choices"], strict=True):
        answers.append({"choices": row, "randomness": [next(drawn) for _ in row]})
        blank = bool(question.get("blank"))
        overall = question["max"] - question["min"] + 1 + blank
        for _ in range(3 * len(row) + 3 * blank + 2 * overall - 1):
            next(drawn)
    assert len(list(drawn)) == 1  # the nonce of the signature
    given = {"election": case["election"], "ballot": vector["ballot"], "tracker": vector["tracker"]}
    return {"format": FORMAT, **given, "answers": answers}


def _python(file: File, shown: str = "") -> str:
    """The clause that refuses, or nothing."""
    try:
        check(json.dumps(file).encode(), shown=shown)
    except VerificationError as error:
        return error.clause
    return ""


def _other_choice(file: File) -> File:
    changed = _copy(file)
    row = changed["answers"][0]["choices"]
    blank = json.loads(file["election"])["questions"][0].get("blank", False)
    row[:] = [0] * len(row)
    row[blank + (1 if file["answers"][0]["choices"][blank] else 0)] = 1
    return changed


def _other_randomness(file: File) -> File:
    changed = _copy(file)
    numbers = changed["answers"][-1]["randomness"]
    numbers[-1] = str(int(numbers[-1]) - 1)
    return changed


def _swapped(file: File) -> File:
    changed = _copy(file)
    changed["answers"][0]["randomness"].reverse()
    return changed


def _other_key(file: File) -> str:
    election = json.loads(file["election"])
    group = named("Ed25519")
    election["public_key"] = group.serialise(group.generator_power(4242))
    return canonical.dump(election).decode()


def _rebound(file: File) -> File:
    """Another key, and every text of the ballot bound to it: only the ciphertexts are those of the first key."""
    election = _other_key(file)
    ballot = json.loads(file["ballot"])
    ballot["election_hash"] = compact_digest(election.encode())
    signature = ballot.pop("signature")
    signature["hash"] = compact_digest(canonical.dump(ballot))
    text = canonical.dump({**ballot, "signature": signature})
    return _copy(file, election=election, ballot=text.decode(), tracker=compact_digest(text))


def _digit(text: str, at: int) -> str:
    return text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1 :]


MANIPULATIONS: dict[str, Callable[[File], File]] = {
    "another choice": _other_choice,
    "other randomness": _other_randomness,
    "randomness swapped": _swapped,
    "another tracker": lambda file: _copy(file, tracker=file["tracker"][::-1]),
    "another key": lambda file: _copy(file, election=_other_key(file)),
    "another key, rebound": _rebound,
    "a digit of a ciphertext": lambda file: _copy(
        file, ballot=_digit(file["ballot"], file["ballot"].index('"beta":"') + 20)
    ),
    "a digit of a proof": lambda file: _copy(
        file, ballot=_digit(file["ballot"], file["ballot"].index('"response":"') + 15)
    ),
    "a digit of the signature": lambda file: _copy(file, ballot=_digit(file["ballot"], len(file["ballot"]) - 8)),
    "a name changed": lambda file: _copy(file, election=file["election"].replace('"answers":["', '"answers":["x')),
    "no answers": lambda file: _copy(file, answers=[]),
    "another format": lambda file: _copy(file, format="isoloir-check-0"),
}
# The other clauses may differ: Python checks the proofs first, which the page leaves to the ballot box.
SAME = {"file": "check.file", "choices": "check.choices", "randomness": "check.randomness"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_check_file_of_the_booth_in_python(case: dict[str, Any], booth_code: Any, choices_of: Any) -> None:
    """Python finds in every file of the booth the choice that was encrypted, and refuses each manipulation of it."""
    vector = case["ballots"][0]
    file = _of_booth(booth_code, case, vector, choices_of(case, vector["choices"]))
    finding = check(json.dumps(file).encode(), shown=file["tracker"])
    for held, row, question in zip(
        finding.questions, vector["choices"], json.loads(case["election"])["questions"], strict=True
    ):
        blank = question.get("blank", False)
        assert held.blank is bool(blank and row[0])
        flags = row[1:] if blank else row
        assert held.answers == tuple(n for n, flag in zip(question["answers"], flags, strict=True) if flag)
    assert finding.fingerprint == case["fingerprint"]
    assert _python(file, file["tracker"][::-1]) == "check.shown"
    accepted = [name for name, change in MANIPULATIONS.items() if not _python(change(file))]
    assert accepted == []


def test_a_check_file_of_python_in_the_booths_code(booth_code: Any) -> None:
    """The page's code finds the same in files of Python's ballots as Python, and refuses each manipulation too."""
    files = [_of_python(case, vector) for case in CASES for vector in case["ballots"]]
    named_files = [(name, change(file)) for file in files for name, change in MANIPULATIONS.items()]
    given = [{"file": json.dumps(file), "shown": file["tracker"]} for file in files]
    given += [{"file": json.dumps(file), "shown": file["tracker"][::-1]} for file in files]
    given += [{"file": json.dumps(file)} for _, file in named_files]
    answers = json.loads(booth_code({"check": given}))
    count = len(files)
    for file, answer in zip(files, answers[:count], strict=True):
        finding = check(json.dumps(file).encode(), shown=file["tracker"]).to_json()
        assert {**answer, "compared": True} == json.loads(json.dumps(finding))
    assert {answer["refused"] for answer in answers[count : 2 * count]} == {"tracker"}
    for (name, file), answer in zip(named_files, answers[2 * count :], strict=True):
        clause = _python(file)
        assert "refused" in answer, name
        assert clause, name
        assert SAME.get(answer["refused"], clause) == clause, name


def test_what_is_revealed_is_enough_and_no_more(booth_code: Any, choices_of: Any) -> None:
    """A check file holds neither the private credential nor any number that gives the signature's nonce."""
    case = CASES[0]
    vector = case["ballots"][0]
    file = _of_booth(booth_code, case, vector, choices_of(case, vector["choices"]))
    assert list(file) == ["format", "election", "ballot", "tracker", "answers"]
    assert {key for answer in file["answers"] for key in answer} == {"choices", "randomness"}
    assert vector["credential"] not in json.dumps(file)
    choices = len(file["answers"][0]["choices"])
    assert len(file["answers"][0]["randomness"]) == choices
