"""The setup of an election: what is fixed and checked before any ballot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from . import canonical, trustees
from .election import Election
from .errors import FormatError, VerificationError
from .groups import Element, Group, Power
from .statements import overall_branches

MAX_BALLOT_BYTES = 32 * 2**20
"""Beyond any election: 10,000 answers need 10 MB on Ed25519."""
MAX_WEIGHT = 2**40
"""Largest total weight: keeps the discrete logarithm of a result within reach (two million products)."""


@dataclass(frozen=True)
class Setup:
    """A checked setup. `weights` maps each listed public credential to its weight."""

    election: Election
    group: Group
    trustees: tuple[trustees.Entry, ...]
    verification_keys: tuple[Element, ...]
    weights: Mapping[str, int]
    y: Power

    @cached_property
    def largest_ballot(self) -> int:
        """No valid ballot of this election has more bytes: keeps hostile JSON from filling the memory.

        What is neither a group element nor a number of a proof takes less than 64 bytes beside each of them.
        """
        scalar = len(str(self.group.q)) + 64
        element = len(self.group.serialise(self.group.generator)) + 64
        total = 1024 + element + 2 * scalar
        for question in self.election.questions:
            proofs = 2 * question.choices + overall_branches(question) + 2
            total += 128 + 2 * question.choices * element + 2 * proofs * scalar
        return min(total, MAX_BALLOT_BYTES)

    @classmethod
    def load(cls, election_bytes: bytes, trustees_bytes: bytes, public_credentials_bytes: bytes) -> Setup:
        """Read and check the three files of a setup.

        Raises VerificationError: `setup.election`, `setup.trustees`, `trustees.…`, `setup.public_key` (not
        the product of the trustees' keys), `setup.credentials`.
        """
        try:
            election = Election.parse(election_bytes)
        except FormatError as error:
            raise VerificationError("setup.election", error.detail) from error
        group = election.parsed_group
        try:
            entries = trustees.parse(group, trustees_bytes.removesuffix(b"\n"))
        except FormatError as error:
            raise VerificationError("setup.trustees", error.detail) from error
        before = 0
        for entry in entries:
            try:
                entry.check(group)
            except VerificationError as error:
                raise error.at(trustee=before + (error.place.trustee or 1)) from error
            before += len(entry.verification_keys)
        key = trustees.election_public_key(group, entries)
        if group.serialise(key) != election.public_key:
            raise VerificationError(
                "setup.public_key", "The election's public key is not the product of the trustees' keys."
            )
        try:
            weights = _read_credentials(group, public_credentials_bytes.removesuffix(b"\n"))
        except FormatError as error:
            raise VerificationError("setup.credentials", error.detail) from error
        keys = tuple(key for entry in entries for key in entry.verification_keys)
        return cls(election, group, entries, keys, weights, group.fixed_base(key))


_LIST = re.compile(rb'\[(?:"[0-9a-f,]{1,700}"(?:,"[0-9a-f,]{1,700}")*+)?\]')


def _read_credentials(group: Group, data: bytes) -> dict[str, int]:
    # The one file that may be large: nothing but a flat list of short texts reaches the JSON reader.
    if not _LIST.fullmatch(data):
        raise FormatError("shape", "The public credentials must be a list of group elements, in canonical form.")
    weights: dict[str, int] = {}
    for item in canonical.items(canonical.load_canonical(data), what="The public credentials"):
        text, comma, weight = canonical.text(item, what="A public credential").partition(",")
        group.parse(text)
        if text in weights:
            raise FormatError("shape", "A public credential is listed twice.")
        weights[text] = canonical.decimal(weight, limit=MAX_WEIGHT + 1, what="A weight") if comma else 1
        if comma and weights[text] < 2:
            raise FormatError("range", "A weight is written although it is less than 2.")
    if not _is_sorted(group, list(weights)):
        # A list in the order of enrolment would tell who holds which.
        raise FormatError("order", "The public credentials are not sorted.")
    if sum(weights.values()) > MAX_WEIGHT:
        raise FormatError("range", f"The weights add up to more than {MAX_WEIGHT}, too much to be counted.")
    return weights


def _is_sorted(group: Group, texts: list[str]) -> bool:
    """Sorted as texts, as we write them, or by value as belenios-tool does (on Ed25519: libsodium's bytes)."""
    if texts == sorted(texts):
        return True
    values: list[Any] = [bytes.fromhex(text)[::-1] if group.name == "Ed25519" else int(text) for text in texts]
    return values == sorted(values)
