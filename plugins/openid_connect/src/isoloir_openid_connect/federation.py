"""The base of every factor that sends the voter to a provider of identity, and checks everything that comes back.

A plugin for one provider derives from `Federation`, says in `proves` and `person` what is particular to it, and has
in `own_words` the refusals that it says otherwise.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, Generic, TypeVar
from urllib.parse import urlencode

from isoloir.hooks import (
    Asserted,
    Claim,
    ClaimName,
    ClientCertificate,
    Event,
    Factor,
    Flow,
    FlowElection,
    Problem,
    Proved,
    Redirect,
    Refused,
    Return,
    Start,
    Step,
    Vouching,
)
from isoloir_openid_connect.checking import find_problems
from isoloir_openid_connect.client import Client, Tokens
from isoloir_openid_connect.config import FederationConfig
from isoloir_openid_connect.mapping import Said
from isoloir_openid_connect.provider import Provider
from isoloir_openid_connect.refusal import Refusal
from isoloir_openid_connect.tokens import same_text

_REQUEST: Final = "request"
_ID_TOKEN: Final = "id_token"  # noqa: S105 - the name of a secret, not its value
_LOGIN_LASTS: Final = timedelta(minutes=15)
_SESSION_LASTS: Final = timedelta(hours=2)
"""How long the ID token is kept at most; the core ends it with the voter's session, which lasts no longer."""
AGAIN_AFTER: Final[Mapping[str, int]] = {"oidc_unavailable": 30}
"""The refusals that a provider's absence is, and after how many seconds to try again."""
_LONGEST_CODE: Final = 4096
_PROVIDER_DOWN: Final = frozenset({"temporarily_unavailable", "server_error"})
_NOT_LOGGED_IN: Final = frozenset(
    {"access_denied", "login_required", "interaction_required", "account_selection_required", "consent_required"}
)

F = TypeVar("F", bound=FederationConfig)


@dataclass(frozen=True)
class Person:
    """Whom the provider means: the value of each claim proved, and a name to show, or `None`."""

    proved: Mapping[ClaimName, str] = field(repr=False)
    display: str | None = field(repr=False)


