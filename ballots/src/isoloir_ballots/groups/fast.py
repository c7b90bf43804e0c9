"""Ed25519 with the products of its proofs by curve25519-dalek: the optional distribution `isoloir-ballots-fast`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, cast

from isoloir_ballots_fast import PublicKey

from isoloir_ballots.errors import FormatError

from .base import Branch, Element, Pair, Power
from .ed25519 import Ed25519


class FastEd25519(Ed25519):
    """The same group; only `commitments` differs, and only in the time that it takes."""

    arithmetic = "curve25519-dalek"

    def fixed_base(self, base: Element) -> Power:
        """See `Group`."""
        return _Key(self, base)

    def commitments(
        self, y: Power, ciphertexts: Sequence[Pair], branches: Sequence[Branch], proofs: Sequence[tuple[int, int]]
    ) -> list[str]:
        """See `Group`. The interpreter's lock is released meanwhile."""
        elements = b"".join(cast(bytes, element) for pair in ciphertexts for element in pair)
        numbers = b"".join(number.to_bytes(32, "little") for proof in proofs for number in proof)
        try:
            made = cast(_Key, y).public_key.commitments(elements, branches, numbers)
        except ValueError as error:
            raise FormatError("element.group", "A text is not a point of order q on the curve.") from error
        return [made[i : i + 32][::-1].hex() for i in range(0, len(made), 32)]


class _Key:
    """A public key: its powers, and its tables on the other side."""

    def __init__(self, group: FastEd25519, base: Element) -> None:
        self._group = group
        self._base = base

    @cached_property
    def public_key(self) -> PublicKey:
        return PublicKey(cast(bytes, self._base))

    def __reduce__(self) -> tuple[Any, tuple[FastEd25519, Element]]:
        return type(self), (self._group, self._base)

    def __call__(self, exponent: int) -> Element:
        return self._group.power(self._base, exponent)
