"""A voter before a browser who logs in at a real Keycloak: at Pro Santé Connect itself, or through a broker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from isoloir.clock import SystemClock
from isoloir.hooks import Redirect, Refused
from isoloir.testing import FactorRun, FakeFlow
from isoloir_prosante_connect.config import ProSanteConnectConfig
from isoloir_prosante_connect.factor import ProSanteConnect
from isoloir_prosante_connect.keycloak import PASSWORD, log_in, make_browser

CALLBACK = FakeFlow(instance="psc").callback
SECRET = "k7-Une.phrase:de+passe/longue"
SHOWN = {
    "899700000017": "Dr Alix Martin",
    "899700000025": "Dr Camille Bernard-Leroy",
    "899700000033": "Dr Dominique Petit",
    "899700000041": "Dr Sacha Moreau",
    "899700000058": "Pr Claude Roux",
    "899700000066": "Dr Maxime Girard",
    "899700000074": "Lou Faure",
}
"""What the voter is called, by national identifier: every shape of professional with an RPPS number."""
NO_RPPS = {
    "099700018": "psc_identity_adeli",
    "30B0193488/CPET00001": "psc_identity_structure",
    "526700000000015/0001": "psc_identity_structure",
    "ANS20231122132732": "psc_identity_test",
}
"""How those are refused who have none."""


@dataclass
class Person:
    """One voter before one browser."""

    run: FactorRun
    browser: httpx2.AsyncClient

    async def log_in(self, number: str) -> Any:
        """Go out to the provider (by way of the broker, if there is one), log in there, come back."""
        step = await self.run.start()
        assert isinstance(step, Redirect), step
        url = await log_in(self.browser, step.url, number, PASSWORD, CALLBACK)
        return await self.run.come_back(**dict(parse_qsl(urlsplit(url).query)))


def refused(code: str) -> Refused:
    """A refusal, in the sentence of which the provider is named."""
    return Refused(code, {"provider": "Pro Santé Connect"})


Sit = Callable[..., AbstractAsyncContextManager[Person]]


def seats(**configured: Any) -> Sit:
    """Return `async with sit(test=…, **config)`: a voter with a browser and a login of their own."""

    @asynccontextmanager
    async def sat(*, test: bool = False, **changes: Any) -> AsyncIterator[Person]:
        async with httpx2.AsyncClient(trust_env=False) as http, make_browser() as browser:
            flow = FakeFlow(http=http, clock=SystemClock(), instance="psc", test=test)  # type: ignore[arg-type]
            given = {"preset": "simulator", "client_id": "isoloir", "client_secret": SECRET}
            config = ProSanteConnectConfig.model_validate(given | configured | changes)
            yield Person(FactorRun(ProSanteConnect(), config, flow), browser)

    return sat
