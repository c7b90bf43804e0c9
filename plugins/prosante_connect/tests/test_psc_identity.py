"""Who the provider says it is: every shape that must be understood, and every one that must be refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from isoloir_openid_connect.refusal import Refusal
from isoloir_prosante_connect.identity import Identity, as_name, read_identity

REALM = "f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:"


def userinfo(number: str = "899700000017", **changes: Any) -> dict[str, Any]:
    made = {
        "sub": REALM + number, "SubjectNameID": number, "preferred_username": number, "given_name": "ALIX",
        "family_name": "MARTIN", "otherIds": [{"identifiant": number, "origine": "RPPS", "qualite": 1}],
    }  # fmt: skip
    return {name: value for name, value in (made | changes).items() if value is not ...}


def refused(claims: dict[str, Any], *, accept_test: bool = False) -> str:
    with pytest.raises(Refusal) as refusal:
        read_identity(claims, accept_test=accept_test)
    return refusal.value.code


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("099700018", "psc_identity_adeli"),
        ("199700000017", "psc_identity_structure"),
        ("30B0193488/1", "psc_identity_structure"),
        ("4123456789/1", "psc_identity_structure"),
        ("526700000000015/1", "psc_identity_structure"),
        ("699700000017", "psc_identity_structure"),
        ("299700000017", "psc_identity_unknown"),
        ("799700000017", "psc_identity_unknown"),
        ("999700000017", "psc_identity_unknown"),
        ("8997000000170", "psc_identity_unknown"),
        ("89970000001", "psc_identity_unknown"),
        ("89970000001a", "psc_identity_unknown"),
        ("8٩٩٧٠٠٠٠٠٠١٧", "psc_identity_unknown"),
        ("899700000017\n", "psc_identity_unknown"),
        (" 899700000017", "psc_identity_unknown"),
        ("ANS2023112213273", "psc_identity_unknown"),
    ],
)
def test_only_an_8_and_eleven_ascii_digits_are_a_person(number: str, code: str) -> None:
    """Every other kind, length, alphabet or stray sign is refused."""
    assert refused(userinfo(number)) == code


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "f:uuid:899700009999"}, {"sub": "899700000017"}, {"sub": ...}, {"sub": 899700000017}, {"sub": ""},
        {"sub": "f:uuid:1:899700000017"}, {"SubjectNameID": "899700009999"}, {"preferred_username": "899700009999"},
        {"SubjectNameID": ..., "preferred_username": ...}, {"SubjectNameID": "", "preferred_username": ""},
        {"SubjectNameID": 899700000017}, {"preferred_username": ["899700000017"]}, {"SubjectNameID": " 899700000017"},
    ],
)  # fmt: skip
def test_the_three_places_must_agree(changes: dict[str, Any]) -> None:
    """One that differs, has another type, or all silent but the subject: refused."""
    assert refused(userinfo(**changes)) == "psc_identity_mismatch"


@pytest.mark.parametrize(
    "changes", [{}, {"SubjectNameID": ""}, {"preferred_username": ...}, {"SubjectNameID": None}, {"otherIds": ""}]
)
def test_an_empty_place_is_no_disagreement(changes: dict[str, Any]) -> None:
    """Empty strings are everywhere: what is left must agree."""
    assert read_identity(userinfo(**changes), accept_test=False).rpps == "99700000017"


@pytest.mark.parametrize("origin", ["EDIT", "edit", " EDIT "])
def test_an_identity_of_the_test_origin_is_a_test_whatever_its_number(origin: str) -> None:
    """A test identity with a plausible number is refused like any other, and accepted where tests are."""
    claims = userinfo(otherIds=["", {"origine": "RPPS"}, {"origine": origin}])
    assert refused(claims) == "psc_identity_test"
    assert read_identity(claims, accept_test=True).rpps == "99700000017"


def test_a_test_number_is_known_without_its_origin() -> None:
    """The form of the number is enough to refuse it."""
    claims = userinfo("ANS20231122132732", otherIds=...)
    assert refused(claims) == "psc_identity_test"
    assert read_identity(claims, accept_test=True).rpps == "ANS20231122132732"


def exercise(civility: str = "DR", first: str = "ALIX", last: str = "MARTIN") -> dict[str, Any]:
    return {"codeCiviliteDexercice": civility, "prenomDexercice": first, "nomDexercice": last}


@pytest.mark.parametrize(
    ("changes", "display"),
    [
        ({}, "Alix Martin"),
        ({"SubjectRefPro": ""}, "Alix Martin"),
        ({"SubjectRefPro": {"codeCivilite": "MME", "exercices": []}}, "Mme Alix Martin"),
        ({"SubjectRefPro": {"codeCivilite": "M", "exercices": [exercise()]}}, "Dr Alix Martin"),
        ({"SubjectRefPro": {"codeCivilite": "M", "exercices": [exercise("")]}}, "M. Alix Martin"),
        ({"SubjectRefPro": {"exercices": [exercise("XX")]}}, "Alix Martin"),
        ({"SubjectRefPro": {"exercices": [None, exercise(last=""), exercise("PR", "JEAN-PAUL", "LE GOFF")]}},
         "Pr Jean-Paul Le Goff"),
        ({"SubjectRefPro": {"exercices": [exercise(first="", last="")]}}, "Dr Alix Martin"),
        ({"SubjectRefPro": {"exercices": [exercise(last="MAR\u202eTIN\n<b>")]}}, "Dr Alix MARTIN <b>"),
        ({"given_name": "", "family_name": "D’ARTAGNAN"}, "D’Artagnan"),
        ({"given_name": "Alix", "family_name": "de La Tour"}, "Alix de La Tour"),
        ({"family_name": ""}, None),
        ({"given_name": 1, "family_name": None}, None),
    ],
)  # fmt: skip
def test_a_name_is_shown_as_people_write_it(changes: dict[str, Any], display: str | None) -> None:
    """Several exercises, none, empty ones, odd types, hidden signs: a name or nothing, never an error."""
    assert read_identity(userinfo(**changes), accept_test=False).display == display


@pytest.mark.parametrize(
    ("written", "shown"),
    [("MARTIN", "Martin"), ("ÉLOÏSE", "Éloïse"), ("O'NEIL", "O'Neil"), ("McDonald", "McDonald"), ("", "")],
)
def test_names_lose_their_capitals(written: str, shown: str) -> None:
    """Capitals throughout are a register's habit; small letters are somebody's choice."""
    assert as_name(written) == shown


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = ("sub", "SubjectNameID", "preferred_username", "otherIds", "SubjectRefPro", "given_name", "family_name")


@given(some.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)))
def test_no_shape_breaks_the_reading(changes: dict[str, Any]) -> None:
    """Whatever JSON stands anywhere, there is an identity or a refusal."""
    try:
        found = read_identity(userinfo() | changes, accept_test=False)
    except Refusal:
        return
    assert isinstance(found, Identity)
    assert found.rpps == "99700000017"
