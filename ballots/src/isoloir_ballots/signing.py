"""Messages signed by trustees among themselves (Schnorr), as the format's `signed_msg`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import canonical
from .groups import Element, Group
from .hashing import challenge
from .proofs import Proof, check_knowledge
from .randomness import Rng, system_rng


def _prefix(message: str) -> str:
    return f"sigmsg|{message}|"


def sign(group: Group, secret: int, message: str, rng: Rng = system_rng) -> Proof:
    """Sign a text with the key whose exponent is `secret`."""
    return prove_knowledge(group, secret, _prefix(message), rng)


def is_signed(group: Group, public: Element, message: str, signature: Proof) -> bool:
    """Whether the holder of `public` signed that text."""
    return check_knowledge(group, _prefix(message), _powers(group, public), signature)


def prove_knowledge(group: Group, secret: int, prefix: str, rng: Rng = system_rng) -> Proof:
    """Prove knowledge of `secret`, the hash's input beginning with `prefix`. `rng(q)` is drawn once."""
    nonce = rng(group.q)
    c = challenge(prefix, [group.serialise(group.generator_power(nonce))], group.q)
    return Proof(c, (nonce - secret * c) % group.q)


def _powers(group: Group, public: Element) -> Callable[[int], Element]:
    return lambda exponent: group.power(public, exponent)


@dataclass(frozen=True)
class Signed:
    """A message and its signature; who signed it is known from where it stands."""

    message: str
    signature: Proof

    def holds(self, group: Group, public: Element) -> bool:
        """Whether the holder of `public` signed it."""
        return is_signed(group, public, self.message, self.signature)

    def to_json(self) -> dict[str, Any]:
        """The object of the format."""
        return {"message": self.message, "signature": self.signature.to_json()}

    @classmethod
    def from_json(cls, group: Group, value: Any, *, what: str) -> Signed:
        """Read that object; raises FormatError."""
        value = canonical.fields(value, ("message", "signature"), what=what)
        message = canonical.text(value["message"], what=what)
        return cls(message, Proof.from_json(group, value["signature"]))

    @classmethod
    def make(cls, group: Group, secret: int, message: str, rng: Rng = system_rng) -> Signed:
        """Sign a text."""
        return cls(message, sign(group, secret, message, rng))
