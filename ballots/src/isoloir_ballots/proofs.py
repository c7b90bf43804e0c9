"""Zero-knowledge proofs as (challenge, response): their hash inputs, and checking them.

Sigma protocols made non-interactive by hashing (Fiat and Shamir); disjunctions after Cramer, Damgård and
Schoenmakers; the exact inputs are those of the Belenios specification, crypto version 1. The commitments are
recomputed from the responses, so a proof holds exactly when its challenges sum to the hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from . import canonical
from .errors import FormatError
from .groups import Element, Group, Power
from .hashing import challenge


class Proof(NamedTuple):
    """One branch: both numbers in [0, q)."""

    challenge: int
    response: int

    def to_json(self) -> dict[str, str]:
        """The object of the format."""
        return {"challenge": str(self.challenge), "response": str(self.response)}

    @classmethod
    def from_json(cls, group: Group, value: Any) -> Proof:
        """Read that object; FormatError if a number is not canonical or not below q."""
        value = canonical.fields(value, ("challenge", "response"), what="A proof")
        return cls(
            group.scalar(canonical.string(value["challenge"], what="A challenge")),
            group.scalar(canonical.string(value["response"], what="A response")),
        )


def proofs_from_json(group: Group, value: Any, length: int, *, what: str) -> tuple[Proof, ...]:
    """Read a list of exactly `length` proofs."""
    values = canonical.items(value, what=what)
    if len(values) != length:
        raise FormatError("shape", f"{what} must have {length} branches.")
    return tuple(Proof.from_json(group, item) for item in values)


def check_knowledge(group: Group, prefix: str, public: Power, proof: Proof) -> bool:
    """Someone knew x with X = g^x (`public` gives powers of X): A = g^response X^challenge."""
    commitment = group.multiply(group.generator_power(proof.response), public(proof.challenge))
    return challenge(prefix, [group.serialise(commitment)], group.q) == proof.challenge


def check_equality(group: Group, prefix: str, alpha: Element, public: Element, factor: Element, proof: Proof) -> bool:
    """The factor is alpha^x for the x with public = g^x (Chaum and Pedersen)."""
    a = group.multiply(group.generator_power(proof.response), group.power(public, proof.challenge))
    b = group.multiply(group.power(alpha, proof.response), group.power(factor, proof.challenge))
    return challenge(prefix, [group.serialise(a), group.serialise(b)], group.q) == proof.challenge


def check_disjunction(prefix: str, commitments: Sequence[str], proofs: Sequence[Proof], q: int) -> bool:
    """One of the branches encrypts what it claims, without saying which; for its commitments see `Group`."""
    return challenge(prefix, commitments, q) == sum(proof.challenge for proof in proofs) % q
