"""Every attack of `cases.py`, through the whole site, against the simulator and against a real Keycloak."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from . import judge, noes, providers, table
from .cases import CASES, Case
from .site import CALLBACKS, Site, open_site


def against(name: str) -> pytest.MarkDecorator:
    """The cases that are tried against the provider of that name.

    Of the test's own scope: with the site's, pytest would put the same case against both providers side by side, and
    make a site anew at every turn.
    """
    return pytest.mark.parametrize("case", [pytest.param(one, id=one.id) for one in CASES if name in one.against])


def at(name: str) -> pytest.MarkDecorator:
    """The one site at that provider."""
    return pytest.mark.parametrize("site", [name], indirect=True, scope="module")


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


async def hold(case: Case, site: Site) -> None:
    """Assert that the case's own code refuses it, and that who refused stands so in the published page."""
    found = await judge.tried(case, site)
    assert found.verdict.code == case.code
    assert not found.wrong
    assert table.said_on_page(case)[site.provider.name] == found.verdict


@pytest.mark.asyncio(loop_scope="module")
@at(providers.SIMULATOR)
@against(providers.SIMULATOR)
async def test_refused_with_its_code_and_nobody_in(site: Site, case: Case) -> None:
    """The case's own code refuses it, no attacker is in, nothing secret is told, and the untouched twin gets in."""
    await hold(case, site)


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
@at(providers.KEYCLOAK)
@against(providers.KEYCLOAK)
async def test_refused_at_a_real_provider_and_nobody_in(site: Site, case: Case) -> None:
    """The same at a real Keycloak."""
    await hold(case, site)


def test_the_published_page_has_these_cases() -> None:
    """docs/security/oidc-attacks.md, made by `make attacks`, holds the cases as they are here, and counts them."""
    written = table.PAGE.read_text("utf-8")
    assert written == table.page({case.id: table.said_on_page(case) for case in CASES})


def test_every_attack_has_a_name_of_its_own() -> None:
    """No name twice, and the simulator meets every case."""
    assert len({case.id for case in CASES}) == len(CASES) >= 60
    assert all(providers.SIMULATOR in case.against for case in CASES)
