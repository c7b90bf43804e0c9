"""What a ballot proves: for each question the prefixes that are hashed and the branches of each disjunction.

The maker and the verifier both start from here, and from nothing else of one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from .election import Question
from .encrypted import Ciphertext, multiply
from .groups import Element, Group

Branch = tuple[Element, Element]


@dataclass(frozen=True)
class Statement:
    """One of `branches` encrypts zero; `prefix` is what is hashed before the commitments."""

    prefix: str
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class QuestionStatements:
    """All that is proven about one question's ciphertexts."""

    individual: tuple[Statement, ...]
    overall: Statement
    blank: Statement | None


def overall_branches(question: Question) -> int:
    """The number of branches of the overall proof."""
    return question.max - question.min + 1 + question.blank


def of_question(
    group: Group, question: Question, context: str, ciphertexts: Sequence[Ciphertext]
) -> QuestionStatements:
    """The statements about `ciphertexts` (blank first); `context` is `fingerprint|credential`."""
    texts = [f"{group.serialise(c.alpha)},{group.serialise(c.beta)}" for c in ciphertexts]
    minus_one = [group.divide(c.beta, group.generator) for c in ciphertexts]
    individual = tuple(
        Statement(f"prove|{context}|{text}|", ((c.alpha, c.beta), (c.alpha, less)))
        for c, text, less in zip(ciphertexts, texts, minus_one, strict=True)
    )
    whole = f"{context}|{','.join(texts)}"
    total = reduce(lambda a, b: multiply(group, a, b), ciphertexts[question.blank :])
    beta = group.divide(total.beta, group.generator_power(question.min))
    sums = [(total.alpha, beta)]
    for _ in range(question.min, question.max):
        beta = group.divide(beta, group.generator)
        sums.append((total.alpha, beta))
    if not question.blank:
        text = f"{group.serialise(total.alpha)},{group.serialise(total.beta)}"
        return QuestionStatements(individual, Statement(f"prove|{whole}|{text}|", tuple(sums)), None)
    flag = ciphertexts[0]
    return QuestionStatements(
        individual,
        Statement(f"bproof1|{whole}|", ((flag.alpha, minus_one[0]), *sums)),
        Statement(f"bproof0|{whole}|", ((flag.alpha, flag.beta), (total.alpha, total.beta))),
    )
