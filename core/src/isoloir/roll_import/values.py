"""What a cell must be: addresses, telephones, keys, colleges, contests, kinds."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

from isoloir.config.election import ElectionFile, RollField

OVERSEAS = ("GP", "RE", "MQ", "GF", "YT", "PM", "NC", "PF", "WF", "BL", "MF")
"""French territories whose own numbering is tried where a number is none of metropolitan France."""
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)
_PHONE = re.compile(r"\+?[0-9 .()/-]+")
_DIGITS = re.compile(r"[0-9 .-]+")
_MOBILE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
_KIND_WORDS = {"ordre": "ordinal", "substitut": "substitute", "ordinal": "ordinal", "substitute": "substitute"}
_LOCALES = {"": "fr", "fr": "fr", "francais": "fr", "french": "fr", "en": "en", "anglais": "en", "english": "en"}


class Bad(Exception):
    """A cell is refused; `code` is stable. The value itself is never carried along."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def email(cell: str) -> str:
    """Return an e-mail address as it stands, or empty; raises `Bad` ``roll_email_malformed``."""
    if cell and (len(cell) > 254 or not _EMAIL.fullmatch(cell) or ".." in cell):
        raise Bad("roll_email_malformed")
    return cell


def mobile(cell: str) -> str:
    """Return a mobile in E.164, or empty; raises `Bad` ``roll_mobile_malformed``, ``roll_mobile_not_mobile``.

    A number without a country is French: of the mainland, or else of a territory overseas.
    """
    if not cell:
        return ""
    plain = "".join(" " if sign.isspace() else sign for sign in unicodedata.normalize("NFKC", cell))
    number = _valid(plain) if _PHONE.fullmatch(plain) else None
    if number is None:
        raise Bad("roll_mobile_malformed")
    if phonenumbers.number_type(number) not in _MOBILE:
        raise Bad("roll_mobile_not_mobile")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _valid(plain: str) -> phonenumbers.PhoneNumber | None:
    for region in ("FR", *OVERSEAS):
        # An overseas mobile written with +33 is tried by its national form.
        national = re.sub(r"^\+33 ?(?:\(0\))?", "0", plain) if region != "FR" else plain
        try:
            number = phonenumbers.parse(national, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return number
    return None


def field(declared: RollField, cell: str) -> str:
    """Return a roll field; raises `Bad` ``roll_value_missing``, ``roll_key_malformed``, ``roll_value_long``."""
    if not cell:
        if declared.key or declared.secret:
            raise Bad("roll_value_missing")
        return ""
    if len(cell) > 64:
        raise Bad("roll_value_long")
    if declared.key and declared.normalise == "digits" and not _DIGITS.fullmatch(cell):
        raise Bad("roll_key_malformed")
    return cell


def kind(declared: RollField, cell: str) -> str:
    """Return a declared kind, the first for an empty cell; raises `Bad` ``roll_kind_unknown``."""
    word = _KIND_WORDS.get(cell.casefold(), cell.casefold())
    if not cell:
        return declared.kinds[0]
    if word not in declared.kinds:
        raise Bad("roll_kind_unknown")
    return word


def college(election: ElectionFile, cell: str) -> str:
    """Return a college of the election; raises `Bad` ``roll_value_missing``, ``roll_college_not_declared``."""
    if not cell:
        raise Bad("roll_value_missing")
    if cell not in election.colleges:
        raise Bad("roll_college_not_declared")
    return cell


def contests(election: ElectionFile, college: str, cell: str) -> tuple[str, ...]:
    """Return contests of the college (none named: all of it).

    Raises `Bad` ``roll_contest_not_declared``, ``roll_contest_of_another_college``, ``roll_contest_twice``.
    """
    names = tuple(name.strip() for name in re.split(r"[,|]", cell) if name.strip())
    known = {contest.id: contest for contest in election.contests}
    for name in names:
        if name not in known:
            raise Bad("roll_contest_not_declared")
        if college not in known[name].colleges:
            raise Bad("roll_contest_of_another_college")
    if len(set(names)) != len(names):
        raise Bad("roll_contest_twice")
    return names


def locale(cell: str) -> str:
    """Return ``fr`` or ``en``; raises `Bad` ``roll_language_unknown``."""
    word = unicodedata.normalize("NFKD", cell).encode("ascii", "ignore").decode().casefold()
    if word not in _LOCALES:
        raise Bad("roll_language_unknown")
    return _LOCALES[word]


def name(cell: str) -> str:
    """Return a name; raises `Bad` ``roll_value_missing``, ``roll_value_long``."""
    if not cell:
        raise Bad("roll_value_missing")
    if len(cell) > 200:
        raise Bad("roll_value_long")
    return " ".join(cell.split())
