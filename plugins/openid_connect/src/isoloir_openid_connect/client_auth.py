"""How this site shows who it is wherever the provider asks for that: one function by the configured method."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote_plus

import httpx2
from authlib.integrations.httpx_client import OAuth2ClientAuth

from isoloir_openid_connect.config import FederationConfig


def client_authentication(config: FederationConfig) -> httpx2.Auth:
    """Return what puts this site's proof into a request to the provider, by ``client_auth``."""
    method = _basic if config.client_auth == "client_secret_basic" else config.client_auth
    auth: httpx2.Auth = OAuth2ClientAuth(config.client_id, config.client_secret.get_secret_value(), method)
    return auth


def _basic(
    client: OAuth2ClientAuth, _: str, uri: str, headers: httpx2.Headers, body: bytes
) -> tuple[str, httpx2.Headers, bytes]:
    # Name and secret are form-encoded first (RFC 6749, section 2.3.1): Authlib's own method leaves that out, and a
    # provider that decodes them then reads another secret wherever there is a "+" or a "%" in it.
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return uri, headers, body
