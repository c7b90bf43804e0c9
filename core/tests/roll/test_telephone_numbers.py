"""Mobile numbers: read as people write them, in one way for the roll and for what a voter types."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoloir import telephone


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0612345678", "+33612345678"),
        ("06 12 34 56 78", "+33612345678"),
        ("06.12.34.56.78", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("0033612345678", "+33612345678"),
        ("０６１２３４５６７８", "+33612345678"),
        ("06\u202f12\u00a034 56 78", "+33612345678"),
        ("0690123456", "+590690123456"),
        ("0692123456", "+262692123456"),
        ("+33692123456", "+262692123456"),
        ("0694201234", "+594694201234"),
        ("0696201234", "+596696201234"),
        ("0639012345", "+262639012345"),
        ("+262692123456", "+262692123456"),
        ("+41781234567", "+41781234567"),
    ],
)
def test_mobiles_are_understood(typed: str, number: str) -> None:
    """Mainland, overseas and foreign mobiles, however they are spaced, become E.164."""
    assert telephone.mobile(typed) == number


@pytest.mark.parametrize(
    "typed", ["", "+", "0712345678", "0123456789", "0262123456", "112", "06123456789", "06a2345678", "06;12345678"]
)
def test_other_numbers_are_not(typed: str) -> None:
    """Land lines, numbers never given out, letters and short numbers are nothing."""
    assert telephone.mobile(typed) is None


def test_a_typed_mobile_is_masked() -> None:
    """Two digits at either end, no more."""
    assert telephone.masked("+33612345678") == "06 •• •• •• 78"
    assert telephone.masked("+262692123456") == "+2626 •• •• •• 56"


@given(st.from_regex(r"(0|\+33)[67][0-9]{8}", fullmatch=True))
def test_the_quick_way_says_what_the_library_says(typed: str) -> None:
    """Numbers in the usual form: taken exactly when the library finds a mobile, and made the same E.164."""
    found = telephone.number(typed)
    slow = None
    if found is not None and telephone.is_mobile(found):
        slow = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
    assert telephone.mobile(typed) == slow


@pytest.mark.parametrize("region", telephone.OVERSEAS)
def test_every_territory_overseas_is_understood(region: str) -> None:
    """The library's own example of a mobile, written nationally and in E.164."""
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    assert telephone.mobile(e164) == e164
    if region not in ("PM", "NC", "PF", "WF"):  # six digits or eight, without a 0: written with their own code
        assert telephone.mobile(f"0{example.national_number}") in (e164, f"+590{example.national_number}")
