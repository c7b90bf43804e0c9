"""Testing the connection: what an organiser can know before any voter comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2
from cryptography.x509 import load_pem_x509_certificate

from isoloir.hooks import Problem
from isoloir_openid_connect.client_auth import signing_key
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
    """Return what is wrong: this site's key, the description, the keys, the clocks; no secret is named.

    Codes: ``oidc_check_client_key``, ``oidc_check_certificate``, ``oidc_check_certificate_dates``,
    ``oidc_check_discovery``, ``oidc_check_issuer``, ``oidc_check_address``, ``oidc_check_keys``,
    ``oidc_check_no_key``, ``oidc_check_clock`` and, not severe, ``oidc_check_logout``.
    """
    if http is None:
        async with httpx2.AsyncClient(timeout=config.timeout, follow_redirects=False, trust_env=False) as own:
            return await find_problems(config, http=own, clock=clock)
    clock = clock or SystemClock()
    problems = list(_of_this_site(config, clock))
    try:
        endpoints = await Provider().endpoints(config, http, clock)
    except Refusal as refusal:
        return [*problems, Problem(_PROBLEMS[refusal.code], {"address": config.effective_discovery_url})]
    problems += await _keys_and_clock(config, endpoints, http, clock)
    if endpoints.end_session_endpoint is None:
        problems.append(Problem("oidc_check_logout", {"address": config.effective_discovery_url}, severe=False))
    return problems


def _of_this_site(config: FederationConfig, clock: Clock) -> Iterator[Problem]:
    """Yield what is wrong with this site's own key and certificate, as far as it shows them."""
    if config.client_key is None or config.client_auth not in ("private_key_jwt", "tls_client_auth"):
        return
    try:
        key, _ = signing_key(config)
    except Refusal:
        yield Problem("oidc_check_client_key")
        return
    if config.client_certificate is None or config.client_auth != "tls_client_auth":
        return
    try:
        certificate = load_pem_x509_certificate(config.client_certificate.get_secret_value().encode())
    except ValueError:
        yield Problem("oidc_check_certificate")
        return
    if certificate.public_key() != key.public_key:
        yield Problem("oidc_check_certificate")
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begins <= clock.now() < ends:
        yield Problem("oidc_check_certificate_dates", {"begins": f"{begins:%Y-%m-%d}", "ends": f"{ends:%Y-%m-%d}"})


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
