"""Guarantee 5: what was made in election A, or in another browser, is refused in B; a callback serves once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from isoloir.hooks import Claim, Form, Proved, Return, Submit, Typed
from isoloir.login.sessions import IDLE, LONGEST
from isoloir.login.shown import FormShown, GoTo, LoggedInShown
from isoloir.login.walk import AWAY

RPPS = "10000000000"


def forms(plays: Any) -> Any:
    """Make a factor that shows its form three times, then proves."""

    def play(flow: Any, event: Any) -> Any:
        shown = int(flow.state.get("shown", 0)) + 1
        if isinstance(event, Submit) and shown > 3:
            return Proved({"nick": Claim("x", Typed())})
        return Form(plays.Ask, state={"shown": shown})

    return plays.Scripted(play, nick=Typed())


async def test_a_callback_serves_once(house: Any, plays: Any, refused: Any) -> None:
    """The second use of the same return is refused, and the login goes on where it stands."""
    made = await house({"psc": plays.provider(RPPS), "two": forms(plays)})
    visitor = await made.visitor()
    await visitor.begin()
    used = visitor.sent_with
    assert isinstance(await visitor.come_back(), FormShown)
    again = await visitor.come_back(**used)
    refused(again, "callback_refused")
    assert again.resumable
    assert isinstance(await visitor.show(), FormShown)
    assert made.factors["psc"].events == ["Start", "Return"]


async def test_a_callback_is_spent_even_when_its_factor_fails(house: Any, plays: Any, refused: Any) -> None:
    """Consumed before the factor is asked: what breaks then cannot be tried again with the same return."""

    def play(flow: Any, event: Any) -> Any:
        if isinstance(event, Return):
            raise ConnectionError
        return plays.provider(RPPS).play(flow, event)

    visitor = await (await house({"psc": plays.Scripted(play, rpps=plays.asserted("").by)})).visitor()
    await visitor.begin()
    used = visitor.sent_with
    refused(await visitor.come_back(), "factor_failed")
    refused(await visitor.come_back(**used), "callback_refused")


async def test_a_callback_is_spent_even_when_its_request_is_cancelled(house: Any, plays: Any, refused: Any) -> None:
    """A browser that goes away while the factor works cannot bring the same return again; beginning again helps."""
    at_work = asyncio.Event()

    async def play(flow: Any, event: Any) -> Any:
        if isinstance(event, Return) and not at_work.is_set():
            at_work.set()
            await asyncio.sleep(30)
        return plays.provider(RPPS).play(flow, event)

    made = await house({"psc": plays.Scripted(play, rpps=plays.asserted("").by)})
    visitor = await made.visitor()
    await visitor.begin()
    used = visitor.sent_with
    request = asyncio.create_task(visitor.come_back(**used))
    await at_work.wait()
    request.cancel()
    await asyncio.wait([request])
    refused(await visitor.come_back(**used), "callback_refused")
    assert await visitor.voter() is None
    await visitor.begin()
    assert isinstance(await visitor.come_back(), LoggedInShown)


async def test_a_callback_after_the_login_is_refused(house: Any, plays: Any, refused: Any) -> None:
    """Somebody who is in stays in, and the used return does nothing."""
    visitor = await (await house({"psc": plays.provider(RPPS)})).visitor()
    await visitor.begin()
    used = visitor.sent_with
    assert isinstance(await visitor.come_back(), LoggedInShown)
    again = await visitor.come_back(**used)
    refused(again, "callback_refused")
    assert again.resumable
    assert isinstance(await visitor.show(), LoggedInShown)


@pytest.mark.parametrize(
    "params",
    [{}, {"state": ""}, {"state": "wrong"}, {"state": "\ud800"}, {"other": "TOKEN"}, {"state": "TOKEN "},
     {"": "TOKEN"}],
    ids=["none", "empty", "wrong", "surrogate", "other-parameter", "padded", "nameless"],
)  # fmt: skip
async def test_a_callback_without_its_token_is_refused(house: Any, plays: Any, refused: Any, params: Any) -> None:
    """Missing, wrong or elsewhere: refused, the factor hears nothing, and the right one still serves (the twin)."""
    made = await house({"psc": plays.provider(RPPS)})
    visitor = await made.visitor()
    await visitor.begin()
    token = visitor.sent_with["state"]
    given = {name: value.replace("TOKEN", token) for name, value in params.items()} or {"code": "x"}
    shown = await visitor.come_back(**given)
    refused(shown, "callback_refused")
    assert shown.resumable
    assert made.factors["psc"].events == ["Start"]
    assert isinstance(await visitor.come_back(state=token), LoggedInShown)


async def test_a_callback_of_another_instance_is_refused(house: Any, plays: Any, refused: Any) -> None:
    """The token belongs to the factor instance that it was made for, and so does its address."""
    made = await house({"psc": plays.provider(RPPS), "idp": plays.provider(RPPS)}, {"way": ["psc"], "other": ["idp"]})
    visitor = await made.visitor()
    await visitor.begin()
    assert visitor.sent_with["redirect_uri"].endswith("/e/essai-2024/login/callback/psc")
    token = visitor.sent_with["state"]
    refused(await visitor.come_back("idp", state=token), "callback_refused")
    assert isinstance(await visitor.come_back("psc", state=token), LoggedInShown)


async def test_a_callback_in_another_browser_is_refused(house: Any, plays: Any, refused: Any) -> None:
    """With no session, a fresh one, or one that waits for its own return: the other's token opens nothing."""
    made = await house({"psc": plays.provider(RPPS)})
    mine, idle, waiting = [await made.visitor() for _ in range(3)]
    await mine.begin()
    await waiting.begin()
    token = mine.sent_with["state"]
    refused(await made.engine.login.returned(None, "psc", {"state": token}, locale="en"), "callback_refused")
    refused(await idle.come_back(state=token), "callback_refused")
    refused(await waiting.come_back(state=token), "callback_refused")
    assert [await one.voter() for one in (mine, idle, waiting)] == [None] * 3
    assert isinstance(await mine.come_back(state=token), LoggedInShown)


