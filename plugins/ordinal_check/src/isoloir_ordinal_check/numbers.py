"""What the two numbers look like: pure functions, without any roll.

RPPS: eleven digits, permanent, public (Agence du numérique en santé). Ordinal numbers have no authoritative
format; the election's normaliser alone decides which spellings are equal.
"""

from __future__ import annotations

import re
import unicodedata

_RPPS = re.compile(r"[0-9]{11}")


def rpps(typed: str) -> str | None:
    """Return the eleven ASCII digits, or `None` when that is not what was typed.

    Spaces do not count, full-width digits do (NFKC); a letter O, or a digit of another script, is not guessed at.
    """
    plain = "".join(unicodedata.normalize("NFKC", typed).split())
    return plain if _RPPS.fullmatch(plain) else None


def luhn(digits: str) -> bool:
    """Say whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def compact(typed: str) -> str:
    """Return a number without spaces or punctuation, in capitals (NFKC)."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", typed).upper() if sign.isalnum())
