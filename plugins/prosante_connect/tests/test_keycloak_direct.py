"""The factor against a real Keycloak: every shape of professional, through Keycloak's own pages, and out again."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from keycloak_kit.sitting import CALLBACK, NO_RPPS, SECRET, SHOWN, Sit, refused, seats

from isoloir.hooks import Asserted, Claim, Proved, Redirect, Start
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
from isoloir_prosante_connect.simulator import SHAPES, Identity

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wallet(keycloak: Keycloak) -> Wallet:
    """A realm of this module's own, with every shape of professional."""
    site = RelyingSite("isoloir", (CALLBACK,), (CALLBACK,), secret=SECRET)
    signed = RelyingSite("isoloir-signed", (CALLBACK,), (CALLBACK,), secret=SECRET, signed_userinfo="RS256")
    return make_wallet(keycloak, [site, signed], realm=f"esante-wallet-{secrets.token_hex(4)}")


@pytest.fixture
def sit(wallet: Wallet) -> Sit:
    """`async with sit(test=…, **config)`: a voter with a browser and a login of their own."""
    return seats(issuer=wallet.issuer, discovery_url=wallet.discovery_url)


@pytest.mark.parametrize(("number", "display"), SHOWN.items())
@pytest.mark.parametrize("client_id", ["isoloir", "isoloir-signed"])
async def test_every_shape_logs_in_at_a_real_keycloak(sit: Sit, client_id: str, number: str, display: str) -> None:
    """One exercise or several, activities or none, any level or none, empty texts; user-info in JSON or signed."""
    async with sit(client_id=client_id) as person:
        assert await person.log_in(number) == Proved({"rpps": Claim(number[1:], Asserted("eidas1"))}, display)


@pytest.mark.parametrize(("number", "code"), NO_RPPS.items())
async def test_who_has_no_rpps_number_is_refused_at_a_real_keycloak(sit: Sit, number: str, code: str) -> None:
    """ADELI, an establishment's own number, a test identity: each in its own words."""
    async with sit() as person:
        assert await person.log_in(number) == refused(code)


async def test_test_identity_enters_a_test_at_a_real_keycloak(sit: Sit) -> None:
    """A test identity enters where both the election and its configuration say so."""
    async with sit(test=True, test_identities=True) as person:
        step = await person.log_in("ANS20231122132732")
    assert step == Proved({"rpps": Claim("ANS20231122132732", Asserted("eidas1"))}, "Dr Tessa Essai")


@pytest.mark.parametrize(
    ("number", "enters"), [("899700000058", True), ("899700000017", False), ("899700000066", False)]
)
async def test_level_of_a_real_keycloak_is_a_minimum(sit: Sit, number: str, enters: bool) -> None:
    """At minimum eidas2 an eidas2 login enters; eidas1 and an absent level do not."""
    async with sit(minimum_acr="eidas2") as person:
        step = await person.log_in(number)
    assert isinstance(step, Proved) if enters else step == refused("psc_level_too_low")


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.number)
async def test_user_info_of_the_realm_is_the_one_of_the_reference(wallet: Wallet, shape: Identity) -> None:
    """Every claim comes out as it went in: lists, nested lists, empty texts, and nothing where nothing is."""
    async with make_browser() as browser:
        claims = await _claims(wallet, browser, shape.number)
    id_token, userinfo = claims
    assert userinfo == shape.userinfo
    assert id_token["sub"] == shape.userinfo["sub"]
    assert id_token.get("acr") == shape.acr
    assert not {"SubjectNameID", "given_name", "otherIds", "email"} & set(id_token)


