"""What the provider says of itself: its addresses and its public keys, read once in a while and checked."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey
from joserfc.util import base64_to_int

from isoloir_openid_connect.addresses import is_safe_address
from isoloir_openid_connect.clock import Clock
from isoloir_openid_connect.config import FederationConfig
from isoloir_openid_connect.exchange import read_published
from isoloir_openid_connect.refusal import Refusal

Key = RSAKey | ECKey
CACHED_FOR: Final = timedelta(minutes=10)
_CACHED_AT_MOST: Final = 32
LEAST_RSA_BITS: Final = 2048
"""For keys of the provider and of this site alike."""
_MOST_KEYS: Final = 64
_REQUIRED: Final = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
_OPTIONAL: Final = ("end_session_endpoint", "backchannel_authentication_endpoint")


@dataclass(frozen=True)
class Endpoints:
    """The addresses of one provider; https, or loopback http where it runs here for a trial."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None
    backchannel_authentication_endpoint: str | None = None
    """Where a decoupled login is asked for (CIBA Core 1.0, section 4), where the plugin has a key for it."""


@dataclass(frozen=True)
class PublishedKey:
    """One public signing key; `kid` and `alg` as published, or `None`."""

    kid: str | None
    alg: str | None
    key: Key


T = TypeVar("T")


class _Cache(Generic[T]):
    """The last few things read, by address, for a while."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[datetime, T]] = OrderedDict()

    def get(self, name: str, now: datetime) -> T | None:
        read = self._kept.get(name)
        # A clock set back makes what was read "later" stale too.
        if read is None or not timedelta(0) <= now - read[0] < CACHED_FOR:
            return None
        return read[1]

    def put(self, name: str, now: datetime, value: T) -> None:
        self._kept[name] = (now, value)
        self._kept.move_to_end(name)
        while len(self._kept) > _CACHED_AT_MOST:
            self._kept.popitem(last=False)


class Provider:
    """Reads and remembers what providers publish; one per process, shared by every login."""

    def __init__(self) -> None:
        self._described: _Cache[dict[str, Any]] = _Cache()
        self._keys: _Cache[tuple[PublishedKey, ...]] = _Cache()

    async def endpoints(self, config: FederationConfig, http: httpx2.AsyncClient, clock: Clock) -> Endpoints:
        """Return the provider's addresses: those of the configuration first, then those that it publishes.

        Raises Refusal: ``oidc_unavailable``, ``oidc_provider_other`` (it names another issuer: OpenID Connect
        Discovery 1.0, section 4.3), ``oidc_provider_address`` (an address is missing, or not https).
        """
        wanted = (*_REQUIRED, *(name for name in _OPTIONAL if name in type(config).model_fields))
        given = {name: config.endpoint(name) for name in wanted}
        if not all(given.values()):
            described = await self._description(config, http, clock)
            aliases = described.get("mtls_endpoint_aliases")
            if config.client_auth == "tls_client_auth" and isinstance(aliases, dict):
                described = described | aliases  # where the certificate is asked for (RFC 8705, section 5)
            for name, value in given.items():
                published = described.get(name)
                if value is None and isinstance(published, str):
                    given[name] = published
        for name, url in given.items():
            if url is None and name not in _REQUIRED:
                continue
            if url is None or not is_safe_address(url, local=config.is_local):
                raise Refusal("oidc_provider_address")
        return Endpoints(issuer=config.effective_issuer, **given)  # type: ignore[arg-type]  # checked just above

    async def _description(self, config: FederationConfig, http: httpx2.AsyncClient, clock: Clock) -> dict[str, Any]:
        url = config.effective_discovery_url
        described = self._described.get(url, clock.now())
        if described is None:
            described, _ = await read_published(http, url, config.timeout)
            self._described.put(url, clock.now(), described)
        if described.get("issuer") != config.effective_issuer:
            raise Refusal("oidc_provider_other")
        return described

    async def keys(
        self, config: FederationConfig, url: str, http: httpx2.AsyncClient, clock: Clock, *, again: bool = False
    ) -> tuple[PublishedKey, ...]:
        """Return the provider's signing keys; `again` reads them anew (it may just have changed them).

        Raises Refusal: ``oidc_unavailable``.
        """
        known = None if again else self._keys.get(url, clock.now())
        if known is None:
            published, _ = await read_published(http, url, config.timeout)
            known = read_keys(published)
            self._keys.put(url, clock.now(), known)
        return known


def read_keys(published: dict[str, Any]) -> tuple[PublishedKey, ...]:
    """Return the usable signing keys of a JSON Web Key Set (RFC 7517, section 5): the others are passed over.

    Only public RSA keys of at least 2048 bits and EC keys are usable; a symmetric key in a public set is nobody's.
    """
    listed = published.get("keys")
    if not isinstance(listed, list):
        raise Refusal("oidc_unavailable")
    usable = []
    for one in listed[:_MOST_KEYS]:
        if not isinstance(one, dict) or one.get("use", "sig") != "sig" or one.get("kty") not in ("RSA", "EC"):
            continue
        public = {name: one[name] for name in ("kty", "n", "e", "crv", "x", "y") if isinstance(one.get(name), str)}
        try:
            if public["kty"] == "RSA" and base64_to_int(public["n"]).bit_length() < LEAST_RSA_BITS:
                continue
            key = JWKRegistry.import_key(public)
            _ = key.public_key  # reading the numbers is what finds a point off its curve
        except (JoseError, ValueError, KeyError, TypeError):
            continue
        if isinstance(key, RSAKey | ECKey):
            kid, alg = one.get("kid"), one.get("alg")
            usable.append(
                PublishedKey(kid if isinstance(kid, str) else None, alg if isinstance(alg, str) else None, key)
            )
    return tuple(usable)
