"""Making a ballot: the only module that sees a choice and the randomness that hides it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from . import canonical, credentials
from .election import Election, Question
from .encrypted import Ciphertext
from .errors import FormatError
from .groups import Group, Power, named
from .hashing import challenge, compact_digest, tracker
from .proofs import Proof
from .randomness import Rng, system_rng
from .statements import Statement, of_question

__all__ = ["make", "tracker"]


def _prove(
    group: Group,
    y: Power,
    statement: Statement,
    branches: Sequence[tuple[int, int]],
    true: int,
    rng: Rng,
) -> list[dict[str, str]]:
    """Prove a disjunction whose branches are (g^r, y^r g^offset), `branches` giving each (r, offset).

    The offset of branch `true` is zero. Every commitment, the simulated ones too, comes from powers of g and y
    alone. Randomness is drawn in the order of the branches: challenge then response of a simulated one, the
    nonce of the true one.
    """
    q = group.q
    drawn = [(rng(q), 0) if branch == true else (rng(q), rng(q)) for branch in range(len(branches))]
    elements = []
    for branch, ((r, offset), (first, response)) in enumerate(zip(branches, drawn, strict=True)):
        exponent = first if branch == true else (response + r * first) % q
        b = y(exponent)
        if branch != true:
            b = group.multiply(b, group.generator_power(offset * first))
        elements += [group.serialise(group.generator_power(exponent)), group.serialise(b)]
    total = challenge(statement.prefix, elements, q)
    own = (total - sum(c for branch, (c, _) in enumerate(drawn) if branch != true)) % q
    return [
        Proof(own, (first - branches[true][0] * own) % q).to_json()
        if branch == true
        else Proof(first, response).to_json()
        for branch, (first, response) in enumerate(drawn)
    ]


def _check_answer(question: Question, answer: Sequence[int]) -> None:
    if len(answer) != question.choices or any(choice not in (0, 1) for choice in answer):
        raise FormatError("choice.shape", f"An answer here is {question.choices} numbers, each 0 or 1.")
    chosen = sum(answer[question.blank :])
    if question.blank and answer[0]:
        if chosen:
            raise FormatError("choice.blank", "A blank vote chooses nothing else.")
    elif not question.min <= chosen <= question.max:
        raise FormatError("choice.number", f"Choose between {question.min} and {question.max} answers.")


def _answer(
    group: Group, y: Power, question: Question, context: str, answer: Sequence[int], rng: Rng
) -> dict[str, Any]:
    _check_answer(question, answer)
    exponents = [rng(group.q) for _ in answer]
    ciphertexts = [
        Ciphertext(group.generator_power(r), group.multiply(y(r), group.generator if choice else group.identity))
        for r, choice in zip(exponents, answer, strict=True)
    ]
    statements = of_question(group, question, context, ciphertexts)
    value: dict[str, Any] = {
        "choices": [c.to_json(group) for c in ciphertexts],
        "individual_proofs": [
            _prove(group, y, statement, [(r, choice), (r, choice - 1)], choice, rng)
            for statement, r, choice in zip(statements.individual, exponents, answer, strict=True)
        ],
    }
    r_sum = sum(exponents[question.blank :]) % group.q
    chosen = sum(answer[question.blank :])
    sums = [(r_sum, chosen - number) for number in range(question.min, question.max + 1)]
    if statements.blank is None:
        value["overall_proof"] = _prove(group, y, statements.overall, sums, chosen - question.min, rng)
        return value
    flag = answer[0]
    # The overall proof comes first in the file, the blank proof first among the draws.
    blank = _prove(group, y, statements.blank, [(exponents[0], flag), (r_sum, chosen)], flag, rng)
    branches = [(exponents[0], flag - 1), *sums]
    true = 0 if flag else 1 + chosen - question.min
    value["overall_proof"] = _prove(group, y, statements.overall, branches, true, rng)
    value["blank_proof"] = blank
    return value


def make(election: Election, credential: str, answers: Sequence[Sequence[int]], rng: Rng = system_rng) -> bytes:
    """Encrypt, prove and sign: the canonical bytes of a ballot.

    `answers` has one row per question: 0 or 1 for each answer, the blank choice first where the question has
    one. `rng(q)` is drawn per question: the exponents of all choices, then the individual proofs, the blank
    proof if any, the overall proof; at last the nonce of the signature. Raises FormatError for a credential or
    a choice that is not allowed.
    """
    group = election.parsed_group
    if len(answers) != len(election.questions):
        raise FormatError("choice.shape", f"This election has {len(election.questions)} questions.")
    key = credentials.secret(group, election.uuid, credential)
    public = group.serialise(group.generator_power(key))
    y = _powers(election.group, election.public_key)
    context = f"{election.fingerprint}|{public}"
    value: dict[str, Any] = {
        "election_uuid": election.uuid,
        "election_hash": election.fingerprint,
        "credential": public,
        "answers": [
            _answer(group, y, question, context, answer, rng)
            for question, answer in zip(election.questions, answers, strict=True)
        ],
    }
    digest = compact_digest(canonical.dump(value))
    nonce = rng(group.q)
    c = challenge(f"sig|{digest}|", [group.serialise(group.generator_power(nonce))], group.q)
    value["signature"] = {"hash": digest, "proof": Proof(c, (nonce - key * c) % group.q).to_json()}
    return canonical.dump(value)


@lru_cache(maxsize=16)
def _powers(group_name: str, public_key: str) -> Power:
    group = named(group_name)
    return group.secret_fixed_base(group.parse(public_key))
