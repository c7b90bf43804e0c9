"""Guarantee 6: the handle moves at each step up; back, forward, double submit and two tabs end in one clear page."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from isoloir.hooks import Asserted, Factor, Form, Proved, Refused, Submit
from isoloir.login import sessions as sessions_module
from isoloir.login.shown import FormShown, GoTo, LoggedInShown, RefusedShown

RPPS = "10000000000"


def slow(plays: Any, gate: asyncio.Event) -> Any:
    """Make a factor that asks, and answers a submitted form once the gate is open."""

    async def play(flow: Any, event: Any) -> Any:
        if not isinstance(event, Submit):
            return Form(plays.Ask)
        await gate.wait()
        return Proved({"rpps": plays.asserted(RPPS)}) if event.form.answer == "x" else Form(plays.Ask)

    return plays.Scripted(play, rpps=plays.asserted("").by)


async def test_the_handle_moves_at_each_step_up(house: Any, plays: Any) -> None:
    """Identifier, first factor, last factor: after each the former handle is dead and the new one opens."""
    one = plays.asks({"nick": plays.claim("x")})
    made = await house({"one": one, "psc": plays.provider(RPPS)})
    visitor = await made.visitor()
    handles = [visitor.handle]
    await visitor.identify(await made.identifier())
    handles.append(visitor.handle)
    await visitor.answer()
    handles.append(visitor.handle)
    await visitor.come_back()
    handles.append(visitor.handle)
    assert len(set(handles)) == 4
    assert [await made.engine.sessions.load(handle) is not None for handle in handles] == [False, False, False, True]
    assert await visitor.voter() is not None


async def test_the_handle_stays_where_nothing_is_proved(house: Any, plays: Any) -> None:
    """Twin: beginning, errors and looking again are no step up."""
    made = await house({"one": plays.compares()})
    visitor = await made.visitor()
    handle = visitor.handle
    await visitor.begin()
    await visitor.submit(visitor.shown.form, identifier="")
    await visitor.show()
    assert visitor.handle == handle
    await visitor.submit(visitor.shown.form, identifier=await made.identifier())
    moved = visitor.handle
    assert moved != handle
    await visitor.answer("75/9")
    await visitor.answer("", "")
    assert visitor.handle == moved


async def test_logging_out_kills_the_handle_and_forgets_all(house: Any, plays: Any, refused: Any) -> None:
    """After logging out neither the old nor the new handle knows anybody."""
    made = await house({"psc": plays.provider(RPPS)})
    visitor = await made.visitor()
    await visitor.begin()
    await visitor.come_back()
    before = visitor.handle
    assert await visitor.leave() is None
    assert await made.engine.sessions.load(before) is None
    assert await visitor.voter() is None
    refused(await visitor.show(), "login_not_begun")


async def test_leaving_the_provider_too(house: Any, plays: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The first provider with an address of its own is left; one that breaks or is unsafe is passed over, logged."""

    def broken(flow: Any, event: Any) -> Any:
        raise ValueError("secret")

    def leaving(url: str) -> Any:
        return lambda flow, event: plays.Redirect(url, returns_with={}, state={"was": dict(flow.state)})

    factors = {}
    for name, leaves in {"a": broken, "b": leaving("javascript:x"), "c": leaving("https://c.example/bye")}.items():
        factors[name] = plays.Scripted(
            lambda flow, event: Proved({"rpps": plays.asserted(RPPS)}), leaves, rpps=plays.asserted("").by
        )
    made = await house(factors)
    visitor = await made.visitor()
    assert isinstance(await visitor.begin(), LoggedInShown)
    assert await visitor.leave() == "https://c.example/bye"
    assert "factor a (a) failed: ValueError" in caplog.text
    assert "factor b (b) failed: address_unsafe" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("then", ["again", "refused"])
