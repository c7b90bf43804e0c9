"""One-time passwords are kept hashed; hashing runs in a few threads, so that it can neither block nor flood."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from isoloir_password_sms.config import ALPHABETS, PROFILES, PasswordConfig

# The pool is the semaphore: two hashes at once, the others wait in its queue, outside the event loop.
_POOL = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


def draw(config: PasswordConfig) -> str:
    """Draw a password."""
    return "".join(secrets.choice(ALPHABETS[config.alphabet]) for _ in range(config.length))


def normalised(typed: str) -> str:
    """Return what was typed without spaces or dashes, in capitals (NFKC)."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", typed).upper() if sign.isalnum())


async def hashed(profile: str, password: str) -> str:
    """Return the argon2 hash of a password."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, _hasher(profile).hash, password)


async def is_password(profile: str, kept: str | None, typed: str) -> bool:
    """Say whether `typed` is the password kept; without one, work as long all the same and say no."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, _verified, profile, kept, typed)


def _verified(profile: str, kept: str | None, typed: str) -> bool:
    try:
        same = _hasher(profile).verify(kept or _dummy(profile), typed)
    except (VerificationError, InvalidHashError):
        return False
    return same and kept is not None


@cache
def _hasher(profile: str) -> PasswordHasher:
    return PasswordHasher.from_parameters(PROFILES[profile])


@cache
def _dummy(profile: str) -> str:
    return _hasher(profile).hash(secrets.token_hex(16))
