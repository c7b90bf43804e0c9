"""Groups of prime order in which ballots are encrypted; the rest of the library sees them through `Group`."""

from __future__ import annotations

import os
from functools import cache

from isoloir_ballots.errors import FormatError

from .base import Branch, Element, Group, Pair, Power

__all__ = ["NAMES", "PLAIN", "Branch", "Element", "Group", "Pair", "Power", "named"]

NAMES = ("Ed25519", "BELENIOS-2048")
PLAIN = "ISOLOIR_BALLOTS_PLAIN"
"""A variable of the environment: not empty, `isoloir-ballots-fast` is left aside even where it is installed."""


@cache
def named(name: str) -> Group:
    """The group of that name; FormatError `group.unknown` for another."""
    if name == "Ed25519":
        return _ed25519()
    if name == "BELENIOS-2048":
        from .finite_field import belenios_2048

        return belenios_2048()
    raise FormatError("group.unknown", f"The group is not one of those supported: {', '.join(NAMES)}.")


def _ed25519() -> Group:
    from .ed25519 import Ed25519

    if os.environ.get(PLAIN):
        return Ed25519()
    try:
        from .fast import FastEd25519
    except ImportError:
        return Ed25519()
    return FastEd25519()
