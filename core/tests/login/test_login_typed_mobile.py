"""A typed mobile: bound at first use, serving few voters, told to the e-mail, changed only at the help desk."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from isoloir.hooks import Delivered, Form, Submit, ToEntry

MINE, OTHER = "+33699000001", "+33699000002"


def binds(plays: Any, *, serves: int = 2, then: Any = None) -> Any:
    """Make a factor that binds what is answered, and notes what it is told."""
    told: list[Any] = []

    async def play(flow: Any, event: Any) -> Any:
        if isinstance(event, Submit):
            told.append(await flow.bind("sms", event.form.answer, serves))
            await flow.notify("password", {"code": "1"}, ToEntry("sms"))
            if then is not None:
                await then()
        return Form(plays.Ask)

    made = plays.Scripted(play, otp=Delivered("sms", "typed"))
    made.told = told
    return made


@pytest.fixture
def without_mobiles(make_elector: Any) -> list[Any]:
    return [make_elector(number, mobile="") for number in range(4)]


async def test_the_first_mobile_is_bound_and_told(house: Any, plays: Any, without_mobiles: Any) -> None:
    """It is bound, what follows goes there, and the voter's e-mail is told at once, masked, in their language."""
    made = await house({"one": binds(plays)}, voters=without_mobiles)
    visitor = await made.visitor(locale="en")
    await visitor.identify(await made.identifier())
    await visitor.answer(MINE)
    assert made.factors["one"].told == [None]
    told, password = made.sent
    assert (told.channel, told.template, told.locale, told.address) == ("email", "mobile_bound", "en", "")
    assert told.entry == await made.entry()
    assert told.values == {"mobile": "06 •• •• •• 01"}
    assert MINE not in str(told.values)
    assert (password.channel, password.address) == ("sms", MINE)
    flow, _ = made.factors["one"].seen[0]
    assert flow.masked("sms") is None


async def test_the_same_mobile_again_is_no_new_binding(house: Any, plays: Any, without_mobiles: Any) -> None:
    """In another login it is known, masked; binding it again says nothing new to anybody."""
    made = await house({"one": binds(plays)}, voters=without_mobiles)
    for _ in range(2):
        visitor = await made.visitor(await made.another_engine())
        await visitor.identify(await made.identifier())
        await visitor.answer(MINE)
    assert made.factors["one"].told == [None, None]
    assert [message.template for message in made.sent] == ["mobile_bound", "password", "password"]
    flow, _ = made.factors["one"].seen[2]
    assert flow.masked("sms") == "06 •• •• •• 01"


async def test_another_mobile_is_refused(house: Any, plays: Any, without_mobiles: Any) -> None:
    """Once one is bound a second is `address_bound`; messages go to the first."""
    made = await house({"one": binds(plays)}, voters=without_mobiles)
    visitor = await made.visitor()
    await visitor.identify(await made.identifier())
    await visitor.answer(MINE)
    await visitor.answer(OTHER)
    assert made.factors["one"].told == [None, "address_bound"]
    assert [message.address for message in made.sent if message.channel == "sms"] == [MINE, MINE]


async def test_the_help_desk_alone_undoes_it(house: Any, plays: Any, without_mobiles: Any) -> None:
    """Released, another one may be bound; there is nothing to release twice."""
    made = await house({"one": binds(plays)}, voters=without_mobiles)
    visitor = await made.visitor()
    await visitor.identify(await made.identifier())
    await visitor.answer(MINE)
    bindings = made.engine.login.bindings
    entry = await made.entry()
    assert await bindings.release(entry.id, "sms")
    assert not await bindings.release(entry.id, "sms")
    await visitor.answer(OTHER)
    assert made.factors["one"].told == [None, None]
    assert await bindings.of(entry.id, "sms") == OTHER


