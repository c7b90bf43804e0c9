"""The hours of the vote: before the opening and after the close nothing begins; who was in stays in for the grace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from isoloir import lifecycle
from isoloir.hooks import Proved
from isoloir.lifecycle import Phase
from isoloir.login.shown import FormShown, GoTo, LoggedInShown

RPPS = "10000000000"
STATES = ["draft", "configured", "keyed", "sealed", "rehearsed", "closed", "tallied", "published", "archived"]


def move(made: Any, moment: Any, by: timedelta = timedelta(0)) -> None:
    made.clock.advance(moment + by - made.clock.now())


async def test_an_open_vote_lets_begin(house: Any, plays: Any) -> None:
    """Twin of all below: from the first moment of the window to the last before its close."""
    made = await house({"psc": plays.provider(RPPS)})
    visitor = await made.visitor()
    for moment, by in ((made.election.window.opens, 0), (made.election.window.closes, -1)):
        move(made, moment, timedelta(seconds=by))
        visitor = await made.visitor()
        assert isinstance(await visitor.begin(), GoTo)
        assert isinstance(await visitor.come_back(), LoggedInShown)


@pytest.mark.parametrize("state", STATES)
async def test_no_other_state_lets_begin(house: Any, plays: Any, refused: Any, state: str) -> None:
    """Within the window, but not opened by the board, or closed already: no factor is asked."""
    made = await house({"psc": plays.provider(RPPS)}, state=state)
    code = "election_not_open" if STATES.index(state) < 5 else "election_closed"
    refused(await (await made.visitor()).begin(), code)
    assert made.factors["psc"].events == []


@pytest.mark.parametrize(
    ("when", "code"),
    [("before", "election_not_open"), ("grace", "election_closed"), ("after", "election_closed")],
)
async def test_no_other_hour_lets_begin(house: Any, plays: Any, refused: Any, when: str, code: str) -> None:
    """A second before the opening, at the close, after the grace."""
    made = await house({"psc": plays.provider(RPPS)})
    window = made.election.window
    moments = {"before": window.opens - timedelta(seconds=1), "grace": window.closes, "after": window.grace_ends}
    move(made, moments[when])
    refused(await (await made.visitor()).begin(), code)
    assert made.factors["psc"].events == []


@pytest.mark.parametrize("step", ["identifier", "form", "return", "tick"])
async def test_who_is_half_way_at_the_close_is_not_let_in(house: Any, plays: Any, refused: Any, step: str) -> None:
    """The grace belongs to those who were fully logged in: every other attempt ends at its next step."""
    wait = plays.Scripted(lambda flow, event: plays.Wait(1, "m"), rpps=plays.asserted("").by)
    factors = {"name": plays.compares(), "psc": plays.provider(RPPS), "wait": wait}
    made = await house(factors, {name: [name] for name in factors})
    move(made, made.election.window.closes, timedelta(seconds=-1))
    visitor = await made.visitor()
    await visitor.begin({"identifier": "name", "form": "name", "return": "psc", "tick": "wait"}[step])
    if step == "form":
        await visitor.submit(visitor.shown.form, identifier=await made.identifier())
    asked = [len(one.seen) for one in factors.values()]
    made.clock.advance(timedelta(seconds=1))
    if step == "identifier":
        shown = await visitor.submit(visitor.shown.form, identifier=await made.identifier())
    else:
        shown = await {"form": lambda: visitor.answer("75/0"), "return": visitor.come_back, "tick": visitor.tick}[
            step
        ]()
    refused(shown, "election_closed")
    assert [len(one.seen) for one in factors.values()] == asked
    assert await visitor.voter() is None
    refused(await visitor.show(), "login_not_begun")


async def test_who_was_in_before_the_close_stays_in(house: Any, plays: Any) -> None:
    """Through the grace they are shown as in, whatever they try; only the session's own end ends it."""
    made = await house({"psc": plays.provider(RPPS)})
    window: Any = made.election.window
    move(made, window.closes, timedelta(minutes=-1))
    visitor = await made.visitor()
    await visitor.begin()
    shown = await visitor.come_back()
    assert isinstance(shown, LoggedInShown)
    assert shown.voter.authenticated_at < window.closes
    for minutes in (2, 10, 10, 8):
        made.clock.advance(timedelta(minutes=minutes))
        assert await lifecycle.phase(made.engine.store, made.election, made.clock) is Phase.GRACE
        assert await visitor.show() == await visitor.begin() == await visitor.tick() == shown


async def test_a_vote_that_closes_while_a_factor_works_lets_nobody_in_late(
    house: Any, plays: Any, refused: Any
) -> None:
    """Who is not through when the close comes is not in, even if the last step had begun before."""
    made: Any = None

    def play(flow: Any, event: Any) -> Any:
        if type(event).__name__ == "Submit":
            move(made, made.election.window.closes)
            return Proved({"rpps": plays.asserted(RPPS)})
        return plays.Form(plays.Ask)

    made = await house({"one": plays.Scripted(play, rpps=plays.asserted("").by)})
    visitor = await made.visitor()
    assert isinstance(await visitor.begin(), FormShown)
    refused(await visitor.answer(), "election_closed")
    assert await visitor.voter() is None
