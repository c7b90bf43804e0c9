"""The second factor: a code of six digits that changes every thirty seconds (TOTP, RFC 6238), or a recovery code."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime

import pyotp

from isoloir.config.secrets import Keys

STEP_SECONDS = 30
WINDOW = 1
"""How many steps a clock may be early or late."""
RECOVERY_CODES = 10
_RECOVERY_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_LENGTH = 10


def new_secret() -> str:
    """Return a secret of 160 bits, in base 32 as the applications want it."""
    return pyotp.random_base32(32)


def address(secret: str, name: str, issuer: str) -> str:
    """Return the ``otpauth:`` address that an application reads as a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def step_of(secret: str, typed: str, now: datetime) -> int | None:
    """Return the step of time whose code was typed, within the window, or `None`; in constant time."""
    code = _signs(typed)
    present = int(now.timestamp()) // STEP_SECONDS
    generator = pyotp.HOTP(secret)
    found = None
    for step in range(present - WINDOW, present + WINDOW + 1):
        if hmac.compare_digest(generator.at(step).encode(), code.encode()):
            found = step
    return found


def recovery_codes() -> list[str]:
    """Draw ten recovery codes of 49 bits, written in two halves."""
    drawn = ["".join(secrets.choice(_RECOVERY_SIGNS) for _ in range(_RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    return [f"{code[:5]}-{code[5:]}" for code in drawn]


def recovery_digest(keys: Keys, account_id: str, typed: str) -> str:
    """Return what is kept of a recovery code."""
    return keys.mac("account-recovery", f"{account_id}/{_signs(typed).lower()}")


def sealed(keys: Keys, account_id: str, secret: str) -> bytes:
    """Encrypt an account's secret."""
    return keys.encrypt(f"account-totp/{account_id}", secret.encode())


def opened(keys: Keys, account_id: str, kept: bytes) -> str:
    """Decrypt an account's secret."""
    return keys.decrypt(f"account-totp/{account_id}", kept).decode()


def _signs(typed: str) -> str:
    return "".join(sign for sign in typed[:64] if sign.isascii() and sign.isalnum())
