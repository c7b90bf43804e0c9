"""Eligibility, warnings about rolls, and the numbers themselves."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoloir.hooks import Allowed, Asserted, Claim, Compared, ContestView, Delivered, Refused, Typed
from isoloir_ordinal_check import numbers
from isoloir_ordinal_check.eligibility import OrdinalEligibility, OrdinalEligibilityConfig
from isoloir_ordinal_check.roll_check import OrdinalRollCheck

CONTEST = ContestView("cspm", ("ph",))


@dataclass
class Voter:
    number: str
    college: str = "ph"

    def matches(self, field: str, value: str) -> bool:
        return field == "ordinal_number" and value == self.number


async def check(claims: dict[str, Claim], number: str = "7512345") -> object:
    return await OrdinalEligibility().check(OrdinalEligibilityConfig(), Voter(number), claims, CONTEST)


@pytest.mark.parametrize("by", [Compared(), Asserted("eidas1")])
async def test_the_voters_own_number_allows(by: Compared | Asserted) -> None:
    """Compared by us or asserted by a provider, and the roll's: allowed."""
    assert await check({"ordinal_number": Claim("7512345", by)}) == Allowed()


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({}, "ordinal_not_proved"),
        ({"rpps": Claim("7512345", Compared())}, "ordinal_not_proved"),
        ({"ordinal_number": Claim("7512345", Typed())}, "ordinal_not_proved"),
        ({"ordinal_number": Claim("7512345", Delivered("sms"))}, "ordinal_not_proved"),
        ({"ordinal_number": Claim("7512346", Compared())}, "ordinal_not_the_rolls"),
        ({"ordinal_number": Claim("", Compared())}, "ordinal_not_the_rolls"),
    ],
)
async def test_anything_else_refuses(claims: dict[str, Claim], code: str) -> None:
    """Nothing claimed, only typed, or another's number: refused."""
    assert await check(claims) == Refused(code)


SOUND = {"rpps": "10001234565", "ordinal_number": "75/12345", "ordinal_number_kind": "ordinal"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"rpps": "10001234567"}, [("rpps", "rpps_luhn")]),
        ({"ordinal_number": ""}, [("ordinal_number", "ordinal_missing")]),
        ({"ordinal_number": " - "}, [("ordinal_number", "ordinal_missing")]),
        ({"ordinal_number_kind": ""}, [("ordinal_number", "ordinal_kind_missing")]),
        ({"ordinal_number": "75"}, [("ordinal_number", "ordinal_short")]),
        ({"ordinal_number": "10001234565"}, [("ordinal_number", "ordinal_is_rpps")]),
        ({"ordinal_number": "75O12345"}, [("ordinal_number", "ordinal_look_alike")]),
        ({"ordinal_number": "7512345l"}, [("ordinal_number", "ordinal_look_alike")]),
        ({"ordinal_number": "LOIRE-75A"}, []),
        ({"ordinal_number": "7,5E+06"}, [("ordinal_number", "ordinal_spreadsheet")]),
        ({"ordinal_number": "7512345.0"}, [("ordinal_number", "ordinal_spreadsheet")]),
    ],
)
def test_probable_mistakes_are_warned_of(changes: dict[str, str], expected: list[tuple[str, str]]) -> None:
    """Each probable mistake is named with its field, and a sound line gives none."""
    found = OrdinalRollCheck().warnings({**SOUND, **changes})
    assert [(warning.field, warning.code) for warning in found] == expected


def test_a_roll_without_these_fields_is_left_alone() -> None:
    """An election without ordinal numbers gets no warning about them."""
    assert OrdinalRollCheck().warnings({"staff_number": "1"}) == []


@pytest.mark.parametrize(("digits", "sound"), [("79927398713", True), ("79927398710", False), ("10001234565", True)])
def test_luhn(digits: str, sound: bool) -> None:
    """The standard's own example is recognised, and a wrong check digit too."""
    assert numbers.luhn(digits) is sound


@given(st.text(alphabet="0123456789", min_size=11, max_size=11), st.integers(0, 10), st.integers(1, 9))
def test_luhn_sees_every_wrong_digit(digits: str, place: int, shift: int) -> None:
    """Of any sound number, any one digit changed makes it unsound."""
    sound = next(digits[:-1] + last for last in "0123456789" if numbers.luhn(digits[:-1] + last))
    wrong = sound[:place] + str((int(sound[place]) + shift) % 10) + sound[place + 1 :]
    assert numbers.luhn(sound)
    assert not numbers.luhn(wrong)


@given(st.text(max_size=30))
def test_an_rpps_is_eleven_ascii_digits_or_nothing(typed: str) -> None:
    """Whatever is typed, the result is eleven ASCII digits or nothing."""
    found = numbers.rpps(typed)
    assert found is None or (len(found) == 11 and found.isascii() and found.isdigit())
