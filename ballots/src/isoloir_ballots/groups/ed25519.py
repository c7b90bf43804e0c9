"""The prime-order subgroup of edwards25519 (RFC 8032), by libsodium through PyNaCl.

An element is the 32 bytes of the compressed point. In texts it is 64 hexadecimal digits of that as a big-endian
number, that is, in the reverse of libsodium's order.
"""

from __future__ import annotations

import re
from typing import cast

from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_core_ed25519_is_valid_point,
    crypto_core_ed25519_sub,
    crypto_scalarmult_ed25519_base_noclamp,
    crypto_scalarmult_ed25519_noclamp,
)

from isoloir_ballots.errors import FormatError

from .base import Element, Group

_HEX = re.compile(r"[0-9a-f]{64}\Z")
_Q = 2**252 + 27742317777372353535851937790883648493
_P = 2**255 - 19
_IDENTITY = (1).to_bytes(32, "little")


class Ed25519(Group):
    """Group Ed25519 of Belenios 2.1 and later."""

    name = "Ed25519"
    q = _Q
    generator = Element(crypto_scalarmult_ed25519_base_noclamp((1).to_bytes(32, "little")))
    identity = Element(_IDENTITY)

    def parse(self, text: str, *, identity: bool = False) -> Element:
        """See `Group`. Upper-case digits and coordinates ≥ p are refused as spelling."""
        if not _HEX.match(text):
            raise FormatError("element.spelling", "A group element is not 64 lower-case hexadecimal digits.")
        point = bytes.fromhex(text)[::-1]
        if int.from_bytes(point, "little") & ((1 << 255) - 1) >= _P:
            raise FormatError("element.spelling", "A group element's coordinate is not reduced.")
        if not crypto_core_ed25519_is_valid_point(point) and not (identity and point == _IDENTITY):
            raise FormatError("element.group", "A text is not a point of order q on the curve.")
        return Element(point)

    def serialise(self, element: Element) -> str:
        """See `Group`."""
        return cast(bytes, element)[::-1].hex()

    def multiply(self, a: Element, b: Element) -> Element:
        """See `Group`."""
        return Element(crypto_core_ed25519_add(cast(bytes, a), cast(bytes, b)))

    def divide(self, a: Element, b: Element) -> Element:
        """See `Group`."""
        return Element(crypto_core_ed25519_sub(cast(bytes, a), cast(bytes, b)))

    def power(self, base: Element, exponent: int) -> Element:
        """See `Group`. libsodium's time does not depend on the exponent, except for zero."""
        # libsodium answers -1 for a zero scalar, an identity result and a bad point alike: with elements of
        # order q, only the first two remain, and both are told apart here, before it is asked.
        exponent %= _Q
        if exponent == 0 or base == self.identity:
            return self.identity
        return Element(crypto_scalarmult_ed25519_noclamp(exponent.to_bytes(32, "little"), cast(bytes, base)))

    secret_power = power

    def generator_power(self, exponent: int) -> Element:
        """See `Group`."""
        exponent %= _Q
        if exponent == 0:
            return self.identity
        return Element(crypto_scalarmult_ed25519_base_noclamp(exponent.to_bytes(32, "little")))
