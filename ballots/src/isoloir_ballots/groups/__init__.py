"""Groups of prime order in which ballots are encrypted; the rest of the library sees them through `Group`."""

from __future__ import annotations

from functools import cache

from isoloir_ballots.errors import FormatError

from .base import Element, Group, Power

__all__ = ["NAMES", "Element", "Group", "Power", "named"]

NAMES = ("Ed25519", "BELENIOS-2048")


@cache
def named(name: str) -> Group:
    """The group of that name; FormatError `group.unknown` for another."""
    if name == "Ed25519":
        from .ed25519 import Ed25519

        return Ed25519()
    if name == "BELENIOS-2048":
        from .finite_field import belenios_2048

        return belenios_2048()
    raise FormatError("group.unknown", f"The group is not one of those supported: {', '.join(NAMES)}.")
