"""Ciphertexts, and what remains of a ballot once it is checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import canonical
from .groups import Element, Group


@dataclass(frozen=True)
class Ciphertext:
    """Exponential ElGamal: α = g^r, β = y^r g^m."""

    alpha: Element
    beta: Element

    def to_json(self, group: Group) -> dict[str, str]:
        """The object that ballots and tallies hold."""
        return {"alpha": group.serialise(self.alpha), "beta": group.serialise(self.beta)}

    @classmethod
    def from_json(cls, group: Group, value: Any, *, identity: bool = False) -> Ciphertext:
        """Read that object; the neutral element only if `identity` (sums over no ballot)."""
        value = canonical.fields(value, ("alpha", "beta"), what="A ciphertext")
        return cls(
            group.parse(canonical.text(value["alpha"], what="alpha"), identity=identity),
            group.parse(canonical.text(value["beta"], what="beta"), identity=identity),
        )


def multiply(group: Group, a: Ciphertext, b: Ciphertext) -> Ciphertext:
    """The encryption of the sum."""
    return Ciphertext(group.multiply(a.alpha, b.alpha), group.multiply(a.beta, b.beta))


def neutral(group: Group) -> Ciphertext:
    """The sum over nothing."""
    return Ciphertext(group.identity, group.identity)


@dataclass(frozen=True)
class CheckedBallot:
    """A ballot whose every proof holds. `ciphertexts` has one tuple per question, blank first."""

    tracker: str
    credential: str
    weight: int
    ciphertexts: tuple[tuple[Ciphertext, ...], ...]