async def _claims(wallet: Wallet, browser: httpx2.AsyncClient, number: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Log in with no code of ours, and return what the ID token and the user-info say."""
    endpoint = f"{wallet.issuer}/protocol/openid-connect"
    verifier = secrets.token_urlsafe(48)
    asked = urlencode(
        {
            "client_id": "isoloir", "response_type": "code", "scope": "openid scope_all", "redirect_uri": CALLBACK,
            "code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256",
        }
    )  # fmt: skip
    url = await log_in(browser, f"{endpoint}/auth?{asked}", number, PASSWORD, CALLBACK)
    form = {
        "grant_type": "authorization_code", "code": parse_qs(urlsplit(url).query)["code"][0],
        "redirect_uri": CALLBACK, "code_verifier": verifier, "client_id": "isoloir", "client_secret": SECRET,
    }  # fmt: skip
    tokens = (await browser.post(f"{endpoint}/token", data=form)).json()
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    userinfo = (await browser.get(f"{endpoint}/userinfo", headers=bearer)).json()
    payload = tokens["id_token"].split(".")[1]
    return json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))), userinfo


async def test_logout_ends_the_session_of_a_real_keycloak(sit: Sit) -> None:
    """Logged in, the next one on this browser would be let in without a word; logged out, Keycloak asks again."""
    async with sit() as person:
        await person.log_in("899700000017")
        again = await person.run.factor.advance(person.run.config, person.run.flow, Start())
        assert isinstance(again, Redirect)
        silent = await log_in(person.browser, again.url, "nobody", "never asked", CALLBACK)
        assert "code=" in silent
        leaving = await person.run.factor.leave(person.run.config, person.run.flow)
        assert leaving is not None
        back = await log_out(person.browser, leaving.url, CALLBACK)
        assert dict(parse_qsl(urlsplit(back).query)) == {"state": person.run.flow.token}
        with pytest.raises(ValueError, match="Invalid username or password"):
            await log_in(person.browser, again.url, "nobody", "asked now", CALLBACK)


async def test_logout_leads_to_registered_addresses_alone(sit: Sit) -> None:
    """Where the address to come back to is not registered, Keycloak sends nobody anywhere."""
    async with sit(post_logout_url="http://127.0.0.1:8000/elsewhere") as person:
        await person.log_in("899700000017")
        leaving = await person.run.factor.leave(person.run.config, person.run.flow)
        assert leaving is not None
        with pytest.raises(ValueError, match="Invalid redirect uri"):
            await log_out(person.browser, leaving.url, "http://127.0.0.1:8000/")


async def test_fresh_login_is_asked_of_a_real_keycloak(sit: Sit) -> None:
    """With `prompt_login` a live session does not let anybody in silently."""
    async with sit(prompt_login=True) as person:
        assert isinstance(await person.log_in("899700000017"), Proved)
        step = await person.run.factor.advance(person.run.config, person.run.flow, Start())
        assert isinstance(step, Redirect)
        with pytest.raises(ValueError, match="Invalid password"):
            await log_in(person.browser, step.url, "899700000017", "not the password", CALLBACK)


async def test_wrong_secret_is_our_fault_and_a_used_code_is_refused(sit: Sit) -> None:
    """A real Keycloak's refusals are told apart: the site's secret, and a code that was exchanged already."""
    async with sit(client_secret="another") as person:
        assert await person.log_in("899700000017") == refused("oidc_misconfigured")
    async with sit() as person:
        step = await person.run.start()
        assert isinstance(step, Redirect)
        url = await log_in(person.browser, step.url, "899700000017", PASSWORD, CALLBACK)
        params = dict(parse_qsl(urlsplit(url).query))
        assert isinstance(await person.run.come_back(**params), Proved)
        step = await person.run.start()
        assert await person.run.come_back(**params | {"state": person.run.flow.token}) == refused("oidc_code_refused")


async def test_check_finds_nothing_wrong_with_a_real_keycloak(sit: Sit) -> None:
    """The factor's own test of the connection is content with the realm, and says what is wrong with another."""
    async with sit() as person:
        assert await person.run.factor.check(person.run.config) == []
    async with sit(discovery_url="http://127.0.0.1:9/nobody") as person:
        assert [one.code for one in await person.run.factor.check(person.run.config)] == ["psc_check_discovery"]
