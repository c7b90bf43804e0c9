"""Guarantee 2, what an outsider sees: a voter and a stranger take the same steps, in the same words.

Two visitors walk side by side (`SideBySide` in conftest), one with an identifier of the roll and one without; what
each is shown is compared whole, random tokens masked, and so are the statements that the database is asked.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from isoloir.hooks import Claim, Compared, Delivered, Form, Proved, Refused, Submit, ToEntry, ToTyped, Wait
from isoloir.login.limits import Limits
from isoloir.login.shown import LoggedInShown, RefusedShown

STRANGER = "ZZZZZZZ"


def password(plays: Any) -> Any:
    """Make a factor that sends a code by SMS and takes it back, as `password_sms` does; a stranger's is wrong."""

    async def play(flow: Any, event: Any) -> Any:
        subject = flow.entry or flow.claims["identifier"].value
        values = {"mobile": flow.masked("sms") or ""}
        if not isinstance(event, Submit):
            await flow.secrets.put("code", "1234", timedelta(minutes=5))
            await flow.notify("password", {"code": "1234"}, ToEntry("sms"), supersedes="password")
            return Form(plays.Ask, state={"sent": True}, values=values)
        async with flow.exclusive("guess", getattr(subject, "handle", subject)) as mine:
            assert mine
            kept = await flow.secrets.get("code")
            if event.form.answer == kept and flow.entry is not None and await flow.secrets.delete_if("code", kept):
                return Proved({"otp": Claim("sms", Delivered("sms"))})
            await flow.attempts.fail("guess", subject)
            return Form(plays.Ask, errors={"answer": "form.format"}, state={"sent": True}, values=values)

    return plays.Scripted(play, otp=Delivered("sms"))


async def test_wrong_answers_look_the_same_at_each_step(house: Any, plays: Any, side_by_side: Any) -> None:
    """Identifier, then wrong numbers again and again: same pages, same errors, same statements."""
    pair = await side_by_side(await house({"ordinal": plays.compares(), "sms": password(plays)}))
    await pair.both(lambda visitor, name: visitor.begin())
    await pair.both(lambda visitor, name: visitor.submit(visitor.shown.form, identifier=name))
    for _ in range(3):
        seen = await pair.both(lambda visitor, name: visitor.answer("75/9"))
        assert seen.fields[0].error
    await pair.both(lambda visitor, name: visitor.answer("", ""))
    await pair.both(lambda visitor, name: visitor.show())


async def test_the_right_number_tells_them_apart_only_then(house: Any, plays: Any, side_by_side: Any) -> None:
    """Twin: the comparison sees differences: the voter's own number leads on, the stranger's the same does not."""
    pair = await side_by_side(await house({"ordinal": plays.compares(), "sms": password(plays)}))
    await pair.both(lambda visitor, name: visitor.identify(name))
    with pytest.raises(AssertionError):
        await pair.both(lambda visitor, name: visitor.answer("75/0"))


async def test_a_message_is_asked_for_on_the_same_page(house: Any, plays: Any, side_by_side: Any) -> None:
    """Where the SMS comes first both read a masked number, both may type codes; only one was sent anything."""
    made = await house({"sms": password(plays)})
    pair = await side_by_side(made)
    await pair.both(lambda visitor, name: visitor.identify(name))
    assert [message.entry is not None for message in made.sent] == [True, False]
    assert [message.address for message in made.sent] == ["", ""]
    for _ in range(2):
        await pair.both(lambda visitor, name: visitor.answer("9999"))
    with pytest.raises(AssertionError):
        await pair.both(lambda visitor, name: visitor.answer("1234"))
    assert isinstance(pair.hit_sees, LoggedInShown)


async def test_a_stranger_s_mask_is_always_the_same(house: Any, plays: Any) -> None:
    """The made-up number of an unknown identifier does not change from one try to the next, or it would tell."""
    one = plays.Scripted(lambda flow, event: Form(plays.Ask), otp=Delivered("sms"))
    made = await house({"one": one})
    for name in (STRANGER, STRANGER, "YYYYYYY", await made.identifier(), await made.identifier()):
        await (await made.visitor()).identify(name)
    masks = [(flow.masked("sms"), flow.masked("email")) for flow, _ in one.seen]
    assert masks[0] == masks[1] != masks[2]
    assert masks[3] == masks[4] == ("06 •• •• •• 00", "a•••@example.org")
    assert all(re.fullmatch(r"06 •• •• •• \d\d", sms) for sms, _ in masks)