async def test_what_election_a_made_is_refused_in_b(house: Any, plays: Any, refused: Any) -> None:
    """Same browser, same factor names, two elections: neither return, form nor login of the one serves the other."""
    made = await house({"psc": plays.provider(RPPS), "two": forms(plays)}, {"way": ["psc", "two"], "form": ["two"]})
    other = await made.also("autre-2024")
    here = await made.visitor()
    await here.begin()
    token = here.sent_with["state"]

    there = type(here)(other, here.handle)
    refused(await there.come_back(state=token), "callback_refused")
    await there.begin()
    refused(await there.come_back(state=token), "callback_refused")

    here.handle = there.handle
    await here.come_back(state=token)
    there.handle = here.handle
    assert isinstance(await there.show(), GoTo)
    moved = await there.submit(here.shown.form, answer="x", secret="long enough")
    assert isinstance(moved, GoTo)
    for _ in range(3):
        await here.answer()
    there.handle = here.handle
    assert isinstance(here.shown, LoggedInShown)
    assert await there.voter() is None
    assert isinstance(await there.show(), GoTo)


async def test_secrets_attempts_and_places_of_one_election_are_not_the_other_s(house: Any, plays: Any) -> None:
    """What a factor keeps, counts or holds in A does not exist in B, nor in another flow or instance of A."""
    seen: list[Any] = []

    async def play(flow: Any, event: Any) -> Any:
        seen.append((flow.instance, await flow.secrets.get("code"), await flow.attempts.check("tries", "x")))
        await flow.secrets.put("code", flow.election.id, timedelta(minutes=5))
        for _ in range(6):
            await flow.attempts.fail("tries", "x")
        async with flow.exclusive("place", "x") as mine:
            assert mine
            return Form(plays.Ask)

    made = await house({"one": plays.Scripted(play, nick=Typed())})
    other = await made.also("autre-2024")
    for engine in (made.engine, other, made.engine):
        visitor = await made.visitor(engine)
        await visitor.identify("ZZZZZZZ")
    nothing, waiting = timedelta(0), timedelta(minutes=1)
    assert seen == [("one", None, nothing), ("one", None, nothing), ("one", None, waiting)]


