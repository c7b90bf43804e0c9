"""The providers that the suite runs against: the simulator of the plugin, and a real Keycloak."""

from __future__ import annotations

import re
import secrets
import ssl
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from isoloir_prosante_connect.keycloak import PASSWORD, Keycloak, RelyingSite, Wallet, make_browser, make_wallet
from isoloir_prosante_connect.keycloak import log_in as log_in_at_keycloak
from isoloir_prosante_connect.simulator import RelyingParty, Simulator, log_in, serve_simulator

from .people import IDENTITIES

SIMULATOR, KEYCLOAK = "simulator", "Keycloak"
CLIENT, OTHER_CLIENT = "isoloir", "another-site"
SECRET = "k7-Une.phrase:de+passe/longue"
OTHER_SITE = "https://another.example/callback"
"""Where another site that the provider knows gets its voters back."""
TLS = ssl.create_default_context()


class TurnedAway(Exception):
    """The provider itself refuses, on a page of its own; `status` is the page's."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Provider(ABC):
    """One provider, and how its pages are walked through."""

    name: str
    issuer: str
    discovery_url: str

    def factor(self) -> dict[str, Any]:
        """How the election's file names it; the secret is in the file `provider`."""
        return {
            "plugin": "prosante_connect",
            "config": {
                "preset": "simulator", "issuer": self.issuer, "discovery_url": self.discovery_url,
                "client_id": CLIENT, "client_secret": {"file": "provider"}, "max_age": 600,
            },
        }  # fmt: skip

    def browser(self) -> httpx2.AsyncClient:
        """A browser that keeps the provider's cookies."""
        return httpx2.AsyncClient(verify=TLS, trust_env=False, timeout=30)

    async def log_in(self, browser: httpx2.AsyncClient, url: str, who: str) -> str:
        """Log in as `who`; the address that the provider sends back to. Raises TurnedAway."""
        try:
            return await self._log_in(browser, url, who)
        except ValueError as error:
            found = re.search(r"answered (\d{3})", str(error))
            raise TurnedAway(int(found[1]) if found else 0) from None

    @abstractmethod
    async def _log_in(self, browser: httpx2.AsyncClient, url: str, who: str) -> str: ...

    def fail(self, *faults: str) -> None:
        """Switch faults on, all others off."""
        assert not faults, f"{self.name} has no faults to switch on"

    async def tokens(self, who: str, client: str, callback: str) -> dict[str, Any]:
        """Real tokens, won by a site of its own with a login of its own: what a thief may have at hand."""
        verifier = secrets.token_urlsafe(48)
        async with self.browser() as browser:
            described = (await browser.get(self.discovery_url)).json()
            query = {
                "client_id": client, "response_type": "code", "scope": "openid scope_all", "redirect_uri": callback,
                "state": "s", "nonce": "of-the-thief", "code_challenge": create_s256_code_challenge(verifier),
                "code_challenge_method": "S256",
            }  # fmt: skip
            url = f"{described['authorization_endpoint']}?{urlencode(query)}"
            code = parse_qs(urlsplit(await self.log_in(browser, url, who)).query)["code"][0]
            form = {
                "grant_type": "authorization_code", "code": code, "redirect_uri": callback,
                "code_verifier": verifier, "client_id": client, "client_secret": SECRET,
            }  # fmt: skip
            answer = await browser.post(described["token_endpoint"], data=form)
            answer.raise_for_status()
            return dict(answer.json())


class Simulated(Provider):
    """The simulator, on a loopback port."""

    name = SIMULATOR

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.issuer = simulator.issuer
        self.discovery_url = f"{simulator.issuer}/.well-known/wallet-openid-configuration"

    async def _log_in(self, browser: httpx2.AsyncClient, url: str, who: str) -> str:
        return await log_in(browser, url, who)

    def fail(self, *faults: str) -> None:
        self.simulator.fail(*faults)


@contextmanager
def simulated(callbacks: tuple[str, ...]) -> Iterator[Provider]:
    """Serve the simulator until the block ends."""
    sites = [RelyingParty(CLIENT, SECRET, callbacks), RelyingParty(OTHER_CLIENT, SECRET, (OTHER_SITE,))]
    with serve_simulator(clients=sites, identities=IDENTITIES) as simulator:
        yield Simulated(simulator)


class Real(Provider):
    """A realm of a real Keycloak that stands for Pro Santé Connect."""

    name = KEYCLOAK

    def __init__(self, wallet: Wallet) -> None:
        self.issuer = wallet.issuer
        self.discovery_url = wallet.discovery_url

    def browser(self) -> httpx2.AsyncClient:
        return make_browser(TLS)

    async def _log_in(self, browser: httpx2.AsyncClient, url: str, who: str) -> str:
        back_to = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        return await log_in_at_keycloak(browser, url, who, PASSWORD, back_to)


def real(keycloak: Keycloak, callbacks: tuple[str, ...]) -> Provider:
    """Make a realm of its own on a running Keycloak."""
    sites = [
        RelyingSite(CLIENT, callbacks, secret=SECRET),
        RelyingSite(OTHER_CLIENT, (OTHER_SITE,), secret=SECRET),
    ]
    return Real(make_wallet(keycloak, sites, IDENTITIES, realm=f"attacks-{secrets.token_hex(4)}"))
