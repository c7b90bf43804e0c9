"""Trustees: who holds the keys. An election key is the product of what the entries contribute.

Entries here are `Single` (all must decrypt). A threshold entry is another `Entry` with several holders.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import canonical
from .errors import FormatError, VerificationError
from .groups import Element, Group
from .hashing import challenge
from .proofs import Proof, check_knowledge
from .randomness import Rng, system_rng

Factors = Sequence[Sequence[Element]]
"""Decryption factors: one row per question, one element per ciphertext."""


class Entry(ABC):
    """One entry of the trustees file. Holders of shares are numbered on from entry to entry, from 1."""

    @property
    @abstractmethod
    def verification_keys(self) -> tuple[Element, ...]:
        """The key that checks each holder's decryption proofs, in order."""

    @property
    @abstractmethod
    def public_key(self) -> Element:
        """What the entry contributes to the election key."""

    @abstractmethod
    def check(self, group: Group) -> None:
        """Check the entry's own proofs; VerificationError `trustees.…`."""

    @abstractmethod
    def combine(self, group: Group, factors: Mapping[int, Factors]) -> Factors | None:
        """The entry's decryption factors from those of holders (numbered from 0), None if too few."""

    @abstractmethod
    def to_json(self, group: Group) -> list[Any]:
        """The pair `[kind, object]` of the format."""


def _possession_prefix(group: Group, public_key: Element) -> str:
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

    def check(self, group: Group) -> None:
        """See `Entry`; clause `trustees.pok`."""
        if not check_knowledge(
            group, _possession_prefix(group, self.key), lambda c: group.power(self.key, c), self.pok
        ):
            raise VerificationError("trustees.pok", "A trustee's proof of having the private key does not hold.")

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
        nonce = rng(group.q)
        c = challenge(_possession_prefix(group, key), [group.serialise(group.generator_power(nonce))], group.q)
        return cls(secret, Single(key, Proof(c, (nonce - secret * c) % group.q), name))


_KINDS = {"Single": Single}


def serialise(group: Group, entries: Sequence[Entry]) -> bytes:
    """The trustees file."""
    return canonical.dump([entry.to_json(group) for entry in entries])


def parse(group: Group, data: bytes) -> tuple[Entry, ...]:
    """Read a trustees file (canonical). FormatError; `trustees.unsupported` for kinds not known here."""
    entries: list[Entry] = []
    for pair in canonical.items(canonical.load_canonical(data), what="The trustees"):
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise FormatError("shape", "A trustee entry must be a pair of a kind and an object.")
        if pair[0] not in _KINDS:
            raise FormatError("trustees.unsupported", "A kind of trustee is not supported.")
        entries.append(_KINDS[pair[0]].from_json(group, pair[1]))
    if not entries:
        raise FormatError("shape", "There must be at least one trustee.")
    if serialise(group, entries) != data:
        raise FormatError("canonical", "The trustees are not in their canonical serialisation.")
    return tuple(entries)


def election_public_key(group: Group, entries: Sequence[Entry]) -> Element:
    """The key to which ballots are encrypted."""
    return group.product(entry.public_key for entry in entries)
