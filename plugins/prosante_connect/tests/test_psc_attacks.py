"""The attack table: everything that a provider, or somebody in its place, can get wrong. Nobody gets in."""

from __future__ import annotations

from typing import Any

import pytest

from isoloir.hooks import Proved, Redirect, Refused
from isoloir_prosante_connect.config import ProSanteConnectConfig


def refused(code: str) -> Refused:
    """A refusal, in the sentence of which the provider is named; one that is away may be tried again soon."""
    return Refused(code, {"provider": "Pro Santé Connect"}, 30 if code == "oidc_unavailable" else None)


TOKENS = {
    "wrong_nonce": "oidc_token_nonce",
    "no_nonce": "oidc_token_nonce",
    "alg_none": "oidc_token_algorithm",
    "hs256_public_key": "oidc_token_algorithm",
    "unknown_kid": "oidc_token_key",
    "jwks_empty": "oidc_token_key",
    "bad_signature": "oidc_token_signature",
    "not_a_token": "oidc_token_unreadable",
    "wrong_iss": "oidc_token_issuer",
    "wrong_aud": "oidc_token_audience",
    "other_aud_without_azp": "oidc_token_authorized_party",
    "wrong_azp": "oidc_token_authorized_party",
    "expired": "oidc_token_expired",
    "no_exp": "oidc_token_unreadable",
    "not_yet_valid": "oidc_token_not_yet_valid",
    "wrong_at_hash": "oidc_token_at_hash",
    "unknown_acr": "oidc_level_unknown",
    "no_id_token": "oidc_token_unreadable",
    "wrong_token_type": "oidc_token_unreadable",
    "invalid_grant": "oidc_code_refused",
    "invalid_client": "oidc_misconfigured",
    "userinfo_other_sub": "oidc_userinfo_mismatch",
    "userinfo_no_sub": "oidc_userinfo_mismatch",
    "userinfo_401": "oidc_userinfo_refused",
    "userinfo_alg_none": "oidc_token_algorithm",
    "userinfo_other_username": "psc_identity_mismatch",
}
CALLBACKS = {
    "callback_iss": "oidc_wrong_provider",
    "callback_state": "oidc_expired",
    "callback_no_code": "oidc_answer_incomplete",
    "callback_access_denied": "psc_cancelled",
    "callback_server_error": "oidc_unavailable",
    "callback_invalid_scope": "oidc_misconfigured",
}


def _patient(config: ProSanteConnectConfig, broken: str) -> ProSanteConnectConfig:
    """Wait long enough for a busy machine, but not for a provider that is slow on purpose."""
    return config.model_copy(update={"timeout": 0.4}) if broken == "slow" else config


BROKEN = ("html", "not_object", "error_500", "redirect", "slow", "huge")


@pytest.mark.parametrize(("fault", "code"), sorted((TOKENS | CALLBACKS).items()))
async def test_each_fault_is_refused_in_its_own_words(make_voter: Any, simulator: Any, fault: str, code: str) -> None:
    """One fault, one code; the same voter gets in once the provider is sound again."""
    async with make_voter() as voter:
        simulator.fail(fault)
        assert await voter.log_in() == refused(code)
        simulator.fail()
        voter.factor = type(voter.factor)()  # what was read of the unsound provider is forgotten
        assert isinstance(await voter.log_in(), Proved)


@pytest.mark.parametrize("endpoint", ["jwks", "token", "userinfo"])
@pytest.mark.parametrize("broken", BROKEN)
async def test_a_provider_that_is_down_lets_nobody_in(
    make_voter: Any, simulator: Any, endpoint: str, broken: str
) -> None:
    """A page instead of JSON, a failure, a redirection, silence or a flood at the return: unavailable, no more."""
    async with make_voter() as voter:
        params = await voter.params()
        simulator.fail(f"{endpoint}_{broken}")
        voter.config = _patient(voter.config, broken)
        assert await voter.finish(params) == refused("oidc_unavailable")


