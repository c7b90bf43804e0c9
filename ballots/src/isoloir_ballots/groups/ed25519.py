"""The prime-order subgroup of edwards25519 (RFC 8032), by libsodium.

An element is the 32 bytes of the compressed point. In texts it is 64 hexadecimal digits of that as a big-endian
number, that is, in the reverse of libsodium's order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, cast

from Crypto.PublicKey.ECC import EccPoint  # type: ignore[attr-defined]  # documented, not in its stub's exports
from nacl._sodium import ffi, lib  # PyNaCl's wrappers cost a fifth more

from isoloir_ballots.errors import FormatError

from .base import Branch, Element, Group, Pair, Power

_HEX = re.compile(r"[0-9a-f]{64}\Z")
_Q = 2**252 + 27742317777372353535851937790883648493
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_IDENTITY = Element((1).to_bytes(32, "little"))


def _call(function: Any, *arguments: bytes) -> Element:
    """The point that a function of libsodium returns; FormatError `element.group` if it refuses its arguments."""
    result = ffi.new("unsigned char[32]")
    if function(result, *arguments):
        raise FormatError("element.group", "A text is not a point of order q on the curve.")
    return Element(bytes(result))


class Ed25519(Group):
    """Group Ed25519 of Belenios 2.1 and later."""

    name = "Ed25519"
    arithmetic = "libsodium"
    q = _Q
    generator = _call(lib.crypto_scalarmult_ed25519_base_noclamp, (1).to_bytes(32, "little"))
    identity = _IDENTITY

    def parse(self, text: str, *, identity: bool = False) -> Element:
        """See `Group`. Upper-case digits and coordinates ≥ p are refused as spelling."""
        if identity and text == self.serialise(self.identity):
            return self.identity
        element = self.parse_unproven(text)
        self._prove(element)
        return element

    def parse_unproven(self, text: str) -> Element:
        """See `Group`: what libsodium tests again at each product need not be tested before."""
        if not _HEX.match(text):
            raise FormatError("element.spelling", "A group element is not 64 lower-case hexadecimal digits.")
        point = bytes.fromhex(text)[::-1]
        if int.from_bytes(point, "little") & ((1 << 255) - 1) >= _P:
            raise FormatError("element.spelling", "A group element's coordinate is not reduced.")
        return Element(point)

    def _prove(self, element: Element) -> None:
        if not lib.crypto_core_ed25519_is_valid_point(element):
            raise FormatError("element.group", "A text is not a point of order q on the curve.")

    def serialise(self, element: Element) -> str:
        """See `Group`."""
        return cast(bytes, element)[::-1].hex()

    def multiply(self, a: Element, b: Element) -> Element:
        """See `Group`."""
        return _call(lib.crypto_core_ed25519_add, cast(bytes, a), cast(bytes, b))

    def divide(self, a: Element, b: Element) -> Element:
        """See `Group`."""
        return _call(lib.crypto_core_ed25519_sub, cast(bytes, a), cast(bytes, b))

    def power(self, base: Element, exponent: int) -> Element:
        """See `Group`. libsodium's time does not depend on the exponent, except for zero.

        Raises FormatError `element.group` for an unproven base that is not of order q, unless the exponent is 0.
        """
        # libsodium answers -1 for a zero scalar, an identity result and a bad point alike: the first two are told
        # apart here, before it is asked (of a base of order q, no other exponent gives the identity).
        exponent %= _Q
        if exponent == 0 or base == _IDENTITY:
            return self.identity
        scalar = exponent.to_bytes(32, "little")
        return _call(lib.crypto_scalarmult_ed25519_noclamp, scalar, cast(bytes, base))

    secret_power = power

    def generator_power(self, exponent: int) -> Element:
        """See `Group`."""
        exponent %= _Q
        if exponent == 0:
            return self.identity
        return _call(lib.crypto_scalarmult_ed25519_base_noclamp, exponent.to_bytes(32, "little"))

    def fixed_base(self, base: Element) -> Power:
        """See `Group`."""
        return _Table(cast(bytes, base))

    def commitments(
        self, y: Power, ciphertexts: Sequence[Pair], branches: Sequence[Branch], proofs: Sequence[tuple[int, int]]
    ) -> list[str]:
        """See `Group`. Most elements are proven by their own powers; the others are tested first."""
        powered = {
            first
            for (first, last, offset), (c, _) in zip(branches, proofs, strict=True)
            if c and offset == 0 and last == first + 1
        }
        for column, pair in enumerate(ciphertexts):
            for element in pair:
                if column not in powered or element == _IDENTITY:
                    self._prove(element)
        return super().commitments(y, ciphertexts, branches, proofs)


class _Table:
    """Powers of one element of order q, from its multiples by each value of each byte of an exponent.

    The table (8,160 points, 20 ms to make) is made at its first use, by pycryptodome, whose addition of points
    takes a twentieth of libsodium's: it keeps them in projective coordinates, unchecked.
    """

    def __init__(self, base: bytes) -> None:
        self._base = base

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return type(self), (self._base,)

    @cached_property
    def _rows(self) -> list[list[EccPoint]]:
        rows = []
        step = _decompressed(self._base)
        for _ in range(32):
            row = [step]
            for _ in range(254):
                row.append(row[-1] + step)
            rows.append(row)
            step = row[-1] + step
        return rows

    def __call__(self, exponent: int) -> Element:
        digits = (exponent % _Q).to_bytes(32, "little")
        points = [row[digit - 1] for row, digit in zip(self._rows, digits, strict=True) if digit]
        if not points:
            return _IDENTITY
        result = points.pop().copy()
        for point in points:
            result += point
        x, y = result.xy
        return Element((int(y) | (int(x) & 1) << 255).to_bytes(32, "little"))


def _decompressed(point: bytes) -> EccPoint:
    """RFC 8032, section 5.1.3, for a point that is known to be on the curve."""
    number = int.from_bytes(point, "little")
    y = number & ((1 << 255) - 1)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if x & 1 != number >> 255:
        x = _P - x
    return EccPoint(x, y, "ed25519")
