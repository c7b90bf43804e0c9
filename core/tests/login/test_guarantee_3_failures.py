"""Guarantee 3: what breaks, takes too long or answers nonsense refuses, is logged by name, and lets nobody in."""

from __future__ import annotations

import asyncio
import random
import re
from datetime import timedelta
from typing import Any

import pytest

from isoloir.errors import IsoloirError
from isoloir.hooks import (
    Allowed,
    Asserted,
    Claim,
    Form,
    NotMine,
    Proved,
    Redirect,
    Refused,
    Submit,
    Typed,
    Wait,
)
from isoloir.login import eligibility
from isoloir.login.shown import FormShown, LoggedInShown, RefusedShown

SECRET = "what-was-typed"
RPPS = "10000000000"
GOOD = Claim(RPPS, Asserted("eidas1"))


def plainly(answer: object) -> str:
    return re.sub(r" at 0x\w+", "", repr(answer))


def raises(error: BaseException) -> Any:
    def play(*given: Any) -> Any:
        raise error

    return play


async def sleeps(*given: Any) -> Any:
    await asyncio.sleep(30)


def _errors() -> list[Any]:
    own = IsoloirError("login_busy", subject=SECRET)
    group = ExceptionGroup(SECRET, [ValueError(SECRET)])
    return [ValueError(SECRET), KeyError(SECRET), RecursionError(SECRET), own, group, asyncio.CancelledError(SECRET)]


