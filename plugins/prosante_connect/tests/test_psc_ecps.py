"""The approval on the telephone: one request in flight, a number to compare, patience, and nobody else's approval."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from isoloir.hooks import Asserted, Claim, Compared, Form, Proved, Refused, Return, Start, Step, Submit, Tick, Wait
from isoloir.testing import FakeClock, FakeFlow
from isoloir_prosante_connect.config import ISSUERS, ECpsConfig
from isoloir_prosante_connect.ecps import RINGS, ECps
from isoloir_prosante_connect.forms import ECpsNumber, ECpsSend
from isoloir_prosante_connect.simulator import RelyingParty, Simulator, Telephone, create_simulator, log_in


def refused(code: str) -> Refused:
    """A refusal, in the sentence of which the provider is named; one that is away may be tried again soon."""
    return Refused(code, {"provider": "Pro Santé Connect"}, 30 if code == "oidc_unavailable" else None)


ISSUER = "http://127.0.0.1:8000/demo/psc"
CALLBACK = "http://127.0.0.1:8000/e/medecins-2024/login/callback/factor"
ALIX, CAMILLE = "99700000017", "99700000025"
PROVED = Proved({"rpps": Claim(ALIX, Asserted("eidas1"))}, "Dr Alix Martin")


@dataclass
class Window:
    """One window of somebody who logs in by e-CPS; `telephone` is Dr Alix Martin's."""

    flow: FakeFlow
    config: ECpsConfig
    factor: ECps
    simulator: Simulator
    telephone: Telephone
    step: Step | None = None

    async def give(self, event: Any) -> Step:
        self.step = await self.factor.advance(self.config, self.flow, event)
        if isinstance(self.step, Form | Wait):
            self.flow.state = dict(self.step.state)
        return self.step

    async def ask(self, rpps: str = ALIX) -> Step:
        await self.give(Start())
        return await self.give(Submit(ECpsNumber(rpps=rpps)))

    async def tick(self, seconds: float | None = None) -> Step:
        """Let the time pass that the page waits for, or `seconds`, and come back."""
        if seconds is None:
            assert isinstance(self.step, Wait), self.step
            seconds = self.step.seconds
        self.flow.clock.advance(timedelta(seconds=seconds))
        return await self.give(Tick())

    @property
    def requests(self) -> int:
        return len(self.simulator.authority.telephones.requests)


MakeWindow = Callable[..., Window]


@pytest.fixture
async def make() -> AsyncIterator[MakeWindow]:
    """`make(claims=…, entry=…, test=…, **config)`: a window. All share provider, clock, counters and places."""
    clock = FakeClock()
    client = RelyingParty("isoloir", "secret", (CALLBACK,), ("http://127.0.0.1:8000/",))
    simulator = create_simulator((), ISSUER, [client], clock=clock)
    simulator.authority.slow_seconds = 1
    transport = httpx2.ASGITransport(app=simulator)
    opened: list[Window] = []
    async with httpx2.AsyncClient(transport=transport) as http, httpx2.AsyncClient(transport=transport) as owner:

        def window(flow: dict[str, Any] | None = None, **config: Any) -> Window:
            made = FakeFlow(http=http, clock=clock, **(flow or {}))
            if opened:
                first = opened[0].flow
                made.secrets._of, made.attempts, made.held = first.secrets._of, first.attempts, first.held
            given = {"preset": "simulator", "issuer": ISSUER, "client_id": "isoloir", "client_secret": "secret"}
            opened.append(
                Window(
                    made,
                    ECpsConfig.model_validate(given | config),
                    ECps(),
                    simulator,
                    Telephone(owner, ISSUER, f"8{ALIX}"),
                )
            )
            return opened[-1]

        yield window


# --- the way -------------------------------------------------------------------------------------------------


async def test_the_approved_login_proves_the_number(make: MakeWindow) -> None:
    """The page and the telephone show the same two digits; once approved, the RPPS number is asserted."""
    window = make()
    step = await window.ask("9 97 00-0000 17")
    assert isinstance(step, Wait)
    assert re.fullmatch(r"[1-9][0-9]", step.values["number"])
    assert await window.telephone.rings() == [step.values["number"]]
    assert isinstance(await window.tick(), Wait)
    assert await window.telephone.answer() == step.values["number"]
    assert await window.tick() == PROVED


