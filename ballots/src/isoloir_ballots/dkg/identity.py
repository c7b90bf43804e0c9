"""A holder's long-term secret: one seed, from which both keys derive as in Belenios."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from isoloir_ballots.groups import Element, Group
from isoloir_ballots.proofs import Proof
from isoloir_ballots.randomness import BASE58, Rng, system_rng
from isoloir_ballots.signing import sign

_SEED = re.compile(rf"[{BASE58}]{{22}}\Z")


def new_seed(rng: Rng = system_rng) -> str:
    """Draw a seed: 22 characters of base 58 (128 bits)."""
    return "".join(BASE58[rng(58)] for _ in range(22))


def is_seed(text: str) -> bool:
    """Whether a text is spelt as a seed."""
    return _SEED.match(text) is not None


@dataclass(frozen=True, repr=False)
class Identity:
    """A holder's private keys, for signatures and for messages. Never printed."""

    group: Group
    seed: str
    signing: int
    opening: int

    @classmethod
    def of(cls, group: Group, seed: str) -> Identity:
        """Derive both keys: SHA-256 of `sk|seed` and `dk|seed`, modulo q."""
        return cls(group, seed, *(_exponent(group, f"{kind}|{seed}") for kind in ("sk", "dk")))

    @property
    def verification(self) -> Element:
        """The public half for signatures."""
        return self.group.generator_power(self.signing)

    @property
    def encryption(self) -> Element:
        """The public half for messages."""
        return self.group.generator_power(self.opening)

    def sign(self, message: str, rng: Rng = system_rng) -> Proof:
        """Sign a text."""
        return sign(self.group, self.signing, message, rng)

    def polynomial(self, context: str, length: int) -> list[int]:
        """The coefficients of the holder's polynomial in one context, the constant one first.

        HMAC-SHA-512 under the seed, so that a holder who lost everything else makes the same again. The context holds
        every certificate: whoever shows this holder false ones learns a polynomial that serves nowhere else.
        """
        return [
            int.from_bytes(hmac.digest(self.seed.encode(), f"{context}|{k}".encode(), "sha512"), "big") % self.group.q
            for k in range(length)
        ]


def _exponent(group: Group, text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big") % group.q