@pytest.mark.parametrize("error", _errors(), ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("at", ["Start", "Submit"])
async def test_a_factor_that_raises_refuses(
    house: Any, plays: Any, refused: Any, caplog: pytest.LogCaptureFixture, error: BaseException, at: str
) -> None:
    """At whatever event: refused with what to do next; the log has the factor's name, not the exception's text."""

    def play(flow: Any, event: Any) -> Any:
        if type(event).__name__ == at:
            raise error
        return Form(plays.Ask)

    made = await house({"one": plays.Scripted(play, rpps=Asserted("eidas1"))})
    visitor = await made.visitor()
    shown = await visitor.begin()
    if at == "Submit":
        shown = await visitor.answer(SECRET)
    refused(shown, "factor_failed")
    assert shown.status == 502
    assert "factor one (one) failed" in caplog.text
    assert SECRET not in caplog.text
    assert await visitor.voter() is None
    refused(await visitor.show(), "login_not_begun")


@pytest.mark.parametrize("at", ["Start", "Submit"])
async def test_a_factor_that_takes_too_long_refuses(
    house: Any, plays: Any, refused: Any, caplog: pytest.LogCaptureFixture, at: str
) -> None:
    """A step has so many seconds; the one that would have come after them counts for nothing."""

    async def play(flow: Any, event: Any) -> Any:
        if type(event).__name__ == at:
            await asyncio.sleep(30)
        return Form(plays.Ask)

    made = await house({"one": plays.Scripted(play, rpps=Asserted("eidas1"))}, patience=0.05)
    visitor = await made.visitor()
    shown = await visitor.begin()
    refused(shown if at == "Start" else await visitor.answer(), "factor_failed")
    assert "factor one (one) failed: TimeoutError" in caplog.text
    assert await visitor.voter() is None


class Unstorable:
    """No JSON."""


@pytest.mark.parametrize(
    "answer",
    [
        None, True, "Proved", {}, object(), Proved, Claim("x", Typed()), Allowed(),
        Proved(None), Proved({"rpps": RPPS}), Proved({"rpps": None}), Proved({"rpps": Claim(10, Asserted("eidas1"))}),
        Proved({"rpps": Claim(RPPS, None)}), Proved({"rpps": Claim(RPPS, "asserted")}), Proved([("rpps", RPPS)]),
        Proved({}), Proved({"rpps": Claim(RPPS, Asserted(None))}), Proved({"rpps": GOOD}, display=b"x"),
        Refused(None), Refused(""), Refused("no code"), Refused("a\nb"),
        Refused("not_recognised", {"n": Unstorable()}), Refused("code", None),
        Refused("code", {}, 0), Refused("code", {}, 3601), Refused("code", {}, "5"), Refused("code", {}, True),
        Form(None), Form("Ask"), Form(Claim), "undeclared", "state", "values", "errors", "no-field", "also",
        Redirect(None), Redirect("https://x.example/", None), Redirect("https://x.example/"),
        "http", "javascript", "no-host", "no-token", "token-value",
        Wait(0, "m"), Wait(301, "m"), Wait("5", "m"), Wait(float("nan"), "m"), Wait(True, "m"), Wait(5, None),
    ],
    ids=plainly,
)  # fmt: skip
async def test_an_answer_that_is_no_step_refuses(
    house: Any, plays: Any, refused: Any, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    """Wrong types, at any depth, and steps that break the contract: refused, logged by name, never an error page."""

    class Undeclared(plays.Ask):  # type: ignore[name-defined,misc]
        pass

    def play(flow: Any, event: Any) -> Any:
        token = {"state": flow.token}
        named = {
            "undeclared": Form(Undeclared),
            "state": Form(plays.Ask, state={"a": Unstorable()}),
            "values": Form(plays.Ask, values={"a": Unstorable()}),
            "errors": Form(plays.Ask, errors={"answer": Unstorable()}),
            "no-field": Form(plays.Ask, errors={"nothing": "form.format"}),
            "also": Form(plays.Ask, also=(plays.Ask,)),
            "http": Redirect("http://provider.example/", returns_with=token),
            "javascript": Redirect("javascript:alert(1)", returns_with=token),
            "no-host": Redirect("https:///path", returns_with=token),
            "no-token": Redirect("https://x.example/", returns_with={"state": "other"}),
            "token-value": Redirect("https://x.example/", returns_with={1: flow.token}),
        }
        return named.get(answer, answer) if isinstance(answer, str) else answer

    made = await house({"one": plays.Scripted(play, rpps=Asserted("eidas1"))})
    visitor = await made.visitor()
    refused(await visitor.begin(), "factor_failed")
    assert "factor one (one)" in caplog.text
    assert await visitor.voter() is None


async def test_well_formed_steps_are_taken(house: Any, plays: Any) -> None:
    """Twin of all above: each kind of step, rightly made, is shown, and the last one lets in."""
    steps = iter(
        [
            lambda flow: Wait(300, "m", state={"a": [1, None, {"b": 0.5}]}, values={"n": "1"}),
            lambda flow: Redirect("http://127.0.0.1:9/x", returns_with={"state": flow.token, "v": "1"}),
            lambda flow: Form(plays.Ask, {"": "form.format"}, {"s": 1}, {"v": "x"}, (plays.Again,)),
            lambda flow: Proved({"rpps": Claim(RPPS, Asserted("eidas1"))}, display="Dr"),
        ]
    )
    made = await house({"psc": plays.Scripted(lambda flow, event: next(steps)(flow), rpps=Asserted("eidas1"))})
    visitor = await made.visitor()
    assert (await visitor.begin()).seconds == 300
    made.clock.advance(timedelta(minutes=5))
    state = await visitor.tick()
    flow, _ = made.factors["psc"].seen[1]
    assert dict(flow.state) == {"a": [1, None, {"b": 0.5}]}
    assert state.url == "http://127.0.0.1:9/x"
    shown = await visitor.come_back("psc", state=flow.token, v="1")
    assert isinstance(shown, FormShown)
    assert isinstance(await visitor.submit(shown.also[0][0]), LoggedInShown)


# --- eligibility checks ---------------------------------------------------------------------------------


BAD_ANSWERS = [None, True, "Allowed", Allowed, object(), Refused(None), Refused(""), Refused(5)]


@pytest.mark.parametrize("answer", BAD_ANSWERS, ids=plainly)
async def test_a_check_that_answers_nonsense_refuses(
    house: Any, plays: Any, refused: Any, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    """Nothing but `Allowed` and `NotMine` lets in: not even a refusal without a code."""
    check = plays.ScriptedCheck(lambda voter, claims, contest: answer)
    made = await house({"psc": plays.provider(RPPS)}, checks={"check": check})
    visitor = await made.visitor()
    await visitor.begin()
    refused(await visitor.come_back(), "eligibility_failed")
    assert "eligibility check check" in caplog.text
    assert await visitor.voter() is None


@pytest.mark.parametrize("error", _errors(), ids=lambda error: type(error).__name__)
async def test_a_check_that_raises_refuses(
    house: Any, plays: Any, refused: Any, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    """At login and again at casting; logged with the check's name, without the exception's text."""
    made = await house({"psc": plays.provider(RPPS)}, checks={"check": plays.ScriptedCheck(raises(error))})
    visitor = await made.visitor()
    await visitor.begin()
    refused(await visitor.come_back(), "eligibility_failed")
    with pytest.raises(IsoloirError) as caught:
        await eligibility.require(made.election, made.plugins, await made.entry(), {}, "cspm")
    assert caught.value.code == "eligibility_failed"
    assert caplog.text.count("eligibility check check failed") >= 2
    assert SECRET not in caplog.text


async def test_a_check_that_takes_too_long_refuses(
    house: Any, plays: Any, refused: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Its time is counted too."""
    check = plays.ScriptedCheck(sleeps)
    made = await house({"psc": plays.provider(RPPS)}, checks={"check": check}, patience=0.05)
    visitor = await made.visitor()
    await visitor.begin()
    refused(await visitor.come_back(), "eligibility_failed")
    assert "eligibility check check failed: TimeoutError" in caplog.text


async def test_a_check_that_is_not_loaded_refuses(house: Any, plays: Any, refused: Any) -> None:
    """An election that names a check which no plugin registers lets nobody in."""
    made = await house({"psc": plays.provider(RPPS)}, eligibility=[{"plugin": "absent"}])
    visitor = await made.visitor()
    await visitor.begin()
    refused(await visitor.come_back(), "eligibility_failed")


async def test_all_checks_must_agree(house: Any, plays: Any, refused: Any) -> None:
    """One that refuses is enough, with its own code; where all allow, or have nothing to say, the voter is in."""
    answers = {"one": Allowed(), "two": Refused("eligibility_other")}
    checks = {
        name: plays.ScriptedCheck(lambda voter, claims, contest, name=name: answers[name]) for name in ("one", "two")
    }
    made = await house({"psc": plays.provider(RPPS)}, checks=checks)
    visitor = await made.visitor()
    await visitor.begin()
    shown = await visitor.come_back()
    assert isinstance(shown, RefusedShown)
    assert shown.code == "eligibility_other"
    answers["two"] = NotMine()
    await visitor.begin()
    assert isinstance(await visitor.come_back(), LoggedInShown)


async def test_one_contest_is_enough_and_each_is_asked_again(house: Any, plays: Any) -> None:
    """A voter refused in one contest is in for the other; each keeps its own answer."""
    check = plays.ScriptedCheck(lambda voter, claims, contest: Allowed() if contest.id == "csn" else Refused("no_x"))
    made = await house({"psc": plays.provider(RPPS)}, checks={"check": check})
    visitor = await made.visitor()
    await visitor.begin()
    shown = await visitor.come_back()
    assert isinstance(shown, LoggedInShown)
    entry = await made.entry()
    args = (made.election, made.plugins, entry, shown.voter.claims)
    await eligibility.require(*args, "csn")
    with pytest.raises(IsoloirError) as caught:
        await eligibility.require(*args, "cspm")
    assert caught.value.code == "no_x"
    rights = await eligibility.open_contests(made.election, made.plugins, entry, {}, shown.voter.claims)
    assert [(right.contest.id, right.code) for right in rights] == [("cspm", "no_x"), ("csn", None)]


async def test_a_check_sees_at_casting_the_claims_that_it_saw_at_login(house: Any, plays: Any) -> None:
    """The same question at both times: a check that allowed cannot be short of a claim later."""
    check = plays.ScriptedCheck(lambda voter, claims, contest: Allowed())
    factors = {"psc": plays.provider(RPPS), "one": plays.asks({"nick": plays.claim("x")})}
    made = await house(factors, checks={"check": check})
    visitor = await made.visitor()
    await visitor.begin()
    await visitor.come_back()
    shown = await visitor.answer()
    assert check.seen[0] == dict(shown.voter.claims) == {"rpps": plays.asserted(RPPS)}


async def test_no_check_gives_a_right_that_the_roll_does_not(
    house: Any, plays: Any, make_elector: Any, everybody_may: Any, refused: Any
) -> None:
    """A voter of a college without a contest stays out, whatever the checks allow."""
    voters = [make_elector(0, college="pu"), make_elector(1)]
    made = await house({"psc": plays.provider(RPPS)}, checks={"check": everybody_may}, voters=voters)
    visitor = await made.visitor()
    await visitor.begin()
    refused(await visitor.come_back(), "no_contest")
    assert everybody_may.seen == []


# --- cancelled requests ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
async def test_a_cancelled_request_lets_nobody_in_and_holds_nobody_up(house: Any, plays: Any, seed: int) -> None:
    """A browser that goes away at any moment: no half login is left, and the next request goes on at once."""
    waits = random.Random(seed)

    async def play(flow: Any, event: Any) -> Any:
        await flow.secrets.put("code", "1", timedelta(minutes=5))
        async with flow.exclusive("place", "one") as mine:
            await flow.attempts.fail("tries", "x")
        if not isinstance(event, Submit):
            return Form(plays.Ask)
        return Proved({"ordinal_number": plays.compared("75/0")}) if mine else Form(plays.Ask)

    made = await house({"one": plays.Scripted(play, ordinal_number=plays.compared("").by)})
    name = await made.identifier()
    for _ in range(12):
        visitor = await made.visitor()
        await visitor.begin()
        for act in (lambda v: v.submit(v.shown.form, identifier=name), lambda v: v.answer("75/0")):
            session = await visitor.session()
            request = asyncio.create_task(act(visitor))
            await asyncio.sleep(waits.random() * 0.02)
            request.cancel()
            await asyncio.wait([request])
            await made.engine.store.settle()
            found = await made.engine.sessions.load(session.handle)
            if found is None:
                break  # the handle had moved: this browser begins anew
            voter = found.voter(made.election.id)
            assert voter is None or made.factors["one"].events[-1] == "Submit"
            if not isinstance(visitor.shown, FormShown):
                break
    async with asyncio.timeout(15):
        again = await made.visitor()
        await again.identify(name)
        made.clock.advance(timedelta(minutes=2))
        assert isinstance(await again.answer("75/0"), LoggedInShown)
    other = await made.another_engine()
    async with asyncio.timeout(15):
        await (await made.visitor(other)).begin()


async def test_a_time_out_in_the_middle_of_a_write_holds_nobody_up(house: Any, plays: Any, refused: Any) -> None:
    """A factor whose time is over while it writes does not keep the database from the next voter."""

    async def play(flow: Any, event: Any) -> Any:
        if isinstance(event, Submit):
            return Proved({"rpps": plays.asserted(RPPS)})
        for number in range(10_000):
            await flow.secrets.put(f"name-{number}", "x" * 100, timedelta(minutes=5))
        return Form(plays.Ask)

    made = await house({"one": plays.Scripted(play, rpps=Asserted("eidas1"))}, patience=0.05)
    for _ in range(10):
        visitor = await made.visitor()
        async with asyncio.timeout(15):
            refused(await visitor.begin(), "factor_failed")
    other = await made.another_engine()
    async with asyncio.timeout(15):
        await made.visitor(other)


async def test_a_request_cancelled_while_the_factor_works_can_be_made_again(house: Any, plays: Any) -> None:
    """Nothing of the cancelled step was kept: the form shown before is still the one to send."""
    slow = asyncio.Event()

    async def play(flow: Any, event: Any) -> Any:
        if not isinstance(event, Submit):
            return Form(plays.Ask)
        if not slow.is_set():
            slow.set()
            await asyncio.sleep(30)
        return Proved({"rpps": plays.asserted(RPPS)})

    made = await house({"one": plays.Scripted(play, rpps=Asserted("eidas1"))})
    visitor = await made.visitor()
    await visitor.begin()
    request = asyncio.create_task(visitor.answer())
    await slow.wait()
    request.cancel()
    await asyncio.wait([request])
    assert request.cancelled()
    assert await visitor.voter() is None
    async with asyncio.timeout(15):
        assert isinstance(await visitor.answer(), LoggedInShown)