async def test_the_request_is_the_one_of_the_reference(make: MakeWindow) -> None:
    """Scope, level, login hint, number and channel, as the provider wants them; and nothing else about anybody."""
    for channel in ("MOBILE", "CARD"):
        window = make(channel=channel, minimum_acr="eidas2")
        step = await window.ask(CAMILLE if channel == "CARD" else ALIX)
        assert isinstance(step, Wait)
        assert step.message == f"wait.ecps_{channel.lower()}"
        asked = window.simulator.authority.telephones.requests[-1]
        assert asked == {
            "scope": "openid scope_all", "acr_values": "eidas2", "channel": channel,
            "login_hint": f"8{CAMILLE if channel == 'CARD' else ALIX}", "binding_message": step.values["number"],
        }  # fmt: skip


async def test_a_number_that_is_proved_is_not_asked(make: MakeWindow) -> None:
    """Who has proved an RPPS number presses a button, and that number's telephone rings; a typed one is not taken."""
    window = make({"claims": {"rpps": Claim(ALIX, Compared())}})
    assert await window.give(Start()) == Form(ECpsSend)
    assert await window.give(Submit(ECpsNumber(rpps=CAMILLE))) == Form(ECpsSend)
    assert window.requests == 0
    assert isinstance(await window.give(Submit(ECpsSend())), Wait)
    await window.telephone.answer()
    assert await window.tick() == PROVED


async def test_a_claim_that_is_no_number_rings_nowhere(make: MakeWindow) -> None:
    """What another factor proved, and is no RPPS number, is refused in words of its own."""
    window = make({"claims": {"rpps": Claim("ADELI-1", Compared())}})
    assert await window.give(Start()) == refused("psc_ecps_no_number")


@pytest.mark.parametrize(
    "typed",
    ["9970000001", "099700000017", "399700000017", "599700000017", "9970000OO17", "٩٩٧٠٠٠٠٠٠١٧", "+99700000017",
     "ANS20231122132732"],
)  # fmt: skip
async def test_what_is_no_number_rings_nowhere(make: MakeWindow, typed: str) -> None:
    """Too short, prefixed as another kind, with look-alikes, a test identity: asked again, at the field."""
    window = make()
    assert await window.ask(typed) == Form(ECpsNumber, {"rpps": "psc_ecps_malformed"})
    assert window.requests == 0


@pytest.mark.parametrize("typed", [ALIX, f"8{ALIX}", "９９７０００００017", "997.000.000-17"])
async def test_the_number_is_read_as_people_write_it(make: MakeWindow, typed: str) -> None:
    """With the card's 8, with spaces and dots, full-width: the same number."""
    window = make()
    assert isinstance(await window.ask(typed), Wait)
    assert window.simulator.authority.telephones.requests[-1]["login_hint"] == f"8{ALIX}"


async def test_a_test_identity_serves_where_it_may(make: MakeWindow) -> None:
    """In an election marked as a test whose configuration takes them, a test identity logs in whole."""
    window = make({"test": True}, test_identities=True)
    window.telephone.owner = "ANS20231122132732"
    assert isinstance(await window.ask("ANS20231122132732"), Wait)
    await window.telephone.answer()
    step = await window.tick()
    assert isinstance(step, Proved)
    assert step.claims["rpps"].value == "ANS20231122132732"
    for other in (make({"test": False}, test_identities=True), make({"test": True})):
        assert await other.ask("ANS20231122132732") == Form(ECpsNumber, {"rpps": "psc_ecps_malformed"})


# --- patience ------------------------------------------------------------------------------------------------


async def test_polling_keeps_to_the_interval(make: MakeWindow) -> None:
    """A tick before its time asks the provider nothing; one in time is never too fast for it."""
    window = make()
    window.simulator.authority.telephones.interval = 7
    assert (await window.ask()).seconds == 7
    await window.telephone.answer()
    step = await window.tick(6)
    assert isinstance(step, Wait)
    assert step.seconds == 1
    assert await window.tick() == PROVED


async def test_a_quick_provider_is_not_asked_every_second(make: MakeWindow) -> None:
    """The page is read by people: five seconds at least, whatever the provider allows."""
    window = make()
    assert (await window.ask()).seconds == 5
    assert (await window.tick()).seconds == 5


async def test_slow_down_adds_five_seconds_for_good(make: MakeWindow) -> None:
    """Each slow_down adds five seconds to every later wait (CIBA Core 1.0, section 11)."""
    window = make()
    assert (await window.ask()).seconds == 5
    window.simulator.fail("ciba_slow_down")
    assert (await window.tick()).seconds == 10
    assert (await window.tick()).seconds == 15
    window.simulator.fail()
    assert (await window.tick()).seconds == 15
    await window.telephone.answer()
    assert await window.tick() == PROVED


