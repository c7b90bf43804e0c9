"""Failures are counted by voter, across branches; they slow down and lock nobody out; successes are free."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from isoloir.hooks import Asserted, Entry, Form, Refused
from isoloir.login.limits import Counters, Limits
from isoloir.login.shown import FormShown, LoggedInShown

RPPS = "10000000000"


@pytest.fixture
async def counters(house: Any, plays: Any) -> Any:
    """Return a function: limits → counters of the house's election, and the house."""

    async def make(**limits: Any) -> tuple[Counters, Any]:
        made = await house({"psc": plays.provider(RPPS)})
        return Counters(made.engine.store, made.keys, made.clock, made.election.id, Limits(**limits)), made

    return make


async def test_waits_double_up_to_a_quarter_of_an_hour(counters: Any) -> None:
    """Four failures are free; then 30 s, twice as long each time, never more than 15 minutes."""
    counted, made = await counters()
    waits = []
    for number in range(14):
        left = await counted.fail("number", "typed")
        assert left == max(0, 4 - number)
        waits.append((await counted.check("number", "typed")).total_seconds())
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480, *[900] * 5]
    made.clock.advance(timedelta(minutes=15))
    assert await counted.check("number", "typed") == timedelta(0)


async def test_nothing_is_left_after_two_quiet_hours(counters: Any) -> None:
    """Until then the count stands, whatever was waited; then it is forgotten, and one failure more is free."""
    counted, made = await counters()
    for _ in range(9):
        await counted.fail("number", "typed")
    made.clock.advance(timedelta(hours=2))
    assert await counted.fail("number", "typed") == 0
    assert await counted.check("number", "typed") == timedelta(minutes=15)
    made.clock.advance(timedelta(hours=2, minutes=15))
    assert await counted.fail("number", "typed") == 4
    assert await counted.check("number", "typed") == timedelta(0)


async def test_each_subject_has_a_count_of_its_own(counters: Any) -> None:
    """Another subject, another name, an entry and the same words typed: none waits for the other."""
    counted, _ = await counters(free=1)
    await counted.fail("number", "one")
    waiting = timedelta(seconds=30)
    assert await counted.check("number", "one") == waiting
    for name, subject in (("number", "two"), ("other", "one"), ("number", Entry("one"))):
        assert await counted.check(name, subject) == timedelta(0)


async def test_typed_subjects_are_kept_as_hmac(counters: Any) -> None:
    """What was typed and whose entry it is are nowhere in the database."""
    counted, made = await counters()
    await counted.fail("number", "typed-subject")
    await counted.fail("number", Entry("entry-handle"))
    await counted.failed_from("192.0.2.77")
    kept = made.kept()
    for text in (b"typed-subject", b"entry-handle", b"192.0.2.77"):
        assert text not in kept
    assert b"login_failure" in kept


async def test_an_entry_s_failures_count_across_branches_and_browsers(house: Any, plays: Any) -> None:
    """Two wrong numbers by one way and one by another, from two browsers: three of this voter, none of the next."""
    left: list[int] = []

    async def play(flow: Any, event: Any) -> Any:
        left.append(await flow.attempts.fail("number", flow.entry))
        return Form(plays.Ask)

    factors = {
        "psc": plays.provider(RPPS),
        "one": plays.Scripted(play, nick=plays.claim("").by),
        "two": plays.Scripted(play, nick=plays.claim("").by),
    }
    made = await house(factors, {"psc": ["psc", "one"], "name": ["two"]})
    first, second = await made.visitor(), await made.visitor()
    await first.begin("psc")
    await first.come_back()
    await first.answer()
    await second.identify(await made.identifier(0), "name")
    await second.identify(await made.identifier(1), "name")
    assert left == [4, 3, 2, 4]


