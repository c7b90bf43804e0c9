"""Which column is what: headers in French or English, however they are cased, accented or spaced."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from isoloir.config.election import ElectionFile

KIND = "_kind"
IDENTIFIER = "identifier"
IGNORED = "ignore"
REQUIRED = ("last_name", "first_name", "email", "college")

_NAMES: Mapping[str, str] = {
    "civility": "civilite civ titre title civility",
    "last_name": "nom noms nomdefamille nomusage nomdusage nompatronymique lastname surname familyname",
    "first_name": "prenom prenoms prenomusuel prenomdusage firstname firstnames givenname forename",
    "email": "courriel mel mail email mails emails emailpro mailpro courrielpro emailprofessionnel mailprofessionnel"
    " courrielprofessionnel adressemail adresseemail adressemel adressecourriel adresseelectronique"
    " adressedemessagerie messagerie adressemailprofessionnelle emailaddress mailaddress",
    "mobile": "mobile portable telephone tel phone gsm cell cellphone mobilephone mobilenumber phonenumber"
    " telmobile telportable telephonemobile telephoneportable numerodetelephone numerotelephone ntelephone"
    " ndetelephone numeromobile numerodemobile numerodetelephonemobile numeroportable numerodeportable"
    " numerodetelephoneportable nmobile nportable ndeportable ndemobile",
    "college": "college collegeelectoral electoralcollege",
    "contests": "scrutins scrutin contests contest",
    "locale": "langue language locale lang",
    IDENTIFIER: "identifiant identifiantdevote identifier voteridentifier voterid",
}
_FIELDS: Mapping[str, str] = {
    "rpps": "numerorpps numrpps nrpps norpps coderpps identifiantrpps idrpps rppsnumber rppsno rppsid",
    "ordinal_number": "numerodordre numeroordre numordre nordre ndordre noordre nodordre ordre"
    " numerodelordre numeroalordre numeroinscription numerodinscription numeroinscriptionordre"
    " numeroinscriptionalordre numerodinscriptionalordre numerodinscriptionordre ninscription ndinscription"
    " ndinscriptionalordre ninscriptionalordre noinscription nodinscription nodinscriptionalordre"
    " inscriptionordre numeroordinal ordinalnumber ordinal",
}
_KINDS = "typenumero typedenumero typenumeroordre typedenumerodordre naturenumero naturedunumero kind numberkind"


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a header: a stable code and the column it is about."""

    code: str
    column: str


def folded(name: str) -> str:
    """Return a header without case, accents, spaces or punctuation."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(sign for sign in plain if sign.isalnum() and not unicodedata.combining(sign))


def letter(place: int) -> str:
    """Return the name that a spreadsheet gives to the column at `place` (from 0): A, …, Z, AA, …"""
    name = ""
    number = place + 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = ascii_uppercase[rest] + name
    return name


def columns(
    election: ElectionFile, header: Sequence[str], mapped: Mapping[str, str] | None = None
) -> tuple[list[str], list[Mistake]]:
    """Return what each column is (``rpps``, ``ordinal_number_kind``, …; empty for none), and mistakes.

    `mapped` adds to the synonyms: header → column, or ``ignore``; it goes before the election file's own
    ``[roll.columns]``. Columns without a header at the end of the line are none.
    """
    known = _known(election)
    targets = {*known.values(), IGNORED}
    mistakes: list[Mistake] = []
    for name, target in {**election.roll.columns, **(mapped or {})}.items():
        if target in targets:
            known[folded(name)] = target
        else:
            mistakes.append(Mistake("roll_column_target", folded(target)[:40]))
    names = [folded(name) for name in header]
    while names and not names[-1]:
        names.pop()
    if len(names) > 1 and sum(name in known for name in names) < 2:
        return [], [*mistakes, Mistake("roll_header_missing", "")]
    found: list[str] = []
    for place, name in enumerate(names):
        column = known.get(name, "")
        if not column:
            mistakes.append(Mistake("roll_column_unknown", letter(place)))
        elif column in found and column != IGNORED:
            mistakes.append(Mistake("roll_column_twice", column))
        found.append(column)
    for column in (*REQUIRED, *election.roll.fields):
        if column not in found:
            mistakes.append(Mistake("roll_column_missing", column))
    return found, mistakes


def _known(election: ElectionFile) -> dict[str, str]:
    known = {
        synonym: column for column, synonyms in _NAMES.items() for synonym in (folded(column), *synonyms.split())
    }
    with_kinds = [name for name, declared in election.roll.fields.items() if declared.kinds]
    for name in election.roll.fields:
        for synonym in (folded(name), *_FIELDS.get(name, "").split()):
            known[synonym] = name
    for name in with_kinds:
        known[folded(name + KIND)] = name + KIND
        known[folded(f"type {name}")] = name + KIND
    if len(with_kinds) == 1:
        known |= dict.fromkeys(_KINDS.split(), with_kinds[0] + KIND)
    return known
