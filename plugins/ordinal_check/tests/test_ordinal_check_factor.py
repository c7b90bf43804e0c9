"""The factor's own promises: what it asks, what it compares, and that a miss tells nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from isoloir.hooks import Asserted, Claim, Compared, Delivered, Form, Proved, Refused, Start, Submit, Tick
from isoloir_ordinal_check.factor import COUNTER, OrdinalConfig, OrdinalFactor, OrdinalNumber, RppsAndOrdinalNumber

FACTOR = OrdinalFactor()
CONFIG = OrdinalConfig()
RIGHT = RppsAndOrdinalNumber(rpps="10001234567", number="7512345")
ASSERTED = {"rpps": Claim("10001234567", Asserted("eidas1"))}


async def answer(flow: Any, form: Any, config: OrdinalConfig = CONFIG) -> Any:
    step = await FACTOR.advance(config, flow, Submit(form))
    if isinstance(step, Form):
        flow.state = json.loads(json.dumps(step.state))
    return step


async def test_both_numbers_are_asked_when_nothing_is_proved(make_flow: Any) -> None:
    """Without an RPPS among the claims, both numbers are asked and both are proved as compared."""
    flow = make_flow()
    step = await FACTOR.advance(CONFIG, flow, Start())
    assert isinstance(step, Form)
    assert step.model is RppsAndOrdinalNumber
    assert await answer(flow, RIGHT) == Proved(
        {"rpps": Claim("10001234567", Compared()), "ordinal_number": Claim("7512345", Compared())}
    )


async def test_a_proved_rpps_is_not_asked_again(make_flow: Any) -> None:
    """With an RPPS asserted before, the number alone is asked, compared and proved."""
    flow = make_flow(claims=dict(ASSERTED))
    step = await FACTOR.advance(CONFIG, flow, Start())
    assert isinstance(step, Form)
    assert step.model is OrdinalNumber
    proved = await answer(flow, OrdinalNumber(number=" 75 123-45 "))
    assert proved == Proved({"ordinal_number": Claim("7512345", Compared())})


async def test_a_form_of_another_step_proves_nothing(make_flow: Any) -> None:
    """The short form does not serve where the long one is asked."""
    flow = make_flow()
    step = await answer(flow, OrdinalNumber(number="7512345"))
    assert isinstance(step, Form)
    assert step.model is RppsAndOrdinalNumber
    assert flow.compared == []


@pytest.mark.parametrize("typed", ["10 001 234 567", "１０００１２３４５６７", "\u00a010001234567\u202f"])
async def test_spaces_and_wide_digits_do_not_count(make_flow: Any, typed: str) -> None:
    """Spaces of any kind and full-width digits are the same number."""
    assert isinstance(await answer(make_flow(), RppsAndOrdinalNumber(rpps=typed, number="7512345")), Proved)


@pytest.mark.parametrize(
    "typed",
    ["1000123456", "100012345678", "1OOO1234567", "١٠٠٠١٢٣٤٥٦٧", "10001234567x", "-10001234567", "1000１²3456"],
)
async def test_what_is_no_rpps_is_said_and_not_counted(make_flow: Any, typed: str) -> None:
    """A malformed RPPS, look-alikes too, is told at its field; nothing is compared, no try is lost."""
    flow = make_flow()
    step = await answer(flow, RppsAndOrdinalNumber(rpps=typed, number="7512345"))
    assert isinstance(step, Form)
    assert step.errors == {"rpps": "rpps_malformed"}
    assert flow.compared == []
    assert not flow.attempts.failed


async def test_a_luhn_mismatch_is_no_refusal(make_flow: Any) -> None:
    """Official examples fail Luhn: the roll alone decides."""
    assert isinstance(await answer(make_flow(), RIGHT), Proved)


@pytest.mark.parametrize(("rpps", "number"), [("10001234568", "7512345"), ("10001234567", "1"), ("10001234568", "1")])
async def test_a_miss_does_not_say_which_number_was_wrong(make_flow: Any, rpps: str, number: str) -> None:
    """Whichever is wrong: both compared, one try lost, the same step; so for somebody who is not on the roll."""
    form = RppsAndOrdinalNumber(rpps=rpps, number=number)
    flow, nobody = make_flow(), make_flow(entry=None, claims={"identifier": Claim("ZZ", Delivered("email"))})
    steps = [await answer(flow, form), await answer(nobody, form)]
    for step in steps:
        assert isinstance(step, Form)
        assert step.errors == {"": "ordinal_mismatch"}
        assert step.values == {"left": "4"}
    assert flow.compared == nobody.compared == ["rpps", "ordinal_number"]
    assert sum(flow.attempts.failed.values()) == sum(nobody.attempts.failed.values()) == 1


async def test_somebody_who_is_not_on_the_roll_never_proves(make_flow: Any) -> None:
    """Right numbers without an entry are a miss, counted under what was claimed, in every window alike."""
    first = make_flow(entry=None, claims={"identifier": Claim("ZZ", Delivered("email"))})
    second = make_flow(entry=None, claims=dict(first.claims), attempts=first.attempts)
    assert isinstance(await answer(first, RIGHT), Form)
    assert isinstance(await answer(second, RIGHT), Form)
    assert list(first.attempts.failed.values()) == [2]


async def test_too_many_misses_end_the_login(make_flow: Any) -> None:
    """The last miss that one login may have refuses, and the tries left were told all along."""
    flow = make_flow()
    wrong = RppsAndOrdinalNumber(rpps="10001234567", number="0")
    seen = [await answer(flow, wrong) for _ in range(5)]
    assert [step.values["left"] for step in seen[:4]] == ["4", "3", "2", "1"]
    assert [step.errors[""] for step in seen[:4]] == ["ordinal_mismatch"] * 3 + ["ordinal_mismatch_last"]
    assert seen[4] == Refused("ordinal_attempts_exhausted")


async def test_the_counter_across_windows_is_told(make_flow: Any) -> None:
    """Fewer tries left by the entry's counter than by this login: the smaller is told."""
    flow = make_flow()
    flow.attempts.limit = 1
    step = await answer(flow, RppsAndOrdinalNumber(rpps="10001234567", number="0"))
    assert step.errors == {"": "ordinal_mismatch_wait"}
    assert step.values == {"left": "0"}


