"""A one-time password sent to the voter's mobile: the factor `password_sms`."""

from __future__ import annotations

from typing import Any

from isoloir.hooks import Factor, hookimpl
from isoloir_password_sms.factor import PasswordFactor

contract_version = 1


@hookimpl
def register_factors() -> list[Factor[Any]]:
    """Return the factor `password_sms`."""
    return [PasswordFactor()]
