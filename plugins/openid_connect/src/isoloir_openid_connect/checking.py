"""Testing the connection: what an organiser can know before any voter comes."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2

from isoloir.hooks import Problem
from isoloir_openid_connect.clock import Clock, SystemClock
from isoloir_openid_connect.config import FederationConfig
from isoloir_openid_connect.exchange import read_published
from isoloir_openid_connect.provider import Endpoints, Provider, read_keys
from isoloir_openid_connect.refusal import Refusal

_PROBLEMS: Final = {
    "oidc_unavailable": "oidc_check_discovery",
    "oidc_provider_other": "oidc_check_issuer",
    "oidc_provider_address": "oidc_check_address",
}


async def find_problems(
    config: FederationConfig, *, http: httpx2.AsyncClient | None = None, clock: Clock | None = None
) -> list[Problem]:
    """Return what is wrong: the description, the keys, the clocks; addresses are named, secrets are not.

    Codes: ``oidc_check_discovery``, ``oidc_check_issuer``, ``oidc_check_address``, ``oidc_check_keys``,
    ``oidc_check_no_key``, ``oidc_check_clock`` and, not severe, ``oidc_check_logout``.
    """
    if http is None:
        async with httpx2.AsyncClient(timeout=config.timeout, follow_redirects=False, trust_env=False) as own:
            return await find_problems(config, http=own, clock=clock)
    clock = clock or SystemClock()
    try:
        endpoints = await Provider().endpoints(config, http, clock)
    except Refusal as refusal:
        return [Problem(_PROBLEMS[refusal.code], {"address": config.effective_discovery_url})]
    problems = await _keys_and_clock(config, endpoints, http, clock)
    if endpoints.end_session_endpoint is None:
        problems.append(Problem("oidc_check_logout", {"address": config.effective_discovery_url}, severe=False))
    return problems


async def _keys_and_clock(
    config: FederationConfig, endpoints: Endpoints, http: httpx2.AsyncClient, clock: Clock
) -> list[Problem]:
    where = {"address": endpoints.jwks_uri}
    try:
        published, answer = await read_published(http, endpoints.jwks_uri, config.timeout)
        keys = read_keys(published)
    except Refusal:
        return [Problem("oidc_check_keys", where)]
    problems = []
    kinds = {"RSA" if name[:2] in ("RS", "PS") else "EC" for name in config.algorithms}
    if not any(one.key.key_type in kinds and one.alg in (None, *config.algorithms) for one in keys):
        problems.append(Problem("oidc_check_no_key", where | {"algorithms": ", ".join(config.algorithms)}))
    apart = _seconds_apart(answer.date, clock)
    if apart is not None and apart > max(config.clock_skew, 1):  # the header knows whole seconds only
        problems.append(Problem("oidc_check_clock", {"seconds": str(apart)}))
    return problems


def _seconds_apart(date: str, clock: Clock) -> int | None:
    try:
        theirs = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    return abs(round((clock.now() - theirs).total_seconds()))
