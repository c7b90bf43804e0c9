"""What an organiser may write, and what "test the connection" finds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr, ValidationError

from isoloir.clock import ShiftedClock
from isoloir.hooks import Problem
from isoloir_openid_connect.checking import find_problems
from isoloir_prosante_connect.config import ProSanteConnectConfig

LEAST = {"client_id": "isoloir", "client_secret": "a-phrase"}


def read(**changes: Any) -> ProSanteConnectConfig:
    return ProSanteConnectConfig.model_validate(LEAST | changes)


def codes(**changes: Any) -> set[str]:
    with pytest.raises(ValidationError) as refused:
        read(**changes)
    return {error["type"] for error in refused.value.errors(include_input=False)}


@pytest.mark.parametrize(
    ("preset", "auth", "wallet"),
    [
        ("bas", "auth.bas.psc.esante.gouv.fr", "https://wallet.bas.psc.esante.gouv.fr/auth"),
        ("prod", "auth.esw.esante.gouv.fr", "https://wallet.esw.esante.gouv.fr/auth"),
    ],
)
def test_presets_are_the_agency_s(preset: str, auth: str, wallet: str) -> None:
    """Issuer, the discovery's own path, and the authorization endpoint on its other host."""
    config = read(preset=preset)
    assert config.effective_issuer == f"https://{auth}/auth/realms/esante-wallet"
    assert config.effective_discovery_url == f"{config.effective_issuer}/.well-known/wallet-openid-configuration"
    assert config.endpoint("authorization_endpoint") == wallet


def test_another_issuer_takes_no_address_of_the_preset() -> None:
    """With an issuer of one's own the voter is not sent to the preset's host."""
    assert read(issuer="https://idp.example/realm").endpoint("authorization_endpoint") is None


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512", "RSA1_5", "rs256"])
def test_only_asymmetric_signatures_can_be_configured(algorithm: str) -> None:
    """`none` and HMAC are not among the choices."""
    assert codes(algorithms=["RS256", algorithm]) == {"literal_error"}


@pytest.mark.parametrize(
    ("preset", "url", "code"),
    [
        ("prod", "http://127.0.0.1:8000/psc", "oidc_address_clear"),
        ("bas", "http://localhost/psc", "oidc_address_clear"),
        ("prod", "http://idp.example/psc", "oidc_address_form"),
        ("simulator", "http://idp.example/psc", "oidc_address_form"),
        ("simulator", "https://idp.example/psc", "oidc_local_elsewhere"),
        ("prod", "ftp://idp.example/psc", "oidc_address_form"),
        ("prod", "https://user:word@idp.example/psc", "oidc_address_form"),
        ("prod", "https://idp.example/psc#part", "oidc_address_form"),
        ("prod", "https://idp.example/psc?x=1", "oidc_address_form"),
        ("prod", "https://", "oidc_address_form"),
        ("prod", "https://idp.example:port/psc", "oidc_address_form"),
        ("prod", "https://idp.example/a b", "oidc_address_form"),
        ("prod", "idp.example", "oidc_address_form"),
        ("simulator", "http://127.0.0.1:8000/demo/psc", None),
        ("simulator", "http://[::1]:8000/demo/psc", None),
        ("prod", "https://idp.example/psc", None),
    ],
)
def test_addresses_are_https_or_loopback_of_a_simulator(preset: str, url: str, code: str | None) -> None:
    """Clear text goes no further than this machine, and only to a simulator, which is nowhere else."""
    if code is None:
        assert read(preset=preset, issuer=url).effective_issuer == url
    else:
        assert codes(preset=preset, issuer=url) == {code}


@pytest.mark.parametrize("secret", ["", "   "])
def test_an_empty_secret_is_refused(secret: str) -> None:
    """A site without a secret would be anybody."""
    assert codes(client_secret=secret) == {"oidc_secret_empty"}
    assert codes(client_secret=SecretStr(secret)) == {"oidc_secret_empty"}


@pytest.mark.parametrize(
    "changes",
    [
        {"minimum_acr": "eidas4"}, {"clock_skew": -1}, {"clock_skew": 3600}, {"timeout": 0}, {"prompt_login": "yes"},
        {"algorithms": []}, {"client_auth": "none"}, {"max_age": -1}, {"issuers": "x"}, {"client_id": ""},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    """Unknown levels and keys, endless patience and no client at all are refused."""
    assert codes(**changes)


async def find(simulator: Any, config: ProSanteConnectConfig, seconds: float = 0) -> list[Problem]:
    async with httpx2.AsyncClient(trust_env=False) as http:
        return await find_problems(config, http=http, clock=ShiftedClock(shift=timedelta(seconds=seconds)))


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("discovery_html", "psc_check_discovery"),
        ("discovery_slow", "psc_check_discovery"),
        ("discovery_other_issuer", "oidc_check_issuer"),
        ("discovery_clear_address", "oidc_check_address"),
        ("jwks_error_500", "oidc_check_keys"),
        ("jwks_not_object", "oidc_check_keys"),
        ("jwks_empty", "oidc_check_no_key"),
    ],
)
async def test_the_connection_test_names_what_is_wrong(
    make_voter: Any, simulator: Any, fault: str, code: str
) -> None:
    """Each fault of the provider is found and named; a sound one has none."""
    async with make_voter() as voter:
        assert await voter.factor.check(voter.config) == []
        simulator.fail(fault)
        impatient = voter.config.model_copy(update={"timeout": 0.4 if fault.endswith("_slow") else 10})
        assert [problem.code for problem in await voter.factor.check(impatient)] == [code]


@pytest.mark.parametrize(("seconds", "found"), [(0, False), (25, False), (90, True), (-90, True)])
async def test_the_connection_test_compares_the_clocks(
    make_voter: Any, simulator: Any, seconds: float, found: bool
) -> None:
    """More than the skew apart is said, with the seconds."""
    async with make_voter() as voter:
        problems = await find(simulator, voter.config, seconds)
    assert [problem.code for problem in problems] == (["oidc_check_clock"] if found else [])
    assert all(abs(int(problem.values["seconds"]) - 90) <= 2 for problem in problems)


async def test_the_connection_test_knows_which_signatures_are_accepted(make_voter: Any, simulator: Any) -> None:
    """A provider that signs by RSA alone does not suit a site that accepts elliptic curves alone."""
    async with make_voter(algorithms=["ES256"]) as voter:
        assert [problem.code for problem in await voter.factor.check(voter.config)] == ["oidc_check_no_key"]
