"""The factor's own promises: one password, to the right telephone, good once, for minutes, for few tries."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from pydantic import ValidationError

from isoloir.hooks import Claim, Compared, Delivered, Form, Proved, Refused, Start, Submit, ToEntry
from isoloir.testing.fakes import FakeClock, FakeRoll, FakeVoter
from isoloir.testing.flow import FakeFlow
from isoloir.testing.run import FactorRun
from isoloir_password_sms.config import PasswordConfig
from isoloir_password_sms.factor import GUESSING, SENDING, PasswordFactor
from isoloir_password_sms.forms import SmsMobile, SmsPassword, SmsResend, SmsSend

CHALLENGED = {"ordinal_number": Claim("7512345", Compared())}


def config(**changes: Any) -> PasswordConfig:
    return PasswordConfig.model_validate({"profile": "cheapest", **changes})


def run_of(flow: FakeFlow, **changes: Any) -> FactorRun:
    return FactorRun(PasswordFactor(), config(**changes), flow)


def without_mobile() -> FakeVoter:
    return FakeRoll().voter(mobile="")


def code_of(flow: FakeFlow) -> str:
    return flow.phone.last.values["code"]


def wrong(code: str) -> str:
    return code[:-1] + str((int(code[-1]) + 1) % 10)


async def sent(flow: FakeFlow, **changes: Any) -> FactorRun:
    run = run_of(flow, **changes)
    await run.start()
    await run.submit()
    return run


async def test_the_rolls_mobile_is_shown_masked_and_gets_the_password() -> None:
    """The roll's mobile is shown masked, receives eight digits, and they prove a secret delivered to the roll."""
    flow = FakeFlow()
    run = run_of(flow)
    shown = await run.start()
    assert isinstance(shown, Form)
    assert shown.model is SmsSend
    assert shown.values["mobile"] == "06 •• •• •• 78"
    asked = await run.submit()
    assert isinstance(asked, Form)
    assert (asked.model, asked.also) == (SmsPassword, (SmsResend,))
    assert flow.phone.last.to == ToEntry("sms")
    assert len(code_of(flow)) == 8
    assert code_of(flow).isdecimal()
    assert await run.submit(password=code_of(flow)) == Proved(
        {"one_time_password": Claim("sms", Delivered("sms", "roll"))}
    )


@pytest.mark.parametrize("mobile", ["typed", "roll_or_typed"])
async def test_a_mobile_is_typed_where_the_roll_has_none(mobile: str) -> None:
    """Without a mobile on the roll, one is typed, bound in E.164, and proves a secret delivered to a typed number."""
    flow = FakeFlow(entry=without_mobile(), claims=CHALLENGED)
    run = run_of(flow, mobile=mobile)
    assert isinstance(shown := await run.start(), Form)
    assert shown.model is SmsMobile
    asked = await run.submit(mobile="06 12 34 56 78")
    assert isinstance(asked, Form)
    assert asked.values["mobile"] == "06 •• •• •• 78"
    assert flow.bound == {"sms": "+33612345678"}
    assert flow.phone.last.address == "+33612345678"
    proved = await run.submit(password=code_of(flow))
    assert proved == Proved({"one_time_password": Claim("sms", Delivered("sms", "typed"))})


@pytest.mark.parametrize("mobile", ["typed", "roll_or_typed"])
async def test_nothing_is_typed_where_the_roll_has_a_mobile(mobile: str) -> None:
    """With a mobile on the roll it is used, whatever the configuration: nobody replaces it by typing."""
    flow = FakeFlow(claims=CHALLENGED)
    run = run_of(flow, mobile=mobile)
    assert isinstance(shown := await run.start(), Form)
    assert shown.model is SmsSend
    step = await PasswordFactor().advance(run.config, flow, Submit(SmsMobile(mobile="0698765432")))  # type: ignore[arg-type]
    assert isinstance(step, Form)
    assert step.model is SmsSend
    assert flow.bound == {}
    assert flow.sent == []


async def test_no_mobile_and_none_may_be_typed_is_a_refusal() -> None:
    """`mobile = "roll"` without a mobile refuses with its own code."""
    assert await run_of(FakeFlow(entry=without_mobile())).start() == Refused("sms_mobile_missing")


