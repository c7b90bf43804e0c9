"""What a cell must be: addresses, telephones, keys, colleges, contests, kinds."""

from __future__ import annotations

import re
import unicodedata

from isoloir import telephone
from isoloir.config.election import ElectionFile, RollField
from isoloir.normalise import NORMALISERS
from isoloir.roll_import import damage

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)
_DIGITS = re.compile(r"[0-9 .-]+")
_WITHOUT_ZERO = re.compile(r"[1-9][0-9]{8}")
_KIND_WORDS = {"ordre": "ordinal", "substitut": "substitute"}
_LOCALES = {"": "fr", "fr": "fr", "francais": "fr", "french": "fr", "en": "en", "anglais": "en", "english": "en"}


class Bad(Exception):
    """A cell is refused; `code` is stable. The value itself is never carried along."""

    def __init__(self, code: str, **where: int) -> None:
        super().__init__(code)
        self.code = code
        self.where = where


def email(cell: str) -> str:
    """Return an e-mail address as it stands, or empty; raises `Bad` ``roll_email_malformed``."""
    if cell and (len(cell) > 254 or not _EMAIL.fullmatch(cell) or ".." in cell):
        raise Bad("roll_email_malformed")
    return cell


def mobile(cell: str) -> str:
    """Return a mobile in E.164, or empty.

    Raises `Bad` ``roll_mobile_malformed``, ``roll_mobile_not_mobile``, or what a spreadsheet did to it.
    """
    if not cell:
        return ""
    found = telephone.mobile(cell)
    if found is None:
        if code := damage.of_number(cell):
            raise Bad(code)
        known = telephone.number(cell)
        raise Bad("roll_mobile_malformed" if known is None else "roll_mobile_not_mobile")
    return found


def lost_zero(cell: str) -> bool:
    """Say whether a mobile is written as a spreadsheet leaves a number: without its 0."""
    return _WITHOUT_ZERO.fullmatch(cell) is not None


def field(declared: RollField, cell: str) -> str:
    """Return a roll field.

    Raises `Bad` ``roll_value_missing``, ``roll_key_malformed``, ``roll_value_long``, ``roll_zero_lost`` and
    ``roll_value_length`` (of another length than the election file declares), or what a spreadsheet did to it.
    """
    if not cell:
        if declared.key or declared.secret:
            raise Bad("roll_value_missing")
        return ""
    if len(cell) > 64:
        raise Bad("roll_value_long")
    if code := damage.of_number(cell):
        raise Bad(code)
    if declared.key and declared.normalise == "digits" and not _DIGITS.fullmatch(cell):
        raise Bad("roll_key_malformed")
    if declared.length:
        found = len(NORMALISERS[declared.normalise](cell))
        if found == declared.length - 1 and declared.normalise == "digits":
            raise Bad("roll_zero_lost", found=found, expected=declared.length)
        if found != declared.length:
            raise Bad("roll_value_length", found=found, expected=declared.length)
    return cell


def kind(declared: RollField, cell: str) -> str:
    """Return a declared kind, the first for an empty cell; raises `Bad` ``roll_kind_unknown``."""
    if not cell:
        return declared.kinds[0]
    word = cell.casefold()
    for known in (word, _KIND_WORDS.get(word)):
        if known in declared.kinds:
            return str(known)
    raise Bad("roll_kind_unknown")


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


def identifier(election: ElectionFile, cell: str) -> str:
    """Return an identifier that was drawn for this election, or empty; raises `Bad` ``roll_identifier_malformed``."""
    drawn = NORMALISERS["alphanumeric"](cell)
    rule = election.identifiers
    if cell and (len(drawn) != rule.length or not set(drawn) <= set(rule.alphabet)):
        raise Bad("roll_identifier_malformed")
    return drawn


def locale(cell: str) -> str:
    """Return ``fr`` or ``en``; raises `Bad` ``roll_language_unknown``."""
    word = unicodedata.normalize("NFKD", cell).encode("ascii", "ignore").decode().casefold()
    if word not in _LOCALES:
        raise Bad("roll_language_unknown")
    return _LOCALES[word]


def name(cell: str) -> str:
    """Return a name on one line; raises `Bad` ``roll_value_missing``, ``roll_value_long``."""
    if not cell:
        raise Bad("roll_value_missing")
    return title(cell)


def title(cell: str) -> str:
    """Return a title on one line, or empty; raises `Bad` ``roll_value_long``."""
    if len(cell) > 200:
        raise Bad("roll_value_long")
    return " ".join(cell.split())
