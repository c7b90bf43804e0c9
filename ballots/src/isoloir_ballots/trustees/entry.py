"""What an entry of the trustees file is: one holder of a share, or several who share one secret."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from isoloir_ballots.groups import Element, Group

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

    @property
    @abstractmethod
    def names(self) -> tuple[str | None, ...]:
        """What the file calls each holder, in order."""

    @abstractmethod
    def check(self, group: Group) -> None:
        """Check the entry's own proofs.

        Raises VerificationError `trustees.…`, whose place counts the holders of this entry from 1.
        """

    @abstractmethod
    def combine(self, group: Group, factors: Mapping[int, Factors]) -> Factors | None:
        """The entry's decryption factors from those of holders (numbered from 0), None if too few."""

    @abstractmethod
    def to_json(self, group: Group) -> list[Any]:
        """The pair `[kind, object]` of the format."""