async def test_an_identifier_that_is_being_guessed_with_is_never_locked(house: Any, plays: Any, refused: Any) -> None:
    """Somebody else's failures make its owner wait at most a quarter of an hour, and no other way at all."""
    wrong = plays.at_once(Refused("not_recognised"), nick=plays.claim("").by)
    made = await house({"one": wrong, "psc": plays.provider(RPPS)}, {"name": ["one"], "psc": ["psc"]})
    name = await made.identifier(0)
    stranger, owner = await made.visitor(), await made.visitor()
    for _ in range(30):
        await stranger.identify(name, "name")
    shown = await owner.identify(name, "name")
    refused(shown, "login_slow")
    assert 0 < shown.seconds <= 900
    assert shown.resumable
    await owner.begin("psc")
    assert isinstance(await owner.come_back(), LoggedInShown)


async def test_waiting_does_not_end_the_attempt(house: Any, plays: Any, refused: Any) -> None:
    """Who is told to wait is still on the page, and goes on after the wait."""
    made = await house({"one": plays.compares()}, limits=Limits(free=1))
    visitor = await made.visitor()
    name = await made.identifier()
    counted = Counters(made.engine.store, made.keys, made.clock, made.election.id, Limits(free=1))
    await counted.fail("core.login", name)
    refused(await visitor.identify(name), "login_slow")
    page = await visitor.show()
    assert isinstance(page, FormShown)
    made.clock.advance(timedelta(seconds=30))
    shown = await visitor.submit(page.form, identifier=name)
    assert shown.step == 2


# --- addresses and all ----------------------------------------------------------------------------------


async def test_a_flood_of_failures_slows_its_address_and_no_other(house: Any, plays: Any, refused: Any) -> None:
    """Wrong numbers fill the address's bucket; it empties by itself; a neighbour never noticed."""
    limits = Limits(address_holds=5, address_leaks=0.1)
    made = await house({"psc": plays.provider(RPPS), "one": plays.compares()}, limits=limits)
    flood, neighbour = await made.visitor(), await made.visitor()
    flood.address, neighbour.address = "192.0.2.1", "192.0.2.2"
    await flood.begin()
    await flood.come_back()
    for _ in range(6):
        assert isinstance(await flood.answer("75/9"), FormShown)
    shown = await flood.submit(flood.shown.form, answer="75/0", secret="long enough")
    refused(shown, "login_slow")
    assert shown.seconds == 10
    await neighbour.begin()
    await neighbour.come_back()
    assert isinstance(await neighbour.answer("75/0"), LoggedInShown)
    made.clock.advance(timedelta(seconds=10))
    await flood.show()
    assert isinstance(await flood.answer("75/0"), LoggedInShown)


async def test_a_flood_from_everywhere_slows_everybody_for_seconds(house: Any, plays: Any, refused: Any) -> None:
    """The bucket of all holds many more; when it runs over, nobody waits for longer than it takes to leak."""
    made = await house({"one": plays.compares()}, limits=Limits(all_hold=5, all_leak=1))
    for number in range(6):
        flood = await made.visitor()
        flood.address = f"192.0.2.{number}"
        await flood.identify("ZZZZZZZ")
    visitor = await made.visitor()
    shown = await visitor.begin()
    refused(shown, "login_slow")
    assert shown.seconds == 1
    made.clock.advance(timedelta(seconds=1))
    assert isinstance(await visitor.begin(), FormShown)


@pytest.mark.parametrize("way", ["name", "psc"])
async def test_logins_that_succeed_fill_nothing(house: Any, plays: Any, way: str) -> None:
    """A hospital behind one address: a hundred voters log in at the same moment, and nobody is slowed down."""
    factors = {"one": plays.compares(), "psc": plays.provider(RPPS)}
    made = await house(
        factors, {"name": ["one"], "psc": ["psc"]}, limits=Limits(address_holds=3, address_leaks=0.001)
    )
    name = await made.identifier()
    for _ in range(20):
        visitor = await made.visitor()
        visitor.address = "192.0.2.1"
        if way == "name":
            await visitor.identify(name, "name")
            assert isinstance(await visitor.answer("75/0"), LoggedInShown)
        else:
            await visitor.begin("psc")
            assert isinstance(await visitor.come_back(), LoggedInShown)