async def test_a_mobile_serves_few_voters(house: Any, plays: Any, without_mobiles: Any) -> None:
    """Two colleagues may share one; the third is `address_shared`, and may bind another (the twin)."""
    made = await house({"one": binds(plays, serves=2)}, voters=without_mobiles)
    for number in range(3):
        visitor = await made.visitor()
        await visitor.identify(await made.identifier(number))
        await visitor.answer(MINE)
    await visitor.answer(OTHER)
    assert made.factors["one"].told == [None, None, "address_shared", None]


async def test_a_mobile_never_serves_more_however_many_ask_at_once(
    house: Any, plays: Any, without_mobiles: Any
) -> None:
    """Four voters bind the same mobile at the same moment: two are served."""
    made = await house({"one": binds(plays, serves=2)}, voters=without_mobiles)
    visitors = [await made.visitor() for _ in range(4)]
    for number, visitor in enumerate(visitors):
        await visitor.identify(await made.identifier(number))
    await asyncio.gather(*(visitor.answer(MINE) for visitor in visitors))
    assert sorted(map(str, made.factors["one"].told)) == ["None", "None", "address_shared", "address_shared"]
    assert len([message for message in made.sent if message.template == "mobile_bound"]) == 2


async def test_where_the_roll_holds_a_mobile_no_other_is_bound(house: Any, plays: Any) -> None:
    """A typed address is for voters of whom the roll holds none: another is refused, their own is accepted."""
    made = await house({"one": binds(plays)})
    visitor = await made.visitor()
    await visitor.identify(await made.identifier())
    await visitor.answer(MINE)
    await visitor.answer((await made.entry()).mobile)
    assert made.factors["one"].told == ["address_bound", None]


async def test_a_stranger_binds_nothing_and_learns_nothing(house: Any, plays: Any, without_mobiles: Any) -> None:
    """`bind` answers as to a voter, the message has no entry, nobody is told, and the place stays free."""
    made = await house({"one": binds(plays, serves=1)}, voters=without_mobiles)
    stranger, voter = await made.visitor(), await made.visitor()
    await stranger.identify("ZZZZZZZ")
    await stranger.answer(MINE)
    assert [(message.template, message.entry) for message in made.sent] == [("password", None)]
    await voter.identify(await made.identifier())
    await voter.answer(MINE)
    assert made.factors["one"].told == [None, None]


async def test_what_cannot_be_told_is_not_bound(
    house: Any, plays: Any, refused: Any, without_mobiles: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the message to the e-mail cannot be queued the binding is undone, and the login refused."""
    made = await house({"one": binds(plays)}, voters=without_mobiles)

    async def broken(message: Any) -> None:
        raise OSError("the queue is full")

    monkeypatch.setattr(made, "send", broken)
    engine = await made.another_engine()
    visitor = await made.visitor(engine)
    await visitor.identify(await made.identifier())
    refused(await visitor.answer(MINE), "factor_failed")
    assert await engine.login.bindings.of((await made.entry()).id, "sms") == ""


async def test_a_voter_who_goes_away_is_told_all_the_same(
    house: Any, plays: Any, without_mobiles: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A factor whose time is over between binding and telling: what was begun is done whole."""
    made = await house({"one": binds(plays)}, voters=without_mobiles, patience=1)
    sent: list[Any] = []

    async def slow(message: Any) -> None:
        await asyncio.sleep(2)
        sent.append(message)

    monkeypatch.setattr(made, "send", slow)
    engine = await made.another_engine()
    visitor = await made.visitor(engine)
    await visitor.identify(await made.identifier())
    await visitor.answer(MINE)
    await engine.store.settle()
    assert [message.template for message in sent] == ["mobile_bound"]
    assert await engine.login.bindings.of((await made.entry()).id, "sms") == MINE


async def test_addresses_are_kept_encrypted(house: Any, plays: Any, without_mobiles: Any) -> None:
    """The bound mobile is nowhere in the database in the clear."""
    made = await house({"one": binds(plays)}, voters=without_mobiles)
    visitor = await made.visitor()
    await visitor.identify(await made.identifier())
    await visitor.answer(MINE)
    kept = made.kept()
    assert MINE.encode() not in kept
    assert b"login_binding" in kept
