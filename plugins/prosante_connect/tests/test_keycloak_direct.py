"""The factor against a real Keycloak: every shape of professional, through Keycloak's own pages, and out again."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from isoloir.clock import SystemClock
from isoloir.hooks import Asserted, Claim, Proved, Redirect, Refused
from isoloir.testing import FactorRun, FakeFlow
from isoloir_prosante_connect.config import ProSanteConnectConfig
from isoloir_prosante_connect.factor import ProSanteConnect
from isoloir_prosante_connect.keycloak import (
    PASSWORD,
    Keycloak,
    RelyingSite,
    Wallet,
    log_in,
    log_out,
    make_browser,
    make_wallet,
)

pytestmark = pytest.mark.slow

CALLBACK = FakeFlow(instance="psc").callback
SECRET = "k7-Une.phrase:de+passe/longue"


@pytest.fixture(scope="module")
def wallet(keycloak: Keycloak) -> Wallet:
    """A realm of this module's own, with every shape of professional."""
    site = RelyingSite("isoloir", (CALLBACK,), (CALLBACK,), secret=SECRET)
    signed = RelyingSite("isoloir-signed", (CALLBACK,), (CALLBACK,), secret=SECRET, signed_userinfo="RS256")
    return make_wallet(keycloak, [site, signed], realm=f"esante-wallet-{secrets.token_hex(4)}")


@dataclass
class Person:
    """One voter before one browser."""

    run: FactorRun
    browser: httpx2.AsyncClient

    async def log_in(self, number: str) -> Any:
        """Go out to Keycloak, log in there, come back."""
        step = await self.run.start()
        assert isinstance(step, Redirect), step
        url = await log_in(self.browser, step.url, number, PASSWORD, CALLBACK)
        return await self.run.come_back(**dict(parse_qsl(urlsplit(url).query)))


Sit = Callable[..., AbstractAsyncContextManager[Person]]


@pytest.fixture
def sit(wallet: Wallet) -> Sit:
    """`async with sit(test=…, **config)`: a voter with a browser and a login of their own."""

    @asynccontextmanager
    async def sat(*, test: bool = False, **changes: Any) -> AsyncIterator[Person]:
        async with httpx2.AsyncClient(trust_env=False) as http, make_browser() as browser:
            flow = FakeFlow(http=http, clock=SystemClock(), instance="psc", test=test)  # type: ignore[arg-type]
            config = ProSanteConnectConfig.model_validate(
                {
                    "preset": "simulator", "issuer": wallet.issuer, "discovery_url": wallet.discovery_url,
                    "client_id": "isoloir", "client_secret": SECRET,
                }
                | changes
            )  # fmt: skip
            yield Person(FactorRun(ProSanteConnect(), config, flow), browser)

    return sat


@pytest.mark.parametrize(
    ("number", "display"),
    [
        ("899700000017", "Dr Alix Martin"),
        ("899700000025", "Dr Camille Bernard-Leroy"),
        ("899700000033", "Dr Dominique Petit"),
        ("899700000041", "Dr Sacha Moreau"),
        ("899700000058", "Pr Claude Roux"),
        ("899700000066", "Dr Maxime Girard"),
        ("899700000074", "Lou Faure"),
    ],
)
@pytest.mark.parametrize("client_id", ["isoloir", "isoloir-signed"])
async def test_every_shape_logs_in_at_a_real_keycloak(sit: Sit, client_id: str, number: str, display: str) -> None:
    """One exercise or several, activities or none, any level or none, empty texts; user-info in JSON or signed."""
    async with sit(client_id=client_id) as person:
        assert await person.log_in(number) == Proved({"rpps": Claim(number[1:], Asserted("eidas1"))}, display)
