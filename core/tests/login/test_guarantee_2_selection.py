"""Guarantee 2, who is meant: only an asserted key or the delivered identifier selects; none and two are refused."""

from __future__ import annotations

from typing import Any

import pytest

from isoloir.hooks import Asserted, Claim, Compared, Delivered, Form, Proved, Submit, Typed
from isoloir.login.shown import FormShown, LoggedInShown

RPPS = "10000000000"


async def test_an_asserted_key_selects(house: Any, plays: Any) -> None:
    """Twin: the provider's word for an RPPS finds the entry that has it, however the roll writes it."""
    made = await house({"psc": plays.provider("1000 0000 001")})
    visitor = await made.visitor()
    await visitor.begin()
    shown = await visitor.come_back()
    assert isinstance(shown, LoggedInShown)
    assert shown.voter.entry_id == (await made.entry(1)).id


async def test_the_delivered_identifier_selects(house: Any, plays: Any) -> None:
    """Twin: the identifier finds its entry, whatever its case, blanks and dashes."""
    made = await house({"one": plays.asks({"nick": plays.claim("x")})})
    visitor = await made.visitor()
    name = await made.identifier(1)
    await visitor.identify(f" {name[:3].lower()}-{name[3:]} ")
    shown = await visitor.answer()
    assert isinstance(shown, LoggedInShown)
    assert shown.voter.entry_id == (await made.entry(1)).id


@pytest.mark.parametrize("by", [Compared(), Typed(), Delivered("sms")], ids=["compared", "typed", "delivered"])
async def test_nothing_else_selects(house: Any, plays: Any, refused: Any, by: Any) -> None:
    """A key of the roll that is compared, typed or delivered finds nobody, though it is on the roll.

    The first factor declares an asserted key, so that no identifier is asked, but proves without it.
    """

    def play(flow: Any, event: Any) -> Any:
        assert flow.entry is None
        return Proved({"other": Claim("x", Asserted("eidas1"))})

    opens = plays.Scripted(play, rpps=Asserted("eidas1"), other=Asserted("eidas1"))
    made = await house({"opens": opens, "one": plays.asks({"rpps": Claim(RPPS, by)})})
    visitor = await made.visitor()
    await visitor.begin()
    refused(await visitor.answer(), "not_recognised")
    assert await visitor.voter() is None


async def test_no_entry_at_the_end_is_refused(house: Any, plays: Any, refused: Any) -> None:
    """A branch in which everything is proved and nobody was selected lets nobody in."""
    opens = plays.asks({"other": Claim("x", Asserted("eidas3"))}, rpps=Asserted("eidas1"), other=Asserted("eidas1"))
    visitor = await (await house({"opens": opens})).visitor()
    await visitor.begin()
    refused(await visitor.answer(), "not_recognised")


async def test_an_asserted_field_that_is_no_key_selects_nobody(house: Any, plays: Any) -> None:
    """A provider's word for a field that the election does not name a key leaves the identifier to be asked."""
    made = await house({"one": plays.asks({"ordinal_number": plays.asserted("75/1")})})
    visitor = await made.visitor()
    shown = await visitor.begin()
    assert [one.name for one in shown.fields] == ["identifier"]


@pytest.mark.parametrize("value", ["75/1", "75/9", ""], ids=["another-voter-s", "nobody-s", "unlike"])
async def test_everything_else_is_compared_with_the_entry(house: Any, plays: Any, refused: Any, value: str) -> None:
    """A factor's own word that a roll field matched counts for nothing: the core compares it again."""
    lying = plays.asks({"ordinal_number": Claim(value or "other", Compared())})
    made = await house({"psc": plays.provider(RPPS), "lying": lying})
    visitor = await made.visitor()
    await visitor.begin()
    await visitor.come_back()
    refused(await visitor.answer(), "not_recognised")
    assert await visitor.voter() is None


