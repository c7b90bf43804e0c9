"""The setup of an election: what is fixed and checked before any ballot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import canonical, trustees
from .election import Election
from .errors import FormatError, VerificationError
from .groups import Element, Group, Power

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

    @classmethod
    def load(cls, election_bytes: bytes, trustees_bytes: bytes, public_credentials_bytes: bytes) -> Setup:
        """Read and check the three files of a setup.

        Raises VerificationError: `setup.election`, `setup.trustees`, `trustees.pok`, `setup.public_key` (not
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
        for entry in entries:
            entry.check(group)
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


def _read_credentials(group: Group, data: bytes) -> dict[str, int]:
    weights: dict[str, int] = {}
    for item in canonical.items(canonical.load_canonical(data), what="The public credentials"):
        text, comma, weight = canonical.text(item, what="A public credential").partition(",")
        group.parse(text)
        if text in weights:
            raise FormatError("shape", "A public credential is listed twice.")
        weights[text] = canonical.decimal(weight, limit=MAX_WEIGHT + 1, what="A weight") if comma else 1
        if weights[text] == 0:
            raise FormatError("range", "A weight is zero.")
    if sum(weights.values()) > MAX_WEIGHT:
        raise FormatError("range", f"The weights add up to more than {MAX_WEIGHT}, too much to be counted.")
    return weights