async def test_a_mobile_is_never_typed_before_a_challenge() -> None:
    """Binding a telephone before anything is proved would hand the vote to whoever knows an identifier."""
    nothing = FakeFlow(entry=without_mobile(), claims={"identifier": Claim("ZZ", Delivered("email"))})
    assert await run_of(nothing, mobile="typed").start() == Refused("sms_mobile_too_early")


@pytest.mark.parametrize(
    "typed", ["0123456789", "06123", "06 12 34 56 7O", "٠٦١٢٣٤٥٦٧٨", "+33", "abc", "0800123456", "1-800-FLOWERS"]
)
async def test_what_is_no_mobile_is_said(typed: str) -> None:
    """Land lines, letters, foreign digits and halves are told at the field; nothing is bound or sent."""
    flow = FakeFlow(entry=without_mobile(), claims=CHALLENGED)
    run = run_of(flow, mobile="typed")
    await run.start()
    step = await run.submit(mobile=typed)
    assert isinstance(step, Form)
    assert step.errors == {"mobile": "sms_mobile_malformed"}
    assert flow.bound == {}
    assert flow.sent == []


async def test_a_mobile_serves_few_voters() -> None:
    """A number that serves as many voters as it may is refused, and nothing is sent; one more allowed, it serves."""
    for serves, bound in ((1, False), (2, True)):
        flow = FakeFlow(entry=without_mobile(), claims=CHALLENGED)
        flow.others_bound["sms", "+33612345678"] = 1
        run = run_of(flow, mobile="typed", serves=serves)
        await run.start()
        step = await run.submit(mobile="0612345678")
        assert isinstance(step, Form)
        assert step.errors == ({} if bound else {"mobile": "sms_mobile_shared"})
        assert bool(flow.sent) is bound


async def test_a_bound_mobile_is_not_changed() -> None:
    """Where another window has bound another number meanwhile, the second one is refused."""
    flow = FakeFlow(entry=without_mobile(), claims=CHALLENGED)
    run = run_of(flow, mobile="typed")
    await run.start()
    flow.masked = lambda channel: None  # type: ignore[method-assign]
    flow.bound["sms"] = "+33698765432"
    step = await run.submit(mobile="0612345678")
    assert isinstance(step, Form)
    assert step.errors == {"mobile": "sms_mobile_bound"}
    assert flow.sent == []


@pytest.mark.parametrize("spell", [str.lower, lambda code: f" {code[:4]} {code[4:]} ", lambda code: "-".join(code)])
async def test_spelling_does_not_matter(spell: Any) -> None:
    """Case, spaces and dashes do not count."""
    flow = FakeFlow()
    run = await sent(flow, alphabet="letters_and_digits")
    assert isinstance(await run.submit(password=spell(code_of(flow))), Proved)


async def test_a_password_proves_once() -> None:
    """The same password again, from the same state, proves nothing."""
    flow = FakeFlow()
    run = await sent(flow)
    code, state = code_of(flow), dict(flow.state)
    assert isinstance(await run.submit(password=code), Proved)
    flow.state = state
    again = await PasswordFactor().advance(run.config, flow, Submit(SmsPassword(password=code)))  # type: ignore[arg-type]
    assert isinstance(again, Form)
    assert again.errors == {"password": "sms_password_destroyed"}


async def test_two_at_once_prove_once() -> None:
    """Of twenty submissions of the right password at the same time, one proves."""
    flow = FakeFlow()
    run = await sent(flow)
    event = Submit(SmsPassword(password=code_of(flow)))
    steps = await asyncio.gather(*(PasswordFactor().advance(run.config, flow, event) for _ in range(20)))  # type: ignore[arg-type]
    assert sum(isinstance(step, Proved) for step in steps) == 1


async def test_many_guesses_at_once_cost_their_tries() -> None:
    """Guesses made at the same time cannot pass the counter together: the others are told to wait."""
    flow = FakeFlow()
    run = await sent(flow)
    event = Submit(SmsPassword(password=wrong(code_of(flow))))
    steps = await asyncio.gather(*(PasswordFactor().advance(run.config, flow, event) for _ in range(10)))  # type: ignore[arg-type]
    told = [next(iter(step.errors.values())) for step in steps if isinstance(step, Form)]
    assert len(told) == 10
    assert sum(flow.attempts.failures[key] for key in flow.attempts.failures if key[0] == GUESSING) == told.count(
        "sms_password_wrong"
    )


