"""A provider of identity in memory: OpenID Connect, authorization code with PKCE, ID tokens signed with ES256.

It answers to an `httpx2.AsyncClient` (`client`), and `authorise` plays the browser. What is particular to a real
provider belongs to a simulator beside its plugin.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from isoloir.testing.fakes import FakeClock


class FakeIdentityProvider:
    """One provider with one client and one person at a time (`person`: claims of the ID token and userinfo)."""

    def __init__(
        self,
        *,
        issuer: str = "https://idp.example.org",
        client_id: str = "isoloir",
        client_secret: str = "kit-client-secret",  # noqa: S107 - of this fake alone
        clock: FakeClock | None = None,
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self.client_secret = client_secret
        self.clock = clock or FakeClock()
        self.person: dict[str, Any] = {"sub": "person-1"}
        self.spoiled: dict[str, Any] = {}
        """Claims that the next ID tokens get instead, to see them refused."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._codes: dict[str, Mapping[str, str]] = {}
        self._tokens: set[str] = set()
        self.client = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))

    def authorise(self, url: str) -> dict[str, str]:
        """Log the person in at the address that the voter was sent to; return what the callback gets."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked.get("client_id") == self.client_id, "another client"
        assert asked.get("response_type") == "code", "another flow"
        assert asked.get("code_challenge_method") == "S256", "no PKCE"
        code = secrets.token_urlsafe(24)
        self._codes[code] = asked
        return {"code": code, "iss": self.issuer, **({"state": asked["state"]} if "state" in asked else {})}

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path == "/.well-known/openid-configuration":
            return httpx2.Response(200, json=self._discovery())
        if path == "/certs":
            return httpx2.Response(200, json={"keys": [self._public_key()]})
        if path == "/token":
            return self._token(request)
        if path == "/userinfo":
            bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
            return httpx2.Response(200, json=self.person) if bearer in self._tokens else httpx2.Response(401)
        return httpx2.Response(404)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/certs",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _token(self, request: httpx2.Request) -> httpx2.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if (
            request.headers.get("authorization") != f"Basic {basic}"
            and form.get("client_secret") != self.client_secret
        ):
            return httpx2.Response(401, json={"error": "invalid_client"})
        asked = self._codes.pop(form.get("code", ""), None)
        challenge = _base64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form.get("redirect_uri"):
            return httpx2.Response(400, json={"error": "invalid_grant"})
        access = secrets.token_urlsafe(24)
        self._tokens.add(access)
        now = int(self.clock.now().timestamp())
        claims = {"iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 60, **self.person}
        if "nonce" in asked:
            claims["nonce"] = asked["nonce"]
        token = self._signed(claims | self.spoiled)
        return httpx2.Response(
            200, json={"access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": token}
        )

    def _public_key(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        point = {"x": _base64(numbers.x.to_bytes(32, "big")), "y": _base64(numbers.y.to_bytes(32, "big"))}
        return {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "kit", **point}

    def _signed(self, claims: Mapping[str, Any]) -> str:
        header = {"alg": "ES256", "kid": "kit", "typ": "JWT"}
        signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(SHA256())))
        return f"{signed}.{_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
