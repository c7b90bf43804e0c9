"""Normalisers: what people type is made comparable, and no more than that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoloir.normalise import NORMALISERS


@pytest.mark.parametrize(
    ("name", "typed", "expected"),
    [
        ("digits", " 99 700.000-017 ", "99700000017"),
        ("digits", "９９７", "997"),
        ("digits", "٣٤", ""),
        ("alphanumeric", "75 / 10017-b", "7510017B"),
        ("alphanumeric", "é2", "E2"),
        ("text", "  L’Hostis  ", "l hostis"),
        ("text", "LE-GOFF", "le goff"),
        ("text", "Straße", "strasse"),
        ("email", " Alix.Martin@CHU.Example.ORG ", "alix.martin@chu.example.org"),
    ],
)
def test_a_value_is_normalised(name: str, typed: str, expected: str) -> None:
    """Blanks, punctuation, case and accents go as each normaliser says."""
    assert NORMALISERS[name](typed) == expected


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("digits", "99700000017", "99700000018"),
        ("digits", "017", "17"),
        ("alphanumeric", "75/10017", "75/10018"),
        ("text", "le goff", "legoff"),
        ("email", "a.b@example.org", "ab@example.org"),
    ],
)
def test_different_values_stay_different(name: str, one: str, other: str) -> None:
    """The twin: values that mean something else are never made equal."""
    assert NORMALISERS[name](one) != NORMALISERS[name](other)


@pytest.mark.parametrize("name", sorted(NORMALISERS))
@given(typed=st.text(max_size=40))
def test_normalising_twice_changes_nothing(name: str, typed: str) -> None:
    """Each normaliser is idempotent, so that stored and typed values meet."""
    once = NORMALISERS[name](typed)
    assert NORMALISERS[name](once) == once