@pytest.mark.parametrize("broken", BROKEN)
async def test_a_provider_that_is_down_is_said_at_the_start(make_voter: Any, simulator: Any, broken: str) -> None:
    """A broken discovery refuses at the start; its sound twin sends the voter out."""
    async with make_voter() as voter:
        simulator.fail(f"discovery_{broken}")
        sound, voter.config = voter.config, _patient(voter.config, broken)
        assert await voter.start() == refused("oidc_unavailable")
        simulator.fail()
        voter.config = sound
        assert isinstance(await voter.start(), Redirect)


async def test_nobody_listening_is_unavailable(make_voter: Any) -> None:
    """A closed port is told like any other absence."""
    async with make_voter(issuer="http://127.0.0.1:9/none") as voter:
        assert await voter.start() == refused("oidc_unavailable")


@pytest.mark.parametrize(
    ("fault", "code"),
    [("discovery_other_issuer", "oidc_provider_other"), ("discovery_clear_address", "oidc_provider_address")],
)
async def test_a_provider_that_describes_itself_wrongly_is_refused(
    make_voter: Any, simulator: Any, fault: str, code: str
) -> None:
    """Another issuer, or an address in clear text elsewhere: refused before the voter leaves."""
    async with make_voter() as voter:
        simulator.fail(fault)
        assert await voter.start() == refused(code)


@pytest.mark.parametrize(
    ("max_age", "fault", "code"),
    [(600, "old_auth_time", "psc_login_too_old"), (600, None, None), (None, "old_auth_time", None)],
)
async def test_login_is_as_fresh_as_asked(
    make_voter: Any, simulator: Any, max_age: int | None, fault: str | None, code: str | None
) -> None:
    """With `max_age` an old login is refused; without it, it is not."""
    async with make_voter(max_age=max_age) as voter:
        simulator.fail(*[fault] if fault else [])
        step = await voter.log_in()
        assert step == refused(code) if code else isinstance(step, Proved)


@pytest.mark.parametrize(
    ("shift", "code"),
    [(0, None), (140, None), (-20, None), (160, "oidc_token_expired"), (-40, "oidc_token_not_yet_valid")],
)
async def test_clocks_may_differ_by_the_skew_and_no_more(make_voter: Any, shift: float, code: str | None) -> None:
    """Thirty seconds either way are forgiven to a token of two minutes."""
    async with make_voter(shift=shift) as voter:
        step = await voter.log_in()
        assert step == refused(code) if code else isinstance(step, Proved)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"code": ""},
        {"code": "x" * 5000},
        {"code": "line\nbreak"},
        {"code": "sépia"},
        {"state": "the-state-of-this-flow"},
    ],
)
async def test_a_return_without_a_usable_code_is_refused(make_voter: Any, params: dict[str, str]) -> None:
    """Nothing, an endless code or one that is no code never reaches the provider."""
    async with make_voter() as voter:
        await voter.start()
        assert await voter.finish(params) == refused("oidc_answer_incomplete")


async def test_an_error_of_another_provider_is_not_believed(make_voter: Any) -> None:
    """The issuer of a return is looked at before its error (RFC 9207)."""
    async with make_voter() as voter:
        await voter.start()
        step = await voter.finish({"error": "access_denied", "iss": "https://another.example/realm"})
        assert step == refused("oidc_wrong_provider")


async def test_the_issuer_may_be_absent_from_the_return(make_voter: Any) -> None:
    """A front that does not send `iss` is no obstacle: it is checked when present."""
    async with make_voter() as voter:
        params = await voter.params()
        del params["iss"]
        assert isinstance(await voter.finish(params), Proved)


async def test_a_refused_login_keeps_no_token(make_voter: Any, simulator: Any) -> None:
    """After a refusal nothing of the login stays behind."""
    async with make_voter() as voter:
        simulator.fail("userinfo_other_sub")
        assert isinstance(await voter.log_in(), Refused)
        assert voter.flow.secrets.kept == {}
