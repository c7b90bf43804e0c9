"""This site as a client of the provider: the address to log in at, the code exchanged, the identity read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx2
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from isoloir_openid_connect.client_auth import client_authentication
from isoloir_openid_connect.clock import Clock
from isoloir_openid_connect.config import FederationConfig
from isoloir_openid_connect.exchange import Answer, ask
from isoloir_openid_connect.provider import Endpoints, Provider
from isoloir_openid_connect.refusal import Refusal
from isoloir_openid_connect.tokens import (
    Expected,
    UnknownKey,
    check_audience,
    check_id_token,
    check_times,
    same_text,
    signed_claims,
)

_OUR_FAULT: Final = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"})


@dataclass(frozen=True)
class Tokens:
    """What a code was exchanged for; neither is kept after the identity is read, but the ID token for logging out."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


@dataclass(frozen=True)
class GrantRefused:
    """The provider's no to a grant: `error` as in RFC 6749, section 5.2 (or CIBA Core 1.0, section 11), or empty."""

    error: str


@dataclass(frozen=True)
class Client:
    """One login's view of the provider: its configuration and addresses, the network and the time."""

    config: FederationConfig
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
            scope=self.config.scope,
            state=state,
            nonce=nonce,
            acr_values=self.config.assurance.minimum,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
            **extra,
        )
        return url

    async def exchange(self, *, code: str, callback: str, verifier: str) -> Tokens:
        """Exchange a code; Refusal ``oidc_unavailable``, ``oidc_code_refused``, ``oidc_misconfigured``."""
        answer = await self.ask_tokens(
            {"grant_type": "authorization_code", "code": code, "redirect_uri": callback, "code_verifier": verifier}
        )
        if isinstance(answer, GrantRefused):
            raise Refusal("oidc_code_refused")
        return answer

    async def ask_tokens(self, grant: Mapping[str, str]) -> Tokens | GrantRefused:
        """Ask for tokens by any grant, `grant_type` and its parameters; the provider's no is an answer too.

        Raises Refusal ``oidc_unavailable``, ``oidc_misconfigured`` (it does not know this site, or not so),
        ``oidc_token_unreadable``.
        """
        answer = await self.post(self.endpoints.token_endpoint, grant)
        read = answer.json_object()
        if answer.status != 200:
            error = read.get("error")
            if error in _OUR_FAULT:
                raise Refusal("oidc_misconfigured")
            return GrantRefused(error if isinstance(error, str) else "")
        kind, access_token, id_token = (read.get(name) for name in ("token_type", "access_token", "id_token"))
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise Refusal("oidc_token_unreadable")
        if not isinstance(access_token, str) or not isinstance(id_token, str) or not access_token.isascii():
            raise Refusal("oidc_token_unreadable")
        if not access_token or any(not "!" <= sign <= "~" for sign in access_token):
            raise Refusal("oidc_token_unreadable")  # it goes into a header
        return Tokens(id_token=id_token, access_token=access_token)

    async def post(self, url: str, form: Mapping[str, str]) -> Answer:
        """Post a form to an address of the provider as this site.

        Raises Refusal ``oidc_unavailable``, ``oidc_misconfigured`` (this site's own key cannot sign).
        """
        auth = client_authentication(self.config, token_endpoint=self.endpoints.token_endpoint, now=self.clock.now())
        return await ask(self.http, "POST", url, self.config.timeout, form=form, auth=auth)

    async def id_token(self, tokens: Tokens, *, nonce: str | None, asked_at: datetime) -> dict[str, Any]:
        """Check the ID token in full and return its claims; Refusal ``oidc_token_…``, ``oidc_level_…``.

        ``sub`` is a text then. `nonce` is `None` only for a grant that has none.
        """
        algorithm, claims = await self._signed(tokens.id_token)
        check_id_token(
            algorithm,
            claims,
            Expected(
                issuer=self.config.effective_issuer,
                client_id=self.config.client_id,
                nonce=nonce,
                access_token=tokens.access_token,
                assurance=self.config.assurance,
                now=self.clock.now(),
                skew=self.config.clock_skew,
                max_age=self.config.max_age,
                fresh_since=asked_at if self.config.prompt_login else None,
            ),
        )
        return claims

    async def userinfo(self, tokens: Tokens, subject: str) -> dict[str, Any]:
        """Read who that is, as JSON or a signed JWT; Refusal ``oidc_userinfo_…``, ``oidc_token_…``."""
        answer = await ask(
            self.http,
            "GET",
            self.endpoints.userinfo_endpoint,
            self.config.timeout,
            headers={"authorization": f"Bearer {tokens.access_token}"},
        )
        if answer.status != 200:
            raise Refusal("oidc_userinfo_refused")
        claims = await self._claims_of(answer)
        if not same_text(claims.get("sub"), subject):
            raise Refusal("oidc_userinfo_mismatch")  # OpenID Connect Core 1.0, section 5.3.2
        return claims

    async def _claims_of(self, answer: Answer) -> dict[str, Any]:
        if answer.media != "application/jwt":
            return answer.json_object()
        try:
            token = answer.body.decode("ascii").strip()
        except UnicodeDecodeError:
            raise Refusal("oidc_token_unreadable") from None
        _, claims = await self._signed(token)
        if "iss" in claims and claims["iss"] != self.config.effective_issuer:
            raise Refusal("oidc_token_issuer")
        if "aud" in claims:
            check_audience(claims, self.config.client_id)
        check_times(claims, self.clock.now(), self.config.clock_skew)
        return claims

    async def _signed(self, token: str) -> tuple[str, dict[str, Any]]:
        # A key that is not among those remembered, or does not fit its name, may be new: they are read once more.
        for again in (False, True):
            keys = await self.provider.keys(self.config, self.endpoints.jwks_uri, self.http, self.clock, again=again)
            try:
                return signed_claims(token, keys, self.config.algorithms)
            except UnknownKey:
                refusal = Refusal("oidc_token_key")
            except Refusal as other:
                if other.code != "oidc_token_signature":
                    raise
                refusal = other
        raise refusal