@pytest.mark.parametrize("nonce", [None, "", "00000000", "the-form-before", "NAME"])
async def test_a_form_of_another_page_is_refused(house: Any, plays: Any, nonce: Any) -> None:
    """Each page has a name of its own: the one before, another nonce or none is told that the login has moved on."""
    made = await house({"one": forms(plays)})
    visitor = await made.visitor()
    before = await visitor.identify(await made.identifier())
    await visitor.answer()
    name = before.form.partition(".")[0]
    given = {None: name, "the-form-before": before.form, "NAME": "Identifier." + visitor.shown.form.partition(".")[2]}
    shown = await visitor.submit(given.get(nonce, f"{name}.{nonce}"), answer="x", secret="long enough")
    assert isinstance(shown, FormShown)
    assert shown.codes == ("login_moved_on",)
    assert made.factors["one"].events == ["Start", "Submit"]
    await visitor.answer()  # the twin: the form shown is taken
    assert made.factors["one"].events == ["Start", "Submit", "Submit"]


async def test_a_return_after_too_long_is_refused(house: Any, plays: Any, refused: Any) -> None:
    """A quarter of an hour is given; one second less is in time."""
    for late in (False, True):
        made = await house({"psc": plays.provider(RPPS)})
        visitor = await made.visitor()
        await visitor.begin()
        token = visitor.sent_with["state"]
        made.clock.advance(AWAY - timedelta(seconds=0 if late else 1))
        shown = await visitor.come_back(state=token)
        if not late:
            assert isinstance(shown, LoggedInShown)
            continue
        refused(shown, "callback_refused")
        assert not shown.resumable
        refused(await visitor.show(), "callback_refused")
        assert isinstance(await visitor.begin(), GoTo)


@pytest.mark.parametrize("after", [IDLE, LONGEST])
async def test_an_expired_session_is_nobody(house: Any, plays: Any, after: timedelta) -> None:
    """Idle for too long, or too old however busy: the handle opens nothing; a second before it does."""
    made = await house({"psc": plays.provider(RPPS)})
    visitor = await made.visitor()
    await visitor.begin()
    await visitor.come_back()
    left = after - timedelta(seconds=1)
    while left > timedelta(minutes=10):
        made.clock.advance(timedelta(minutes=10))
        left -= timedelta(minutes=10)
        if after > IDLE:
            await visitor.session()
    made.clock.advance(left)
    assert await visitor.voter() is not None
    made.clock.advance(timedelta(seconds=1) if after > IDLE else IDLE)
    assert await visitor.session() is None


async def test_a_session_that_ended_meanwhile_is_one_clear_page(house: Any, plays: Any, refused: Any) -> None:
    """A request that found its session, and then it ended under it, is told so."""
    made = await house({"psc": plays.provider(RPPS)})
    visitor = await made.visitor()
    session = await visitor.session()
    await made.engine.sessions.end(session)
    refused(await made.engine.login.begin(session, "way"), "session_ended")


@pytest.mark.parametrize("handle", [None, "", "x", "x" * 257, "\ud800", "' or 1=1 --"])
async def test_a_handle_that_is_not_ours_is_nobody(house: Any, plays: Any, handle: Any) -> None:
    """Whatever stands in the cookie: no session, no error."""
    made = await house({"psc": plays.provider(RPPS)})
    assert await made.engine.sessions.load(handle) is None
