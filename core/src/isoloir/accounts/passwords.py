"""Passwords that people choose: long, not guessed first, kept as argon2id, hashed in a few threads (RFC 9106)."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from isoloir.errors import IsoloirError

LEAST = 12
MOST = 200
_FEW = 5
"""Fewer different signs than this are no secret, however long."""
_COMMON = frozenset(
    {
        "abcdefghijkl", "abcdefghijklmnopqrstuvwxyz", "administrateur", "administrator", "azerty", "azertyuiop",
        "azertyuiopqsdfghjklm", "bienvenue", "bonjour", "changeme", "changezmoi", "correcthorsebatterystaple",
        "doudou", "election", "elections", "football", "iloveyou", "isoloir", "jetaime", "letmein", "loulou",
        "marseille", "medecin", "motdepasse", "monmotdepasse", "nicolas", "password", "passw0rd", "president",
        "princesse", "qwerty", "qwertyuiop", "qwertyuiopasdfghjkl", "secretaire", "soleil", "vote", "voter",
        "welcome", "azertyazerty", "qwertyqwerty", "passwordpassword", "motdepassemotdepasse", "1q2w3e4r5t6y",
        "1qaz2wsx3edc", "q1w2e3r4t5y6",
    }
)  # fmt: skip
_RUN = "01234567890123456789"

# The pool is the semaphore: two hashes at once (64 MiB each), the others wait in its queue, outside the event loop.
_POOL = ThreadPoolExecutor(max_workers=2, thread_name_prefix="accounts-argon2")


class Passwords:
    """Hashes and compares; `parameters` are argon2's, those of RFC 9106 for little memory when left out."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)

    async def hashed(self, password: str) -> str:
        """Return the hash of a password."""
        return await asyncio.get_running_loop().run_in_executor(_POOL, self._hasher.hash, _normal(password))

    async def same(self, kept: str, typed: str) -> bool:
        """Say whether `typed` is the password kept; without one (empty), work as long all the same and say no."""
        return await asyncio.get_running_loop().run_in_executor(_POOL, self._same, kept, typed[:MOST])

    def _same(self, kept: str, typed: str) -> bool:
        try:
            same = self._hasher.verify(kept or _dummy(self._hasher), _normal(typed))
        except (VerificationError, InvalidHashError):
            return False
        return same and kept != ""


def require_good(password: str, known: Iterable[str] = ()) -> None:
    """Raise `IsoloirError` for a password too short, too long, or guessed first; `known` is what people know.

    Codes ``password_short``, ``password_long``, ``password_common``. Nothing is asked about its signs (NIST SP
    800-63B, 3.1.1.2).
    """
    text = _normal(password)
    if len(text) < LEAST:
        raise IsoloirError("password_short", least=LEAST)
    if len(text) > MOST:
        raise IsoloirError("password_long", most=MOST)
    plain = "".join(sign for sign in text.casefold() if sign.isalnum())
    stem = plain.strip("0123456789")
    public = {"".join(sign for sign in one.casefold() if sign.isalnum()) for one in known} - {""}
    if (
        len(set(text)) < _FEW
        or plain in _COMMON
        or stem in _COMMON
        or (not stem and (plain in _RUN or plain in _RUN[::-1]))
        or plain in public
        or stem in public
    ):
        raise IsoloirError("password_common")


def _normal(password: str) -> str:
    # The same keys give other code points on another system.
    return unicodedata.normalize("NFKC", password)


@cache
def _dummy(hasher: PasswordHasher) -> str:
    return hasher.hash(secrets.token_hex(16))
