"""Which claim of the provider proves which field of the roll: written in the election file, read here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, Strict
from pydantic_core import PydanticCustomError

from isoloir.hooks import PluginConfig
from isoloir_openid_connect.refusal import Refusal
from isoloir_openid_connect.words import LONGEST_NAME, shown, text

_LONGEST_VALUE: Final = 256
_VERIFIED: Final = {"email": "email_verified", "phone_number": "phone_number_verified"}
"""Claims that a person may type at the provider, and the ones that say that it has checked them (Core, 5.1)."""
_PLACE: Final = re.compile(r"\{([A-Za-z0-9_.:/-]+)\}")


@dataclass(frozen=True)
class Said:
    """What the provider said of whoever logged in: the claims of the ID token, and those of user-info."""

    id_token: Mapping[str, Any] = field(repr=False)
    userinfo: Mapping[str, Any] = field(repr=False)


def _pattern(value: str) -> str:
    try:
        compiled = re.compile(value)
    except (re.error, RecursionError, OverflowError):
        raise PydanticCustomError("oidc_claim_pattern", "refused") from None
    if compiled.groups > 1:
        raise PydanticCustomError("oidc_claim_pattern", "refused")
    return value


ClaimOfProvider = Annotated[str, Field(min_length=1, max_length=200)]


class ClaimSource(PluginConfig):
    """Where the value of one roll field is found in what the provider says."""

    claim: ClaimOfProvider = Field(description="The provider's name for it, for example sub or employee_number.")
    source: Literal["userinfo", "id_token"] = Field(
        default="userinfo", description="Whether it stands in the user-info answer or in the ID token."
    )
    pattern: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_pattern)] | None = Field(
        default=None,
        description="The regular expression that the whole value must match. With a group in parentheses the group "
        "is the value: E-([0-9]+) makes 123 of E-123.",
    )
    accept_unverified: Annotated[bool, Strict()] = Field(
        default=False,
        description="Take an e-mail address or a telephone that the provider has not verified. Never for a field "
        "that selects a voter.",
    )

    def read(self, said: Said) -> str:
        """Return the value; raises Refusal: ``oidc_claim_absent``, ``_several``, ``_form`` or ``_unverified``."""
        holder = said.userinfo if self.source == "userinfo" else said.id_token
        value = _single(holder.get(self.claim))
        verified = _VERIFIED.get(self.claim)
        if verified is not None and not self.accept_unverified and holder.get(verified) is not True:
            raise Refusal("oidc_claim_unverified")
        if len(value) > _LONGEST_VALUE or shown(value) != value:
            raise Refusal("oidc_claim_form")
        if self.pattern is None:
            return value
        found = re.fullmatch(self.pattern, value)
        read = found and found[found.re.groups]
        if not read:
            raise Refusal("oidc_claim_form")
        return read


def _single(value: object) -> str:
    listed = list(_texts(value))
    if not listed:
        raise Refusal("oidc_claim_absent")
    if len(listed) > 1:
        raise Refusal("oidc_claim_several")  # which of them would count is not for anybody to guess
    return listed[0]


def _texts(value: object) -> Iterator[str]:
    """Yield the values of a claim: a text, a whole number, or a list of them; blanks and other types are none."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, int) and not isinstance(one, bool):
            yield str(one)
        elif isinstance(one, str) and one.strip():
            yield one


def check_required(required: Mapping[str, tuple[str, ...]], said: Said) -> None:
    """Check that each claim has one of its accepted values, wherever it stands; Refusal ``oidc_requirement``."""
    for claim, accepted in required.items():
        places = [holder[claim] for holder in (said.id_token, said.userinfo) if claim in holder]
        if not places or not all(set(accepted) & set(_texts(place)) for place in places):
            raise Refusal("oidc_requirement")


def displayed(template: str, said: Said) -> str | None:
    """Fill a template with claims of user-info, then of the ID token; `None` where nothing is left of it."""
    claims = {**said.id_token, **said.userinfo}
    filled = shown(_PLACE.sub(lambda place: text(claims, place[1]), template))
    return filled[:LONGEST_NAME].strip() or None