class Federation(Factor[F], Generic[F]):
    """A login at a provider of identity: code flow with PKCE, checked in full (OpenID Connect Core 1.0)."""

    own_words: ClassVar[Mapping[str, str]] = {}
    """Codes of this base that the plugin says in words of its own: base code → the plugin's code."""

    def __init__(self) -> None:
        self._provider = Provider()

    # --- what a provider's plugin says ----------------------------------------------------------------

    @abstractmethod
    def proves(self, config: F) -> tuple[ClaimName, ...]:
        """Return the names of the claims that a login proves."""

    @abstractmethod
    def person(self, config: F, election: FlowElection, said: Said) -> Person:
        """Return whom the provider means; raises Refusal where that is nobody who can be taken."""

    # --- the factor ------------------------------------------------------------------------------------

    def vouches(self, config: F) -> Mapping[ClaimName, Vouching]:
        """Say that the provider asserts those claims, at the configured level or better."""
        return dict.fromkeys(self.proves(config), Asserted(config.asserted_level))

    async def advance(self, config: F, flow: Flow, event: Event) -> Step:
        """Take one `step`, in time; a refusal is told in the plugin's own words."""
        try:
            # Shorter than the patience of the core, whose words could not name the provider.
            async with asyncio.timeout(config.timeout):
                return await self.step(config, flow, event)
        except TimeoutError:
            return self.refused(config, Refusal("oidc_unavailable"))
        except Refusal as refusal:
            return self.refused(config, refusal)

    async def step(self, config: F, flow: Flow, event: Event) -> Step:
        """Send the voter out at `Start`; check what comes back at `Return`; raises Refusal."""
        if isinstance(event, Start):
            return await self._start(config, flow)
        if isinstance(event, Return):
            return await self._return(config, flow, event.params)
        raise Refusal("oidc_expired")

    def certificate(self, config: F) -> ClientCertificate | None:
        """Return this site's certificate, where that is how it shows who it is (RFC 8705)."""
        if config.client_auth != "tls_client_auth" or config.client_certificate is None or config.client_key is None:
            return None
        return ClientCertificate(config.client_certificate, config.client_key)

    async def check(self, config: F) -> list[Problem]:
        """Ask the provider for its description and keys, and say what is wrong with them or with the clocks."""
        return [
            Problem(self.own_words.get(one.code, one.code), {**one.values, "provider": config.service}, one.severe)
            for one in await find_problems(config)
        ]

    async def leave(self, config: F, flow: Flow) -> Redirect | None:
        """Log out of the provider (RP-Initiated Logout 1.0); nothing to do where nobody logged in, or it is away."""
        id_token = await flow.secrets.get(_ID_TOKEN)
        if id_token is None or not await flow.secrets.delete_if(_ID_TOKEN, id_token):
            return None
        try:
            endpoint = (await self.client(config, flow)).endpoints.end_session_endpoint
        except Refusal:
            return None
        if endpoint is None:
            return None
        query = urlencode(
            {
                "id_token_hint": id_token,
                "post_logout_redirect_uri": config.post_logout_url or flow.callback,
                "state": flow.token,
            }
        )
        return Redirect(f"{endpoint}{'&' if '?' in endpoint else '?'}{query}", returns_with={"state": flow.token})

    # --- for the way out and back here, and for any other way that a plugin adds ------------------------

    def refused(self, config: F, refusal: Refusal) -> Refused:
        """Return the step of a refusal, in the plugin's own words where it has some."""
        code = self.own_words.get(refusal.code, refusal.code)
        return Refused(code, {"provider": config.service}, AGAIN_AFTER.get(refusal.code))

    async def client(self, config: F, flow: Flow) -> Client:
        """Return this site as the provider's client, for one login."""
        endpoints = await self._provider.endpoints(config, flow.http, flow.clock)
        return Client(config, endpoints, self._provider, flow.http, flow.clock)

    async def identify(
        self, config: F, flow: Flow, client: Client, tokens: Tokens, *, nonce: str | None, asked_at: datetime
    ) -> Proved:
        """Check the tokens, read at once who that is, keep the ID token alone (encrypted, for `leave`).

        `nonce` is `None` only for a grant that has none (CIBA). Raises Refusal.
        """
        id_token = await client.id_token(tokens, nonce=nonce, asked_at=asked_at)
        userinfo = await client.userinfo(tokens, id_token["sub"])
        person = self.person(config, flow.election, Said(id_token, userinfo))
        await flow.secrets.put(_ID_TOKEN, tokens.id_token, _SESSION_LASTS)
        by = Asserted(config.asserted_level)
        return Proved({name: Claim(value, by) for name, value in person.proved.items()}, person.display)

    async def _start(self, config: F, flow: Flow) -> Redirect:
        client = await self.client(config, flow)
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(32)
        asked_at = flow.clock.now()
        await flow.secrets.put(
            _REQUEST, json.dumps([flow.token, verifier, nonce, asked_at.timestamp()]), _LOGIN_LASTS
        )
        url = client.authorization_url(callback=flow.callback, state=flow.token, nonce=nonce, verifier=verifier)
        return Redirect(url, returns_with={"state": flow.token})

    async def _return(self, config: F, flow: Flow, params: Mapping[str, str]) -> Proved:
        request = await flow.secrets.get(_REQUEST)
        if request is None or not await flow.secrets.delete_if(_REQUEST, request):
            raise Refusal("oidc_expired")
        token, verifier, nonce, asked_at = json.loads(request)
        # The core has compared the state already; a door is locked twice for the price of a line.
        if not same_text(params.get("state", token), token):
            raise Refusal("oidc_expired")
        code = _code(config, params)
        client = await self.client(config, flow)
        tokens = await client.exchange(code=code, callback=flow.callback, verifier=verifier)
        return await self.identify(
            config, flow, client, tokens, nonce=nonce, asked_at=datetime.fromtimestamp(asked_at, UTC)
        )


def _code(config: FederationConfig, params: Mapping[str, str]) -> str:
    """Return the code of a return; the issuer comes first, for an error may come from another one too (RFC 9207)."""
    if "iss" in params and params["iss"] != config.effective_issuer:
        raise Refusal("oidc_wrong_provider")
    if "error" in params:
        error = params["error"]
        if error in _NOT_LOGGED_IN:
            raise Refusal("oidc_cancelled")
        raise Refusal("oidc_unavailable" if error in _PROVIDER_DOWN else "oidc_misconfigured")
    code = params.get("code", "")
    if not code or len(code) > _LONGEST_CODE or any(not " " <= sign <= "~" for sign in code):
        raise Refusal("oidc_answer_incomplete")
    return code
