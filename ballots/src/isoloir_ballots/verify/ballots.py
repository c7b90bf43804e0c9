"""Checking one ballot against a setup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple, NoReturn

from isoloir_ballots import canonical
from isoloir_ballots.election import Question
from isoloir_ballots.encrypted import CheckedBallot, Ciphertext
from isoloir_ballots.errors import NOWHERE, FormatError, Place, VerificationError
from isoloir_ballots.groups import Element, Group
from isoloir_ballots.hashing import compact_digest, tracker
from isoloir_ballots.proofs import Proof, check_disjunction, check_knowledge, proofs_from_json
from isoloir_ballots.setup import Setup
from isoloir_ballots.statements import QuestionStatements, Statement, of_question, overall_branches

# What a FormatError of a lower module means for a ballot.
_CLAUSES = {
    "json": "ballot.json",
    "canonical": "ballot.canonical",
    "element.spelling": "ballot.canonical",
    "element.group": "ballot.element",
    "scalar.spelling": "ballot.canonical",
    "scalar.range": "ballot.scalar",
}
Parse = Callable[[str], Element]


def check_ballot(setup: Setup, ballot: bytes) -> CheckedBallot:
    """Check everything that one ballot can be checked for.

    Raises VerificationError with one of the clauses `ballot.json`, `ballot.shape`, `ballot.canonical`,
    `ballot.uuid`, `ballot.fingerprint`, `ballot.credential.unlisted`, `ballot.element`, `ballot.scalar`,
    `ballot.individual_proof`, `ballot.overall_proof`, `ballot.blank_proof`, `ballot.signature`.
    That a credential is used once is the caller's to check. The detail names no tracker and no credential.
    Pure: processes may share the work, `setup` can be pickled.
    """
    try:
        return _check(setup, ballot, setup.group.parse_unproven)
    except (FormatError, VerificationError):
        pass  # what is wrong with it is named below, where every element is tested before anything is multiplied
    try:
        return _check(setup, ballot, setup.group.parse)
    except FormatError as error:
        raise VerificationError(_CLAUSES.get(error.clause, "ballot.shape"), error.detail, error.place) from error


def _fail(clause: str, detail: str, place: Place = NOWHERE) -> NoReturn:
    raise VerificationError(clause, detail, place)


def _check(setup: Setup, data: bytes, parse: Parse) -> CheckedBallot:
    group, election = setup.group, setup.election
    if len(data) > setup.largest_ballot:
        _fail("ballot.shape", "The ballot is larger than any ballot of this election can be.")
    # Unknown, repeated or reordered keys, spaces and escapes would change the bytes: the exact object is
    # built again below and compared.
    value = canonical.fields(
        canonical.load(data),
        ("election_uuid", "election_hash", "credential", "answers", "signature"),
        what="The ballot",
    )
    if value["election_uuid"] != election.uuid:
        _fail("ballot.uuid", "The ballot is for another election.")
    if value["election_hash"] != election.fingerprint:
        _fail("ballot.fingerprint", "The ballot is for another version of this election.")
    credential = canonical.text(value["credential"], what="The credential")
    if credential not in setup.weights:
        _fail("ballot.credential.unlisted", "The ballot's credential is not on the list.")
    answers = canonical.items(value["answers"], what="The answers")
    if len(answers) != len(election.questions):
        _fail("ballot.shape", f"The ballot must answer {len(election.questions)} questions.")
    signature = canonical.fields(value["signature"], ("hash", "proof"), what="The signature")
    parsed = [
        _Answer(group, parse, question, item, number)
        for number, (question, item) in enumerate(zip(election.questions, answers, strict=True), 1)
    ]
    proof = Proof.from_json(group, signature["proof"])

    unsigned: dict[str, Any] = {
        "election_uuid": election.uuid,
        "election_hash": election.fingerprint,
        "credential": credential,
        "answers": [answer.to_json(group) for answer in parsed],
    }
    signed = canonical.dump(unsigned)
    digest = compact_digest(signed)
    ending = canonical.dump({"signature": {"hash": signature["hash"], "proof": proof.to_json()}})
    if signed[:-1] + b"," + ending[1:] != data:
        _fail("ballot.canonical", "The bytes are not the canonical serialisation of the ballot.")
    if signature["hash"] != digest:
        _fail("ballot.signature", "The signature is of another ballot.")
    key = group.parse(credential)
    if not check_knowledge(group, f"sig|{digest}|", lambda c: group.power(key, c), proof):
        _fail("ballot.signature", "The signature does not hold.")
    context = f"{election.fingerprint}|{credential}"
    for answer in parsed:
        answer.check(setup, context)
    return CheckedBallot(
        tracker(data), credential, setup.weights[credential], tuple(answer.choices for answer in parsed)
    )


class _Answer:
    """The answer to one homomorphic question, number `number` of the election (from 1)."""

    def __init__(self, group: Group, parse: Parse, question: Question, value: Any, number: int) -> None:
        self.question = question
        self.number = number
        try:
            self._read(group, parse, value)
        except FormatError as error:
            raise error.at(question=number) from error

    def _read(self, group: Group, parse: Parse, value: Any) -> None:
        question = self.question
        keys = ("choices", "individual_proofs", "overall_proof")
        value = canonical.fields(value, (*keys, "blank_proof") if question.blank else keys, what="An answer")
        choices = canonical.items(value["choices"], what="The choices")
        individual = canonical.items(value["individual_proofs"], what="The individual proofs")
        if len(choices) != question.choices or len(individual) != question.choices:
            raise FormatError("shape", f"An answer must have {question.choices} choices, each with a proof.")
        read = []
        for choice, (ciphertext, proofs) in enumerate(zip(choices, individual, strict=True)):
            try:
                read.append(
                    (
                        Ciphertext.from_json(ciphertext, parse),
                        proofs_from_json(group, proofs, 2, what="An individual proof"),
                    )
                )
            except FormatError as error:
                raise error.at(answer=self._answer(choice)) from error
        self.choices = tuple(ciphertext for ciphertext, _ in read)
        self.individual = [proofs for _, proofs in read]
        self.overall = proofs_from_json(
            group, value["overall_proof"], overall_branches(question), what="The overall proof"
        )
        self.blank = (
            proofs_from_json(group, value["blank_proof"], 2, what="The blank proof") if question.blank else None
        )

    def _answer(self, choice: int) -> int:
        # Choices are counted from 0, the blank one first; answers from 1, the blank choice being 0.
        return choice + (not self.question.blank)

    def to_json(self, group: Group) -> dict[str, Any]:
        value: dict[str, Any] = {
            "choices": [choice.to_json(group) for choice in self.choices],
            "individual_proofs": [[proof.to_json() for proof in proofs] for proofs in self.individual],
            "overall_proof": [proof.to_json() for proof in self.overall],
        }
        if self.blank is not None:
            value["blank_proof"] = [proof.to_json() for proof in self.blank]
        return value

    def check(self, setup: Setup, context: str) -> None:
        group = setup.group
        claims = list(self._claims(of_question(group, self.question, context, self.choices)))
        commitments = iter(
            group.commitments(
                setup.y,
                self.choices,
                [branch for claim in claims for branch in claim.statement.branches],
                [proof for claim in claims for proof in claim.proofs],
            )
        )
        for claim in claims:
            own = list(islice(commitments, 2 * len(claim.proofs)))
            if not check_disjunction(claim.statement.prefix, own, claim.proofs, group.q):
                _fail(claim.clause, claim.otherwise, Place(question=self.number, answer=claim.answer))

    def _claims(self, statements: QuestionStatements) -> Iterator[_Claim]:
        for choice, (statement, proofs) in enumerate(zip(statements.individual, self.individual, strict=True)):
            otherwise = "A choice is not proven to be 0 or 1."
            yield _Claim(statement, proofs, "ballot.individual_proof", otherwise, self._answer(choice))
        otherwise = "The number of choices is not proven to be allowed."
        yield _Claim(statements.overall, self.overall, "ballot.overall_proof", otherwise)
        if statements.blank is not None and self.blank is not None:
            otherwise = "It is not proven that a blank vote chooses nothing else."
            yield _Claim(statements.blank, self.blank, "ballot.blank_proof", otherwise)


class _Claim(NamedTuple):
    """What a ballot proves, by which proofs, and what is said if they do not hold."""

    statement: Statement
    proofs: tuple[Proof, ...]
    clause: str
    otherwise: str
    answer: int | None = None
