"""What can be made to go wrong, one name per fault: for tests of whoever must refuse it."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import RSAKey

ENDPOINTS: Final = ("discovery", "jwks", "token", "userinfo")
ANSWERS: Final = ("html", "not_object", "error_500", "redirect", "slow", "huge")
ANSWER_FAULTS: Final = tuple(f"{endpoint}_{answer}" for endpoint in ENDPOINTS for answer in ANSWERS)

TOKEN_FAULTS: Final = (
    "wrong_nonce", "no_nonce", "alg_none", "hs256_public_key", "unknown_kid", "bad_signature", "not_a_token",
    "wrong_iss", "wrong_aud", "other_aud_without_azp", "wrong_azp", "expired", "no_exp", "not_yet_valid",
    "wrong_at_hash", "unknown_acr", "old_auth_time",
)  # fmt: skip
OTHER_FAULTS: Final = (
    "callback_iss", "callback_state", "callback_no_code", "callback_access_denied", "callback_server_error",
    "callback_invalid_scope", "no_id_token", "wrong_token_type", "invalid_grant", "invalid_client",
    "userinfo_other_sub", "userinfo_no_sub", "userinfo_401", "userinfo_alg_none", "userinfo_other_username",
    "discovery_other_issuer", "discovery_clear_address", "jwks_empty",
)  # fmt: skip
CIBA_FAULTS: Final = (
    *(f"ciba_{answer}" for answer in ANSWERS),
    "ciba_unknown_user", "ciba_no_request_id", "ciba_not_offered", "ciba_slow_down", "ciba_other_number",
    "ciba_other_person",
)  # fmt: skip
FAULTS: Final = frozenset((*ANSWER_FAULTS, *TOKEN_FAULTS, *OTHER_FAULTS, *CIBA_FAULTS))


def spoil_claims(claims: dict[str, Any], faults: set[str]) -> None:
    """Spoil the claims of an ID token, in place, before it is signed."""
    hour = 3600
    if "wrong_nonce" in faults:
        claims["nonce"] = "another"
    if "no_nonce" in faults:
        claims.pop("nonce", None)
    if "wrong_iss" in faults:
        claims["iss"] = "https://another.example/realm"
    if "wrong_aud" in faults:
        claims["aud"] = "another-client"
    if "other_aud_without_azp" in faults:
        claims["aud"] = [claims["aud"], "another-client"]
        del claims["azp"]
    if "wrong_azp" in faults:
        claims["azp"] = "another-client"
    if "expired" in faults:
        claims["iat"], claims["exp"] = claims["iat"] - 2 * hour, claims["iat"] - hour
    if "no_exp" in faults:
        del claims["exp"]
    if "not_yet_valid" in faults:
        claims["iat"], claims["exp"] = claims["iat"] + hour, claims["iat"] + 2 * hour
    if "wrong_at_hash" in faults:
        claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA"
    if "unknown_acr" in faults:
        claims["acr"] = "0"
    if "old_auth_time" in faults:
        claims["auth_time"] -= hour


def signed(claims: dict[str, Any], key: RSAKey, kid: str, faults: set[str]) -> str:
    """Sign an ID token, well or as a forger would."""
    if "not_a_token" in faults:
        return "not a token"
    if "alg_none" in faults:
        return unsigned(claims)
    if "hs256_public_key" in faults:
        body = _part({"alg": "HS256", "typ": "JWT", "kid": kid}) + "." + _part(claims)
        return f"{body}.{_base64(hmac.digest(key.as_pem(private=False), body.encode(), hashlib.sha256))}"
    if "bad_signature" in faults:
        key = RSAKey.generate_key(2048)
    return jwt.encode({"alg": "RS256", "kid": "unknown" if "unknown_kid" in faults else kid}, claims, key)


def unsigned(claims: dict[str, Any]) -> str:
    """Return a token that nobody signed (``alg`` none)."""
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def _part(content: dict[str, Any]) -> str:
    return _base64(json.dumps(content).encode())


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
