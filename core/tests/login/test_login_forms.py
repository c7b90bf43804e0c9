"""The form shown is the core's to keep: it validates, redraws, and hands over an instance; secrets are not kept."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import pytest

from isoloir.hooks import FactorForm, Form, Proved, Submit
from isoloir.login.shown import FormShown, LoggedInShown

GOOD = {"answer": "x", "secret": "long enough"}


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        ({}, {"answer": "form.missing", "secret": "form.missing"}),
        ({"answer": "  ", "secret": "long enough"}, {"answer": "form.missing"}),
        ({"answer": "x" * 41, "secret": "long enough"}, {"answer": "form.too_long"}),
        ({"answer": "x" * 2000, "secret": "long enough"}, {"answer": "form.too_long"}),
        ({"answer": "x", "secret": "abc"}, {"secret": "form.too_short"}),
    ],
    ids=["nothing", "blank", "long", "endless", "short"],
)
async def test_what_the_form_refuses_never_reaches_the_factor(house: Any, plays: Any, data: Any, codes: Any) -> None:
    """The same page, with a sentence by field; the factor is not asked, and the page can be sent again (the twin)."""
    made = await house({"psc": plays.provider("10000000000"), "one": plays.asks({"nick": plays.claim("x")})})
    visitor = await made.visitor()
    await visitor.begin()
    before = await visitor.come_back()
    shown = await visitor.submit(before.form, **data)
    assert isinstance(shown, FormShown)
    assert shown.form == before.form
    assert sorted(shown.codes) == sorted(codes.values())
    assert {field.name for field in shown.fields if field.error} == set(codes)
    assert not any("form." in field.error for field in shown.fields)
    assert await visitor.show() == shown
    assert made.factors["one"].events == ["Start"]
    assert isinstance(await visitor.submit(shown.form, **GOOD), LoggedInShown)


async def test_a_valid_form_is_handed_over_as_an_instance(house: Any, plays: Any) -> None:
    """The factor gets its own model, stripped; keys that the form does not have are left out."""
    made = await house({"psc": plays.provider("10000000000"), "one": plays.asks({"nick": plays.claim("x")})})
    visitor = await made.visitor()
    await visitor.begin()
    await visitor.come_back()
    await visitor.submit(visitor.shown.form, answer="  x ", secret=" long enough", extra="1", csrf="2")
    _, event = made.factors["one"].seen[-1]
    assert event == Submit(plays.Ask(answer="x", secret="long enough"))


@pytest.mark.parametrize("by_the_core", [True, False])
async def test_what_was_typed_is_shown_again_but_for_secrets(house: Any, plays: Any, by_the_core: bool) -> None:
    """Whether the core or the factor sends a form back: the answer is there again, the secret is not, anywhere."""
    one = plays.Scripted(
        lambda flow, event: Form(plays.Ask, errors={"answer": "form.format"}), rpps=plays.asserted("").by
    )
    made = await house({"one": one})
    visitor = await made.visitor()
    await visitor.begin()
    secret = "§§§" if by_the_core else "a-secret-typed"  # in no random identifier of the session, whatever is drawn
    shown = await visitor.submit(visitor.shown.form, answer="typed", secret=secret)
    assert [field.value for field in shown.fields] == ["typed", ""]
    assert len(one.seen) == (1 if by_the_core else 2)
    session = await visitor.session()
    assert secret not in repr(session.elections)
    assert "typed" in repr(session.elections)


async def test_what_was_typed_is_gone_with_the_next_page(house: Any, plays: Any) -> None:
    """Twin: a form shown without errors is empty."""
    one = plays.Scripted(lambda flow, event: Form(plays.Ask), rpps=plays.asserted("").by)
    visitor = await (await house({"one": one})).visitor()
    await visitor.begin()
    shown = await visitor.answer("typed")
    assert [field.value for field in shown.fields] == ["", ""]


async def test_a_secondary_button_is_taken_where_it_is_shown(house: Any, plays: Any) -> None:
    """A button beside the form reaches the factor; the same name on a page without it does not."""
    steps = iter([Form(plays.Ask, also=(plays.Again,)), Form(plays.Ask)])
    one = plays.Scripted(lambda flow, event: next(steps), rpps=plays.asserted("").by)
    visitor = await (await house({"one": one})).visitor()
    shown = await visitor.begin()
    ((again, _),) = shown.also
    shown = await visitor.submit(again)
    assert isinstance(one.seen[-1][1].form, plays.Again)
    nonce = shown.form.partition(".")[2]
    assert (await visitor.submit(f"Again.{nonce}")).codes == ("login_moved_on",)
    assert len(one.seen) == 2


async def test_a_form_that_the_page_does_not_show_is_not_taken(house: Any, plays: Any) -> None:
    """Another form of the same factor, the core's own, or one of the next factor: told that the page is another."""

    class Other(FactorForm):
        pass

    class Two(plays.Scripted):  # type: ignore[name-defined,misc]
        forms: ClassVar[Any] = (plays.Ask, Other)

    one = Two(lambda flow, event: Form(plays.Ask), rpps=plays.asserted("").by)
    visitor = await (await house({"one": one})).visitor()
    nonce = (await visitor.begin()).form.partition(".")[2]
    for name in ("Other", "Identifier", "FactorForm", "", "__class__"):
        assert (await visitor.submit(f"{name}.{nonce}", **GOOD)).codes == ("login_moved_on",)
    assert one.events == ["Start"]


