"""What a ballot proves: for each question the prefixes that are hashed and the branches of each disjunction.

The maker and the verifier both start from here, and from nothing else of one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .election import Question
from .groups import Branch, Group, Pair


@dataclass(frozen=True)
class Statement:
    """One of `branches` holds; `prefix` is what is hashed before the commitments."""

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


def of_question(group: Group, question: Question, context: str, ciphertexts: Sequence[Pair]) -> QuestionStatements:
    """The statements about `ciphertexts` (blank first); `context` is `fingerprint|credential`."""
    texts = [f"{group.serialise(alpha)},{group.serialise(beta)}" for alpha, beta in ciphertexts]
    individual = tuple(
        Statement(f"prove|{context}|{text}|", (Branch(column, column + 1, 0), Branch(column, column + 1, 1)))
        for column, text in enumerate(texts)
    )
    whole = f"{context}|{','.join(texts)}"
    first = int(question.blank)
    sums = tuple(Branch(first, len(texts), number) for number in range(question.min, question.max + 1))
    if not question.blank:
        alpha, beta = (group.serialise(group.product(column)) for column in zip(*ciphertexts, strict=True))
        return QuestionStatements(individual, Statement(f"prove|{whole}|{alpha},{beta}|", sums), None)
    return QuestionStatements(
        individual,
        Statement(f"bproof1|{whole}|", (Branch(0, 1, 1), *sums)),
        Statement(f"bproof0|{whole}|", (Branch(0, 1, 0), Branch(1, len(texts), 0))),
    )
