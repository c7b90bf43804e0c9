"""The factor: it sends the voter to Pro Santé Connect, and checks everything that comes back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from isoloir.hooks import (
    Asserted,
    Claim,
    ClaimName,
    Event,
    Factor,
    Flow,
    Problem,
    Proved,
    Redirect,
    Refused,
    Return,
    Start,
    Step,
    Vouching,
)
from isoloir_prosante_connect.checking import find_problems
from isoloir_prosante_connect.client import Client
from isoloir_prosante_connect.config import ProSanteConnectConfig
from isoloir_prosante_connect.identity import read_identity
from isoloir_prosante_connect.provider import Provider
from isoloir_prosante_connect.refusal import Refusal
from isoloir_prosante_connect.tokens import same_text

CLAIM: Final = "rpps"
_REQUEST: Final = "request"
_ID_TOKEN: Final = "id_token"  # noqa: S105 - the name of a secret, not its value
_LOGIN_LASTS: Final = timedelta(minutes=15)
_SESSION_LASTS: Final = timedelta(hours=4)
"""How long the provider's own session lasts: after that there is nothing left to log out of."""
_LONGEST_CODE: Final = 4096
_PROVIDER_DOWN: Final = frozenset({"temporarily_unavailable", "server_error"})
_NOT_LOGGED_IN: Final = frozenset(
    {"access_denied", "login_required", "interaction_required", "account_selection_required", "consent_required"}
)


class ProSanteConnect(Factor[ProSanteConnectConfig]):
    """Asserts the RPPS number of a professional logged in by CPS card or e-CPS."""

    name = "prosante_connect"
    config = ProSanteConnectConfig

    def __init__(self) -> None:
        self._provider = Provider()

    def vouches(self, config: ProSanteConnectConfig) -> Mapping[ClaimName, Vouching]:
        """Say that the provider asserts the RPPS number, at the configured level or better."""
        return {CLAIM: Asserted(config.minimum_acr)}

    async def advance(self, config: ProSanteConnectConfig, flow: Flow, event: Event) -> Step:
        """Send the voter out at `Start`; check what comes back at `Return`."""
        try:
            if isinstance(event, Start):
                return await self._start(config, flow)
            if isinstance(event, Return):
                return await self._return(config, flow, event.params)
        except Refusal as refusal:
            return Refused(refusal.code)
        return Refused("psc_expired")

    async def _start(self, config: ProSanteConnectConfig, flow: Flow) -> Redirect:
        client = await self._client(config, flow)
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(32)
        asked_at = flow.clock.now()
        await flow.secrets.put(
            _REQUEST, json.dumps([flow.token, verifier, nonce, asked_at.timestamp()]), _LOGIN_LASTS
        )
        url = client.authorization_url(callback=flow.callback, state=flow.token, nonce=nonce, verifier=verifier)
        return Redirect(url, returns_with={"state": flow.token})

    async def _return(self, config: ProSanteConnectConfig, flow: Flow, params: Mapping[str, str]) -> Proved:
        request = await flow.secrets.get(_REQUEST)
        if request is None or not await flow.secrets.delete_if(_REQUEST, request):
            raise Refusal("psc_expired")
        token, verifier, nonce, asked_at = json.loads(request)
        # The core has compared the state already; a door is locked twice for the price of a line.
        if not same_text(params.get("state", token), token):
            raise Refusal("psc_expired")
        code = _code(config, params)
        client = await self._client(config, flow)
        tokens = await client.exchange(code=code, callback=flow.callback, verifier=verifier)
        subject = await client.subject(tokens, nonce=nonce, asked_at=datetime.fromtimestamp(asked_at, UTC))
        userinfo = await client.userinfo(tokens, subject)
        identity = read_identity(userinfo, accept_test=config.test_identities and flow.election.test)
        await flow.secrets.put(_ID_TOKEN, tokens.id_token, _SESSION_LASTS)
        return Proved({CLAIM: Claim(identity.rpps, Asserted(config.minimum_acr))}, identity.display)

    async def check(self, config: ProSanteConnectConfig) -> list[Problem]:
        """Ask the provider for its description and keys, and say what is wrong with them or with the clocks."""
        return await find_problems(config)

    async def leave(self, config: ProSanteConnectConfig, flow: Flow) -> Redirect | None:
        """Log out of the provider (RP-Initiated Logout 1.0); nothing to do where nobody logged in, or it is away."""
        id_token = await flow.secrets.get(_ID_TOKEN)
        if id_token is None or not await flow.secrets.delete_if(_ID_TOKEN, id_token):
            return None
        try:
            endpoint = (await self._client(config, flow)).endpoints.end_session_endpoint
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

    async def _client(self, config: ProSanteConnectConfig, flow: Flow) -> Client:
        endpoints = await self._provider.endpoints(config, flow.http, flow.clock)
        return Client(config, endpoints, self._provider, flow.http, flow.clock)


def _code(config: ProSanteConnectConfig, params: Mapping[str, str]) -> str:
    """Return the code of a return; the issuer comes first, for an error may come from another one too (RFC 9207)."""
    if "iss" in params and params["iss"] != config.effective_issuer:
        raise Refusal("psc_wrong_provider")
    if "error" in params:
        error = params["error"]
        if error in _NOT_LOGGED_IN:
            raise Refusal("psc_cancelled")
        raise Refusal("psc_unavailable" if error in _PROVIDER_DOWN else "psc_misconfigured")
    code = params.get("code", "")
    if not code or len(code) > _LONGEST_CODE or any(not " " <= sign <= "~" for sign in code):
        raise Refusal("psc_answer_incomplete")
    return code