async def test_the_identifier_s_form_is_the_core_s(house: Any, plays: Any) -> None:
    """Nothing typed is asked again, without counting; too long is refused before the roll is read."""
    made = await house({"one": plays.compares()})
    visitor = await made.visitor()
    await visitor.begin()
    with made.statements() as noted:
        for typed in ("", "   ", "A" * 41):
            shown = await visitor.submit(visitor.shown.form, identifier=typed)
            assert shown.fields[0].error
    touched = " ".join(noted)
    assert "login_session" in touched
    assert "roll_key" not in touched
    assert not re.search(r"(INSERT INTO|UPDATE) login_failure", touched)
    assert made.factors["one"].events == []


async def test_a_validator_s_own_code_is_told_and_never_the_input(house: Any, plays: Any) -> None:
    """A form's validator gives a code of the plugin's; pydantic's own kinds become one plain code."""
    from pydantic import field_validator
    from pydantic_core import PydanticCustomError

    class Strict(FactorForm):
        number: str
        count: int = 0

        @field_validator("number")
        @classmethod
        def check(cls, value: str) -> str:
            raise PydanticCustomError("form.format", "must not be {value}", {"value": value})

    class With(plays.Scripted):  # type: ignore[name-defined,misc]
        forms: ClassVar[Any] = (Strict,)

    one = With(lambda flow, event: Form(Strict), rpps=plays.asserted("").by)
    visitor = await (await house({"one": one})).visitor()
    await visitor.begin()
    shown = await visitor.submit(visitor.shown.form, number="typed", count="no number")
    assert shown.codes == ("form.format", "form.invalid")
    assert not any("typed" in field.error or "no number" in field.error for field in shown.fields)


async def test_texts_of_a_form_speak_the_session_s_language(house: Any, plays: Any) -> None:
    """The identifier's page in French and in English; every place of a sentence is filled."""
    made = await house({"one": plays.compares()})
    titles = []
    for locale in ("fr", "en"):
        visitor = await made.visitor(locale=locale)
        shown = await visitor.begin()
        titles.append(shown.title)
        wrong = await visitor.submit(shown.form, identifier="")
        assert "{" not in repr(wrong)
    assert titles[0] != titles[1]


async def test_the_progress_shown_counts_the_identifier(house: Any, plays: Any) -> None:
    """Step n of m, the core's own page among them."""
    made = await house({"one": plays.asks({"nick": plays.claim("x")}), "two": plays.compares()})
    visitor = await made.visitor()
    seen = [await visitor.begin()]
    seen.append(await visitor.submit(seen[-1].form, identifier=await made.identifier()))
    seen.append(await visitor.answer())
    assert [(one.step, one.steps) for one in seen] == [(1, 3), (2, 3), (3, 3)]
    assert isinstance(await visitor.answer("75/0"), LoggedInShown)


async def test_who_is_known_so_far_is_shown_and_never_compared(house: Any, plays: Any) -> None:
    """A display name stays on the next pages; it need not be the roll's."""
    psc = plays.Scripted(lambda flow, event: Proved({"rpps": plays.asserted("10000000000")}, "Dr Somebody Else"),
                         rpps=plays.asserted("").by)  # fmt: skip
    made = await house({"psc": psc, "two": plays.compares()})
    visitor = await made.visitor()
    shown = await visitor.begin()
    assert shown.display == "Dr Somebody Else"
    shown = await visitor.answer("75/0")
    assert shown.voter.display == (await made.entry()).display