async def test_a_password_expires() -> None:
    """Good until the last second, then over."""
    for minutes, kind in ((14.9, Proved), (15.1, Form)):
        flow = FakeFlow()
        run = await sent(flow)
        flow.clock.advance(timedelta(minutes=minutes))
        step = await run.submit(password=code_of(flow))
        assert isinstance(step, kind)
        if isinstance(step, Form):
            assert step.errors == {"password": "sms_password_expired"}


async def test_a_password_dies_after_its_tries() -> None:
    """Wrong tries are counted down; then even the right password is no longer good."""
    flow = FakeFlow()
    run = await sent(flow, attempts=3)
    code = code_of(flow)
    steps = [await run.submit(password=wrong(code)) for _ in range(3)]
    assert [step.values.get("left") for step in steps if isinstance(step, Form)] == ["2", "1", None]
    last = await run.submit(password=code)
    assert isinstance(last, Form)
    assert last.errors == {"password": "sms_password_destroyed"}


async def test_tries_are_counted_across_windows() -> None:
    """Another window guesses at the same password, with the tries that are left."""
    voter = FakeRoll().voter()
    first = FakeFlow(entry=voter)
    second = FakeFlow(entry=voter, clock=first.clock)
    second.secrets, second.attempts = first.secrets, first.attempts
    run = await sent(first, attempts=3)
    await run.submit(password=wrong(code_of(first)))
    second.state = dict(first.state)
    other = run_of(second, attempts=3)
    await other.start()
    step = await other.submit(password=wrong(code_of(first)))
    assert isinstance(step, Form)
    assert step.values["left"] == "1"


async def test_guessing_must_wait() -> None:
    """When the core's counter asks to wait, nothing is compared, not even the right password."""
    flow = FakeFlow()
    run = await sent(flow)
    for _ in range(5):
        assert flow.entry is not None
        await flow.attempts.fail(GUESSING, flow.entry)
    step = await run.submit(password=code_of(flow))
    assert isinstance(step, Form)
    assert step.errors == {"": "sms_password_wait"}
    assert step.values["minutes"] == "1"


async def test_a_new_password_cancels_the_former() -> None:
    """After another is asked for, the former is wrong and the new one proves; so it is from another window."""
    flow = FakeFlow()
    run = await sent(flow)
    former = code_of(flow)
    flow.clock.advance(timedelta(seconds=61))
    await run.submit(SmsResend)
    assert flow.phone.last.supersedes == "password"
    new = code_of(flow)
    assert new != former
    wrong_one = await run.submit(password=former)
    assert isinstance(wrong_one, Form)
    assert wrong_one.errors == {"password": "sms_password_wrong"}
    assert isinstance(await run.submit(password=new), Proved)


async def test_an_old_window_cannot_guess_for_nothing() -> None:
    """A window whose own password has expired still pays a try for a guess at a newer one."""
    voter = FakeRoll().voter()
    old = FakeFlow(entry=voter)
    run = await sent(old)
    old.clock.advance(timedelta(minutes=16))
    new = FakeFlow(entry=voter, clock=old.clock)
    new.secrets, new.attempts = old.secrets, old.attempts
    await sent(new)
    step = await run.submit(password=wrong(code_of(new)))
    assert isinstance(step, Form)
    assert step.errors == {"password": "sms_password_wrong"}
    assert step.values["left"] == "4"


async def test_another_cannot_be_asked_for_at_once() -> None:
    """Within the pause nothing is sent and the seconds left are told; the first password stays good."""
    flow = FakeFlow()
    run = await sent(flow)
    flow.clock.advance(timedelta(seconds=20))
    step = await run.submit(SmsResend)
    assert isinstance(step, Form)
    assert step.errors == {"": "sms_too_soon"}
    assert step.values["seconds"] == "40"
    assert len(flow.sent) == 1
    assert isinstance(await run.submit(password=code_of(flow)), Proved)


async def test_a_telephone_does_not_ring_all_day() -> None:
    """Sendings are counted, across windows: after several, one must wait, and nothing leaves."""
    voter, clock = FakeRoll().voter(), FakeClock()
    first = FakeFlow(entry=voter, clock=clock)
    for _ in range(5):
        window = FakeFlow(entry=voter, clock=clock)
        window.attempts = first.attempts
        await sent(window)
        assert len(window.sent) == 1
    assert [count for (name, _), count in first.attempts.failures.items() if name == SENDING] == [5]
    run = await sent(first)
    assert isinstance(run.step, Form)
    assert run.step.errors == {"": "sms_sent_often"}
    assert first.sent == []


