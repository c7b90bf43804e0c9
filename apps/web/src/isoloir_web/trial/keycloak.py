"""A real Keycloak in the simulator's place: its realm knows the roll, and voters go through its own pages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2

from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir_prosante_connect import keycloak as real
from isoloir_psc.trial import Brokered, make_brokered
from isoloir_web.trial.folder import CLIENT_ID, Trial
from isoloir_web.trial.serving import callbacks_of, goodbye_of, known_from_roll

_BROKER = "vote"


@dataclass
class Realm:
    """A Keycloak that runs, and the realm that will stand for Pro Santé Connect there.

    `brokered`, voters come by a second realm, as an organiser provisions their own: it brokers the first.
    """

    running: real.Keycloak
    name: str = real.REALM
    brokered: bool = False
    _between: Brokered | None = field(default=None, init=False)

    @property
    def issuer(self) -> str:
        """The realm's issuer, known before the realm is made."""
        return real.Wallet(self.running, self.name).issuer

    @property
    def broker(self) -> str | None:
        """The issuer of the realm between, known before it is made; `None` where there is none."""
        return real.Wallet(self.running, _BROKER).issuer if self.brokered else None

    async def make(self, instance: Instance, election: ElectionFile, trial: Trial) -> None:
        """Make the realm, once the roll is there: everybody on it, and this instance as its one site."""
        known = await known_from_roll(instance, election)
        site = real.RelyingSite(
            CLIENT_ID, callbacks_of(election, trial), (goodbye_of(election, trial),), secret=trial.client_secret
        )
        if self.brokered:
            # The provider knows the site too: an approval by telephone does not pass through a broker.
            names, beside = (_BROKER, self.name), [site]
            self._between = await asyncio.to_thread(
                make_brokered, self.running, site, known, names=names, beside=beside
            )
        else:
            await asyncio.to_thread(real.make_wallet, self.running, [site], known, realm=self.name)

    async def passed(self) -> int:
        """Return how many people have come through the realm between: it makes a user of each."""
        return len(await asyncio.to_thread(self._between.realm.users)) if self._between else 0


@contextmanager
def realm(home: Path, *, brokered: bool = False) -> Iterator[Realm]:
    """Start the Keycloak of the folder `home` and stop it at the end.

    Raises IsoloirError ``keycloak_missing``, and ``keycloak_not_started`` with its last words.
    """
    with ExitStack() as stack:
        try:
            running = stack.enter_context(real.keycloak(home))
        except FileNotFoundError:
            raise IsoloirError("keycloak_missing", folder=str(home)) from None
        except RuntimeError as error:
            raise IsoloirError("keycloak_not_started", words=str(error).splitlines()[-1]) from None
        yield Realm(running, brokered=brokered)


async def log_in(_: httpx2.AsyncClient, url: str, identity: str) -> str:
    """Log in on Keycloak's pages in a browser that takes its cookies; returns where it sends the voter back to."""
    back_to = parse_qs(urlsplit(url).query)["redirect_uri"][0]
    async with real.make_browser() as browser:
        return await real.log_in(browser, url, identity, real.PASSWORD, back_to)
