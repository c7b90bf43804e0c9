"""Through the organiser's own Keycloak: the same claims as direct, and nobody who came another way."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from keycloak_kit.sitting import CALLBACK, NO_RPPS, SECRET, SHOWN, Sit, refused, seats
from pydantic import ValidationError

from isoloir.hooks import Asserted, Claim, Proved, Redirect, Start
from isoloir_openid_connect.mapping import Said
from isoloir_openid_connect.refusal import Refusal
from isoloir_prosante_connect.brokered import HANDED_ON, Broker
from isoloir_prosante_connect.config import ECpsConfig, ProSanteConnectConfig
from isoloir_prosante_connect.keycloak import Keycloak, RelyingSite, log_in, log_out
from isoloir_prosante_connect.simulator import SHAPES
from isoloir_psc.trial import Brokered, make_brokered


@pytest.fixture(scope="module")
def brokered(keycloak: Keycloak) -> Brokered:
    """The two realms, as they are provisioned."""
    return make_brokered(keycloak, RelyingSite("isoloir", (CALLBACK,), (CALLBACK,), secret=SECRET))


@pytest.fixture
def sit(brokered: Brokered) -> Sit:
    """`async with sit(test=…, **config)`: a voter with a browser and a login of their own."""
    return seats(issuer=brokered.issuer, broker={})


@pytest.mark.slow
@pytest.mark.parametrize(("number", "display"), SHOWN.items())
async def test_every_shape_logs_in_through_the_broker(sit: Sit, number: str, display: str) -> None:
    """The claims and the name shown are those of a direct login; at the second login too, when the user exists."""
    for _ in range(2):
        async with sit() as person:
            assert await person.log_in(number) == Proved({"rpps": Claim(number[1:], Asserted("eidas1"))}, display)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), NO_RPPS.items())
async def test_who_has_no_rpps_number_is_refused_through_the_broker(sit: Sit, number: str, code: str) -> None:
    """In the same words as direct."""
    async with sit() as person:
        assert await person.log_in(number) == refused(code)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "enters"), [("899700000058", True), ("899700000017", False), ("899700000066", False)]
)
async def test_level_of_the_provider_comes_through_the_broker(sit: Sit, number: str, enters: bool) -> None:
    """At minimum eidas2 an eidas2 login enters; eidas1 and an absent level do not."""
    async with sit(minimum_acr="eidas2") as person:
        step = await person.log_in(number)
    assert isinstance(step, Proved) if enters else step == refused("psc_level_too_low")


@pytest.mark.slow
async def test_another_provider_at_the_broker_proves_nobody(sit: Sit) -> None:
    """Where the broker's name for Pro Santé Connect is another, whoever comes is refused."""
    async with sit(broker={"identity_provider": "another"}) as person:
        assert await person.log_in("899700000017") == refused("psc_broker_other")
    async with sit(broker={"claims": "elsewhere"}) as person:
        assert await person.log_in("899700000017") == refused("psc_broker_claims")


@pytest.mark.slow
async def test_logout_ends_both_sessions(sit: Sit) -> None:
    """Logged out of the broker, the provider's own session is over too: the next one is asked who they are."""
    async with sit() as person:
        await person.log_in("899700000017")
        again = await person.run.factor.advance(person.run.config, person.run.flow, Start())
        assert isinstance(again, Redirect)
        assert "code=" in await log_in(person.browser, again.url, "nobody", "never asked", CALLBACK)
        leaving = await person.run.factor.leave(person.run.config, person.run.flow)
        assert leaving is not None
        back = await log_out(person.browser, leaving.url, CALLBACK)
        assert dict(parse_qsl(urlsplit(back).query)) == {"state": person.run.flow.token}
        with pytest.raises(ValueError, match="Invalid username or password"):
            await log_in(person.browser, again.url, "nobody", "asked now", CALLBACK)


@pytest.mark.slow
async def test_fresh_login_is_asked_through_the_broker(sit: Sit) -> None:
    """With `prompt_login` neither session lets anybody in silently."""
    async with sit(prompt_login=True) as person:
        assert isinstance(await person.log_in("899700000017"), Proved)
        step = await person.run.factor.advance(person.run.config, person.run.flow, Start())
        assert isinstance(step, Redirect)
        with pytest.raises(ValueError, match="Invalid password"):
            await log_in(person.browser, step.url, "899700000017", "not the password", CALLBACK)


@pytest.mark.slow
async def test_check_finds_nothing_wrong_with_the_broker(sit: Sit) -> None:
    """A stock Keycloak describes itself at the standard path: nothing has to be configured for it."""
    async with sit() as person:
        assert await person.run.factor.check(person.run.config) == []


def _handed_on(claims: dict[str, Any]) -> dict[str, Any]:
    return {
        "sub": claims["sub"], "SubjectNameID": claims["SubjectNameID"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("id_token", "userinfo", "code"),
    [
        ({}, {}, "psc_broker_other"),
        ({}, {"identity_provider": "prosante-connect"}, "psc_broker_other"),
        ({"identity_provider": None}, {}, "psc_broker_other"),
        ({"identity_provider": ["prosante-connect"]}, {}, "psc_broker_other"),
        ({"identity_provider": "prosante-connect-2"}, {}, "psc_broker_other"),
        ({"identity_provider": "prosante-connect"}, {"identity_provider": "github"}, "psc_broker_other"),
        ({"identity_provider": "prosante-connect"}, {}, "psc_broker_claims"),
        ({"identity_provider": "prosante-connect"}, {"psc": "899700000017"}, "psc_broker_claims"),
    ],
)
def test_the_broker_must_name_the_provider(id_token: dict[str, Any], userinfo: dict[str, Any], code: str) -> None:
    """In the signed ID token, once and exactly; the user-info alone, or against it, does not do."""
    claims = _handed_on(dict(SHAPES[0].userinfo))
    with pytest.raises(Refusal) as refusal:
        Broker().userinfo(Said(id_token, {"psc": claims} | userinfo if code == "psc_broker_other" else userinfo))
    assert refusal.value.code == code


def test_what_is_handed_on_has_the_shape_of_the_provider() -> None:
    """Each name of the broker's goes back to its place; what is not handed on is not there."""
    said = Said({"identity_provider": "prosante-connect"}, {"psc": {name: name for name in HANDED_ON}})
    told = Broker().userinfo(said)
    assert told["SubjectRefPro"] == {
        "codeCivilite": "codeCivilite",
        "exercices": [
            {name: name for name in ("nomDexercice", "prenomDexercice", "codeCiviliteDexercice")},
        ],
    }
    assert told["otherIds"] == [{"origine": f"origine{number}"} for number in range(4)]
    assert Broker().userinfo(Said(dict(said.id_token), {"psc": {"sub": "a"}})) == {"sub": "a"}


def test_a_broker_without_its_issuer_is_refused() -> None:
    """The preset's issuer is the provider's own, and cannot be the broker's."""
    with pytest.raises(ValidationError) as refusal:
        ProSanteConnectConfig.model_validate({"client_id": "a", "client_secret": "b", "broker": {}})
    assert [one["type"] for one in refusal.value.errors()] == ["psc_broker_issuer"]


def test_an_approval_does_not_pass_through_a_broker() -> None:
    """A broker has no telephone to ring; without one, the same configuration is good."""
    good = {"client_id": "a", "client_secret": "b", "issuer": "https://broker.example/realms/vote"}
    ECpsConfig.model_validate(good)
    with pytest.raises(ValidationError) as refusal:
        ECpsConfig.model_validate(good | {"broker": {}})
    assert [one["type"] for one in refusal.value.errors()] == ["psc_ecps_broker"]
