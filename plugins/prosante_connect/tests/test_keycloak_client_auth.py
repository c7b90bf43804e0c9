"""The factor itself, before a real Keycloak that knows this site by its secret, its key or its certificate."""

from __future__ import annotations

import secrets
import ssl
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jwk import ECKey, RSAKey
from keycloak_kit.sitting import CALLBACK, SECRET
from pydantic import SecretStr

from isoloir.clock import SystemClock
from isoloir.hooks import Asserted, Claim, Proved, Redirect, Refused
from isoloir.outgoing import make_client
from isoloir.testing import FactorRun, FakeFlow
from isoloir_prosante_connect.config import ProSanteConnectConfig
from isoloir_prosante_connect.factor import ProSanteConnect
from isoloir_prosante_connect.keycloak import (
    PASSWORD,
    Keycloak,
    RelyingSite,
    Wallet,
    log_in,
    make_browser,
    make_wallet,
)

pytestmark = pytest.mark.slow

RSA, OTHER_RSA = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
EC, OTHER_EC = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
IN = Proved({"rpps": Claim("99700000017", Asserted("eidas1"))}, "Dr Alix Martin")
REFUSED = Refused("oidc_misconfigured", {"provider": "Pro Santé Connect"})


@pytest.fixture(scope="module")
def wallet(keycloak: Keycloak) -> Wallet:
    """A realm with one site of each kind."""
    known = [
        {**key.as_dict(private=False), "kid": kid, "alg": algorithm, "use": "sig"}
        for key, kid, algorithm in ((RSA, "rsa-1", "PS256"), (EC, "ec-1", "ES256"))
    ]
    sites = [
        RelyingSite("by-secret", (CALLBACK,), secret=SECRET),
        RelyingSite("by-rsa", (CALLBACK,), jwks={"keys": known[:1]}, algorithm="PS256"),
        RelyingSite("by-ec", (CALLBACK,), jwks={"keys": known[1:]}, algorithm="ES256"),
        RelyingSite("by-certificate", (CALLBACK,)),
    ]
    return make_wallet(keycloak, sites, realm=f"esante-wallet-{secrets.token_hex(4)}")


async def log_in_as(wallet: Wallet, client_id: str, *, https: bool = False, bare: bool = False, **shown: Any) -> Any:
    """Let a voter log in through a site that shows itself so; the last step of the factor."""
    issuer = wallet.https_issuer if https else wallet.issuer
    written = {"preset": "simulator", "issuer": issuer, "client_id": client_id}
    written["discovery_url"] = f"{issuer}/.well-known/openid-configuration"
    config = ProSanteConnectConfig.model_validate(written | shown)
    factor = ProSanteConnect()
    tls = ssl.create_default_context(cafile=str(wallet.keycloak.certificates / "authority.pem"))
    async with make_client(None if bare else factor.certificate(config)) as http, make_browser(tls) as browser:
        flow = FakeFlow(http=http, clock=SystemClock(), instance="psc")  # type: ignore[arg-type]
        run = FactorRun(factor, config, flow)
        step = await run.start()
        assert isinstance(step, Redirect), step
        url = await log_in(browser, step.url, "899700000017", PASSWORD, CALLBACK)
        return await run.come_back(**dict(parse_qsl(urlsplit(url).query)))


def pem(key: Any) -> SecretStr:
    return SecretStr(key.as_pem(private=True).decode())


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize(("secret", "step"), [(SECRET, IN), ("another", REFUSED)])
async def test_a_secret_lets_in_and_another_does_not(wallet: Wallet, method: str, secret: str, step: Any) -> None:
    """In the header or in the form, whatever signs it is made of."""
    assert await log_in_as(wallet, "by-secret", client_auth=method, client_secret=SecretStr(secret)) == step


@pytest.mark.parametrize(
    ("site", "key", "kid", "step"),
    [
        ("by-rsa", RSA, "rsa-1", IN), ("by-ec", EC, "ec-1", IN), ("by-rsa", OTHER_RSA, "rsa-1", REFUSED),
        ("by-ec", OTHER_EC, "ec-1", REFUSED), ("by-rsa", EC, "rsa-1", REFUSED),
    ],
    ids=["rsa", "ec", "another rsa", "another ec", "ec for rsa"],
)  # fmt: skip
@pytest.mark.parametrize("audience", ["issuer", "token_endpoint"])
async def test_an_assertion_lets_in_and_that_of_another_key_does_not(
    wallet: Wallet, site: str, key: Any, kid: str, step: Any, audience: str
) -> None:
    """private_key_jwt, PS256 and ES256, for the issuer or for the token endpoint."""
    shown = {"client_key": pem(key), "client_key_id": kid, "client_assertion_audience": audience}
    assert await log_in_as(wallet, site, client_auth="private_key_jwt", **shown) == step


@pytest.mark.parametrize(("bare", "step"), [(False, IN), (True, REFUSED)])
async def test_a_certificate_lets_in_and_its_absence_does_not(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch, bare: bool, step: Any
) -> None:
    """tls_client_auth over https: with the client that the core makes of the declaration, and with a bare one."""
    folder = wallet.keycloak.certificates
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
    shown = {
        "client_certificate": SecretStr((folder / "client.pem").read_text()),
        "client_key": SecretStr((folder / "client.key").read_text()),
    }
    last = await log_in_as(wallet, "by-certificate", https=True, bare=bare, client_auth="tls_client_auth", **shown)
    assert last == step
