"""What the realm offers beside a secret: private_key_jwt, mTLS, and CIBA with a telephone that is answered or not."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from isoloir_prosante_connect.keycloak import Keycloak, NoRing, RelyingSite, Telephone, Wallet, make_wallet

pytestmark = pytest.mark.slow

SECRET = "s3cret"
KEY = ECKey.generate_key("P-256", {"kid": "ours", "use": "sig", "alg": "ES256"})
CIBA = "urn:openid:params:grant-type:ciba"
NUMBER = "899700000017"
SCOPES = {"openid", "identity", "scope_all"}


@pytest.fixture(scope="module")
def wallet(keycloak: Keycloak) -> Wallet:
    """A realm with a site of each kind, whose CIBA polls may come every second."""
    sites = [
        RelyingSite("by-secret", ("http://127.0.0.1/*",), secret=SECRET),
        RelyingSite("by-jwt", ("http://127.0.0.1/*",), jwks={"keys": [KEY.as_dict(private=False)]}),
        RelyingSite("by-certificate", ("http://127.0.0.1/*",)),
    ]
    return make_wallet(
        keycloak, sites, realm=f"esante-wallet-{secrets.token_hex(4)}", ciba_interval=1, ciba_expires=6
    )


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """A plain client."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
def telephone(wallet: Wallet, http: httpx2.AsyncClient) -> Telephone:
    """The telephone of somebody of that realm."""
    return Telephone(wallet, NUMBER, http)


def assertion(wallet: Wallet, key: ECKey) -> dict[str, str]:
    now = int(time.time())
    claims = {
        "iss": "by-jwt", "sub": "by-jwt", "aud": wallet.issuer, "iat": now, "exp": now + 60,
        "jti": secrets.token_urlsafe(16),
    }  # fmt: skip
    return {
        "client_id": "by-jwt",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode({"alg": "ES256", "kid": "ours"}, claims, key),
    }


BY_SECRET = {"client_id": "by-secret", "client_secret": SECRET}


async def ring(wallet: Wallet, http: httpx2.AsyncClient, shown: str = "42", **client: str) -> dict[str, Any]:
    form = {"scope": "openid scope_all", "login_hint": NUMBER, "binding_message": shown, "acr_values": "eidas1"}
    answer = await http.post(wallet.ciba_endpoint, data=form | (client or BY_SECRET))
    return {"status": answer.status_code, **answer.json()}


async def poll(wallet: Wallet, http: httpx2.AsyncClient, asked: dict[str, Any], **client: str) -> dict[str, Any]:
    form = {"grant_type": CIBA, "auth_req_id": asked["auth_req_id"], **(client or BY_SECRET)}
    read: dict[str, Any] = (await http.post(f"{wallet.issuer}/protocol/openid-connect/token", data=form)).json()
    return read


async def test_e_cps_is_approved_on_the_telephone(
    wallet: Wallet, http: httpx2.AsyncClient, telephone: Telephone
) -> None:
    """Pending, too fast, approved: the telephone shows the two digits, and the tokens are that person's."""
    asked = await ring(wallet, http)
    assert (asked["status"], asked["interval"], asked["expires_in"]) == (200, 1, 6)
    heard = await telephone.wait()
    assert (heard.number, heard.acr_values, set(heard.scope.split())) == ("42", "eidas1", SCOPES)
    assert (await poll(wallet, http, asked))["error"] == "authorization_pending"
    assert (await poll(wallet, http, asked))["error"] == "slow_down"
    await telephone.approve()
    await asyncio.sleep(1.2)
    tokens = await poll(wallet, http, asked)
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    userinfo = (await http.get(f"{wallet.issuer}/protocol/openid-connect/userinfo", headers=bearer)).json()
    assert userinfo["SubjectNameID"] == NUMBER
    assert userinfo["sub"] == f"f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:{NUMBER}"


@pytest.mark.parametrize("act", ["refuse", "cancel"])
async def test_e_cps_is_refused_on_the_telephone(
    wallet: Wallet, http: httpx2.AsyncClient, telephone: Telephone, act: str
) -> None:
    """Refused or closed: no tokens, access_denied."""
    asked = await ring(wallet, http)
    await getattr(telephone, act)()
    assert await telephone.rings() == []
    assert (await poll(wallet, http, asked))["error"] == "access_denied"


async def test_e_cps_that_nobody_answers_expires(
    wallet: Wallet, http: httpx2.AsyncClient, telephone: Telephone
) -> None:
    """It rings once and is let ring: expired_token."""
    asked = await ring(wallet, http)
    await telephone.ignore()
    with pytest.raises(NoRing):
        await telephone.wait(seconds=0)
    await asyncio.sleep(asked["expires_in"] + 1)
    assert (await poll(wallet, http, asked))["error"] == "expired_token"


async def test_telephones_of_other_realms_stay_silent(keycloak: Keycloak, wallet: Wallet, http: Any) -> None:
    """One exchange serves all; a telephone hears its own realm and its own owner."""
    other = make_wallet(keycloak, [], realm=f"esante-wallet-{secrets.token_hex(4)}")
    await ring(wallet, http, shown="17")
    telephone = Telephone(wallet, NUMBER, http)
    assert [one.number for one in await telephone.rings()] == ["17"]
    await telephone.ignore()
    assert await Telephone(other, NUMBER, http).rings() == []
    assert await Telephone(wallet, "899700000025", http).rings() == []


async def test_site_shows_itself_by_a_signed_assertion(
    wallet: Wallet, http: httpx2.AsyncClient, telephone: Telephone
) -> None:
    """private_key_jwt: our key is accepted, another one is not."""
    refused = await ring(wallet, http, **assertion(wallet, ECKey.generate_key("P-256")))
    assert refused["error"] in ("invalid_client", "unauthorized_client")
    asked = await ring(wallet, http, **assertion(wallet, KEY))
    await telephone.approve()
    assert "id_token" in await poll(wallet, http, asked, **assertion(wallet, KEY))


async def test_site_shows_itself_by_its_certificate(wallet: Wallet, http: httpx2.AsyncClient) -> None:
    """tls_client_auth, over https: the client's certificate is accepted; without it, or over http, nobody is."""
    folder = wallet.keycloak.certificates
    tls = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    form = {
        "scope": "openid scope_all", "login_hint": NUMBER, "binding_message": "42", "client_id": "by-certificate",
    }  # fmt: skip
    endpoint = wallet.ciba_endpoint.replace(wallet.keycloak.url, wallet.keycloak.https_url)
    async with httpx2.AsyncClient(verify=tls, trust_env=False, timeout=30) as without:
        assert (await without.post(endpoint, data=form)).json()["error"] == "invalid_client"
    assert (await http.post(wallet.ciba_endpoint, data=form)).json()["error"] == "invalid_client"
    tls.load_cert_chain(folder / "client.pem", folder / "client.key")
    async with httpx2.AsyncClient(verify=tls, trust_env=False, timeout=30) as with_it:
        answer = await with_it.post(endpoint, data=form)
    assert (answer.status_code, answer.json()["expires_in"]) == (200, 6), answer.text
    await Telephone(wallet, NUMBER, http).ignore()
