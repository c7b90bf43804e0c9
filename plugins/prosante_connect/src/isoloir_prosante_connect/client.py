"""This site as a client of the provider: the address to log in at, the code exchanged, the identity read."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus

import httpx2
from authlib.integrations.httpx_client import OAuth2ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from isoloir_prosante_connect.clock import Clock
from isoloir_prosante_connect.config import ProSanteConnectConfig
from isoloir_prosante_connect.exchange import Answer, ask
from isoloir_prosante_connect.provider import Endpoints, Provider
from isoloir_prosante_connect.refusal import Refusal
from isoloir_prosante_connect.tokens import (
    Expected,
    UnknownKey,
    check_audience,
    check_id_token,
    check_times,
    same_text,
    signed_claims,
)

SCOPE: Final = "openid scope_all"
_OUR_FAULT: Final = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"})


@dataclass(frozen=True)
class Tokens:
    """What a code was exchanged for; neither is kept after the identity is read, but the ID token for logging out."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


@dataclass(frozen=True)
class Client:
    """One login's view of the provider: its configuration and addresses, the network and the time."""

    config: ProSanteConnectConfig
    endpoints: Endpoints
    provider: Provider
    http: httpx2.AsyncClient
    clock: Clock

    def authorization_url(self, *, callback: str, state: str, nonce: str, verifier: str) -> str:
        """Return where to send the voter: code flow with PKCE S256 (RFC 7636), state and nonce."""
        extra: dict[str, str] = {}
        if self.config.prompt_login:
            extra["prompt"] = "login"
        if self.config.max_age is not None:
            extra["max_age"] = str(self.config.max_age)
        url: str = prepare_grant_uri(
            self.endpoints.authorization_endpoint,
            client_id=self.config.client_id,
            response_type="code",
            redirect_uri=callback,
            scope=SCOPE,
            state=state,
            nonce=nonce,
            acr_values=self.config.minimum_acr,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
            **extra,
        )
        return url

    async def exchange(self, *, code: str, callback: str, verifier: str) -> Tokens:
        """Exchange a code; Refusal ``psc_unavailable``, ``psc_code_refused``, ``psc_misconfigured``."""
        config = self.config
        answer = await ask(
            self.http,
            "POST",
            self.endpoints.token_endpoint,
            config.timeout,
            form={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": callback,
                "code_verifier": verifier,
            },
            auth=client_authentication(config),
        )
        read = answer.json_object()
        if answer.status != 200:
            raise Refusal("psc_misconfigured" if read.get("error") in _OUR_FAULT else "psc_code_refused")
        kind, access_token, id_token = (read.get(name) for name in ("token_type", "access_token", "id_token"))
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise Refusal("psc_token_unreadable")
        if not isinstance(access_token, str) or not isinstance(id_token, str) or not access_token.isascii():
            raise Refusal("psc_token_unreadable")
        if not access_token or any(not "!" <= sign <= "~" for sign in access_token):
            raise Refusal("psc_token_unreadable")  # it goes into a header
        return Tokens(id_token=id_token, access_token=access_token)

    async def subject(self, tokens: Tokens, *, nonce: str, asked_at: datetime) -> str:
        """Check the ID token in full and return whom it is about; Refusal ``psc_token_…``, ``psc_level_…``."""
        algorithm, claims = await self._signed(tokens.id_token)
        check_id_token(
            algorithm,
            claims,
            Expected(
                issuer=self.config.effective_issuer,
                client_id=self.config.client_id,
                nonce=nonce,
                access_token=tokens.access_token,
                minimum_acr=self.config.minimum_acr,
                algorithms=self.config.algorithms,
                now=self.clock.now(),
                skew=self.config.clock_skew,
                max_age=self.config.max_age,
                fresh_since=asked_at if self.config.prompt_login else None,
            ),
        )
        subject: str = claims["sub"]
        return subject

    async def userinfo(self, tokens: Tokens, subject: str) -> dict[str, Any]:
        """Read who that is, as JSON or a signed JWT; Refusal ``psc_userinfo_…``, ``psc_token_…``."""
        answer = await ask(
            self.http,
            "GET",
            self.endpoints.userinfo_endpoint,
            self.config.timeout,
            headers={"authorization": f"Bearer {tokens.access_token}"},
        )
        if answer.status != 200:
            raise Refusal("psc_userinfo_refused")
        claims = await self._claims_of(answer)
        if not same_text(claims.get("sub"), subject):
            raise Refusal("psc_userinfo_mismatch")  # OpenID Connect Core 1.0, section 5.3.2
        return claims

    async def _claims_of(self, answer: Answer) -> dict[str, Any]:
        if answer.media != "application/jwt":
            return answer.json_object()
        try:
            token = answer.body.decode("ascii").strip()
        except UnicodeDecodeError:
            raise Refusal("psc_token_unreadable") from None
        _, claims = await self._signed(token)
        if "iss" in claims and claims["iss"] != self.config.effective_issuer:
            raise Refusal("psc_token_issuer")
        if "aud" in claims:
            check_audience(claims, self.config.client_id)
        if "exp" in claims and "iat" in claims:
            check_times(claims, self.clock.now(), self.config.clock_skew)
        return claims

    async def _signed(self, token: str) -> tuple[str, dict[str, Any]]:
        for again in (False, True):
            keys = await self.provider.keys(self.config, self.endpoints.jwks_uri, self.http, self.clock, again=again)
            try:
                return signed_claims(token, keys, self.config.algorithms)
            except UnknownKey:
                continue
        raise Refusal("psc_token_key")


def client_authentication(config: ProSanteConnectConfig) -> httpx2.Auth:
    """Return how this site shows who it is at the token endpoint."""
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