async def test_while_it_must_wait_nothing_is_compared(make_flow: Any) -> None:
    """The counter is asked before the comparison: even the right numbers wait, and the minutes are told."""
    flow = make_flow()
    flow.attempts.waits = True
    step = await answer(flow, RIGHT)
    assert step.errors == {"": "ordinal_wait"}
    assert step.values == {"minutes": "5"}
    assert flow.compared == []


async def test_two_windows_do_not_compare_at_once(make_flow: Any) -> None:
    """While another window holds the comparison, nothing is compared and nothing counted."""
    flow = make_flow(busy=True)
    step = await answer(flow, RIGHT)
    assert step.errors == {"": "ordinal_busy"}
    assert flow.compared == []
    assert flow.attempts.checked == 0


async def test_an_unexpected_event_asks_again(make_flow: Any) -> None:
    """A tick that nobody asked for proves nothing and keeps the misses."""
    flow = make_flow()
    await answer(flow, RppsAndOrdinalNumber(rpps="10001234567", number="0"))
    step = await FACTOR.advance(CONFIG, flow, Tick())
    assert isinstance(step, Form)
    assert step.state["misses"] == 1


async def test_the_number_fields_are_configurable(make_flow: Any) -> None:
    """Without RPPS in the roll, the number alone is asked, vouched for and compared under its own name."""
    config = OrdinalConfig(ask_rpps="never", number_field="ordinal_number")
    assert FACTOR.vouches(config) == {"ordinal_number": Compared()}
    assert FACTOR.vouches(CONFIG) == {"rpps": Compared(), "ordinal_number": Compared()}
    flow = make_flow()
    assert isinstance(await answer(flow, OrdinalNumber(number="7512345"), config), Proved)


async def test_misses_are_counted_under_one_name(make_flow: Any) -> None:
    """The counter's name is the factor's own, for the entry itself."""
    flow = make_flow()
    await answer(flow, RppsAndOrdinalNumber(rpps="10001234567", number="0"))
    assert dict(flow.attempts.failed) == {(COUNTER, flow.entry): 1}
