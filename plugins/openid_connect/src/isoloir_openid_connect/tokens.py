"""The checks of a signed answer. joserfc does the cryptography; what a claim must say is written out here.

Sources: OpenID Connect Core 1.0, sections 3.1.3.7 (ID token) and 5.3.2 (userinfo); RFC 7515; RFC 8725.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jws import JWSRegistry

from isoloir_openid_connect.assurance import Assurance
from isoloir_openid_connect.provider import Key, PublishedKey
from isoloir_openid_connect.refusal import Refusal

MOST_CHARACTERS: Final = 32 * 1024
_KEY_TYPES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC"}
_CURVES: Final = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


class UnknownKey(Exception):
    """No published key answers to the token's; the provider may have changed its keys."""


@dataclass(frozen=True)
class Expected:
    """What an ID token must agree with."""

    issuer: str
    client_id: str
    nonce: str | None = field(repr=False)
    """`None` only for a grant that has none, and then the token may have none either."""
    access_token: str = field(repr=False)
    assurance: Assurance
    now: datetime
    skew: int
    max_age: int | None = None
    fresh_since: datetime | None = None
    """When a fresh login was asked for: an older one is refused where the token tells its age."""


def header_of(token: str) -> dict[str, Any]:
    """Return the header of a compact JWS, unverified; Refusal ``oidc_token_unreadable`` when it is none."""
    if len(token) > MOST_CHARACTERS or token.count(".") != 2 or not token.isascii():
        raise Refusal("oidc_token_unreadable")
    encoded = token.partition(".")[0]
    try:
        header = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError):
        raise Refusal("oidc_token_unreadable") from None
    if not isinstance(header, dict):
        raise Refusal("oidc_token_unreadable")
    return header


def signed_claims(token: str, keys: Sequence[PublishedKey], algorithms: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return the algorithm and the claims of a token whose signature holds.

    The algorithm is looked at before any key is, and a key serves only the kind of algorithm that it is made
    for (RFC 8725, sections 3.1 and 3.2). Raises `UnknownKey`, or Refusal: ``oidc_token_unreadable``,
    ``oidc_token_algorithm``, ``oidc_token_signature``.
    """
    header = header_of(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise Refusal("oidc_token_algorithm")
    key = _key(algorithm, kid, keys)
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    try:
        return algorithm, jwt.decode(token, key, algorithms=[algorithm], registry=registry).claims
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Refusal("oidc_token_signature") from None


def _key(algorithm: str, kid: object, keys: Sequence[PublishedKey]) -> Key:
    fitting = [
        one
        for one in keys
        if one.key.key_type == _KEY_TYPES[algorithm[:2]]
        and one.alg in (None, algorithm)
        and one.key.get("crv") == _CURVES.get(algorithm)
        and (kid is None or one.kid == kid)
    ]
    if len(fitting) != 1:  # without a name, only a provider with one such key is clear
        raise UnknownKey
    return fitting[0].key


def check_id_token(algorithm: str, claims: Mapping[str, Any], expected: Expected) -> None:
    """Check every claim of an ID token whose signature holds; raises Refusal naming the first that fails."""
    if claims.get("iss") != expected.issuer:
        raise Refusal("oidc_token_issuer")
    check_audience(claims, expected.client_id)
    if claims.get("exp") is None or claims.get("iat") is None:
        raise Refusal("oidc_token_unreadable")
    check_times(claims, expected.now, expected.skew)
    nonce = claims.get("nonce")
    if nonce is not None if expected.nonce is None else not same_text(nonce, expected.nonce):
        raise Refusal("oidc_token_nonce")
    if "at_hash" in claims:
        at_hash = claims["at_hash"]
        right = access_token_hash(algorithm, expected.access_token)
        if not same_text(at_hash, right):
            raise Refusal("oidc_token_at_hash")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise Refusal("oidc_token_unreadable")
    _check_age(claims, expected)
    expected.assurance.check(claims.get("acr"))


def check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    """Check that the token is for this site and nobody else's: ``aud`` and ``azp``."""
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or client_id not in audiences:
        raise Refusal("oidc_token_audience")
    party = claims.get("azp")
    if (party is None and len(audiences) > 1) or (party is not None and party != client_id):
        raise Refusal("oidc_token_authorized_party")


def check_times(claims: Mapping[str, Any], now: datetime, skew: int) -> None:
    """Check ``exp``, ``iat`` and ``nbf``, as far as they are there, against our clock, `skew` seconds either way."""
    registry = jwt.JWTClaimsRegistry(now=int(now.timestamp()), leeway=skew)
    try:
        registry.validate({name: claims[name] for name in ("exp", "iat", "nbf") if name in claims})
    except ExpiredTokenError:
        raise Refusal("oidc_token_expired") from None
    except JoseError as error:
        exp = getattr(error, "claim", "") == "exp"
        raise Refusal("oidc_token_unreadable" if exp else "oidc_token_not_yet_valid") from None


def _check_age(claims: Mapping[str, Any], expected: Expected) -> None:
    logged_in_at = claims.get("auth_time")
    if logged_in_at is None:
        if expected.max_age is not None:
            raise Refusal("oidc_login_too_old")  # required then: OpenID Connect Core 1.0, section 2
        return
    if not isinstance(logged_in_at, int | float) or isinstance(logged_in_at, bool):
        raise Refusal("oidc_token_unreadable")
    now, skew = int(expected.now.timestamp()), expected.skew  # tokens count whole seconds
    if logged_in_at > now + skew:
        raise Refusal("oidc_token_not_yet_valid")
    if expected.max_age is not None and not logged_in_at >= now - expected.max_age - skew:
        raise Refusal("oidc_login_too_old")
    if expected.fresh_since is not None and not logged_in_at >= int(expected.fresh_since.timestamp()) - skew:
        raise Refusal("oidc_login_too_old")


def same_text(given: object, expected: str) -> bool:
    """Compare what a provider wrote with what it should have written, in constant time; any other type differs."""
    # JSON can hold half of a surrogate pair, which plain UTF-8 cannot.
    return isinstance(given, str) and hmac.compare_digest(
        given.encode(errors="surrogatepass"), expected.encode(errors="surrogatepass")
    )


def access_token_hash(algorithm: str, access_token: str) -> str:
    """Return what ``at_hash`` must be: the left half of the digest that the algorithm uses, base64url."""
    digest = hashlib.new(f"sha{algorithm[-3:]}", access_token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
