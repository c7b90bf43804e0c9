"""Checking an opened ballot: every ciphertext is made again from the choice, the randomness and the public key."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from isoloir_ballots import canonical
from isoloir_ballots.election import Election, Question
from isoloir_ballots.encrypted import CheckedBallot, Ciphertext
from isoloir_ballots.errors import FormatError, VerificationError
from isoloir_ballots.groups import Group
from isoloir_ballots.setup import Setup
from isoloir_ballots.verify import check_ballot

from .reference import Reference

FORMAT = "isoloir-check-1"
MAX_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Held:
    """What an opened ballot answers to one question: the answers chosen, in the election's order; none if `blank`."""

    question: str
    blank: bool
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """What an opened ballot was found to hold. `compared` says whether a tracker was given and is this one."""

    election: str
    uuid: str
    fingerprint: str
    tracker: str
    compared: bool
    questions: tuple[Held, ...]

    def to_json(self) -> dict[str, Any]:
        """A dictionary for JSON."""
        return asdict(self)


def check(data: bytes, *, shown: str = "", reference: Reference | None = None) -> Finding:
    """Say what the ballot of a check file holds.

    `shown` is the tracker that the booth showed before it opened the ballot (spaces do not count); `reference` the
    election as published, without which the file's own election is believed. Raises VerificationError: `check.file`,
    `check.election`, `check.other_election`, `check.tracker`, `check.shown`, `check.choices`, `check.randomness`,
    `check.ciphertext`, `check.cast` (it is in the ballot box of the reference), and the clauses of
    `isoloir_ballots.verify.check_ballot`.
    """
    file = _read(data)
    election, setup = _election(file["election"], reference)
    ballot = file["ballot"].encode()
    checked = check_ballot(setup or _alone(election, ballot), ballot)
    given = "".join(shown.split())
    if checked.tracker != file["tracker"]:
        _fail("check.tracker", "The file's tracker is not that of its ballot.")
    if given and checked.tracker != given:
        _fail("check.shown", "The tracker given is not that of this ballot.")
    if reference is not None and checked.tracker in reference.trackers:
        _fail("check.cast", "This ballot is in the ballot box, where an opened ballot must never be.")
    return Finding(
        election.name,
        election.uuid,
        election.fingerprint,
        checked.tracker,
        bool(given),
        _answers(election, checked, file["answers"]),
    )


def _fail(clause: str, detail: str) -> NoReturn:
    raise VerificationError(clause, detail)


def _read(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        _fail("check.file", "The file is larger than any check file can be.")
    try:
        keys = ("format", "election", "ballot", "tracker", "answers")
        file = canonical.fields(canonical.load(data), keys, what="A check file")
        for key in keys[1:4]:
            canonical.text(file[key], what=f"The file's “{key}”").encode()
        canonical.items(file["answers"], what="The file's answers")
    except FormatError as error:
        raise VerificationError("check.file", error.detail) from error
    except UnicodeEncodeError as error:
        raise VerificationError("check.file", "A text holds half a surrogate pair.") from error
    if file["format"] != FORMAT:
        _fail("check.file", "The file is of another format.")
    return file


def _election(text: str, reference: Reference | None) -> tuple[Election, Setup | None]:
    data = text.encode()
    try:
        election = Election.parse(data)
    except FormatError as error:
        raise VerificationError("check.election", error.detail) from error
    if reference is not None and reference.election.fingerprint != election.fingerprint:
        _fail("check.other_election", "The ballot is for another election than the one given.")
    return election, reference.setup if reference else None


def _alone(election: Election, ballot: bytes) -> Setup:
    """A setup that lists the ballot's own credential: what is checked is the ballot, not the right to cast it."""
    group = election.parsed_group
    try:
        value = canonical.load(ballot)
        credential = canonical.text(value["credential"], what="The credential") if isinstance(value, dict) else ""
        group.parse(credential)
    except (FormatError, KeyError) as error:
        raise VerificationError("ballot.shape", "The ballot has no credential of this group.") from error
    return Setup(
        election=election,
        group=group,
        trustees=(),
        verification_keys=(),
        weights={credential: 1},
        y=group.fixed_base(group.parse(election.public_key)),
    )


def _answers(election: Election, ballot: CheckedBallot, answers: list[Any]) -> tuple[Held, ...]:
    if len(answers) != len(election.questions):
        _fail("check.choices", f"The file must open the answers to {len(election.questions)} questions.")
    return tuple(
        _answer(election, number, question, ciphertexts, answer)
        for number, (question, ciphertexts, answer) in enumerate(
            zip(election.questions, ballot.ciphertexts, answers, strict=True), 1
        )
    )


def _answer(
    election: Election, number: int, question: Question, ciphertexts: tuple[Ciphertext, ...], answer: Any
) -> Held:
    group = election.parsed_group
    try:
        value = canonical.fields(answer, ("choices", "randomness"), what="An opened answer")
        randomness = canonical.items(value["randomness"], what="The randomness")
    except FormatError as error:
        raise VerificationError("check.file", error.detail) from error
    choices = _choices(question, number, value["choices"])
    if len(randomness) != question.choices:
        _fail("check.randomness", f"Question {number}: there must be {question.choices} random numbers.")
    y = group.parse(election.public_key)
    for place, (ciphertext, choice, text) in enumerate(zip(ciphertexts, choices, randomness, strict=True), 1):
        exponent = _scalar(group, text, number, place)
        beta = group.power(y, exponent)
        again = Ciphertext(group.generator_power(exponent), group.multiply(beta, group.generator) if choice else beta)
        if again != ciphertext:
            _fail("check.ciphertext", f"Question {number}, ciphertext {place}: not the choice announced.")
    chosen = choices[question.blank :]
    return Held(
        question.question,
        bool(question.blank and choices[0]),
        tuple(name for name, flag in zip(question.answers, chosen, strict=True) if flag),
    )


def _choices(question: Question, number: int, value: Any) -> list[int]:
    if not isinstance(value, list) or len(value) != question.choices:
        _fail("check.choices", f"Question {number}: there must be {question.choices} choices.")
    if any(type(choice) is not int or choice not in (0, 1) for choice in value):
        _fail("check.choices", f"Question {number}: a choice is neither 0 nor 1.")
    chosen = sum(value[question.blank :])
    if chosen if question.blank and value[0] else not question.min <= chosen <= question.max:
        _fail("check.choices", f"Question {number}: its rules do not allow these choices.")
    return value


def _scalar(group: Group, text: Any, number: int, place: int) -> int:
    try:
        exponent = group.scalar(canonical.text(text, what="A random number"))
    except FormatError as error:
        raise VerificationError("check.randomness", f"Question {number}, number {place}: {error.detail}") from error
    if exponent == 0:
        _fail("check.randomness", f"Question {number}, number {place}: it is zero.")
    return exponent
