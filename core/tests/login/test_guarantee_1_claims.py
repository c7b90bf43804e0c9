"""Guarantee 1: claims may be added, never contradicted; undeclared or otherwise vouched claims are refused."""

from __future__ import annotations

from typing import Any

import pytest

from isoloir.hooks import Asserted, Claim, Compared, Delivered, Proved, Typed
from isoloir.login.shown import LoggedInShown

RPPS = "10000000000"
FIRST = Claim(RPPS, Asserted("eidas1"))


async def test_a_second_claim_is_added(house: Any, plays: Any) -> None:
    """Twin of all below: two factors that agree let the voter in, with the claims of both."""
    two = plays.asks({"ordinal_number": Claim("75/0", Compared())})
    visitor = await (await house({"psc": plays.provider(RPPS), "two": two})).visitor()
    await visitor.begin()
    await visitor.come_back()
    shown = await visitor.answer()
    assert isinstance(shown, LoggedInShown)
    assert dict(shown.voter.claims) == {"rpps": FIRST, "ordinal_number": Claim("75/0", Compared())}


@pytest.mark.parametrize("said_again", ["10000000000", "1000 000 00 00", " 10000000000 ", "１００００００００００"])
async def test_the_same_value_written_otherwise_contradicts_nothing(house: Any, plays: Any, said_again: str) -> None:
    """What the election's normaliser makes equal is equal; the first claim stands."""
    two = plays.asks({"rpps": Claim(said_again, Compared())})
    visitor = await (await house({"psc": plays.provider(RPPS), "two": two})).visitor()
    await visitor.begin()
    await visitor.come_back()
    shown = await visitor.answer()
    assert isinstance(shown, LoggedInShown)
    assert shown.voter.claims == {"rpps": FIRST}


async def test_a_contradiction_ends_the_attempt(house: Any, plays: Any, refused: Any) -> None:
    """RPPS 2 after RPPS 1 is refused even though RPPS 2 is on the roll; nothing of the attempt is left."""
    two = plays.asks({"rpps": Claim("10000000001", Asserted("eidas3"))})
    visitor = await (await house({"psc": plays.provider(RPPS), "two": two})).visitor()
    await visitor.begin()
    await visitor.come_back()
    refused(await visitor.answer(), "claim_contradicted")
    refused(await visitor.show(), "login_not_begun")
    assert await visitor.voter() is None


async def test_the_identifier_cannot_be_contradicted(house: Any, plays: Any, refused: Any) -> None:
    """A factor that proves another identifier than the one given ends the attempt; the same one does not."""
    values = iter(["ZZZZZZZ", None])

    def play(flow: Any, event: Any) -> Any:
        given = next(values) or flow.claims["identifier"].value.lower()
        return Proved({"identifier": Claim(given, Typed())})

    made = await house({"one": plays.Scripted(play, identifier=Typed())})
    visitor = await made.visitor()
    refused(await visitor.identify(await made.identifier()), "claim_contradicted")
    assert isinstance(await visitor.identify(await made.identifier()), LoggedInShown)


@pytest.mark.parametrize(
    ("declared", "claims"),
    [
        ({"rpps": Compared()}, {"ordinal_number": Claim("75/0", Compared())}),
        ({"rpps": Compared()}, {"rpps": Claim(RPPS, Compared()), "extra": Claim("x", Typed())}),
        ({"rpps": Compared()}, {"rpps": FIRST}),
        ({"rpps": Asserted("eidas2")}, {"rpps": FIRST}),
        ({"rpps": Asserted("eidas1")}, {"rpps": Claim(RPPS, Asserted("eidas9"))}),
        ({"otp": Delivered("sms", "typed")}, {"otp": Claim("x", Delivered("sms", "roll"))}),
        ({"otp": Delivered("sms")}, {"otp": Claim("x", Delivered("email"))}),
        ({"nick": Typed()}, {"nick": Claim("x", Compared())}),
        ({"rpps": Compared()}, {}),
        ({"rpps": Compared()}, {"rpps": Claim("", Compared())}),
        ({"rpps": Compared()}, {"rpps": Claim("no digit", Compared())}),
        ({"nick": Typed()}, {"nick": Claim("  ", Typed())}),
    ],
    ids=["undeclared", "undeclared-beside", "asserted-for-compared", "lower-level", "unknown-level", "roll-for-typed",
         "other-channel", "compared-for-typed", "none", "empty", "empty-once-normalised", "blank"],
)  # fmt: skip
async def test_claims_that_were_not_declared_so_are_a_fault_of_the_plugin(
    house: Any, plays: Any, refused: Any, caplog: pytest.LogCaptureFixture, declared: Any, claims: Any
) -> None:
    """Undeclared, vouched otherwise, or empty: refused, logged with the factor's name, and nobody is in."""
    made = await house({"one": plays.asks(claims, **declared)})
    visitor = await made.visitor()
    await visitor.begin()
    if "identifier" in [one.name for one in visitor.shown.fields]:
        await visitor.submit(visitor.shown.form, identifier=await made.identifier())
    refused(await visitor.answer(), "factor_failed")
    assert await visitor.voter() is None
    assert "factor one (one) failed: claim_" in caplog.text
    assert RPPS not in caplog.text


async def test_a_better_level_than_declared_is_as_declared(house: Any, plays: Any) -> None:
    """Twin: an assertion at a higher level than the factor promises is accepted."""
    one = plays.asks({"rpps": Claim(RPPS, Asserted("eidas3"))}, rpps=Asserted("eidas1"))
    visitor = await (await house({"one": one})).visitor()
    await visitor.begin()
    assert isinstance(await visitor.answer(), LoggedInShown)


async def test_a_level_below_the_election_s_is_refused(house: Any, plays: Any, refused: Any) -> None:
    """The policy's minimum holds when a key is asserted; at the minimum it lets in."""
    label = {"fr": "w", "en": "w"}
    policy = {"minimum_level": "eidas2", "any": [{"id": "way", "label": label, "all": ["psc"]}]}
    low = await (await house({"psc": plays.provider(RPPS, level="eidas1")}, policy=policy)).visitor()
    await low.begin()
    refused(await low.come_back(), "assurance_too_low")
    enough = await (await house({"psc": plays.provider(RPPS, level="eidas2")}, policy=policy)).visitor()
    await enough.begin()
    assert isinstance(await enough.come_back(), LoggedInShown)
