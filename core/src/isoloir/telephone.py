"""Mobile numbers as people and spreadsheets write them, made E.164 (ITU-T). Plugins may use it too."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, cast

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType

OVERSEAS = ("GP", "RE", "MQ", "GF", "YT", "PM", "NC", "PF", "WF", "BL", "MF")
"""French territories whose own numbering is tried where a number is none of metropolitan France."""
_FRANCE = 33
_SIGNS = re.compile(r"\+?[0-9 .()/-]+")
_DASHES = str.maketrans({"‑": "-", "–": "-", "‐": "-", "−": "-"})
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_MAINLAND = re.compile(str(cast("Any", PhoneMetadata.metadata_for_region("FR")).mobile.national_number_pattern))
_USUAL = re.compile(r"(?:\+33|0)([67][0-9]{8})")


def number(typed: str) -> PhoneNumber | None:
    """Return the telephone number that somebody wrote, or `None` where there is none.

    A number without a country is French, of the mainland or else of a territory overseas (0690, 0692, 0694, 0696,
    0639 …); the same numbers written with +33 are understood too.
    """
    plain = unicodedata.normalize("NFKC", typed).translate(_DASHES).strip()
    plain = "".join(" " if sign.isspace() else sign for sign in plain)
    # phonenumbers would read letters as digits, and digits of every script.
    if not _SIGNS.fullmatch(plain):
        return None
    found = _parsed(plain, "FR")
    if found is None or phonenumbers.is_valid_number(found):
        return found
    if found.country_code != _FRANCE:
        return None
    national = f"0{found.national_number}"
    there = (_parsed(national, territory) for territory in OVERSEAS)
    return next((one for one in there if one is not None and phonenumbers.is_valid_number(one)), None)


def is_mobile(found: PhoneNumber) -> bool:
    """Say whether a number receives text messages, as far as its form tells."""
    return phonenumbers.number_type(found) in _MOBILE


def mobile(typed: str) -> str | None:
    """Return the mobile in E.164, or `None` when it is no mobile number."""
    # The usual way of writing, by the same pattern that the library goes by, for rolls of a million lines.
    usual = _USUAL.fullmatch(typed.replace(" ", ""))
    if usual and _MAINLAND.fullmatch(usual[1]):
        return f"+{_FRANCE}{usual[1]}"
    found = number(typed)
    if found is None or not is_mobile(found):
        return None
    return phonenumbers.format_number(found, PhoneNumberFormat.E164)


def masked(e164: str) -> str:
    """Return an E.164 number as it may be shown: ``06 •• •• •• 78``, ``+2626 •• •• •• 56``."""
    start = f"0{e164[3]}" if e164.startswith(f"+{_FRANCE}") else e164[:5]
    return f"{start} •• •• •• {e164[-2:]}"


def _parsed(plain: str, region: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException:
        return None