async def test_a_provider_that_stumbles_is_asked_again_later(make: MakeWindow) -> None:
    """A broken answer to a poll loses nothing: it is asked more slowly, and the approval still counts."""
    window = make(timeout=2)
    window.simulator.authority.slow_seconds = 3
    await window.ask()
    for broken, seconds in (("error_500", 10), ("html", 15), ("slow", 20)):
        window.simulator.fail(f"token_{broken}")
        assert (await window.tick()).seconds == seconds
    window.simulator.fail()
    await window.telephone.answer()
    assert await window.tick() == PROVED


async def test_a_provider_that_stays_away_is_told_as_such(make: MakeWindow) -> None:
    """Once the request is over and the provider still away, the page says that it is away."""
    window = make()
    await window.ask()
    window.simulator.fail("token_error_500")
    step: Step = await window.tick()
    for _ in range(20):
        if not isinstance(step, Wait):
            break
        step = await window.tick()
    assert step == refused("oidc_unavailable")


async def test_a_provider_too_slow_for_one_step_is_named(make: MakeWindow) -> None:
    """Answers that each come in time, but together too late, are the provider's absence and no inner failure."""
    window = make(timeout=1)
    await window.ask()
    await window.telephone.answer()
    window.simulator.authority.slow_seconds = 0.7
    window.simulator.fail("jwks_slow", "userinfo_slow")
    assert await window.tick() == refused("oidc_unavailable")


# --- how it ends otherwise -----------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["refuse", "other_number"])
async def test_a_refused_login_proves_nothing(make: MakeWindow, act: str) -> None:
    """Refused on the telephone: one clear page, and a new request may be made at once."""
    window = make()
    await window.ask()
    await window.telephone.answer(act)
    assert await window.tick() == refused("psc_ecps_refused")
    assert isinstance(await make().ask(), Wait)


async def test_a_telephone_that_shows_another_number_is_somebody_elses_request(make: MakeWindow) -> None:
    """The page tells the number; who sees another one refuses, and nobody gets in."""
    window = make()
    window.simulator.fail("ciba_other_number")
    step = await window.ask()
    assert await window.telephone.rings() == ["00"]
    assert step.values["number"] != "00"
    await window.telephone.answer("other_number")
    assert await window.tick() == refused("psc_ecps_refused")


async def _let_pass(window: Window) -> tuple[list[Any], Step]:
    """Wait to the end; returns what the pages showed, and the last step."""
    seen = []
    while isinstance(window.step, Wait):
        seen.append((window.step.seconds, window.step.message, sorted(window.step.values)))
        assert len(seen) < 100
        await window.tick()
    assert window.step is not None
    return seen, window.step


async def test_nobody_learns_whom_the_provider_knows(make: MakeWindow) -> None:
    """An unknown number, an ignored and an unheard telephone: the same pages, the same times, the same end."""
    ends = []
    for rpps in (ALIX, "99700009999"):
        window = make()
        await window.ask(rpps)
        if rpps == ALIX:
            await window.telephone.answer("ignore")
        else:
            busy = await make().ask(rpps)
            assert isinstance(busy, Form)
            assert busy.errors == {"": "psc_ecps_in_flight"}
        ends.append(await _let_pass(window))
    assert ends[0] == ends[1]
    assert ends[0][1] == refused("psc_ecps_unanswered")
    assert sum(seconds for seconds, *_ in ends[0][0]) == 120


async def test_an_approval_that_comes_too_late_proves_nothing(make: MakeWindow) -> None:
    """A day later the request is forgotten: nothing is asked, nothing proved."""
    window = make()
    await window.ask()
    await window.telephone.answer()
    assert await window.tick(86_400) == refused("psc_ecps_unanswered")


async def test_somebody_elses_approval_proves_nothing(make: MakeWindow) -> None:
    """The number of the answer must be the number asked for."""
    window = make()
    window.simulator.fail("ciba_other_person")
    await window.ask()
    window.telephone.owner = f"8{CAMILLE}"
    await window.telephone.answer()
    assert await window.tick() == refused("psc_ecps_other_person")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("alg_none", "oidc_token_algorithm"),
        ("hs256_public_key", "oidc_token_algorithm"),
        ("bad_signature", "oidc_token_signature"),
        ("unknown_kid", "oidc_token_key"),
        ("wrong_nonce", "oidc_token_nonce"),
        ("wrong_iss", "oidc_token_issuer"),
        ("wrong_aud", "oidc_token_audience"),
        ("expired", "oidc_token_expired"),
        ("wrong_at_hash", "oidc_token_at_hash"),
        ("unknown_acr", "oidc_level_unknown"),
        ("no_id_token", "oidc_token_unreadable"),
        ("invalid_grant", "oidc_code_refused"),
        ("invalid_client", "oidc_misconfigured"),
        ("userinfo_other_sub", "oidc_userinfo_mismatch"),
        ("userinfo_401", "oidc_userinfo_refused"),
        ("userinfo_error_500", "oidc_unavailable"),
        ("userinfo_other_username", "psc_identity_mismatch"),
    ],
)
async def test_the_answer_is_checked_as_after_a_redirection(make: MakeWindow, fault: str, code: str) -> None:
    """Every check of the code flow holds here; and afterwards nothing is in flight any more."""
    window = make()
    await window.ask()
    await window.telephone.answer()
    window.simulator.fail(fault)
    assert await window.tick() == refused(code)
    window.simulator.fail()
    assert isinstance(await make().ask(), Wait)


