"""A decoupled login: no tick before its time, one step at a time, one place for one subject."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from isoloir.hooks import Entry, Form, Proved, Submit, Tick, Wait
from isoloir.login.shown import FormShown, LoggedInShown, WaitShown

RPPS = "10000000000"


def waits(plays: Any, *steps: Any) -> Any:
    given = iter(steps)
    return plays.Scripted(lambda flow, event: next(given), rpps=plays.asserted("").by)


async def test_no_tick_comes_before_its_time(house: Any, plays: Any) -> None:
    """Reloading early shows the wait, with what is left of it; at its time the factor is asked, once."""
    one = waits(plays, Wait(10, "m", {"n": 1}), Wait(7, "m", {"n": 2}), Proved({"rpps": plays.asserted(RPPS)}))
    made = await house({"one": one})
    visitor = await made.visitor()
    assert (await visitor.begin()).seconds == 10
    for passed, left in ((0, 10), (4, 6), (5.9, 1)):
        made.clock.advance(timedelta(seconds=passed))
        shown = await visitor.tick()
        assert isinstance(shown, WaitShown)
        assert 1 <= shown.seconds <= max(1, left)
    assert one.events == ["Start"]
    made.clock.advance(timedelta(seconds=0.1))
    assert (await visitor.tick()).seconds == 7
    assert one.events == ["Start", "Tick"]
    assert [dict(flow.state) for flow, _ in one.seen] == [{}, {"n": 1}]
    await visitor.tick()
    assert one.events == ["Start", "Tick"]
    made.clock.advance(timedelta(seconds=7))
    assert isinstance(await visitor.tick(), LoggedInShown)


async def test_a_tick_where_nobody_waits_changes_nothing(house: Any, plays: Any, refused: Any) -> None:
    """On a form, on nothing, after the login: what is shown is where the visitor stands."""
    one = plays.asks({"rpps": plays.asserted(RPPS)})
    visitor = await (await house({"one": one})).visitor()
    refused(await visitor.tick(), "login_not_begun")
    form = await visitor.begin()
    assert await visitor.tick() == form
    await visitor.submit(form.form, answer="x", secret="long enough")
    assert isinstance(await visitor.tick(), LoggedInShown)
    assert one.events == ["Start", "Submit"]


async def test_a_form_is_not_taken_while_waiting(house: Any, plays: Any) -> None:
    """The page of before is no way around the wait."""
    one = waits(plays, Form(plays.Ask), Wait(10, "m"))
    visitor = await (await house({"one": one})).visitor()
    form = (await visitor.begin()).form
    await visitor.submit(form, answer="x", secret="long enough")
    assert isinstance(await visitor.submit(form, answer="x", secret="long enough"), WaitShown)
    assert one.events == ["Start", "Submit"]


async def test_one_step_at_a_time_for_one_flow(house: Any, plays: Any) -> None:
    """Ten requests of one browser while a factor works: never two steps at once, and the wait holds for all."""
    at_work = 0

    async def play(flow: Any, event: Any) -> Any:
        nonlocal at_work
        at_work += 1
        assert at_work == 1
        await asyncio.sleep(0.02)
        at_work -= 1
        return Wait(5, "m")

    made = await house({"one": plays.Scripted(play, rpps=plays.asserted("").by)})
    other = await made.another_engine()
    visitor = await made.visitor()
    await visitor.begin()
    made.clock.advance(timedelta(seconds=5))
    tabs = [type(visitor)(engine, visitor.handle) for engine in (made.engine, other) * 5]
    shown = await asyncio.gather(*(tab.tick() for tab in tabs))
    assert all(isinstance(one, WaitShown) for one in shown)
    assert made.factors["one"].events == ["Start", "Tick"]


async def test_two_flows_work_at_the_same_time(house: Any, plays: Any) -> None:
    """Twin: two browsers do not wait for one another."""
    both = asyncio.Barrier(2)

    async def play(flow: Any, event: Any) -> Any:
        async with asyncio.timeout(15):
            await both.wait()
        return Form(plays.Ask)

    made = await house({"one": plays.Scripted(play, rpps=plays.asserted("").by)})
    visitors = [await made.visitor(), await made.visitor()]
    shown = await asyncio.gather(*(visitor.begin() for visitor in visitors))
    assert all(isinstance(one, FormShown) for one in shown)


@pytest.mark.parametrize(
    ("place", "first_holds"),
    [(("place", "one"), True), (("place", "two"), False), (("other", "one"), False)],
    ids=["same", "other-subject", "other-name"],
)
async def test_one_place_for_one_subject(house: Any, plays: Any, place: Any, first_holds: bool) -> None:
    """While one window holds a place another does not get it; another subject or name is another place."""
    held, leave = asyncio.Event(), asyncio.Event()
    got: list[bool] = []

    async def play(flow: Any, event: Any) -> Any:
        if not held.is_set():
            async with flow.exclusive("place", "one") as mine:
                assert mine
                held.set()
                await leave.wait()
        else:
            async with flow.exclusive(*place) as mine:
                got.append(mine)
        return Form(plays.Ask)

    made = await house({"one": plays.Scripted(play, rpps=plays.asserted("").by)})
    first, second = await made.visitor(), await made.visitor()
    holding = asyncio.create_task(first.begin())
    await held.wait()
    await second.begin()
    assert got == [not first_holds]
    leave.set()
    await holding
    await second.begin()
    assert got[-1] is True


async def test_what_is_kept_of_a_typed_text_is_seen_by_every_window(house: Any, plays: Any) -> None:
    """Another visitor at another worker sees it while it lasts; another text, or an entry, has its own."""
    seen: list[Any] = []

    async def play(flow: Any, event: Any) -> Any:
        typed = flow.secrets.of("one")
        if not seen:
            await typed.put("mark", "kept", timedelta(minutes=2))
        others = (flow.secrets.of("two"), flow.secrets.of(Entry("one")), flow.secrets)
        seen.append((await typed.get("mark"), [await other.get("mark") for other in others]))
        return Form(plays.Ask)

    made = await house({"one": plays.Scripted(play, rpps=plays.asserted("").by)})
    other = await made.another_engine()
    for visitor in (await made.visitor(), await made.visitor(other), await made.visitor(other)):
        await visitor.begin()
    assert seen == [("kept", [None] * 3)] * 3
    made.clock.advance(timedelta(minutes=2))
    await (await made.visitor()).begin()
    assert seen[-1] == (None, [None] * 3)


@pytest.mark.parametrize("how", ["raises", "too-late"])
async def test_a_place_is_given_back_whatever_happens(house: Any, plays: Any, how: str) -> None:
    """A factor that breaks, or whose time is over, while it holds a place does not keep it."""
    got: list[bool] = []

    async def play(flow: Any, event: Any) -> Any:
        async with flow.exclusive("place", "one") as mine:
            got.append(mine)
            if how == "raises":
                raise ValueError
            await asyncio.sleep(30)

    made = await house({"one": plays.Scripted(play, rpps=plays.asserted("").by)}, patience=0.1)
    visitor = await made.visitor()
    for _ in range(3):
        await visitor.begin()
        await made.engine.store.settle()
    assert got == [True] * 3


async def test_what_a_tick_proves_is_a_step_up(house: Any, plays: Any) -> None:
    """A login that another device confirms moves the handle as any other."""

    def play(flow: Any, event: Any) -> Any:
        return Proved({"rpps": plays.asserted(RPPS)}) if isinstance(event, Tick | Submit) else Wait(1, "m")

    made = await house({"one": plays.Scripted(play, rpps=plays.asserted("").by), "two": plays.compares()})
    visitor = await made.visitor()
    await visitor.begin()
    before = visitor.handle
    made.clock.advance(timedelta(seconds=1))
    assert isinstance(await visitor.tick(), FormShown)
    assert await made.engine.sessions.load(before) is None
