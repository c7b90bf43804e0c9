"""The policy, walked: nobody is in unless one branch is proved whole, in its order; who proves all of it is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isoloir import policy
from isoloir.errors import IsoloirError
from isoloir.hooks import Claim, Compared, Form, Proved, Redirect, Refused, Submit, Typed, Wait
from isoloir.login.shown import FormShown, GoTo, LoggedInShown, WaitShown

RPPS = "10000000000"


# --- a branch -------------------------------------------------------------------------------------------


async def test_all_is_asked_in_the_order_written(house: Any, plays: Any) -> None:
    """Each factor starts when the one before has proved, and none is left out."""
    order: list[str] = []

    def named(name: str) -> Any:
        def play(flow: Any, event: Any) -> Any:
            order.append(f"{name} {type(event).__name__}")
            return Proved({name: Claim("x", Typed())}) if isinstance(event, Submit) else Form(plays.Ask)

        return plays.Scripted(play, **{name: Typed()})

    made = await house({name: named(name) for name in ("b", "c", "a")}, {"way": ["c", "a", "b"]})
    visitor = await made.visitor()
    await visitor.identify(await made.identifier())
    for _ in range(2):
        assert isinstance(await visitor.answer(), FormShown)
        assert await visitor.voter() is None
    assert isinstance(await visitor.answer(), LoggedInShown)
    assert order == ["c Start", "c Submit", "a Start", "a Submit", "b Start", "b Submit"]


async def test_a_branch_once_begun_is_kept_to(house: Any, plays: Any) -> None:
    """What was proved in one branch is not carried into another: beginning another begins from nothing."""
    seen: list[Any] = []

    def play(flow: Any, event: Any) -> Any:
        seen.append((flow.entry, dict(flow.claims), dict(flow.state)))
        return Form(plays.Ask, state={"n": 1})

    last = plays.Scripted(play, rpps=plays.asserted("").by)
    made = await house({"psc": plays.provider(RPPS), "last": last}, {"both": ["psc", "last"], "last": ["last"]})
    visitor = await made.visitor()
    await visitor.begin("both")
    await visitor.come_back()
    await visitor.begin("last")
    (entry, claims, _), nothing = seen
    assert (entry.handle, set(claims)) == ((await made.entry()).id, {"rpps"})
    assert nothing == (None, {}, {})


async def test_half_of_one_branch_and_half_of_another_are_no_whole(house: Any, plays: Any) -> None:
    """Both branches need two factors; one of each, however often begun again, lets nobody in."""
    one, two = plays.asks({"rpps": plays.asserted(RPPS)}), plays.asks({"rpps": plays.asserted(RPPS)})
    made = await house({"one": one, "two": two}, {"a": ["one", "two"], "b": ["two", "one"]})
    visitor = await made.visitor()
    for way in ("a", "b", "a", "b"):
        await visitor.begin(way)
        await visitor.answer()
        assert await visitor.voter() is None


async def test_a_factor_is_told_what_has_been_proved(house: Any, plays: Any) -> None:
    """The claims so far, the identifier among them, are in its flow, so that it does not ask them again."""

    def play(flow: Any, event: Any) -> Any:
        if "rpps" in flow.claims or isinstance(event, Submit):
            return Proved({"ordinal_number": Claim("75/0", Compared())})
        return Form(plays.Ask)

    second = plays.Scripted(play, ordinal_number=Compared())
    made = await house(
        {"psc": plays.provider(RPPS), "second": second}, {"psc": ["psc", "second"], "name": ["second"]}
    )
    visitor = await made.visitor()
    await visitor.begin("psc")
    assert isinstance(await visitor.come_back(), LoggedInShown)  # not asked
    assert second.events == ["Start"]
    other = await made.visitor()
    await other.identify((await made.identifier()).lower(), "name")
    assert isinstance(other.shown, FormShown)  # the twin: asked where nothing was proved
    flow, _ = second.seen[-1]
    assert set(flow.claims) == {"identifier"}
    assert flow.claims["identifier"].value == await made.identifier()


async def test_a_factor_s_state_is_its_own(house: Any, plays: Any) -> None:
    """The next factor starts with none; the same one finds what its last step left."""
    states: list[Any] = []

    def play(flow: Any, event: Any) -> Any:
        states.append(dict(flow.state))
        if isinstance(event, Submit) and flow.state.get("n") == 2:
            return Proved({"rpps": plays.asserted(RPPS)})
        return Form(plays.Ask, state={"n": int(flow.state.get("n", 0)) + 1})

    one, two = (plays.Scripted(play, rpps=plays.asserted("").by) for _ in range(2))
    visitor = await (await house({"one": one, "two": two})).visitor()
    await visitor.begin()
    for _ in range(4):
        await visitor.answer()
    assert isinstance(visitor.shown, LoggedInShown)
    assert states == [{}, {"n": 1}, {"n": 2}] * 2


async def test_the_ways_in_are_offered_as_written(house: Any, plays: Any) -> None:
    """The order and the labels of the file; one that is not there is an error of its own."""
    made = await house({"b": plays.compares(), "a": plays.compares()}, {"z": ["b"], "a": ["a"]})
    assert [one.id for one in made.engine.login.branches("fr")] == ["z", "a"]
    visitor = await made.visitor()
    for unknown in ("x", "", "b"):
        with pytest.raises(IsoloirError) as caught:
            await visitor.begin(unknown)
        assert caught.value.code == "branch_unknown"


# --- any policy, any outcome ----------------------------------------------------------------------------

NAMES = ("a", "b", "c")
KNOWN = {"proves": RPPS, "other": "10000000001", "stranger": "99999999999", "undeclared": RPPS}
"""What each outcome that proves asserts; the first two are on the roll."""
OUTCOMES = (*KNOWN, "refuses", "raises", "nonsense", "form", "wait", "away")
WAYS = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True), min_size=1, max_size=3)
SCRIPTS = st.fixed_dictionaries(
    {name: st.lists(st.sampled_from((*["proves", "form"] * 8, *OUTCOMES)), min_size=3, max_size=6) for name in NAMES}
)
MOVES = st.lists(
    st.sampled_from((*["go on"] * 12, "begin 0", "begin 1", "tick", "return", "form", "again")),
    min_size=3,
    max_size=14,
)
KINDS = st.fixed_dictionaries({name: st.sampled_from(("form", "wait", "away", "proves")) for name in NAMES})
EXAMPLES = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass
class Trial:
    """One election whose policy and factors change from one example to the next."""

    made: Any
    plays: Any
    proved: list[tuple[str, str]] = field(default_factory=list)
    """What the factors have proved since the branch was begun: (factor, outcome)."""

    async def visitor(self, ways: Sequence[Sequence[str]], scripts: Mapping[str, Iterable[str]]) -> Any:
        """Return a visitor of that policy; each factor answers one outcome of its script to each event."""
        policy_file = {"any": [{"id": f"{n}", "label": {"fr": "w", "en": "w"}, "all": w} for n, w in enumerate(ways)]}
        election = type(self.made.election).model_validate(self.made.election.model_dump() | {"policy": policy_file})
        engine = self.made.engine
        for name, factor in self.made.factors.items():
            factor.play = partial(self.play, name, iter(scripts[name]))
        login = self.made.login_of(election, engine.store, engine.sessions)
        return await self.made.visitor(type(engine)(engine.store, engine.sessions, login))

    def play(self, name: str, script: Iterator[str], flow: Any, event: Any) -> Any:
        outcome = next(script, "refuses")
        if outcome in KNOWN:
            self.proved.append((name, outcome))
            more = {"more": Claim("x", Typed())} if outcome == "undeclared" else {}
            return Proved({"rpps": self.plays.asserted(KNOWN[outcome]), **more})
        if outcome == "raises":
            raise ConnectionError
        given = {"state": flow.token, "factor": name}
        return {
            "refuses": Refused("not_recognised"),
            "form": Form(self.plays.Ask),
            "wait": Wait(1, "m"),
            "away": Redirect(f"https://x.example/?{urlencode(given)}", returns_with={"state": flow.token}),
        }.get(outcome)

    async def begin(self, visitor: Any, way: int) -> Any:
        self.proved.clear()
        return await visitor.begin(str(way))

    async def go_on(self, visitor: Any) -> Any:
        """Do what the page shown asks for."""
        match visitor.shown:
            case FormShown():
                return await visitor.answer()
            case GoTo():
                return await visitor.come_back(visitor.sent_with["factor"], state=visitor.sent_with["state"])
            case WaitShown():
                self.made.clock.advance(timedelta(seconds=1))
                return await visitor.tick()
        return await visitor.show()


@pytest.fixture
async def trial(house: Any, plays: Any) -> Trial:
    factors = {name: plays.at_once(None, rpps=plays.asserted("").by) for name in NAMES}
    return Trial(await house(factors), plays)


@EXAMPLES
@given(ways=WAYS, scripts=SCRIPTS, moves=MOVES)
async def test_nobody_is_in_unless_one_branch_was_proved_whole(
    trial: Trial, ways: list[list[str]], scripts: dict[str, list[str]], moves: list[str]
) -> None:
    """Whatever factors and visitors do: who is in has proved one branch, in its order, in one go, as one voter."""
    visitor = await trial.visitor(ways, scripts)
    begun = 0
    await trial.begin(visitor, 0)
    for move in moves:
        if await visitor.voter() is not None:
            break
        former = visitor.shown
        if move.startswith("begin") and int(move[-1]) < len(ways):
            begun = int(move[-1])
            await trial.begin(visitor, begun)
        elif move == "tick":
            await visitor.tick()
        elif move == "return":
            await visitor.come_back("a", state="made up")
        elif move == "form":
            await visitor.submit("Ask.00000000", answer="x", secret="long enough")
        elif move == "again" and isinstance(former, FormShown):
            await visitor.answer()
            await visitor.submit(former.form, answer="x", secret="long enough")
        else:
            await trial.go_on(visitor)
    voter = await visitor.voter()
    outcomes = {outcome for _, outcome in trial.proved}
    whole = (
        [name for name, _ in trial.proved] == ways[begun] and len(outcomes) == 1 and outcomes <= {"proves", "other"}
    )
    assert (voter is not None) == whole
    if voter is not None:
        assert policy.satisfied(visitor.engine.login._election.policy, [name for name, _ in trial.proved])
        number = 0 if outcomes == {"proves"} else 1
        assert voter.entry_id == (await trial.made.entry(number)).id
        assert voter.branch == str(begun)


@EXAMPLES
@given(ways=WAYS, kinds=KINDS, chosen=st.integers(0, 2))
async def test_who_proves_everything_is_in(
    trial: Trial, ways: list[list[str]], kinds: dict[str, str], chosen: int
) -> None:
    """Twin: factors that ask, wait, send away or prove at once, and all prove: every branch lets in."""
    visitor = await trial.visitor(ways, {name: [kind, "proves"] for name, kind in kinds.items()})
    way = chosen % len(ways)
    shown = await trial.begin(visitor, way)
    for _ in range(len(NAMES)):
        if not isinstance(shown, LoggedInShown):
            shown = await trial.go_on(visitor)
    assert isinstance(shown, LoggedInShown)
    assert shown.voter.entry_id == (await trial.made.entry(0)).id
    assert [name for name, _ in trial.proved] == ways[way]
