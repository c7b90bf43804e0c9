"""How an election sets its one-time passwords."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from argon2 import Parameters, Type, profiles
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from isoloir.hooks import PluginConfig

ALPHABETS: Mapping[str, str] = MappingProxyType(
    {"digits": "0123456789", "letters_and_digits": "ABCDEFGHJKMNPQRSTUVWXYZ23456789"}
)
"""What passwords are drawn from; letters without look-alikes."""

PROFILES: Mapping[str, Parameters] = MappingProxyType(
    {
        "one_time": Parameters(
            type=Type.ID,
            version=19,
            salt_len=16,
            hash_len=32,
            time_cost=2,
            memory_cost=8 * 1024,
            parallelism=1,
        ),
        "rfc9106_low_memory": profiles.RFC_9106_LOW_MEMORY,
        "cheapest": profiles.CHEAPEST,
    }
)
"""Argon2 profiles by name.

``one_time`` (8 MiB, two passes, one lane) is cheap on purpose: the password is made by a machine, lasts minutes, is
stored encrypted, and dies after a few tries; what stops guessing is the counter, and a dear hash would only let
anybody exhaust the server on opening day. ``rfc9106_low_memory`` is what a password of a person's own would need.
``cheapest`` is for tests.
"""

_MOST_LIKELY_GUESS = 100_000


class PasswordConfig(PluginConfig):
    """Whose mobile, what password, and how long it is good for."""

    mobile: Literal["roll", "typed", "roll_or_typed"] = Field(
        default="roll",
        description="roll: the roll's mobile alone. typed: the voter types it, unless the roll holds one."
        " roll_or_typed: the roll's, unless it holds none. The last two differ in what a stranger is shown.",
    )
    length: int = Field(default=8, ge=4, le=16, description="Characters of the password.")
    alphabet: Literal["digits", "letters_and_digits"] = Field(
        default="digits", description="What the password is made of; letters are those without look-alikes."
    )
    valid_minutes: int = Field(default=15, ge=1, le=60, description="How long a password is good for.")
    attempts: int = Field(default=5, ge=1, le=10, description="Wrong tries after which a password is destroyed.")
    serves: int = Field(default=1, ge=1, le=5, description="How many voters one typed mobile may serve.")
    profile: Literal["one_time", "rfc9106_low_memory", "cheapest"] = Field(
        default="one_time", description="The argon2 profile; cheapest is for tests."
    )
    resend_seconds: int = Field(
        default=60, ge=0, le=600, description="How long to wait before another password may be asked for."
    )

    @model_validator(mode="after")
    def _not_guessable(self) -> PasswordConfig:
        if len(ALPHABETS[self.alphabet]) ** self.length < self.attempts * _MOST_LIKELY_GUESS:
            raise PydanticCustomError("password_guessable", "refused")
        return self