async def test_levels_and_freshness_hold(make: MakeWindow) -> None:
    """A level below the minimum is refused; an approval is as fresh as a login can be."""
    window = make(minimum_acr="eidas2")
    await window.ask()
    await window.telephone.answer()
    assert await window.tick() == refused("psc_level_too_low")
    window = make(prompt_login=True, max_age=60, clock_skew=0)
    await window.ask()
    await window.telephone.answer()
    assert await window.tick() == PROVED


async def test_an_approval_serves_once(make: MakeWindow) -> None:
    """The same tick again, or that of another window with this one's state, proves nothing."""
    window = make()
    await window.ask()
    await window.telephone.answer()
    assert await window.tick() == PROVED
    assert await window.tick(5) == refused("psc_ecps_unanswered")
    thief = make()
    await window.ask()
    thief.flow.state = dict(window.flow.state)
    await window.telephone.answer()
    assert await thief.tick(5) == refused("psc_ecps_unanswered")


@pytest.mark.parametrize("event", [Tick(), Return({"code": "x"})])
async def test_events_that_nobody_asked_for_prove_nothing(make: MakeWindow, event: Any) -> None:
    """A tick before any request is refused; a return, which never comes here, asks the number."""
    step = await make().give(event)
    assert step == (refused("oidc_expired") if event == Tick() else Form(ECpsNumber))


# --- one request in flight -----------------------------------------------------------------------------------


async def test_two_windows_ring_once(make: MakeWindow) -> None:
    """While a request is in flight no other window rings that telephone; it is told for how long, and then may."""
    first, second = make(), make()
    await first.ask()
    first.flow.clock.advance(timedelta(seconds=30))
    step = await second.ask()
    assert isinstance(step, Form)
    assert (dict(step.errors), dict(step.values)) == ({"": "psc_ecps_in_flight"}, {"seconds": "90"})
    assert first.requests == 1
    assert isinstance(await second.ask(CAMILLE), Wait)
    first.flow.clock.advance(timedelta(seconds=90))
    assert isinstance(await make().ask(), Wait)


async def test_two_windows_at_the_same_moment_ring_once(make: MakeWindow) -> None:
    """While one window is asking, another is told to wait, and nothing rings twice."""
    window = make()
    window.flow.held.add((RINGS, f"8{ALIX}"))
    assert await window.ask() == Form(ECpsNumber, {"": "psc_ecps_busy"})
    assert window.requests == 0


async def test_a_number_that_was_spelt_otherwise_is_the_same_number(make: MakeWindow) -> None:
    """No spelling of a number makes its telephone ring twice."""
    await make().ask(ALIX)
    for typed in (f"8{ALIX}", "9970 0000 017", "９９７０００００017"):
        step = await make().ask(typed)
        assert isinstance(step, Form)
        assert step.errors == {"": "psc_ecps_in_flight"}


async def test_nobody_floods_a_telephone(make: MakeWindow) -> None:
    """Each request counts, whoever asks: after five come ever longer waits, of a quarter of an hour at most."""
    window = make()
    clock = window.flow.clock
    rang = []
    for _ in range(24 * 60 * 4):  # a day, every fifteen seconds
        if isinstance(await make().ask(), Wait):
            rang.append(clock.now())
            await window.telephone.answer("refuse")
        clock.advance(timedelta(seconds=15))
    apart = [(later - earlier).total_seconds() for earlier, later in pairwise(rang)]
    assert max(apart) <= 15 * 60
    assert len(rang) < 24 * 4 + 16
    step = await window.ask()
    assert isinstance(step, Form)
    assert step.errors == {"": "psc_ecps_often"}
    assert 1 <= int(step.values["minutes"]) <= 15


