"""Would the service ask for an approval by telephone (CIBA)? As far as can be known while no telephone rings."""

from __future__ import annotations

from typing import Final

import httpx2

from isoloir.clock import SystemClock
from isoloir.hooks import Problem
from isoloir_openid_connect.client import Client
from isoloir_openid_connect.exchange import Answer, read_published
from isoloir_openid_connect.provider import Provider
from isoloir_openid_connect.refusal import Refusal
from isoloir_prosante_connect.config import ECpsConfig
from isoloir_prosante_connect.ecps import ECps

_NOBODY_TO_ASK: Final = frozenset({"invalid_request", "unknown_user_id"})
"""What a service says that would ring for this site, and is not told whom (CIBA Core 1.0, section 13)."""


async def examine_approval(config: ECpsConfig, http: httpx2.AsyncClient) -> list[Problem]:
    """Return what is wrong: the factor's own check, poll mode, the site's secret, whether CIBA is open to it."""
    found = await ECps().check(config)
    if any(one.severe for one in found):
        return found
    return [*found, *await _mode(config, http), *await _request(config, http)]


async def _mode(config: ECpsConfig, http: httpx2.AsyncClient) -> list[Problem]:
    """Read whether the service offers polls, where it says how it delivers tokens (CIBA Core 1.0, section 4)."""
    try:
        described, _ = await read_published(http, config.effective_discovery_url, config.timeout)
    except Refusal:
        return []  # every address is configured, or the factor's own check has said it
    modes = described.get("backchannel_token_delivery_modes_supported")
    if modes is None or (isinstance(modes, list) and "poll" in modes):
        return []
    return [Problem("psc_doctor_poll", {"address": config.effective_discovery_url})]


async def _request(config: ECpsConfig, http: httpx2.AsyncClient) -> list[Problem]:
    """Ask for the approval of nobody: who it is from is looked at first, and no telephone can ring."""
    where = {"client": config.client_id}
    clock, provider = SystemClock(), Provider()
    try:
        endpoints = await provider.endpoints(config, http, clock)
        address = endpoints.backchannel_authentication_endpoint or ""
        client = Client(config, endpoints, provider, http, clock)
        asked = {"scope": config.scope, "acr_values": config.assurance.minimum, "channel": config.channel}
        return _wrong(await client.post(address, asked), where)
    except Refusal:
        return [Problem("psc_doctor_approval", where)]


def _wrong(answer: Answer, where: dict[str, str]) -> list[Problem]:
    """Return what an answer says against the site; Refusal where it is no answer of the protocol."""
    error = answer.json_object().get("error")
    if answer.status == 400 and error in _NOBODY_TO_ASK:
        return []
    # Of a client by another secret Keycloak says unauthorized_client, which is elsewhere one that may not, with 400.
    unknown = error == "invalid_client" or (answer.status == 401 and error == "unauthorized_client")
    return [Problem("psc_doctor_secret", where) if unknown else Problem("psc_doctor_ecps_closed", where)]
