"""Every attack of `cases.py`, through the whole site, against the simulator and against a real Keycloak."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from . import judge, noes, providers, table
from .cases import CASES, Case
from .site import CALLBACKS, Site, open_site

MARKS = {providers.SIMULATOR: (), providers.KEYCLOAK: (pytest.mark.slow,)}
PAIRS = [
    pytest.param(name, case, id=f"{case.id}-{name}", marks=MARKS[name])
    for name in (providers.SIMULATOR, providers.KEYCLOAK)
    for case in CASES
    if name in case.against
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """The site with the provider of that name; one for all the cases of a module."""
    with noes.overheard() as heard:
        if request.param == providers.KEYCLOAK:
            provider = providers.real(request.getfixturevalue("keycloak"), CALLBACKS)
            async with open_site(provider, heard) as opened:
                yield opened
            return
        with providers.simulated(CALLBACKS) as provider:
            async with open_site(provider, heard) as opened:
                yield opened


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("site", "case"), PAIRS, indirect=["site"], scope="module")
async def test_refused_with_its_code_and_nobody_in(site: Site, case: Case) -> None:
    """The case's own code refuses it, no attacker is in, nothing secret is told, and the untouched twin gets in.

    Who refused stands in the published page, as it does here.
    """
    found = await judge.tried(case, site)
    assert found.verdict.code == case.code
    assert not found.wrong
    assert table.said_on_page(case)[site.provider.name] == found.verdict


def test_the_published_page_has_these_cases() -> None:
    """docs/security/oidc-attacks.md, made by `make attacks`, holds the cases as they are here, and counts them."""
    written = table.PAGE.read_text("utf-8")
    assert written == table.page({case.id: table.said_on_page(case) for case in CASES})


def test_every_attack_has_a_name_of_its_own() -> None:
    """No name twice, and the simulator meets every case."""
    assert len({case.id for case in CASES}) == len(CASES) >= 60
    assert all(providers.SIMULATOR in case.against for case in CASES)
