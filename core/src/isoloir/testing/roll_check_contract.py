"""The contract of a roll check as a test suite: give `roll_check`, and a `sound` and an `odd` line."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from isoloir.hooks import RollCheck, RollWarning
from isoloir.testing import texts as kit_texts
from isoloir.testing.promises import given, misused, nothing, promise


class RollCheckContract:
    """Subclass, and fill in the fixtures `roll_check`, `sound` and `odd` (lines: roll field → value as read)."""

    package: str = ""

    @pytest.fixture
    def roll_check(self) -> RollCheck:
        """Return the roll check under test."""
        misused("write the fixture `roll_check`; it returns the roll check under test.")

    @pytest.fixture
    def sound(self) -> Mapping[str, str]:
        """Return a line that nothing is odd in."""
        misused("write the fixture `sound`; it returns a line of a roll (field → value) that gets no warning.")

    @pytest.fixture
    def odd(self) -> Mapping[str, str]:
        """Return a line that gets a warning."""
        misused("write the fixture `odd`; it returns a line of a roll (field → value) that gets a warning.")

    def test_sound_and_odd_are_told_apart(
        self, roll_check: RollCheck, sound: Mapping[str, str], odd: Mapping[str, str]
    ) -> None:
        """The sound line gets no warning, the odd one does, under stable codes with texts in both languages."""
        given("roll_check", roll_check, RollCheck)
        nothing(
            {one.code for one in roll_check.warnings(sound)},
            "the sound line gets warnings",
            "make the check milder, or the line of the fixture `sound` better",
        )
        found = list(roll_check.warnings(odd))
        promise(found, "the odd line gets no warning", "return a RollWarning(field, code) for what is odd")
        promise(
            all(
                isinstance(one, RollWarning) and one.field in odd and kit_texts.well_formed(one.code) for one in found
            ),
            "a warning names no field of the line, or its code is not lower case with underscores",
            "return RollWarning(field, code): the field as in the line, a code that never changes",
        )
        package = self.package or type(roll_check).__module__.partition(".")[0]
        codes = {one.code for one in found}
        nothing(
            kit_texts.missing(kit_texts.texts_of(package), kit_texts.refusal_identifiers(codes)),
            "texts are missing",
            "write them into locales/fr and locales/en, for a sentence and what to do: error.<code>, …remedy",
        )

    def test_any_line_is_looked_at(self, roll_check: RollCheck, odd: Mapping[str, str]) -> None:
        """Empty lines, empty values and rolls without its fields are no exception: an import must not end there."""
        for line in ({}, {"staff_number": "1"}, dict.fromkeys(odd, ""), dict.fromkeys(odd, "\u00e9\x00 ;")):
            try:
                roll_check.warnings(line)
            except Exception as error:
                promise(
                    False,
                    f"warnings() raised {type(error).__name__} on a line with the fields {sorted(line)}",
                    'read with line.get(field, "") and let any value pass',
                )

    def test_values_are_not_repeated(self, roll_check: RollCheck, odd: Mapping[str, str]) -> None:
        """A warning holds no value of the line: it is shown, and the line is personal data."""
        shown = "".join(repr(one) for one in roll_check.warnings(odd))
        promise(
            not any(value in shown for value in odd.values() if len(value) >= 4 and not value.isalpha()),
            "a warning repeats a value of the line",
            "name the field and a code, nothing else",
        )
