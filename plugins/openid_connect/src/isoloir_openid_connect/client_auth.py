"""How this site shows who it is wherever the provider asks for that: one function by the configured method.

Sources: OpenID Connect Core 1.0, section 9; RFC 6749, section 2.3; RFC 7523, section 3; RFC 8705, section 2.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote_plus

import httpx2
from authlib.common.urls import add_params_to_qs
from authlib.integrations.httpx_client import OAuth2ClientAuth
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from isoloir_openid_connect.config import FederationConfig
from isoloir_openid_connect.provider import LEAST_RSA_BITS, Key
from isoloir_openid_connect.refusal import Refusal

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LASTS: Final = 60
"""Seconds: it is made for one request, and read at once."""
_BY_CURVE: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


def client_authentication(config: FederationConfig, *, token_endpoint: str, now: datetime) -> httpx2.Auth:
    """Return what puts this site's proof into a request to the provider, by ``client_auth``.

    A certificate is shown in the TLS handshake, by the client of the flow; the request then bears the name alone.
    Raises Refusal ``oidc_misconfigured`` where the configured key cannot sign.
    """
    secret = config.client_secret.get_secret_value() if config.client_secret is not None else ""
    method: Any = config.client_auth
    match config.client_auth:
        case "client_secret_basic":
            method = _basic
        case "private_key_jwt":
            audience = token_endpoint if config.client_assertion_audience == "token_endpoint" else None
            method = _asserting(client_assertion(config, audience or config.effective_issuer, now))
        case "tls_client_auth":
            method = "none"
    auth: httpx2.Auth = OAuth2ClientAuth(config.client_id, secret, method)
    return auth


def client_assertion(config: FederationConfig, audience: str, now: datetime) -> str:
    """Return an assertion signed by this site's key, for one request; Refusal ``oidc_misconfigured``."""
    key, algorithm = signing_key(config)
    issued = int(now.timestamp())
    claims = {
        "iss": config.client_id, "sub": config.client_id, "aud": audience, "jti": secrets.token_urlsafe(24),
        "iat": issued, "exp": issued + ASSERTION_LASTS,
    }  # fmt: skip
    header = {"alg": algorithm, "typ": "JWT"}
    if config.client_key_id is not None:
        header["kid"] = config.client_key_id
    return jwt.encode(header, claims, key, registry=JWSRegistry(algorithms=[algorithm]))


def signing_key(config: FederationConfig) -> tuple[Key, str]:
    """Return this site's private key and its algorithm; Refusal ``oidc_misconfigured`` for an unfit one.

    RSA of 2048 bits at least signs PS256 and EC the algorithm of its curve, unless the configuration says otherwise.
    """
    assert config.client_key is not None, "the configuration has been validated"
    key = _private_key(config.client_key.get_secret_value())
    own = "PS256" if isinstance(key, RSAKey) else _BY_CURVE.get(key.curve_name, "")
    algorithm = config.client_assertion_algorithm or own
    if not (algorithm[:2] in ("PS", "RS") if isinstance(key, RSAKey) else algorithm == own):
        raise Refusal("oidc_misconfigured")
    return key, algorithm


@lru_cache(maxsize=16)
def _private_key(written: str) -> Key:
    for kind in (RSAKey, ECKey):
        try:
            key = kind.import_key(written)
        except (JoseError, ValueError, TypeError):
            continue
        if key.is_private and (isinstance(key, ECKey) or key.raw_value.key_size >= LEAST_RSA_BITS):
            return key
    raise Refusal("oidc_misconfigured")


def _asserting(assertion: str) -> Any:
    def put(
        client: OAuth2ClientAuth, _: str, uri: str, headers: httpx2.Headers, body: bytes
    ) -> tuple[str, httpx2.Headers, str]:
        shown = {
            "client_id": client.client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion,
        }  # fmt: skip
        return uri, headers, add_params_to_qs(body.decode(), shown)

    return put


def _basic(
    client: OAuth2ClientAuth, _: str, uri: str, headers: httpx2.Headers, body: bytes
) -> tuple[str, httpx2.Headers, bytes]:
    # Name and secret are form-encoded first (RFC 6749, section 2.3.1): Authlib's own method leaves that out, and a
    # provider that decodes them then reads another secret wherever there is a "+" or a "%" in it.
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return uri, headers, body
