"""Several processes and a restart are no problem: everything that a login needs lies in the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from isoloir.hooks import Form, Proved, Submit
from isoloir.login.shown import FormShown, GoTo, LoggedInShown, RefusedShown

RPPS = "10000000000"


async def test_each_step_may_be_taken_by_another_process(house: Any, plays: Any) -> None:
    """Begun in one, identified in a second, returned in a third: the voter is in, in all of them."""
    made = await house({"one": plays.compares(), "psc": plays.provider(RPPS)})
    engines = [made.engine, await made.another_engine(), await made.another_engine()]
    visitor = await made.visitor()
    shown = await visitor.begin()
    for engine, data in zip(engines[1:], ({"identifier": await made.identifier()}, {"answer": "75/0"}), strict=True):
        visitor.engine = engine
        shown = await visitor.submit(shown.form, secret="long enough", **data)
    assert isinstance(shown, GoTo)
    visitor.engine = engines[0]
    assert isinstance(await visitor.come_back(), LoggedInShown)
    for engine in engines:
        visitor.engine = engine
        assert await visitor.voter() is not None


async def test_a_restart_goes_on_where_it_was(house: Any, plays: Any) -> None:
    """The process that began is gone; a new one takes the form, the wait and the return as if nothing had been."""

    async def play(flow: Any, event: Any) -> Any:
        if isinstance(event, Submit):
            kept = await flow.secrets.get("code")
            assert (kept, dict(flow.state)) == ("1234", {"n": 1})
            return Proved({"nick": plays.claim("x")})
        await flow.secrets.put("code", "1234", timedelta(minutes=5))
        return Form(plays.Ask, state={"n": 1})

    made = await house({"psc": plays.provider(RPPS), "two": plays.Scripted(play, nick=plays.claim("").by)})
    visitor = await made.visitor()
    await visitor.begin()
    await made.engine.store.close()
    made.engine = visitor.engine = await made.another_engine()
    assert isinstance(await visitor.come_back(), FormShown)
    await made.engine.store.close()
    visitor.engine = await made.another_engine()
    assert isinstance(await visitor.show(), FormShown)
    assert isinstance(await visitor.answer(), LoggedInShown)


async def test_a_return_that_reaches_two_processes_serves_once(house: Any, plays: Any) -> None:
    """The same return at the same moment in two processes: one takes it, the factor hears of it once."""
    made = await house({"psc": plays.provider(RPPS)})
    other = await made.another_engine()
    visitor = await made.visitor()
    await visitor.begin()
    given = visitor.sent_with
    twin = type(visitor)(other, visitor.handle)
    shown = await asyncio.gather(visitor.come_back(**given), twin.come_back(**given))
    assert made.factors["psc"].events == ["Start", "Return"]
    assert sorted(type(one).__name__ for one in shown) == ["LoggedInShown", "RefusedShown"]


async def test_a_form_that_reaches_two_processes_advances_once(house: Any, plays: Any) -> None:
    """Double submit across processes: one step is taken, the other request is one clear page."""
    made = await house({"one": plays.compares()})
    other = await made.another_engine()
    visitor = await made.visitor()
    await visitor.identify(await made.identifier())
    form = visitor.shown.form
    twin = type(visitor)(other, visitor.handle)
    both = (one.submit(form, answer="75/9", secret="long enough") for one in (visitor, twin))
    shown = await asyncio.gather(*both)
    assert made.factors["one"].events == ["Start", "Submit"]
    assert sorted(set(one.codes) for one in shown) == [{"form.format"}, {"form.format", "login_moved_on"}]


async def test_failures_and_places_are_shared(house: Any, plays: Any) -> None:
    """What one process counts or holds the other knows."""
    held = asyncio.Event()
    leave = asyncio.Event()
    found: list[Any] = []

    async def play(flow: Any, event: Any) -> Any:
        async with flow.exclusive("place", "one") as mine:
            found.append((mine, await flow.attempts.fail("tries", "typed")))
            if mine:
                held.set()
                await leave.wait()
        return Form(plays.Ask)

    made = await house({"one": plays.Scripted(play, rpps=plays.asserted("").by)})
    first, second = await made.visitor(), await made.visitor(await made.another_engine())
    holding = asyncio.create_task(first.begin())
    await held.wait()
    await second.begin()
    leave.set()
    await holding
    await second.begin()
    assert found == [(True, 4), (False, 3), (True, 2)]


async def test_an_election_file_that_changed_ends_the_attempt(house: Any, plays: Any) -> None:
    """A process whose file has no such branch, or a shorter one, shows one clear page and lets nobody in."""
    factors = {"one": plays.asks({"nick": plays.claim("x")}), "two": plays.compares()}
    made = await house(factors)
    visitor = await made.visitor()
    await visitor.identify(await made.identifier())
    form = (await visitor.answer()).form
    for way, names in (("other", ["one", "two"]), ("way", ["one"])):
        policy = {"any": [{"id": way, "label": {"fr": "w", "en": "w"}, "all": names}]}
        changed = type(made.election).model_validate(made.election.model_dump() | {"policy": policy})
        visitor.engine = await made.another_engine(changed)
        for shown in (
            await visitor.show(),
            await visitor.tick(),
            await visitor.submit(form, answer="75/0", secret="long enough"),
        ):
            assert isinstance(shown, RefusedShown)
            assert shown.code == "login_not_begun"
        assert await visitor.voter() is None
    visitor.engine = made.engine  # the twin: the file that it began under takes it to its end
    assert isinstance(await visitor.submit(form, answer="75/0", secret="long enough"), LoggedInShown)
