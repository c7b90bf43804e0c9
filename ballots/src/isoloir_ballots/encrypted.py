"""Ciphertexts, and what remains of a ballot once it is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from . import canonical
from .groups import Element, Group


class Ciphertext(NamedTuple):
    """Exponential ElGamal: α = g^r, β = y^r g^m."""

    alpha: Element
    beta: Element

    def to_json(self, group: Group) -> dict[str, str]:
        """The object that ballots and tallies hold."""
        return {"alpha": group.serialise(self.alpha), "beta": group.serialise(self.beta)}

    @classmethod
    def from_json(cls, value: Any, parse: Callable[[str], Element]) -> Ciphertext:
        """Read that object, by one of the group's ways to parse an element."""
        value = canonical.fields(value, ("alpha", "beta"), what="A ciphertext")
        return cls(
            parse(canonical.string(value["alpha"], what="alpha")), parse(canonical.string(value["beta"], what="beta"))
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
