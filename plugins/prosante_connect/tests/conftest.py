"""A sound provider served over loopback, and a small flow of our own to walk the factor through."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from isoloir.clock import ShiftedClock
from isoloir.hooks import Entry, FlowElection, Redirect, Return, Start, Step
from isoloir_prosante_connect.config import ProSanteConnectConfig
from isoloir_prosante_connect.factor import ProSanteConnect
from isoloir_prosante_connect.simulator import RelyingParty, Simulator, log_in, serve_simulator

CALLBACK = "http://127.0.0.1:8000/e/essai/login/callback/psc"
TLS = ssl.create_default_context()
"""Made once: reading the authorities' certificates is the slowest part of making a client."""
SECRET = "k7-Une.phrase:de+passe/longue"


class MemorySecrets:
    """The flow's secrets, in memory, with their expiry."""

    def __init__(self, clock: ShiftedClock) -> None:
        self.kept: dict[str, tuple[str, datetime]] = {}
        self._clock = clock

    async def put(self, name: str, value: str, lasts: timedelta) -> None:
        self.kept[name] = (value, self._clock.now() + lasts)

    async def get(self, name: str) -> str | None:
        value, until = self.kept.get(name, ("", self._clock.now()))
        return value if until > self._clock.now() else None

    async def delete_if(self, name: str, value: str) -> bool:
        if await self.get(name) != value:
            return False
        del self.kept[name]
        return True

    def of(self, subject: Entry | str) -> MemorySecrets:
        raise AssertionError("this factor keeps nothing about anybody")


@dataclass
class SmallFlow:
    """As much of a flow as this factor may need: anything else that it touched would be an AttributeError."""

    http: httpx2.AsyncClient
    clock: ShiftedClock
    token: str = "the-state-of-this-flow"
    callback: str = CALLBACK
    election: FlowElection = field(default_factory=lambda: FlowElection("essai", test=False))
    instance: str = "psc"
    locale: str = "fr"
    state: Mapping[str, Any] = field(default_factory=dict)
    secrets: MemorySecrets = field(init=False)

    def __post_init__(self) -> None:
        self.secrets = MemorySecrets(self.clock)


@dataclass
class Voter:
    """One voter at one provider: a browser, a flow, a configuration."""

    simulator: Simulator
    flow: Any
    browser: httpx2.AsyncClient
    factor: ProSanteConnect
    config: ProSanteConnectConfig

    async def start(self) -> Step:
        return await self.factor.advance(self.config, self.flow, Start())

    async def params(self, identity: str | None = "899700000017", means: str = "CARD") -> dict[str, str]:
        """Go out and come back; the parameters that the browser brings to the callback."""
        step = await self.start()
        assert isinstance(step, Redirect), step
        return await self.come_back(step, identity, means)

    async def come_back(self, step: Redirect, identity: str | None, means: str = "CARD") -> dict[str, str]:
        url = await log_in(self.browser, step.url, identity, means=means)
        assert url.startswith(CALLBACK + "?")
        return dict(parse_qsl(urlsplit(url).query))

    async def finish(self, params: Mapping[str, str]) -> Step:
        return await self.factor.advance(self.config, self.flow, Return(params))

    async def log_in(self, identity: str | None = "899700000017", means: str = "CARD") -> Step:
        return await self.finish(await self.params(identity, means))


def configured(simulator: Simulator, **changes: Any) -> ProSanteConnectConfig:
    return ProSanteConnectConfig.model_validate(
        {
            "preset": "simulator",
            "issuer": simulator.issuer,
            "client_id": "isoloir",
            "client_secret": SECRET,
            "timeout": 9,
        }
        | changes
    )


@pytest.fixture(scope="session")
def _provider() -> Iterator[Simulator]:
    clock = ShiftedClock()
    client = RelyingParty("isoloir", SECRET, (CALLBACK,), ("http://127.0.0.1:8000/e/essai/",))
    with serve_simulator(clients=[client], clock=clock, slow_seconds=1.5, path="/demo/psc") as simulator:
        yield simulator


@pytest.fixture
def simulator(_provider: Simulator) -> Iterator[Simulator]:
    """A sound provider; what a test spoils is mended after it."""
    yield _provider
    _provider.fail()
    _provider.authority.signed_userinfo = False


MakeVoter = Callable[..., Any]


@pytest.fixture
def make_voter(simulator: Simulator) -> MakeVoter:
    """`async with make_voter(test=…, shift=…, **config)`: one voter, with a browser of their own."""

    @asynccontextmanager
    async def make(*, test: bool = False, shift: float = 0, **changes: Any) -> AsyncIterator[Voter]:
        clock = ShiftedClock(shift=timedelta(seconds=shift))
        async with (
            httpx2.AsyncClient(verify=TLS, trust_env=False, timeout=10) as http,
            httpx2.AsyncClient(verify=TLS, trust_env=False, timeout=10) as browser,
        ):
            flow = SmallFlow(http, clock, election=FlowElection("essai", test=test))
            yield Voter(simulator, flow, browser, ProSanteConnect(), configured(simulator, **changes))

    return make
