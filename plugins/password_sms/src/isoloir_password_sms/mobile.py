"""Mobile numbers as voters type them, made E.164."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

OVERSEAS = ("GP", "RE", "MQ", "GF", "YT", "PM", "NC", "PF", "WF", "BL", "MF")
"""French territories whose own numbering is tried where a number is none of metropolitan France."""
_SIGNS = re.compile(r"\+?[0-9 .()/-]+")
_FRANCE = 33
_TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def parse(typed: str) -> str | None:
    """Return the mobile number in E.164 (ITU-T), or `None` when it is no mobile number.

    A number without a country is French, of the mainland or else of a territory overseas (0690, 0692, 0694, 0696,
    0639 …); the same numbers typed with +33 are understood too.
    """
    plain = unicodedata.normalize("NFKC", typed).replace("‑", "-").replace("–", "-").strip()
    plain = "".join(" " if sign.isspace() else sign for sign in plain)
    # phonenumbers would read letters as digits, and digits of every script.
    if not _SIGNS.fullmatch(plain):
        return None
    number = _valid(plain, "FR")
    if number is None or phonenumbers.number_type(number) not in _TYPES:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def masked(number: str) -> str:
    """Return an E.164 number as it may be shown: ``06 •• •• •• 78``, ``+2626 •• •• •• 56``."""
    start = f"0{number[3]}" if number.startswith(f"+{_FRANCE}") else number[:5]
    return f"{start} •• •• •• {number[-2:]}"


def _valid(plain: str, region: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_valid_number(number):
        return number
    if number.country_code != _FRANCE:
        return None
    national = f"0{number.national_number}"
    for territory in OVERSEAS:
        try:
            there = phonenumbers.parse(national, territory)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(there):
            return there
    return None