async def test_a_dropped_attempt_is_left_at_its_provider_too(house: Any, plays: Any, then: str) -> None:
    """Whoever begins again, or is refused after the provider, can still be logged out of it: once, latest first."""
    left: list[str] = []

    def leaves(flow: Any, event: Any) -> Any:
        left.append(flow.state["was"])
        return plays.Redirect(f"https://c.example/{flow.state['was']}", returns_with={})

    def play(flow: Any, event: Any) -> Any:
        if isinstance(event, Submit):
            return Proved({"rpps": plays.asserted(RPPS if then == "again" else "19999999999")})
        return Form(plays.Ask, state={"was": str(len(proved))})

    proved: list[str] = []
    made = await house(
        {
            "psc": plays.Scripted(play, leaves, rpps=plays.asserted("").by),
            "one": plays.asks({"nick": plays.claim("x")}),
        }
    )
    visitor = await made.visitor()
    for attempt in ("0", "1"):
        await visitor.begin()
        shown = await visitor.answer()
        assert isinstance(shown, FormShown if then == "again" else RefusedShown)
        proved.append(attempt)
    session = await visitor.session()
    assert session.to_leave(made.election.id)
    assert await visitor.leave() == "https://c.example/1"
    assert left == ["1", "0"]
    assert await visitor.leave() is None
    assert left == ["1", "0"]


async def test_what_cannot_be_left_is_not_remembered(house: Any, plays: Any) -> None:
    """A factor without a logout of its own leaves no trace after a refusal: a hit looks like a miss."""

    class Plain(plays.Scripted):  # type: ignore[misc, name-defined]
        leave = Factor.leave

    def play(flow: Any, event: Any) -> Any:
        return Proved({"nick": plays.claim("x")}) if isinstance(event, Submit) else Form(plays.Ask)

    made = await house(
        {"one": Plain(play, nick=plays.claim("").by), "two": plays.at_once(Refused("no"), rpps=plays.asserted("").by)}
    )
    visitor = await made.visitor()
    await visitor.identify(await made.identifier())
    assert isinstance(await visitor.answer(), RefusedShown)
    session = await visitor.session()
    assert not session.to_leave(made.election.id)


async def test_back_and_forward_end_in_the_page_that_is_due(house: Any, plays: Any) -> None:
    """A form sent from a page gone back to is not taken: the present page is shown, and says so."""
    made = await house({"one": plays.asks({"nick": plays.claim("x")}), "psc": plays.provider(RPPS)})
    visitor = await made.visitor()
    first = await visitor.begin()
    second = await visitor.submit(first.form, identifier=await made.identifier())
    back = await visitor.submit(first.form, identifier="ZZZZZZZ")
    assert isinstance(back, FormShown)
    assert (back.form, back.codes) == (second.form, ("login_moved_on",))
    assert len(back.errors) == 1
    away = await visitor.submit(back.form, answer="x", secret="long enough")
    assert isinstance(away, GoTo)
    assert await visitor.submit(second.form, answer="x", secret="long enough") == away
    assert await visitor.show() == away
    assert isinstance(await visitor.come_back(), LoggedInShown)
    assert isinstance(await visitor.submit(second.form, answer="y", secret="long enough"), LoggedInShown)
    assert isinstance(await visitor.begin(), LoggedInShown)
    assert made.factors["one"].events == ["Start", "Submit"]


async def test_a_double_submit_advances_once(house: Any, plays: Any, refused: Any) -> None:
    """Two requests with the same form at once: the factor hears of one, the other is one clear page to go on from."""
    gate = asyncio.Event()
    made = await house({"one": slow(plays, gate)})
    visitor = await made.visitor()
    form = (await visitor.begin()).form
    twin = type(visitor)(visitor.engine, visitor.handle)
    both = [asyncio.create_task(one.submit(form, answer="x", secret="long enough")) for one in (visitor, twin)]
    await asyncio.sleep(0.05)
    gate.set()
    shown = await asyncio.gather(*both)
    assert made.factors["one"].events == ["Start", "Submit"]
    (late,) = [one for one in shown if not isinstance(one, LoggedInShown)]
    refused(late, "login_busy")
    assert late.resumable
    (browser,) = [one for one in (visitor, twin) if await one.session() is not None]
    assert isinstance(await browser.show(), LoggedInShown)


