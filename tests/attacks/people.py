"""Who comes: two electors, one who is on the roll twice, and whoever looks like one of them."""

from __future__ import annotations

from dataclasses import replace

from isoloir_prosante_connect.simulator import Identity, identity

ELECTOR, THIEF, TWICE = range(3)
"""Places on the roll: whom attackers are after, an elector who is an attacker, and one who was entered twice."""


def rpps(place: int) -> str:
    """The RPPS number of that place of the roll, as `isoloir simulate` makes it."""
    return f"{99_700_000_000 + place:011d}"


def number(place: int) -> str:
    """The national identifier of that place of the roll."""
    return f"8{rpps(place)}"


_IT = number(ELECTOR)
_LOOK_ALIKES = {
    "full-width": "".join(chr(ord(sign) - ord("0") + 0xFF10) for sign in _IT),
    "full-width-tail": f"8{''.join(chr(ord(sign) - ord('0') + 0xFF10) for sign in rpps(ELECTOR))}",
    "arabic": "".join(chr(ord(sign) - ord("0") + 0x0660) for sign in _IT),
    "devanagari": "".join(chr(ord(sign) - ord("0") + 0x0966) for sign in _IT),
    "mathematical": "".join(chr(ord(sign) - ord("0") + 0x1D7CE) for sign in _IT),
    "superscript": f"{_IT[:-1]}⁰",
    "letter-o": _IT.replace("0", "O"),
    "zero-width": f"{_IT[:6]}\u200b{_IT[6:]}",
    "word-joiner": f"{_IT}\u2060",
    "soft-hyphen": f"{_IT[:6]}\u00ad{_IT[6:]}",
    "direction-mark": f"\u202e{_IT}",
    "nul": f"{_IT}\x00",
    "line-end": f"{_IT}\n",
    "blank": f" {_IT}",
    "no-break-space": f"{_IT[:6]}\u00a0{_IT[6:]}",
    "sign": f"+{_IT}",
    "two-numbers": f"{_IT},{number(THIEF)}",
    "too-long": f"{_IT}0",
    "too-short": _IT[:-1],
}
_OTHERS = {
    "prefix-0": f"0{rpps(ELECTOR)}",
    "prefix-3": f"3{rpps(ELECTOR)}",
    "prefix-5": f"5{rpps(ELECTOR)}",
    "no-prefix": rpps(ELECTOR),
    "stranger": number(77),
}


def _under(name: str, shown_number: str) -> Identity:
    """Somebody who logs in as `name`, and whom the provider says to be `shown_number`."""
    return replace(identity(shown_number, "ALIX", "MARTIN", id=name, origin="RPPS"), number=name)


IDENTITIES: tuple[Identity, ...] = (
    *(identity(number(place), "ALIX", "MARTIN") for place in range(3)),
    *(_under(name, shown) for name, shown in (_LOOK_ALIKES | _OTHERS).items()),
)
"""Everybody whom the provider knows."""
LOOK_ALIKES = tuple(_LOOK_ALIKES)
