"""A sound login, whoever comes and however they are described."""

from __future__ import annotations

import json
import logging
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from isoloir.hooks import Asserted, Claim, FactorForm, Proved, Redirect, Refused, Submit, Tick
from isoloir_prosante_connect.simulator import log_in

refused = partial(Refused, values={"provider": "Pro Santé Connect"})


@pytest.mark.parametrize(
    ("identity", "rpps", "display"),
    [
        ("899700000017", "99700000017", "Dr Alix Martin"),
        ("899700000025", "99700000025", "Dr Camille Bernard-Leroy"),
        ("899700000033", "99700000033", "Dr Dominique Petit"),
        ("899700000041", "99700000041", "Dr Sacha Moreau"),
        ("899700000058", "99700000058", "Pr Claude Roux"),
        ("899700000066", "99700000066", "Dr Maxime Girard"),
        ("899700000074", "99700000074", "Lou Faure"),
    ],
)
@pytest.mark.parametrize("means", ["CARD", "MOBILE"])
async def test_every_shape_of_professional_logs_in(
    make_voter: Any, identity: str, rpps: str, display: str, means: str
) -> None:
    """CPS or e-CPS, one exercise or several, activities or none: the RPPS number is asserted."""
    async with make_voter() as voter:
        assert await voter.log_in(identity, means) == Proved({"rpps": Claim(rpps, Asserted("eidas1"))}, display)


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ("adeli", "psc_identity_adeli"),
        ("finess", "psc_identity_structure"),
        ("siret", "psc_identity_structure"),
        ("edit", "psc_identity_test"),
    ],
)
async def test_who_has_no_rpps_number_is_refused(make_voter: Any, identity: str, code: str) -> None:
    """ADELI, an establishment's own number, a test identity: refused, each in its own words."""
    async with make_voter() as voter:
        assert await voter.log_in(identity) == refused(code)