async def test_identifiers_that_lead_nowhere_stay_counted(house: Any, plays: Any, refused: Any) -> None:
    """Twin: typed and left, known or not, each identifier fills the bucket as a failure does."""
    made = await house({"one": plays.compares()}, limits=Limits(address_holds=3, address_leaks=0.001))
    codes = []
    for name in ["ZZZZZZZ", await made.identifier(), "YYYYYYY", await made.identifier(), "XXXXXXX"]:
        visitor = await made.visitor()
        visitor.address = "192.0.2.1"
        shown = await visitor.begin()
        codes.append(getattr(shown, "code", None))
        if isinstance(shown, FormShown):
            await visitor.submit(shown.form, identifier=name)
    assert codes == [None] * 4 + ["login_slow"]


@pytest.mark.parametrize(("seconds", "codes"), [(30, ["away"] * 5), (None, ["away"] * 4 + ["login_slow"])])
async def test_an_outage_slows_nobody_down(house: Any, plays: Any, seconds: int | None, codes: list[str]) -> None:
    """What a factor says to be away counts against no address, and answers 503; what it merely refuses counts."""
    factor = plays.at_once(Refused("away", {}, seconds), rpps=Asserted("eidas1"))
    made = await house({"one": factor}, limits=Limits(address_holds=3, address_leaks=0.001))
    shown = []
    for _ in codes:
        visitor = await made.visitor()
        visitor.address = "192.0.2.1"
        shown.append(await visitor.begin())
    assert [one.code for one in shown] == codes
    assert (shown[0].status, shown[0].seconds) == ((503, 30) if seconds else (403, None))


async def test_a_refund_never_makes_a_reserve(counters: Any) -> None:
    """Successes empty the bucket at most: they buy no failures in advance."""
    counted, _ = await counters(address_holds=2, address_leaks=0.01)
    for _ in range(10):
        await counted.succeeded_from("192.0.2.1")
    for _ in range(2):
        await counted.failed_from("192.0.2.1")
        assert await counted.slowed("192.0.2.1") == timedelta(0)
    await counted.failed_from("192.0.2.1")
    assert await counted.slowed("192.0.2.1") == timedelta(seconds=100)


@pytest.mark.parametrize("back", [timedelta(minutes=3), timedelta(hours=1), timedelta(days=30)])
async def test_a_clock_set_back_locks_nobody_out(counters: Any, back: timedelta) -> None:
    """What was counted before the clock went back holds up a minute at most, and no voter beyond the longest wait."""
    counted, made = await counters()
    for _ in range(8):
        await counted.fail("number", "typed")
        await counted.failed_from("192.0.2.1")
    made.clock.advance(-back)
    assert await counted.slowed("192.0.2.1") <= timedelta(minutes=1)
    assert await counted.check("number", "typed") <= timedelta(minutes=15)
    await counted.failed_from("192.0.2.1")
    assert await counted.slowed("192.0.2.1") <= timedelta(minutes=1)


async def test_a_flood_holds_up_a_minute_at_most_and_as_long_as_it_lasts(counters: Any) -> None:
    """However many failures come, the bucket says wait; a minute after the last, it lets people in again."""
    counted, made = await counters(address_holds=5, address_leaks=1.0)
    for _ in range(500):
        await counted.failed_from("192.0.2.1")
    assert await counted.slowed("192.0.2.1") == timedelta(minutes=1)
    made.clock.advance(timedelta(seconds=59))
    assert await counted.slowed("192.0.2.1") == timedelta(seconds=1)
    made.clock.advance(timedelta(seconds=1))
    assert await counted.slowed("192.0.2.1") == timedelta(0)
