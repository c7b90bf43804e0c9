"""Asking the provider to ring a telephone: OpenID Connect CIBA Core 1.0, poll mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from isoloir_openid_connect.client import Client
from isoloir_openid_connect.refusal import Refusal

GRANT: Final = "urn:openid:params:grant-type:ciba"
LASTS: Final = 120
"""Seconds that the real provider gives for an approval."""
INTERVAL: Final = 5
"""Seconds between two polls where the provider names none (section 7.3)."""
_LONGEST: Final = 900
_LONGEST_ID: Final = 4096
_NOBODY: Final = frozenset({"unknown_user_id", "access_denied"})
"""What a provider says where there is no telephone to ring (section 13)."""
_NOBODY_AT_KEYCLOAK: Final = {"error": "invalid_request", "error_description": "invalid user"}
"""What Keycloak says instead."""


@dataclass(frozen=True)
class Ringing:
    """A telephone rings: under what name to ask about it, for how long, and how often at most; seconds."""

    auth_req_id: str = field(repr=False)
    expires_in: int
    interval: int


async def ring(client: Client, form: Mapping[str, str]) -> Ringing | None:
    """Ask for an approval (section 7.1); `None` where the provider knows nobody to ask.

    Raises Refusal ``psc_ecps_not_offered``, ``oidc_unavailable``, ``oidc_misconfigured``.
    """
    endpoint = client.endpoints.backchannel_authentication_endpoint
    if endpoint is None:
        raise Refusal("psc_ecps_not_offered")
    answer = await client.post(endpoint, form)
    read = answer.json_object()
    if answer.status != 200:
        if read.get("error") in _NOBODY or read == _NOBODY_AT_KEYCLOAK:
            return None
        raise Refusal("oidc_misconfigured")
    auth_req_id = read.get("auth_req_id")
    if not isinstance(auth_req_id, str) or not 1 <= len(auth_req_id) <= _LONGEST_ID:
        raise Refusal("oidc_unavailable")
    return Ringing(auth_req_id, _seconds(read.get("expires_in"), LASTS), _seconds(read.get("interval"), INTERVAL))


def _seconds(given: object, otherwise: int) -> int:
    """Return a number of seconds within reason; some providers write it as a text."""
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= 6:
        given = int(given)
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        return otherwise
    return min(given, _LONGEST)
