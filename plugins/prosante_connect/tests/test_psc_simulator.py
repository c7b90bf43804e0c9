"""The simulator is a provider too: what a real one refuses, it refuses, wherever it is mounted."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from litestar import Litestar, asgi

from isoloir_prosante_connect.simulator import RelyingParty, create_simulator, from_roll, log_in

CALLBACK = "http://testserver/e/essai/login/callback/psc"
VERIFIER = "v" * 64
ISSUER = "http://testserver/demo/psc"


@pytest.fixture
def mounted() -> Any:
    """A simulator mounted in another application, under a prefix, and a browser."""
    roll = [
        ("99700000017", "Dr", "Alix", "Martin"),
        *((f"9980000{n:04d}", "Pr.", "Lou", f"Faure {n}") for n in range(99)),
    ]
    clients = [RelyingParty("isoloir", "secret-1", (CALLBACK,)), RelyingParty("other", "secret-2", (CALLBACK,))]
    simulator = create_simulator(from_roll(roll), ISSUER, clients)
    app = Litestar([asgi("/demo/psc", is_mount=True, copy_scope=True)(simulator)], openapi_config=None)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://testserver")


def authorize(**changes: str) -> str:
    asked = {
        "client_id": "isoloir", "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid scope_all",
        "state": "s", "nonce": "n", "code_challenge_method": "S256",
        "code_challenge": create_s256_code_challenge(VERIFIER),
    } | changes  # fmt: skip
    return str(httpx2.URL(f"{ISSUER}/wallet/auth", params=asked))


async def code_of(browser: httpx2.AsyncClient, **changes: str) -> str:
    url = await log_in(browser, authorize(**changes), "99700000017")
    return dict(parse_qsl(urlsplit(url).query))["code"]


async def exchange(browser: httpx2.AsyncClient, code: str, **changes: str) -> httpx2.Response:
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
        "client_id": "isoloir", "client_secret": "secret-1",
    } | changes  # fmt: skip
    return await browser.post(f"{ISSUER}/protocol/openid-connect/token", data=form)


async def test_it_serves_under_a_prefix(mounted: Any) -> None:
    """Discovery at the non-standard path, the page and its style, all under the prefix of whoever mounts it."""
    described = (await mounted.get(f"{ISSUER}/.well-known/wallet-openid-configuration")).json()
    assert described["issuer"] == ISSUER
    assert (await mounted.get(described["jwks_uri"])).json()["keys"][0]["alg"] == "RS256"
    page = await mounted.get(authorize())
    assert page.status_code == 200
    for said in ('lang="fr"', "Simulateur — démonstration", "Carte CPS", "e-CPS", "Alix Martin", "899700000017"):
        assert said in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    style = await mounted.get("http://testserver/demo/psc/simulator.css")
    assert style.headers["content-type"].startswith("text/css")
    assert 'href="/demo/psc/simulator.css"' in page.text


async def test_a_long_roll_is_not_a_long_page_but_everybody_on_it_can_log_in(mounted: Any) -> None:
    """Some are shown; all the others log in by their number."""
    page = await mounted.get(authorize())
    assert page.text.count('name="identity"') == 4
    url = await log_in(mounted, authorize(), "99800000098", means="MOBILE")
    token = (await exchange(mounted, dict(parse_qsl(urlsplit(url).query))["code"])).json()
    answer = await mounted.get(
        f"{ISSUER}/protocol/openid-connect/userinfo", headers={"authorization": f"Bearer {token['access_token']}"}
    )
    assert answer.json()["authMode"] == "MOBILE"
    assert answer.json()["SubjectRefPro"]["exercices"][0]["codeCiviliteDexercice"] == "PR"
    assert answer.json()["family_name"] == "FAURE 98"


async def test_an_unknown_number_is_asked_again(mounted: Any) -> None:
    """The page comes back with its error, and the login can go on from it."""
    page = await mounted.get(authorize())
    handle = page.text.split('name="request" value="')[1].split('"')[0]
    again = await mounted.post(f"{ISSUER}/wallet/login", data={"request": handle, "number": "<b>", "means": "CARD"})
    assert again.status_code == 422
    assert 'role="alert"' in again.text
    assert "<b>&lt;" not in again.text
    handle = again.text.split('name="request" value="')[1].split('"')[0]
    sent = {"request": handle, "identity": "899700000017", "means": "CARD", "number": ""}
    assert (await mounted.post(f"{ISSUER}/wallet/login", data=sent)).status_code == 302
    assert (await mounted.post(f"{ISSUER}/wallet/login", data=sent)).status_code == 400


async def test_a_code_serves_once_and_its_second_use_voids_the_first(mounted: Any) -> None:
    """The second exchange fails, and the tokens of the first are dead."""
    code = await code_of(mounted)
    first = await exchange(mounted, code)
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-store"
    second = await exchange(mounted, code)
    assert (second.status_code, second.json()) == (400, {"error": "invalid_grant"})
    bearer = {"authorization": f"Bearer {first.json()['access_token']}"}
    userinfo = await mounted.get(f"{ISSUER}/protocol/openid-connect/userinfo", headers=bearer)
    assert userinfo.status_code == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
        ({"client_id": "other", "client_secret": "secret-2"}, "invalid_grant"),
        ({"client_secret": "secret-2"}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
async def test_a_code_is_bound_to_client_address_and_verifier(
    mounted: Any, changes: dict[str, str], error: str
) -> None:
    """PKCE is enforced, and nobody else's code is exchanged."""
    assert (await exchange(mounted, await code_of(mounted), **changes)).json() == {"error": error}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_other_requests_go_back_with_their_error(mounted: Any, changes: dict[str, str], error: str) -> None:
    """Only the code flow with PKCE S256 is served; the error goes back with the state."""
    answer = await mounted.get(authorize(**changes))
    assert answer.status_code == 302
    back = {name: value for name, [value] in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert back == {"error": error, "state": "s", "iss": ISSUER}


@pytest.mark.parametrize("changes", [{"client_id": "nobody"}, {"redirect_uri": "http://evil.example/"}])
async def test_nobody_is_sent_to_an_address_that_is_not_registered(mounted: Any, changes: dict[str, str]) -> None:
    """An unknown client or address gets a page, never a redirection."""
    answer = await mounted.get(authorize(**changes))
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_a_parameter_given_twice_is_refused(mounted: Any) -> None:
    """Which of the two would count is not for anybody to guess."""
    assert (await mounted.get(authorize() + "&state=other")).json() == {"error": "invalid_request"}


async def test_logging_out_needs_a_hint_to_send_anybody_on(mounted: Any) -> None:
    """Without the token of a login, or to an unregistered address, the page says goodbye and goes nowhere."""
    token = (await exchange(mounted, await code_of(mounted))).json()["id_token"]
    logout = f"{ISSUER}/protocol/openid-connect/logout"
    for params in (
        {"post_logout_redirect_uri": CALLBACK},
        {"post_logout_redirect_uri": "http://evil.example/", "id_token_hint": token},
        {"post_logout_redirect_uri": CALLBACK, "id_token_hint": token[:-8] + "AAAAAAAA"},
    ):
        answer = await mounted.get(logout, params=params)
        assert (answer.status_code, "déconnecté" in answer.text) == (200, True)
    right = await mounted.get(logout, params={"post_logout_redirect_uri": CALLBACK, "id_token_hint": token})
    assert (right.status_code, right.headers["location"]) == (302, CALLBACK)


async def test_an_unknown_fault_is_a_mistake_of_the_test() -> None:
    """A misspelt switch would make a test that cannot fail."""
    with pytest.raises(ValueError, match="wrong_nonse"):
        create_simulator((), ISSUER, ()).fail("wrong_nonse")