async def test_an_asserted_key_of_somebody_else_than_the_identifier_is_refused(
    house: Any, plays: Any, refused: Any
) -> None:
    """Once the identifier has selected, another entry's asserted RPPS neither moves nor lets in; one's own does."""
    made = await house({"one": plays.asks({"nick": plays.claim("x")}), "psc": plays.provider("10000000001")})
    visitor = await made.visitor()
    await visitor.identify(await made.identifier(0))
    await visitor.answer()
    refused(await visitor.come_back(), "not_recognised")
    await visitor.identify(await made.identifier(1))
    await visitor.answer()
    assert isinstance(await visitor.come_back(), LoggedInShown)


async def test_a_stranger_s_identifier_is_not_saved_by_an_asserted_key(house: Any, plays: Any, refused: Any) -> None:
    """In a branch that asked the identifier nothing else selects: an unknown one stays unknown."""
    made = await house({"one": plays.asks({"nick": plays.claim("x")}), "psc": plays.provider(RPPS)})
    visitor = await made.visitor()
    await visitor.identify("ZZZZZZZ")
    await visitor.answer()
    refused(await visitor.come_back(), "not_recognised")


async def test_none_and_two_are_the_same_refusal(house: Any, plays: Any, make_elector: Any, refused: Any) -> None:
    """An RPPS that nobody has and one that two entries have are refused in the same words; one entry is let in."""
    voters = [make_elector(0), make_elector(1), make_elector(2, fields={"rpps": "10000000001"})]
    shown = []
    for value in ("99999999999", "10000000001", RPPS):
        visitor = await (await house({"psc": plays.provider(value)}, voters=voters)).visitor()
        await visitor.begin()
        shown.append(await visitor.come_back())
    none, two, one = shown
    refused(none, "not_recognised")
    assert none == two
    assert isinstance(one, LoggedInShown)


@pytest.mark.parametrize(
    ("vouched", "asks"),
    [
        ({"rpps": Asserted("eidas1")}, False),
        ({"rpps": Asserted("eidas1"), "nick": Typed()}, False),
        ({"rpps": Compared()}, True),
        ({"rpps": Typed()}, True),
        ({"ordinal_number": Asserted("eidas3")}, True),
        ({"elsewhere": Asserted("eidas3")}, True),
        ({"otp": Delivered("sms")}, True),
    ],
    ids=["key", "key-and-more", "compared", "typed", "no-key", "no-field", "delivered"],
)
async def test_the_identifier_is_asked_exactly_when_the_first_factor_asserts_no_key(
    house: Any, plays: Any, vouched: Any, asks: bool
) -> None:
    """It is the core's own first page, or the factor's form comes at once; what later factors assert is no matter."""
    first = plays.Scripted(lambda flow, event: Form(plays.Ask), **vouched)
    made = await house({"first": first, "psc": plays.provider(RPPS)})
    visitor = await made.visitor()
    shown = await visitor.begin()
    assert isinstance(shown, FormShown)
    assert ([one.name for one in shown.fields] == ["identifier"]) is asks
    assert (first.events == []) is asks
    assert (shown.step, shown.steps) == (1, 3 if asks else 2)


async def test_the_identifier_s_page_says_nothing_of_what_it_finds(house: Any, plays: Any) -> None:
    """What is empty once normalised is a stranger too: it goes on down the same path."""
    made = await house({"one": plays.compares()})
    pages = []
    for typed in (await made.identifier(), "ZZZZZZZ", "---"):
        visitor = await made.visitor()
        pages.append((await visitor.identify(typed)).title)
    assert len(set(pages)) == 1


async def test_a_factor_sees_an_opaque_handle_and_nothing_of_the_roll(house: Any, plays: Any) -> None:
    """`entry` and `matches` are all that a factor has of the roll: no contact detail, no value."""
    one = plays.Scripted(
        lambda flow, event: Proved({"nick": Claim("x", Typed())}) if isinstance(event, Submit) else Form(plays.Ask),
        nick=Typed(),
    )
    made = await house({"one": one})
    visitor = await made.visitor()
    await visitor.identify(await made.identifier())
    flow, _ = one.seen[0]
    entry = await made.entry()
    assert flow.entry.handle == entry.id
    assert flow.matches("rpps", "1000-0000000")
    assert not flow.matches("rpps", "10000000001")
    assert not flow.matches("email", entry.email)
    assert entry.email not in repr(flow)
    assert entry.mobile not in repr(flow)
