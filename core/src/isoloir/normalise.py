"""How values that people type are made comparable: one pure function by name."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType


def digits(value: str) -> str:
    """Keep the ASCII digits alone: ``99 70-00.00`` → ``99700000``; full-width digits count as digits."""
    if value.isascii() and value.isdecimal():
        return value
    return "".join(sign for sign in unicodedata.normalize("NFKC", value) if sign in "0123456789")


def alphanumeric(value: str) -> str:
    """Keep ASCII letters, upper-cased and without accents, and digits: ``é-12 b`` → ``E12B``."""
    return "".join(sign for sign in _plain(value).upper() if sign.isascii() and sign.isalnum())


def text(value: str) -> str:
    """Compare words: no accents, no case, one space for every run of what is neither letter nor digit."""
    signs = (sign if sign.isalnum() else " " for sign in _plain(value).casefold())
    return " ".join("".join(signs).split())


def email(value: str) -> str:
    """Compare addresses: outer blanks gone, letters in lower case."""
    return unicodedata.normalize("NFKC", value).strip().lower()


def _plain(value: str) -> str:
    decomposed = unicodedata.normalize("NFKD", value)
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


NORMALISERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {"digits": digits, "alphanumeric": alphanumeric, "text": text, "email": email}
)
"""By the name that a roll field gives. Each is idempotent; an empty result is no value and must match nothing."""
