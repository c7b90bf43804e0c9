"""Which column is what: headers in French or English, however they are cased, accented or spaced."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from isoloir.config.election import ElectionFile

KIND = "_kind"
REQUIRED = ("last_name", "first_name", "email", "college")

_NAMES: Mapping[str, Sequence[str]] = {
    "civility": ("civilite", "titre", "title", "civility"),
    "last_name": ("nom", "nomdefamille", "lastname", "surname", "familyname"),
    "first_name": ("prenom", "firstname", "givenname"),
    "email": ("courriel", "email", "mel", "mail", "adresseelectronique"),
    "mobile": ("mobile", "telephone", "telephonemobile", "portable", "phone", "mobilephone", "tel"),
    "college": ("college",),
    "contests": ("scrutins", "scrutin", "contests", "contest"),
    "locale": ("langue", "language", "locale"),
}
_FIELDS: Mapping[str, Sequence[str]] = {
    "rpps": ("numerorpps", "norpps", "rppsnumber"),
    "ordinal_number": ("numerodordre", "numeroordre", "numeroordinal", "ordinalnumber", "ordinal"),
}
_KINDS = ("typenumero", "typedenumero", "kind", "naturenumero", "numberkind")


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a header: a stable code and the column it is about."""

    code: str
    column: str


def folded(name: str) -> str:
    """Return a header without case, accents, spaces or punctuation."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(sign for sign in plain if sign.isalnum() and not unicodedata.combining(sign))


def columns(election: ElectionFile, header: Sequence[str]) -> tuple[list[str], list[Mistake]]:
    """Return what each column is (``rpps``, ``ordinal_number_kind``, …; empty for an unknown one), and mistakes."""
    known = _known(election)
    found: list[str] = []
    mistakes: list[Mistake] = []
    for number, name in enumerate(header, 1):
        column = known.get(folded(name), "")
        if not column:
            mistakes.append(Mistake("roll_column_unknown", str(number)))
        elif column in found:
            mistakes.append(Mistake("roll_column_twice", column))
        found.append(column)
    for column in (*REQUIRED, *election.roll.fields):
        if column not in found:
            mistakes.append(Mistake("roll_column_missing", column))
    return found, mistakes


def _known(election: ElectionFile) -> dict[str, str]:
    known = {synonym: column for column, synonyms in _NAMES.items() for synonym in synonyms}
    with_kinds = [name for name, declared in election.roll.fields.items() if declared.kinds]
    for name in election.roll.fields:
        for synonym in (folded(name), *_FIELDS.get(name, ())):
            known[synonym] = name
    for name in with_kinds:
        known[folded(name + KIND)] = name + KIND
        known[folded(f"type {name}")] = name + KIND
    if len(with_kinds) == 1:
        known |= dict.fromkeys(_KINDS, with_kinds[0] + KIND)
    return known
