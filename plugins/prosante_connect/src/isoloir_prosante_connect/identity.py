"""Who the provider says it is: the national identifier and its kinds, and a name to show.

The national identifier stands in three places that must agree; its first character tells its kind, and only
``8`` followed by eleven digits is a person with an RPPS number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from isoloir_openid_connect.refusal import Refusal
from isoloir_openid_connect.words import LONGEST_NAME, text

_RPPS: Final = re.compile(r"8([0-9]{11})")
_NUMBER: Final = re.compile(r"[0-9]{11}")
_TEST: Final = re.compile(r"ANS[0-9]{14}")
_SUBJECT: Final = re.compile(r"f:[^:]+:([^:]+)")
_OTHER_KINDS: Final = {
    "0": "psc_identity_adeli",
    "1": "psc_identity_structure",  # cabinet
    "3": "psc_identity_structure",  # FINESS and a number of the establishment's own
    "4": "psc_identity_structure",  # SIREN and a number of its own
    "5": "psc_identity_structure",  # SIRET and a number of its own
    "6": "psc_identity_structure",  # cabinet, by its holder's RPPS
}
_CIVILITIES: Final = {"DR": "Dr", "PR": "Pr", "M": "M.", "MME": "Mme", "MLLE": "Mlle"}


@dataclass(frozen=True)
class Identity:
    """A professional: `rpps` is what is asserted, `display` what is shown ("Dr Alix Martin"), or `None`."""

    rpps: str
    display: str | None


def national_identifier(typed: str, *, accept_test: bool) -> str | None:
    """Return the national identifier of a typed RPPS number (``8`` and its eleven digits), `None` where it is none.

    Spaces, dots and hyphens do not count, full-width digits do (NFKC); nothing else is guessed at. The identifier
    itself, as the card shows it, serves as well; so does a test identity where it is accepted.
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFKC", typed) if not sign.isspace() and sign not in ".-")
    if _NUMBER.fullmatch(plain):
        return f"8{plain}"
    return plain if _RPPS.fullmatch(plain) or (accept_test and _TEST.fullmatch(plain)) else None


def asserted_number(identifier: str) -> str:
    """Return what is asserted of a national identifier: the RPPS number, or a test identity as it is."""
    found = _RPPS.fullmatch(identifier)
    return found[1] if found else identifier


def read_identity(userinfo: Mapping[str, Any], *, accept_test: bool) -> Identity:
    """Return who is meant; raises Refusal ``psc_identity_…`` when it is not one person with an RPPS number.

    A test identity of the agency has no RPPS number; where it is accepted, its whole identifier stands for it.
    """
    identifier = _national_identifier(userinfo)
    display = _display(userinfo)
    if _TEST.fullmatch(identifier) or _is_test(userinfo):
        if not accept_test:
            raise Refusal("psc_identity_test")
        if _TEST.fullmatch(identifier):
            return Identity(identifier, display)
    found = _RPPS.fullmatch(identifier)
    if not found:
        raise Refusal(_OTHER_KINDS.get(identifier[:1], "psc_identity_unknown"))
    return Identity(found[1], display)


def _national_identifier(userinfo: Mapping[str, Any]) -> str:
    subject = userinfo.get("sub")
    found = _SUBJECT.fullmatch(subject) if isinstance(subject, str) else None
    if not found:
        raise Refusal("psc_identity_mismatch")
    others = [userinfo.get(name) for name in ("SubjectNameID", "preferred_username")]
    written = [value for value in others if value not in (None, "")]
    if not written or any(value != found[1] for value in written):
        raise Refusal("psc_identity_mismatch")
    return found[1]


def _is_test(userinfo: Mapping[str, Any]) -> bool:
    return any(text(one, "origine").upper() == "EDIT" for one in _objects(userinfo.get("otherIds")))


def _display(userinfo: Mapping[str, Any]) -> str | None:
    reference = userinfo.get("SubjectRefPro")
    reference = reference if isinstance(reference, Mapping) else {}
    practices = list(_objects(reference.get("exercices")))
    named = next((one for one in practices if text(one, "nomDexercice") and text(one, "prenomDexercice")), None)
    if named is not None:
        first, last = text(named, "prenomDexercice"), text(named, "nomDexercice")
    else:
        first, last = text(userinfo, "given_name"), text(userinfo, "family_name")
    if not last:
        return None
    civilities = [text(one, "codeCiviliteDexercice") for one in ([named] if named else []) + practices]
    civility = next((one for one in (*civilities, text(reference, "codeCivilite")) if one), "")
    words = (_CIVILITIES.get(civility.upper(), ""), as_name(first), as_name(last))
    return " ".join(word for word in words if word)[:LONGEST_NAME]


def as_name(name: str) -> str:
    """Return a name as people write it: ``JEAN-PIERRE`` becomes ``Jean-Pierre``; one with small letters stays."""
    if name != name.upper():
        return name
    return re.sub(r"[^\W\d_]+", lambda word: word[0][:1] + word[0][1:].lower(), name)


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, Mapping))
