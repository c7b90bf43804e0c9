"""The approval on the telephone against a real Keycloak: its backchannel, its polls, its telephone."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from isoloir.clock import SystemClock
from isoloir.hooks import Asserted, Claim, Form, Proved, Refused, Start, Step, Submit, Tick, Wait
from isoloir.testing import FakeFlow
from isoloir_prosante_connect.config import ECpsConfig
from isoloir_prosante_connect.ecps import ECps
from isoloir_prosante_connect.forms import ECpsNumber
from isoloir_prosante_connect.keycloak import Keycloak, RelyingSite, Telephone, Wallet, make_wallet

pytestmark = pytest.mark.slow

SECRET = "k7-Une.phrase:de+passe/longue"
ALIX, CAMILLE, CLAUDE = "99700000017", "99700000025", "99700000058"


def realm(keycloak: Keycloak, **changes: int) -> Wallet:
    """Make a realm with this site, where CIBA is open to it."""
    site = RelyingSite("isoloir", ("http://127.0.0.1/*",), secret=SECRET)
    return make_wallet(keycloak, [site], realm=f"esante-wallet-{secrets.token_hex(4)}", **changes)


@pytest.fixture(scope="module")
def wallet(keycloak: Keycloak) -> Wallet:
    """A realm that lets a telephone ring for half a minute."""
    return realm(keycloak, ciba_interval=1, ciba_expires=30)


@dataclass
class Window:
    """One window at the real provider, in real time."""

    flow: FakeFlow
    config: ECpsConfig
    telephone: Telephone
    step: Step | None = None

    async def give(self, event: Any) -> Step:
        self.step = await ECps().advance(self.config, self.flow, event)  # each time another worker
        if isinstance(self.step, Form | Wait):
            self.flow.state = dict(self.step.state)
        return self.step

    async def ask(self, rpps: str) -> Step:
        await self.give(Start())
        return await self.give(Submit(ECpsNumber(rpps=rpps)))

    async def tick(self) -> Step:
        assert isinstance(self.step, Wait), self.step
        await asyncio.sleep(self.step.seconds)
        return await self.give(Tick())


Sit = Callable[..., Window]


@pytest.fixture
async def sit(wallet: Wallet) -> AsyncIterator[Sit]:
    """`sit(rpps, wallet=…, **config)`: somebody with a window, and the telephone of the number that they type."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:

        def sat(rpps: str, wallet: Wallet = wallet, **changes: Any) -> Window:
            config = {
                "preset": "simulator", "issuer": wallet.issuer, "discovery_url": wallet.discovery_url,
                "client_id": "isoloir", "client_secret": SECRET,
            }  # fmt: skip
            flow = FakeFlow(http=http, clock=SystemClock())  # type: ignore[arg-type]
            return Window(flow, ECpsConfig.model_validate(config | changes), Telephone(wallet, f"8{rpps}", http))

        yield sat


def refused(code: str) -> Refused:
    """A refusal, in the sentence of which the provider is named."""
    return Refused(code, {"provider": "Pro Santé Connect"})


async def test_the_telephone_of_a_real_provider_lets_in(sit: Sit) -> None:
    """Pending, approved, in: the two digits are those of the page, and the login is as fresh as one can be."""
    window = sit(ALIX, prompt_login=True, max_age=60)
    step = await window.ask(ALIX)
    assert isinstance(step, Wait), step
    ring = await window.telephone.wait()
    assert (ring.number, ring.acr_values) == (step.values["number"], "eidas1")
    assert "scope_all" in ring.scope.split()
    assert isinstance(await window.tick(), Wait)
    await window.telephone.approve()
    assert await window.tick() == Proved({"rpps": Claim(ALIX, Asserted("eidas1"))}, "Dr Alix Martin")
    leaving = await ECps().leave(window.config, window.flow)
    assert leaving is not None
    assert leaving.url.startswith(window.telephone.wallet.issuer)


@pytest.mark.parametrize("act", ["refuse", "cancel"])
async def test_a_real_refusal_proves_nothing(sit: Sit, act: str) -> None:
    """Refused or closed: one clear page, and another request may be made at once."""
    window = sit(CAMILLE)
    await window.ask(CAMILLE)
    await getattr(window.telephone, act)()
    assert await window.tick() == refused("psc_ecps_refused")
    assert isinstance(await window.ask(CAMILLE), Wait)
    await window.telephone.ignore()


async def test_a_real_provider_that_is_asked_too_fast_is_asked_more_slowly(sit: Sit, keycloak: Keycloak) -> None:
    """Its slow_down, as it says it, adds five seconds to every wait; and the approval still lets in."""
    slow = realm(keycloak, ciba_interval=9, ciba_expires=120)
    window = sit(CLAUDE, slow)
    step = await window.ask(CLAUDE)
    assert isinstance(step, Wait)
    assert step.seconds == 9
    for _ in range(2):  # a window whose clock has run ahead: it asks twice within the interval
        window.flow.state = {"interval": 1, "due": 0}
        window.step = await window.give(Tick())
    assert isinstance(window.step, Wait)
    assert window.step.seconds == 6  # one second and five more
    await window.telephone.approve()
    window.flow.state = {"interval": 9, "due": 0}
    await asyncio.sleep(9)
    step = await window.give(Tick())
    while isinstance(step, Wait):
        step = await window.tick()
    assert isinstance(step, Proved)
    assert step.claims["rpps"].value == CLAUDE


async def test_a_real_provider_knows_nobody_as_it_hears_nobody(sit: Sit, keycloak: Keycloak) -> None:
    """An unknown number waits to the same end as a telephone that nobody answers."""
    quick = realm(keycloak, ciba_interval=1, ciba_expires=6)
    known, unknown = sit(ALIX, quick), sit("99999999999", quick)
    one, other = await known.ask(ALIX), await unknown.ask("99999999999")
    assert isinstance(one, Wait)
    assert isinstance(other, Wait)
    assert (one.seconds, one.message) == (other.seconds, other.message)
    await known.telephone.ignore()
    step: Step = one
    while isinstance(step, Wait):
        step = await known.tick()
    assert step == refused("psc_ecps_unanswered")
    unknown.flow.state = {"interval": 5, "due": 0}
    assert isinstance(await unknown.give(Tick()), Wait)  # for two minutes, as the service itself does


async def test_a_real_provider_has_what_the_check_looks_for(sit: Sit) -> None:
    """Testing the connection finds nothing severe, and says where a telephone would ring: nowhere without CIBA."""
    window = sit(ALIX)
    assert [one.code for one in await ECps().check(window.config) if one.severe] == []
