"""A real Keycloak in the simulator's place: its realm knows the roll, and voters go through its own pages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2

from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir_prosante_connect import keycloak as real
from isoloir_web.trial.folder import CLIENT_ID, Trial
from isoloir_web.trial.serving import callbacks_of, goodbye_of, known_from_roll


@dataclass(frozen=True)
class Realm:
    """A Keycloak that runs, and the realm that will stand for Pro Santé Connect there."""

    running: real.Keycloak

    @property
    def issuer(self) -> str:
        """The realm's issuer, known before the realm is made."""
        return real.Wallet(self.running, real.REALM).issuer

    async def make(self, instance: Instance, election: ElectionFile, trial: Trial) -> None:
        """Make the realm, once the roll is there: everybody on it, and this instance as its one site."""
        known = await known_from_roll(instance, election)
        site = real.RelyingSite(
            CLIENT_ID, callbacks_of(election, trial), (goodbye_of(election, trial),), secret=trial.client_secret
        )
        await asyncio.to_thread(real.make_wallet, self.running, [site], known)


@contextmanager
def realm(home: Path) -> Iterator[Realm]:
    """Start the Keycloak of the folder `home` and stop it at the end. Raises FileNotFoundError, RuntimeError."""
    with real.keycloak(home) as running:
        yield Realm(running)


async def log_in(_: httpx2.AsyncClient, url: str, identity: str) -> str:
    """Log in on Keycloak's pages, in a browser that takes its cookies; returns where it sends the voter back to."""
    back_to = parse_qs(urlsplit(url).query)["redirect_uri"][0]
    async with real.make_browser() as browser:
        return await real.log_in(browser, url, identity, real.PASSWORD, back_to)
