"""A trustee whose share is always needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isoloir_ballots import canonical
from isoloir_ballots.errors import FormatError, Place, VerificationError
from isoloir_ballots.groups import Element, Group
from isoloir_ballots.proofs import Proof, check_knowledge
from isoloir_ballots.randomness import Rng, system_rng
from isoloir_ballots.signing import prove_knowledge

from .entry import Entry, Factors


def possession_prefix(group: Group, public_key: Element) -> str:
    """How the hash of a proof of possession begins."""
    return f"pok|{group.name}|{group.serialise(public_key)}|"


@dataclass(frozen=True)
class Single(Entry):
    """A trustee whose share is always needed: a public key and the proof that its holder has the private one."""

    key: Element
    pok: Proof
    name: str | None = None

    @property
    def verification_keys(self) -> tuple[Element, ...]:
        """See `Entry`."""
        return (self.key,)

    @property
    def public_key(self) -> Element:
        """See `Entry`."""
        return self.key

    @property
    def names(self) -> tuple[str | None, ...]:
        """See `Entry`."""
        return (self.name,)

    def check(self, group: Group) -> None:
        """See `Entry`; clause `trustees.pok`."""
        if not check_knowledge(
            group, possession_prefix(group, self.key), lambda c: group.power(self.key, c), self.pok
        ):
            detail = "A trustee's proof of having the private key does not hold."
            raise VerificationError("trustees.pok", detail, Place(trustee=1))

    def combine(self, group: Group, factors: Mapping[int, Factors]) -> Factors | None:
        """See `Entry`."""
        return factors.get(0)

    def to_json(self, group: Group) -> list[Any]:
        """See `Entry`."""
        value: dict[str, Any] = {"pok": self.pok.to_json(), "public_key": group.serialise(self.key)}
        if self.name is not None:
            value["name"] = self.name
        return ["Single", value]

    @classmethod
    def from_json(cls, group: Group, value: Any) -> Single:
        """Read the object of a `Single` entry."""
        value = canonical.fields(value, ("pok", "public_key"), ("name",), what="A trustee")
        return cls(
            key=group.parse(canonical.text(value["public_key"], what="A trustee's key")),
            pok=Proof.from_json(group, value["pok"]),
            name=canonical.text(value["name"], what="A trustee's name") if "name" in value else None,
        )


@dataclass(frozen=True, repr=False)
class KeyPair:
    """A trustee's keys; `secret` is the exponent and never printed."""

    secret: int
    entry: Single

    @classmethod
    def generate(cls, group: Group, rng: Rng = system_rng, name: str | None = None) -> KeyPair:
        """Draw a private key, then the nonce of its proof of possession."""
        secret = rng(group.q - 1) + 1
        return cls.from_secret(group, secret, rng, name)

    @classmethod
    def from_secret(cls, group: Group, secret: int, rng: Rng = system_rng, name: str | None = None) -> KeyPair:
        """Rebuild from a stored exponent, with a fresh proof. Raises FormatError if it is out of range."""
        if not 0 < secret < group.q:
            raise FormatError("trustees.secret", "A private key must lie between 1 and q − 1.")
        key = group.generator_power(secret)
        return cls(secret, Single(key, prove_knowledge(group, secret, possession_prefix(group, key), rng), name))