@pytest.mark.parametrize(
    ("test", "test_identities", "accepted"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
async def test_test_identities_need_both_the_configuration_and_a_test_election(
    make_voter: Any, test: bool, test_identities: bool, accepted: bool
) -> None:
    """A test identity enters an election marked as a test whose configuration says so, and no other."""
    async with make_voter(test=test, test_identities=test_identities) as voter:
        step = await voter.log_in("edit")
    if accepted:
        assert step == Proved({"rpps": Claim("ANS20231122132732", Asserted("eidas1"))}, "Dr Tessa Essai")
    else:
        assert step == refused("psc_identity_test")


@pytest.mark.parametrize(
    ("minimum", "identity", "code"),
    [
        ("eidas1", "899700000017", None),
        ("eidas1", "899700000058", None),
        ("eidas1", "899700000066", None),
        ("eidas2", "899700000058", None),
        ("eidas2", "899700000017", "psc_level_too_low"),
        ("eidas2", "899700000066", "psc_level_too_low"),
        ("eidas3", "899700000058", "psc_level_too_low"),
    ],
)
async def test_level_is_a_minimum(make_voter: Any, minimum: str, identity: str, code: str | None) -> None:
    """A better level satisfies, a lower one does not, and an absent one counts as the lowest."""
    async with make_voter(minimum_acr=minimum) as voter:
        step = await voter.log_in(identity)
        if code:
            assert step == refused(code)
        else:
            assert isinstance(step, Proved)
            assert step.claims["rpps"].by == Asserted(minimum) == voter.factor.vouches(voter.config)["rpps"]


async def test_request_is_the_one_of_the_reference(make_voter: Any, simulator: Any) -> None:
    """Code flow, both scopes, level, state, nonce and PKCE S256; the verifier stays on this side."""
    async with make_voter(max_age=600, prompt_login=True) as voter:
        step = await voter.start()
        assert isinstance(step, Redirect)
        assert step.url.startswith(f"{simulator.issuer}/wallet/auth?")
        asked = {name: value for name, [value] in parse_qs(urlsplit(step.url).query).items()}
        _, verifier, nonce, _ = json.loads(voter.flow.secrets.kept["request"][0])
    assert asked == {
        "client_id": "isoloir", "response_type": "code", "scope": "openid scope_all", "acr_values": "eidas1",
        "redirect_uri": voter.flow.callback, "state": voter.flow.token, "nonce": nonce, "prompt": "login",
        "max_age": "600", "code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256",
    }  # fmt: skip
    assert step.returns_with == {"state": voter.flow.token}
    assert len(verifier) >= 43
    assert len(nonce) >= 32
    assert verifier not in step.url


async def test_every_request_is_new(make_voter: Any) -> None:
    """No nonce, verifier or challenge serves twice."""
    async with make_voter() as voter:
        kept = set()
        for _ in range(3):
            await voter.start()
            kept |= set(json.loads(voter.flow.secrets.kept["request"][0])[1:3])
    assert len(kept) == 6


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_both_client_authentications_work(make_voter: Any, method: str) -> None:
    """The secret goes in the header or in the form, whatever signs it is made of."""
    async with make_voter(client_auth=method) as voter:
        assert isinstance(await voter.log_in(), Proved)


async def test_wrong_client_secret_is_our_fault(make_voter: Any) -> None:
    """A secret that the provider does not know is told as the site's fault, not the voter's."""
    async with make_voter(client_secret="another") as voter:
        assert await voter.log_in() == refused("oidc_misconfigured")


async def test_unregistered_callback_goes_nowhere(make_voter: Any) -> None:
    """The provider sends nobody back to an address that is not registered, not even one below it."""
    async with make_voter() as voter:
        voter.flow.callback += "/more"
        step = await voter.start()
        with pytest.raises(ValueError, match="400"):
            await log_in(voter.browser, step.url, "899700000017")


async def test_signed_userinfo_is_read(make_voter: Any, simulator: Any) -> None:
    """A signed JWT in the place of JSON is checked and read."""
    simulator.authority.signed_userinfo = True
    async with make_voter() as voter:
        assert isinstance(await voter.log_in(), Proved)


async def test_rotated_keys_are_read_anew(make_voter: Any, simulator: Any) -> None:
    """A key that the provider has just changed is found, without waiting for what is remembered to grow old."""
    async with make_voter() as voter:
        assert isinstance(await voter.log_in(), Proved)
        simulator.authority.rotate_keys()
        assert isinstance(await voter.log_in(), Proved)
        simulator.authority.rotate_keys(keep_old=True)
        assert isinstance(await voter.log_in(), Proved)


async def test_cancelling_is_not_an_error(make_voter: Any) -> None:
    """Who cancels at the provider is told so, and nothing else."""
    async with make_voter() as voter:
        assert await voter.log_in(None) == refused("psc_cancelled")


async def test_return_serves_once(make_voter: Any) -> None:
    """The same return a second time is refused, and so is one that nobody went out for."""
    async with make_voter() as voter:
        params = await voter.params()
        assert isinstance(await voter.finish(params), Proved)
        assert await voter.finish(params) == refused("oidc_expired")
    async with make_voter() as other:
        assert await other.finish(params) == refused("oidc_expired")


async def test_return_comes_in_time(make_voter: Any, simulator: Any) -> None:
    """A return after a quarter of an hour is refused, even while the provider would still take its code."""
    async with make_voter() as voter:
        params = await voter.params()
        voter.flow.clock.shift += voter.flow.clock.shift.__class__(minutes=15, seconds=1)
        assert await voter.finish(params) == refused("oidc_expired")


async def test_code_of_another_browser_is_refused(make_voter: Any) -> None:
    """A code won in one browser and slipped into the return of another is refused: nonce and PKCE bind it."""
    async with make_voter() as thief, make_voter() as victim:
        stolen = await thief.params("899700000025")
        own = await victim.params()
        assert await victim.finish(own | {"code": stolen["code"]}) == refused("oidc_code_refused")


@pytest.mark.parametrize("event", [Tick(), Submit(FactorForm())])
async def test_other_events_prove_nothing(make_voter: Any, event: Any) -> None:
    """A tick or a form, which this factor never asks for, is refused."""
    async with make_voter() as voter:
        await voter.start()
        assert await voter.factor.advance(voter.config, voter.flow, event) == refused("oidc_expired")


async def test_live_session_logs_in_silently_unless_a_fresh_login_is_asked(make_voter: Any) -> None:
    """Single sign-on brings the colleague of the live session; `prompt_login` makes the provider ask anew."""
    async with make_voter() as voter:
        assert (await voter.log_in("899700000025")).display == "Dr Camille Bernard-Leroy"
        assert (await voter.log_in("899700000017")).display == "Dr Camille Bernard-Leroy"
        fresh = voter.config.model_copy(update={"prompt_login": True})
        voter.config = fresh
        assert (await voter.log_in("899700000017")).display == "Dr Alix Martin"


async def test_taking_the_fresh_login_out_of_the_address_is_noticed(make_voter: Any) -> None:
    """Whoever strips `prompt=login` from the address comes back with an old login, and is refused."""
    async with make_voter(prompt_login=True, clock_skew=0) as voter:
        assert isinstance(await voter.log_in("899700000025"), Proved)
        voter.flow.clock.shift += voter.flow.clock.shift.__class__(seconds=2)
        step = await voter.start()
        stripped = Redirect(step.url.replace("&prompt=login", ""))
        params = await voter.come_back(stripped, "899700000017")
        voter.flow.clock.shift = voter.flow.clock.shift.__class__(0)
        assert await voter.finish(params) == refused("psc_login_too_old")


async def test_leaving_logs_out_of_the_provider(make_voter: Any, simulator: Any) -> None:
    """After the vote the provider's session ends, by the ID token kept for that alone, once."""
    async with make_voter(post_logout_url="http://127.0.0.1:8000/e/essai/") as voter:
        assert isinstance(await voter.log_in("899700000025"), Proved)
        assert set(voter.flow.secrets.kept) == {"id_token"}
        step = await voter.factor.leave(voter.config, voter.flow)
        assert isinstance(step, Redirect)
        assert step.url.startswith(f"{simulator.issuer}/protocol/openid-connect/logout?")
        answer = await voter.browser.get(step.url)
        assert answer.status_code == 302
        assert answer.headers["location"] == f"http://127.0.0.1:8000/e/essai/?state={voter.flow.token}"
        assert voter.flow.secrets.kept == {}
        assert await voter.factor.leave(voter.config, voter.flow) is None
        assert (await voter.log_in("899700000017")).display == "Dr Alix Martin"


async def test_nobody_leaves_who_did_not_come(make_voter: Any, simulator: Any) -> None:
    """Without a login there is nothing to leave; with the provider away, leaving is no error either."""
    async with make_voter() as voter:
        assert await voter.factor.leave(voter.config, voter.flow) is None
        await voter.log_in()
        simulator.fail("discovery_error_500")
        voter.factor = type(voter.factor)()  # another worker, which remembers nothing of the provider
        assert await voter.factor.leave(voter.config, voter.flow) is None


async def test_nothing_secret_is_shown_or_logged(make_voter: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Neither logs, nor steps, nor the configuration print secret, code, tokens or number."""
    caplog.set_level(logging.DEBUG)
    async with make_voter() as voter:
        params = await voter.params()
        caplog.clear()  # what came before is the browser's own log
        step = await voter.finish(params)
        id_token = voter.flow.secrets.kept["id_token"][0]
        logged = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
        shown = logged + repr(step) + repr(voter.config) + voter.config.model_dump_json()
        for secret in (params["code"], params["state"], id_token, "99700000017", "k7-Une.phrase"):
            assert secret not in shown


async def test_configured_endpoints_need_no_discovery(make_voter: Any, simulator: Any) -> None:
    """With every address in the configuration, a provider that describes itself nowhere serves as well."""
    simulator.fail("discovery_error_500")
    wire = f"{simulator.issuer}/protocol/openid-connect"
    every = {
        "authorization_endpoint": f"{simulator.issuer}/wallet/auth", "token_endpoint": f"{wire}/token",
        "userinfo_endpoint": f"{wire}/userinfo", "jwks_uri": f"{wire}/certs",
        "end_session_endpoint": f"{wire}/logout",
    }  # fmt: skip
    async with make_voter(**every) as voter:
        assert isinstance(await voter.log_in(), Proved)


async def test_discovery_and_keys_are_remembered_for_a_while(make_voter: Any, simulator: Any) -> None:
    """A short failure of what hardly changes stops nobody; after ten minutes it is read anew."""
    async with make_voter() as voter:
        assert isinstance(await voter.log_in(), Proved)
        simulator.fail("discovery_error_500", "jwks_error_500")
        assert isinstance(await voter.log_in(), Proved)
        voter.flow.clock.shift += voter.flow.clock.shift.__class__(minutes=10)
        assert await voter.start() == refused("oidc_unavailable", seconds=30)