async def test_a_double_submit_without_a_step_up_shows_the_present_page(house: Any, plays: Any) -> None:
    """Twin: where the handle did not move the second request is shown where the login stands."""
    gate = asyncio.Event()
    gate.set()
    made = await house({"one": slow(plays, gate)})
    visitor = await made.visitor()
    form = (await visitor.begin()).form
    shown = await asyncio.gather(*(visitor.submit(form, answer="wrong", secret="long enough") for _ in range(5)))
    assert made.factors["one"].events == ["Start", "Submit"]
    assert sorted(one.codes for one in shown) == [(), *[("login_moved_on",)] * 4]
    assert len({one.form for one in shown}) == 1


async def test_a_request_under_a_handle_that_has_just_moved_sees_nothing(
    house: Any, plays: Any, refused: Any
) -> None:
    """Found before the step up, waiting for it: whoever holds the old handle neither sees, does nor ends anything."""
    gate = asyncio.Event()
    made = await house({"one": slow(plays, gate)}, {"way": ["one"]})
    visitor = await made.visitor()
    form = (await visitor.begin()).form
    login = made.engine.login
    stale = [await visitor.session() for _ in range(4)]
    step_up = asyncio.create_task(visitor.submit(form, answer="x", secret="long enough"))
    while made.factors["one"].events[-1] != "Submit":  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.005)
    asked = (
        login.begin(stale[0], "way"),
        login.tick(stale[1]),
        login.submit(stale[2], form, {}),
        login.leave(stale[3]),
    )
    late = [asyncio.create_task(one) for one in asked]
    await asyncio.sleep(0.05)
    gate.set()
    assert isinstance(await step_up, LoggedInShown)
    *shown, left = await asyncio.gather(*late, return_exceptions=True)
    for one in shown:
        refused(one, "login_busy")
    assert getattr(left, "code", None) == "login_busy"
    assert [await made.engine.sessions.load(one.handle) for one in stale] == [None] * 4
    assert isinstance(await visitor.show(), LoggedInShown)


async def test_two_tabs_with_two_ways_keep_the_one_begun_last(house: Any, plays: Any, refused: Any) -> None:
    """Beginning in a second tab drops what the first began: its return is told so, and the second goes on."""
    made = await house({"psc": plays.provider(RPPS), "one": plays.compares()}, {"psc": ["psc"], "name": ["one"]})
    first = await made.visitor()
    await first.begin("psc")
    token = first.sent_with["state"]
    second = type(first)(first.engine, first.handle)
    await second.begin("name")
    shown = await first.come_back(state=token)
    refused(shown, "callback_refused")
    assert shown.resumable
    assert await first.show() == second.shown
    assert made.factors["psc"].events == ["Start"]


async def test_two_tabs_that_tick_advance_once(house: Any, plays: Any) -> None:
    """Two tabs that wait renew themselves at the same moment: the factor is asked once."""
    answers = iter([plays.Wait(5, "m"), plays.Wait(5, "m"), plays.Wait(5, "m")])
    made = await house({"one": plays.Scripted(lambda flow, event: next(answers), rpps=plays.asserted("").by)})
    visitor = await made.visitor()
    await visitor.begin()
    made.clock.advance(timedelta(seconds=5))
    await asyncio.gather(*(visitor.tick() for _ in range(5)))
    assert made.factors["one"].events == ["Start", "Tick"]


