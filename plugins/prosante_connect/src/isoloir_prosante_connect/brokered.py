"""The way through a broker: the organiser's own Keycloak stands between this site and Pro Santé Connect.

The broker must say of each login that it came from Pro Santé Connect and from nowhere else; what the provider said
stands under one claim, where the broker's mappers put it (`isoloir_psc`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from isoloir.hooks import PluginConfig
from isoloir_openid_connect.mapping import Said
from isoloir_openid_connect.refusal import Refusal

ALIAS: Final = "prosante-connect"
NAMES: Final = "identity_provider"
CLAIMS: Final = "psc"
_PRACTICE: Final = "SubjectRefPro.exercices[0]"
HANDED_ON: Final[Mapping[str, str]] = {
    **{
        name: name for name in ("sub", "SubjectNameID", "preferred_username", "given_name", "family_name", "authMode")
    },
    "codeCivilite": "SubjectRefPro.codeCivilite",
    **{name: f"{_PRACTICE}.{name}" for name in ("nomDexercice", "prenomDexercice", "codeCiviliteDexercice")},
    **{f"origine{number}": f"otherIds[{number}].origine" for number in range(4)},
}
"""What the broker hands on, by the name it has there, and where the provider has it: no more than this site reads.

Texts one by one: Keycloak keeps no list of objects, and a vote does not need the whole of somebody's practice.
"""
_STEP: Final = re.compile(r"([A-Za-z]+)(?:\[([0-9]+)\])?")

_Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[!-~]+$")]


class Broker(PluginConfig):
    """How the broker tells who vouched, and what the provider said."""

    identity_provider: _Word = Field(
        default=ALIAS, description="The broker's name (alias) for Pro Santé Connect: a login must come from there."
    )
    names_provider: _Word = Field(
        default=NAMES, description="The claim of the ID token in which the broker says where a login came from."
    )
    claims: _Word = Field(default=CLAIMS, description="The claim under which the broker hands on what was said.")

    def userinfo(self, said: Said) -> dict[str, Any]:
        """Return the provider's user-info, as far as it was handed on, in the provider's own shape.

        Raises Refusal ``psc_broker_other`` (the signed ID token must name the provider, and nothing may name
        another) and ``psc_broker_claims``.
        """
        holders = (said.id_token, said.userinfo)
        named = [holder[self.names_provider] for holder in holders if self.names_provider in holder]
        if self.names_provider not in said.id_token or any(one != self.identity_provider for one in named):
            raise Refusal("psc_broker_other")
        claims = said.userinfo.get(self.claims)
        if not isinstance(claims, Mapping):
            raise Refusal("psc_broker_claims")
        told: dict[str, Any] = {}
        for name, path in HANDED_ON.items():
            if name in claims:
                _put(told, path, claims[name])
        return told


def _put(holder: dict[str, Any], path: str, value: object) -> None:
    """Put a value where a path (``otherIds[0].origine``) says, and what is on the way there."""
    *way, last = path.split(".")
    for step in way:
        found = _STEP.fullmatch(step)
        assert found is not None
        name, index = found[1], found[2]
        if index is None:
            holder = holder.setdefault(name, {})
            continue
        listed = holder.setdefault(name, [])
        listed += ({} for _ in range(int(index) + 1 - len(listed)))
        holder = listed[int(index)]
    holder[last] = value
