"""A provider in memory, and a voter who goes out to it and comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from isoloir.hooks import Redirect, Return, Start, Step
from isoloir.testing import FakeClock, FakeFlow, FakeIdentityProvider
from isoloir_openid_connect.factor import OpenIDConnect, OpenIDConnectConfig

PERSON = {"sub": "s-1", "acr": "eidas2", "employee_number": "E-4711", "given_name": "Alix", "family_name": "Martin"}


@dataclass
class Voter:
    """One voter at one provider: a flow, a configuration, a factor that remembers nothing yet."""

    provider: FakeIdentityProvider
    flow: FakeFlow
    config: OpenIDConnectConfig
    factor: OpenIDConnect

    async def start(self) -> Step:
        return await self.factor.advance(self.config, self.flow, Start())

    async def finish(self, params: dict[str, str]) -> Step:
        return await self.factor.advance(self.config, self.flow, Return(params))

    async def log_in(self) -> Step:
        step = await self.start()
        assert isinstance(step, Redirect), step
        return await self.finish(self.provider.authorise(step.url))


@pytest.fixture
def provider() -> FakeIdentityProvider:
    """A sound provider, with one person."""
    found = FakeIdentityProvider(clock=FakeClock())
    found.person = dict(PERSON)
    return found


@pytest.fixture
def configured(provider: FakeIdentityProvider) -> Callable[..., OpenIDConnectConfig]:
    """Read a configuration of that provider, with changes; `...` takes a key out."""

    def read(**changes: Any) -> OpenIDConnectConfig:
        written = {
            "provider": "Connexion Hôpital", "issuer": provider.issuer, "client_id": provider.client_id,
            "client_secret": provider.client_secret, "claims": {"employee": {"claim": "employee_number"}},
        } | changes  # fmt: skip
        return OpenIDConnectConfig.model_validate({key: one for key, one in written.items() if one is not ...})

    return read


@pytest.fixture
def make_voter(
    provider: FakeIdentityProvider, configured: Callable[..., OpenIDConnectConfig]
) -> Callable[..., Voter]:
    """One voter of that provider: `make_voter(**config)`."""

    def make(**changes: Any) -> Voter:
        flow = FakeFlow(http=provider.client, clock=provider.clock)
        return Voter(provider, flow, configured(**changes), OpenIDConnect())

    return make