async def test_two_tabs_may_begin_at_once(house: Any, plays: Any) -> None:
    """However the requests of one browser interleave, one attempt stands and it can be finished."""
    made = await house({"psc": plays.provider(RPPS)})
    visitor = await made.visitor()
    shown = await asyncio.gather(*(visitor.begin() for _ in range(8)))
    assert all(isinstance(one, GoTo) for one in shown)
    assert isinstance(await visitor.show(), GoTo)
    assert isinstance(await visitor.come_back(), LoggedInShown)


async def test_another_language_in_another_tab_stands_in_nobody_s_way(house: Any, plays: Any) -> None:
    """The language may change while a factor works: the step is kept, and so is the language."""
    gate = asyncio.Event()
    made = await house({"one": slow(plays, gate)})
    visitor = await made.visitor()
    form = (await visitor.begin()).form
    step = asyncio.create_task(visitor.submit(form, answer="x", secret="long enough"))
    await asyncio.sleep(0.05)
    tab = await visitor.session()
    await made.engine.sessions.speak(tab, "en")
    gate.set()
    assert isinstance(await step, LoggedInShown)
    session = await visitor.session()
    assert session.locale == "en"
    assert session.voter(made.election.id) is not None


async def test_a_session_held_by_a_process_that_died_is_free_after_a_minute(
    house: Any, plays: Any, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then the visitor is told to come back in a moment; afterwards the login goes on."""
    monkeypatch.setattr(sessions_module, "_TRIES", 2)
    monkeypatch.setattr(sessions_module, "_PAUSE", 0.01)
    made = await house({"psc": plays.provider(RPPS)})
    visitor = await made.visitor()
    await visitor.begin()
    await made.engine.sessions._hold(await visitor.session(), "a process that dies")
    token = visitor.sent_with["state"]
    shown = await visitor.come_back(state=token)
    refused(shown, "login_busy")
    assert isinstance(shown, RefusedShown)
    assert shown.resumable
    made.clock.advance(timedelta(seconds=61))
    assert isinstance(await visitor.come_back(state=token), LoggedInShown)


async def test_somebody_else_on_the_page_can_be_forgotten(house: Any, plays: Any, refused: Any) -> None:
    """ "This is not me": the name shown is forgotten, the handle moves, and the ways in are shown."""
    made = await house({"psc": plays.provider(RPPS, display="Dr Alix Martin"), "one": plays.compares()})
    visitor = await made.visitor()
    await visitor.begin()
    shown = await visitor.come_back()
    assert shown.display == "Dr Alix Martin"
    before = visitor.handle
    session = await visitor.session()
    gone = await made.engine.login.not_me(session)
    assert (gone.code, [one.id for one in gone.branches]) == ("login_not_you", ["way"])
    assert await made.engine.sessions.load(before) is None
    visitor.handle = session.handle
    refused(await visitor.show(), "login_not_begun")


async def test_a_secret_of_a_flow_ends_with_the_session(house: Any, plays: Any) -> None:
    """However long a factor asks for; one asked for less ends then, and one of a typed text is not the session's."""
    flows: list[Any] = []

    async def play(flow: Any, event: Any) -> Any:
        flows.append(flow)
        await flow.secrets.put("token", "kept", timedelta(hours=5))
        await flow.secrets.put("short", "kept", timedelta(minutes=10))
        await flow.secrets.of("typed").put("place", "kept", timedelta(hours=5))
        return Form(plays.Ask)

    made = await house({"one": plays.Scripted(play, rpps=Asserted("eidas1"))})
    visitor = await made.visitor()
    await visitor.begin()
    secrets = flows[0].secrets

    async def kept() -> list[bool]:
        asked = (secrets.get("token"), secrets.get("short"), secrets.of("typed").get("place"))
        return [await one is not None for one in asked]

    assert await kept() == [True, True, True]
    made.clock.advance(sessions_module.LONGEST - timedelta(seconds=1))
    assert await kept() == [True, False, True]
    made.clock.advance(timedelta(seconds=1))
    assert await kept() == [False, False, True]
