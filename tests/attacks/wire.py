"""The wire between the site and its provider, in an attacker's hand: answers are changed on their way."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx2

Tokens = dict[str, Any]
"""What a token endpoint answers."""


class Wire(httpx2.AsyncBaseTransport):
    """Passes everything on, but for what it is told to change; notes what must stay secret."""

    def __init__(self) -> None:
        self._inner = httpx2.AsyncHTTPTransport()
        self.secrets: set[str] = set()
        self.public_key = ""
        self.mend()

    def mend(self) -> None:
        """Change nothing."""
        self.spoil: Callable[[Tokens], Tokens] | None = None
        self.spoil_grant: Callable[[dict[str, str]], dict[str, str]] | None = None
        self.bearer = ""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Carry one request and its answer."""
        path = request.url.path
        if path.endswith("/userinfo") and self.bearer:
            request.headers["authorization"] = f"Bearer {self.bearer}"
        token = path.endswith("/token")
        if token:
            form = {name: values[0] for name, values in parse_qs((await request.aread()).decode()).items()}
            self.secrets |= {form[name] for name in ("code", "code_verifier", "client_secret") if name in form}
            if self.spoil_grant is not None:
                kept = {k: v for k, v in request.headers.items() if k not in ("content-length", "host")}
                request = httpx2.Request("POST", request.url, headers=kept, data=self.spoil_grant(form))
        answer = await self._inner.handle_async_request(request)
        if not token or answer.status_code != 200:
            return answer
        tokens = json.loads(await answer.aread())
        await answer.aclose()
        self.secrets |= {tokens[name] for name in ("access_token", "id_token") if len(tokens.get(name, "")) > 20}
        return httpx2.Response(200, json=tokens if self.spoil is None else self.spoil(tokens), request=request)

    async def aclose(self) -> None:
        """Close."""
        await self._inner.aclose()


def forged(tokens: Tokens, header: dict[str, Any], claims: dict[str, Any] | None = None, key: bytes = b"") -> Tokens:
    """The tokens with an ID token whose header, and claims, are changed; its signature kept, or made with `key`."""
    head, body, signature = tokens["id_token"].split(".")
    head = _part({**_read(head), **header})
    body = _part({**_read(body), **claims}) if claims else body
    if header.get("alg") == "none":
        signature = ""
    elif key:
        signature = _base64(hmac.digest(key, f"{head}.{body}".encode(), hashlib.sha256))
    return {**tokens, "id_token": f"{head}.{body}.{signature}"}


def header_of(token: str) -> dict[str, Any]:
    """The header of a token."""
    return _read(token.partition(".")[0])


def _read(part: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read


def _part(content: dict[str, Any]) -> str:
    return _base64(json.dumps(content).encode())


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
