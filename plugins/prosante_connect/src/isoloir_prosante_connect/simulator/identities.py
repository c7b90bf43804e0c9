"""Invented professionals, in every shape that the real provider sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_REALM: Final = "550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd"
_KINDS: Final = {"0": "ADELI", "3": "FINESS", "5": "SIRET", "8": "RPPS"}


@dataclass(frozen=True)
class Identity:
    """Somebody who may log in: `id` chooses them in the form, `note` says what is particular to them."""

    id: str
    number: str
    name: str
    note: str
    userinfo: Mapping[str, Any] = field(repr=False)
    acr: str | None = "eidas1"

    @property
    def subject(self) -> str:
        """The ``sub`` of the tokens."""
        return str(self.userinfo["sub"])


def identity(
    number: str,
    first: str,
    last: str,
    *,
    id: str | None = None,
    civility: str = "DR",
    note: str = "",
    acr: str | None = "eidas1",
    practices: int = 1,
    activities: int | None = 1,
    origin: str | None = None,
    leave_out: Iterable[str] = (),
    blank: bool = False,
) -> Identity:
    """Make an identity of the shape of the reference; `number` is the national identifier, prefix and all.

    `activities` `None` leaves the key out; `blank` empties every text that nothing depends on.
    """
    practice: dict[str, Any] = {
        "codeProfession": "10",
        "codeCategorieProfessionnelle": "C",
        "codeCiviliteDexercice": civility,
        "nomDexercice": last,
        "prenomDexercice": first,
        "codeTypeSavoirFaire": "" if blank else "S",
        "codeSavoirFaire": "" if blank else "SM26",
    }
    if activities is not None:
        practice["activities"] = [_activity(index, blank=blank) for index in range(activities)]
    userinfo: dict[str, Any] = {
        "sub": f"f:{_REALM}:{number}",
        "preferred_username": number,
        "SubjectNameID": number,
        "given_name": first,
        "family_name": last,
        "authMode": "CARD",
        "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
        "SubjectRole": [] if blank else ["10^1.2.250.1.213.1.1.5.5"],
        "SubjectOrganization": "" if blank else "HOPITAL GENERIQUE",
        "SubjectOrganizationID": "" if blank else "F0B0193488",
        "Secteur_Activite": "" if blank else "SA01^1.2.250.1.71.4.2.4",
        "PSI_Locale": "1.2.250.1.213.1.3.1.1",
        "UITVersion": "1.0",
        "otherIds": [{"identifiant": number, "origine": origin or _KINDS.get(number[0], ""), "qualite": 1}],
        "SubjectRefPro": {"codeCivilite": "" if blank else "M", "exercices": [practice] * practices},
    }
    for name in leave_out:
        del userinfo[name]
    shown = f"{first.title()} {last.title()}"
    return Identity(id or number, number, shown, note, userinfo, acr)


def _activity(index: int, *, blank: bool) -> dict[str, str]:
    return {
        "codeModeExercice": "" if blank else "S",
        "codeSecteurDactivite": "" if blank else "SA01",
        "numeroFinessSite": "" if blank else f"0B019348{index}",
        "raisonSocialeSite": "" if blank else "HOPITAL GENERIQUE",
        "autoriteDenregistrement": "" if blank else "CNOM/CNOM/ARS",
    }


DEFAULT: Final = identity("899700000017", "ALIX", "MARTIN", note="un exercice, une activité")

SHAPES: Final[tuple[Identity, ...]] = (
    DEFAULT,
    identity("899700000025", "CAMILLE", "BERNARD-LEROY", note="deux exercices, cinq activités", practices=2,
             activities=5),
    identity("899700000033", "DOMINIQUE", "PETIT", note="aucune activité", activities=None),
    identity("899700000041", "SACHA", "MOREAU", note="mode d’authentification absent", leave_out=("authMode",)),
    identity("899700000058", "CLAUDE", "ROUX", note="niveau eidas2", acr="eidas2", civility="PR"),
    identity("899700000066", "MAXIME", "GIRARD", note="niveau absent", acr=None),
    identity("899700000074", "LOU", "FAURE", note="textes vides", civility="", blank=True),
    identity("099700018", "ANDREA", "BLANC", id="adeli", note="numéro ADELI seul", civility="MME"),
    identity("30B0193488/CPET00001", "NOA", "GARNIER", id="finess", note="numéro interne d’établissement (FINESS)"),
    identity("526700000000015/0001", "ELI", "CHEVALIER", id="siret", note="numéro interne d’employeur (SIRET)"),
    identity("ANS20231122132732", "TESSA", "ESSAI", id="edit", note="identité de test de l’agence", origin="EDIT"),
)  # fmt: skip
"""One identity of each shape; the first is chosen when nobody chooses."""


def from_roll(rows: Iterable[tuple[str, str, str, str]]) -> tuple[Identity, ...]:
    """Make identities from a roll: (RPPS number of 11 digits, civility as in "Dr", first name, last name)."""
    return tuple(
        identity(f"8{rpps}", first.upper(), last.upper(), civility=civility.upper().rstrip("."))
        for rpps, civility, first, last in rows
    )