async def test_a_request_without_an_answer_may_be_in_flight(make: MakeWindow) -> None:
    """Where the provider did not answer in time its telephone may ring all the same: no second request meanwhile."""
    window = make(timeout=2)
    window.simulator.authority.slow_seconds = 3
    window.simulator.fail("ciba_slow")
    assert await window.ask() == refused("oidc_unavailable")
    window.simulator.fail()
    step = await window.ask()
    assert isinstance(step, Form)
    assert step.errors == {"": "psc_ecps_in_flight"}
    window.flow.clock.advance(timedelta(seconds=120))
    assert isinstance(await window.ask(), Wait)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("ciba_html", "oidc_unavailable"),
        ("ciba_not_object", "oidc_unavailable"),
        ("ciba_error_500", "oidc_unavailable"),
        ("ciba_redirect", "oidc_unavailable"),
        ("ciba_huge", "oidc_unavailable"),
        ("ciba_no_request_id", "oidc_unavailable"),
        ("ciba_not_offered", "psc_ecps_not_offered"),
        ("invalid_client", "oidc_misconfigured"),
        ("discovery_error_500", "oidc_unavailable"),
    ],
)
async def test_a_broken_provider_is_told_clearly(make: MakeWindow, fault: str, code: str) -> None:
    """Whatever the provider answers instead: one clear page."""
    window = make()
    window.simulator.fail(fault)
    assert await window.ask() == refused(code)


# --- what surrounds it ---------------------------------------------------------------------------------------


async def test_leaving_logs_out_of_the_provider(make: MakeWindow) -> None:
    """The ID token of an approval is kept for logging out, as that of a redirection, once."""
    window = make()
    assert await window.factor.leave(window.config, window.flow) is None
    await window.ask()
    await window.telephone.answer()
    assert await window.tick() == PROVED
    step = await window.factor.leave(window.config, window.flow)
    assert step is not None
    assert step.url.startswith(f"{ISSUER}/protocol/openid-connect/logout?id_token_hint=")
    assert await window.factor.leave(window.config, window.flow) is None


async def test_nothing_secret_is_shown_or_logged(make: MakeWindow, caplog: pytest.LogCaptureFixture) -> None:
    """Neither number nor request nor token stands in a log, in a step or in the state."""
    caplog.set_level(logging.DEBUG)
    window = make()
    step = await window.ask()
    request = window.flow.secrets._kept["request"][0]
    auth_req_id = re.search(r'"auth_req_id": "([^"]+)"', request)
    assert auth_req_id
    await window.telephone.answer()
    shown = f"{step!r}{window.flow.state!r}{await window.tick()!r}{caplog.text}"
    for secret in (ALIX, auth_req_id[1], window.flow.secrets._kept["id_token"][0]):
        assert secret not in shown


@pytest.mark.parametrize("preset", ["bas", "prod"])
def test_presets_know_where_to_ask(preset: Any) -> None:
    """The address is the provider's own under the preset, and what is published or configured elsewhere."""
    plain = {"preset": preset, "client_id": "x", "client_secret": "y"}
    name = "backchannel_authentication_endpoint"
    assert (
        ECpsConfig.model_validate(plain).endpoint(name) == f"{ISSUERS[preset]}/protocol/openid-connect/ext/ciba/auth"
    )
    other = plain | {"issuer": "https://keycloak.example/realms/psc"}
    assert ECpsConfig.model_validate(other).endpoint(name) is None
    given = other | {name: "https://keycloak.example/ring"}
    assert ECpsConfig.model_validate(given).endpoint(name) == "https://keycloak.example/ring"
    with pytest.raises(ValueError, match="oidc_address_clear"):
        ECpsConfig.model_validate(plain | {name: "http://127.0.0.1/ring"})


@pytest.mark.parametrize(
    ("fault", "codes"),
    [(None, []), ("ciba_not_offered", ["psc_check_ecps"]), ("discovery_error_500", ["psc_check_discovery"])],
)
async def test_the_check_says_whether_approvals_can_be_asked_for(
    simulator: Simulator, fault: str | None, codes: list[str]
) -> None:
    """Testing the connection finds a provider that does not say where telephones are rung."""
    given = {"preset": "simulator", "issuer": simulator.issuer, "client_id": "isoloir", "client_secret": "secret"}
    simulator.fail(*([fault] if fault else []))
    assert [one.code for one in await ECps().check(ECpsConfig.model_validate(given))] == codes


async def test_the_simulators_own_page_logs_in_beside(make: MakeWindow) -> None:
    """The same provider serves both ways at once: a redirection while a telephone rings."""
    window = make()
    await window.ask()
    with pytest.raises(ValueError, match="400"):
        await log_in(window.telephone.http, f"{ISSUER}/wallet/auth?client_id=nobody", ALIX)
    assert len(await window.telephone.rings()) == 1