async def test_a_roll_without_mobiles_makes_none_up(house: Any, plays: Any, make_elector: Any) -> None:
    """Twin: where nobody has a mobile a made-up one would tell; there is none for either."""
    one = plays.Scripted(lambda flow, event: Form(plays.Ask), otp=Delivered("sms"))
    made = await house({"one": one}, voters=[make_elector(number, mobile="") for number in range(3)])
    for name in (STRANGER, await made.identifier()):
        await (await made.visitor()).identify(name)
    assert [flow.masked("sms") for flow, _ in one.seen] == [None, None]


@pytest.mark.parametrize("to", [ToEntry("sms"), ToEntry("email"), ToTyped("sms", "+33699999999")])
async def test_a_stranger_s_message_reaches_nobody(house: Any, plays: Any, to: Any) -> None:
    """It is asked for all the same, with no entry, so that the core discards it at the end; a voter's has one."""

    async def play(flow: Any, event: Any) -> Any:
        await flow.notify("password", {"code": "1"}, to)
        return Form(plays.Ask)

    made = await house({"one": plays.Scripted(play, otp=Delivered("sms"))})
    for name in (STRANGER, await made.identifier()):
        await (await made.visitor()).identify(name)
    miss, hit = made.sent
    assert miss.entry is None
    assert hit.entry == await made.entry()
    assert replace(miss, entry=None) == replace(hit, entry=None)


@pytest.mark.parametrize(
    "ending",
    [Refused("not_recognised"), Refused("login_slow", {"seconds": "3"}), "raise", Wait(5, "message"), None],
    ids=["refused", "refused-with-values", "broken", "wait", "no-step"],
)
async def test_every_ending_looks_the_same(house: Any, plays: Any, side_by_side: Any, ending: Any) -> None:
    """Refusals, waits and faults of a factor: same words, same status, and the attempt is over for both alike."""

    def play(flow: Any, event: Any) -> Any:
        if ending == "raise":
            raise ValueError("secret")
        return ending

    pair = await side_by_side(await house({"one": plays.Scripted(play, nick=Compared())}))
    await pair.both(lambda visitor, name: visitor.identify(name))
    await pair.both(lambda visitor, name: visitor.show())


async def test_both_are_slowed_down_alike(house: Any, plays: Any, side_by_side: Any) -> None:
    """Failed logins count against what was claimed: after the same number both wait the same time, then go on."""
    one = plays.at_once(Refused("not_recognised"), nick=Compared())
    made = await house({"one": one}, limits=Limits(free=3))
    pair = await side_by_side(made)
    codes = []
    for _ in range(5):
        codes.append((await pair.both(lambda visitor, name: visitor.identify(name))).code)
    assert codes == ["not_recognised"] * 3 + ["login_slow"] * 2
    made.clock.advance(timedelta(seconds=31))
    assert (await pair.both(lambda visitor, name: visitor.identify(name))).code == "not_recognised"
    slow = await pair.both(lambda visitor, name: visitor.identify(name))
    assert isinstance(slow, RefusedShown)
    assert slow.seconds == 60


async def test_an_address_is_slowed_down_alike(house: Any, plays: Any, side_by_side: Any) -> None:
    """Identifiers from one address count the same, known or not: counting only the unknown would tell."""
    made = await house({"one": plays.compares()}, limits=Limits(address_holds=4, address_leaks=0.01))
    pair = await side_by_side(made)
    pair.hit.address, pair.miss.address = "192.0.2.1", "192.0.2.2"
    shown = [await pair.both(lambda visitor, name: visitor.identify(name)) for _ in range(4)]
    assert not any(isinstance(one, RefusedShown) for one in shown)
    await pair.both(lambda visitor, name: visitor.begin())
    assert (await pair.both(lambda visitor, name: visitor.submit(visitor.shown.form, identifier=name))).step == 2
    assert (await pair.both(lambda visitor, name: visitor.begin())).code == "login_slow"