async def test_somebody_who_is_not_on_the_roll_sees_the_same() -> None:
    """Without an entry: the same forms, errors and tries at each step; nothing reaches anybody."""
    claims = {"identifier": Claim("ZZXXW66", Delivered("email")), **CHALLENGED}
    for setting, typed in (("roll", {}), ("typed", {"mobile": "0612345678"})):
        seen = []
        for entry in (FakeRoll().voter(mobile="" if typed else "0699999942"), None):
            flow = FakeFlow(entry=entry, claims=claims)
            run = run_of(flow, mobile=setting, attempts=2)
            steps = [await run.start(), await run.submit(**typed)]
            steps += [await run.submit(password="0000000") for _ in range(3)]
            flow.clock.advance(timedelta(minutes=20))
            steps.append(await run.submit(password="0000000"))
            assert all(isinstance(step, Form) for step in steps)
            seen.append(
                [(step.model, step.errors, step.values, step.also, sorted(step.state)) for step in steps]  # type: ignore[union-attr]
            )
        assert seen[0] == seen[1]
        assert flow.sent == []
        assert len(flow.discarded) == 1


async def test_even_the_right_password_proves_nothing_without_an_entry() -> None:
    """The password drawn for somebody who is not on the roll does not prove, were it guessed."""
    flow = FakeFlow(entry=None, claims=CHALLENGED)
    run = await sent(flow)
    step = await run.submit(password=flow.discarded[-1].values["code"])
    assert isinstance(step, Form)
    assert step.errors == {"password": "sms_password_wrong"}


async def test_the_password_is_kept_hashed_alone() -> None:
    """Neither the state nor the secrets hold the password; what is kept is its argon2id hash."""
    flow = FakeFlow()
    await sent(flow)
    assert flow.entry is not None
    raw = await flow.secrets.of(flow.entry).get("password")
    assert raw is not None
    assert code_of(flow) not in raw + json.dumps(dict(flow.state))
    kept = json.loads(raw)["hash"]
    assert kept.startswith("$argon2id$")
    assert PasswordHasher().verify(kept, code_of(flow))


async def test_another_windows_work_is_waited_for() -> None:
    """While another window sends or compares, this one sends nothing and compares nothing."""
    flow = FakeFlow()
    assert flow.entry is not None
    flow.held.add(("password", flow.entry.handle))
    run = await sent(flow)
    assert isinstance(run.step, Form)
    assert run.step.errors == {"": "sms_busy"}
    assert flow.sent == []


async def test_a_password_before_any_was_sent_proves_nothing() -> None:
    """Submitting a password where none was sent leads back to the first form."""
    flow = FakeFlow()
    step = await PasswordFactor().advance(config(), flow, Submit(SmsPassword(password="12345678")))
    assert isinstance(step, Form)
    assert step.model is SmsSend


async def test_the_start_again_shows_where_one_stands() -> None:
    """Coming back to the factor shows the form that is due, and sends nothing again."""
    flow = FakeFlow()
    run = await sent(flow)
    step = await run.advance(Start())
    assert isinstance(step, Form)
    assert step.model is SmsPassword
    assert len(flow.sent) == 1


@pytest.mark.parametrize(
    ("changes", "sound"),
    [
        ({"length": 5, "attempts": 5}, False),
        ({"length": 6, "attempts": 5}, True),
        ({"length": 6, "attempts": 10}, True),
        ({"length": 4, "attempts": 1}, False),
        ({"length": 4, "attempts": 5, "alphabet": "letters_and_digits"}, True),
        ({"length": 4, "attempts": 10, "alphabet": "letters_and_digits"}, False),
    ],
)
def test_a_guessable_password_is_no_configuration(changes: dict[str, Any], sound: bool) -> None:
    """The chance of guessing within the tries is at most one in a hundred thousand."""
    if sound:
        assert config(**changes).length == changes["length"]
        return
    with pytest.raises(ValidationError) as refused:
        config(**changes)
    assert [error["type"] for error in refused.value.errors(include_input=False)] == ["password_guessable"]


async def test_the_profile_for_tests_is_named() -> None:
    """The connection test names the cheapest profile, and finds nothing with the default."""
    assert [problem.code for problem in await PasswordFactor().check(config())] == ["sms_profile_cheapest"]
    assert await PasswordFactor().check(PasswordConfig()) == []
    assert PasswordConfig().profile == "one_time"
