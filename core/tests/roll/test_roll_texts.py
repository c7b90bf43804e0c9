"""The texts of the roll: every code of an import has its sentence and its remedy, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import isoloir
from isoloir.texts import LOCALES, read_catalogues

PACKAGE = Path(isoloir.__file__).parent
FILES = [*sorted((PACKAGE / "roll_import").glob("*.py")), PACKAGE / "commands" / "roll.py"]
CODES = sorted({code for file in FILES for code in re.findall(r'"(roll_[a-z_]+)"', file.read_text("utf-8"))})
NAMES = sorted({name for file in FILES for name in re.findall(r'"(roll[.][a-z_]+)"', file.read_text("utf-8"))})
TEXTS = read_catalogues("isoloir")
OWN = read_catalogues("isoloir", only=["roll"])
PLACE = re.compile(r"\{([a-z_]+)\}")


def test_the_scan_finds_the_codes() -> None:
    """The scan itself works: codes of several files are among those found."""
    assert {"roll_quotes", "roll_scientific", "roll_double", "roll_already_there", "roll_file_not_written"} <= set(
        CODES
    )


@pytest.mark.parametrize("code", CODES)
def test_every_code_says_what_and_what_to_do(code: str) -> None:
    """A sentence and a remedy, in both languages."""
    for locale in LOCALES:
        assert f"error.{code}" in TEXTS[locale]
        assert f"error.{code}.remedy" in TEXTS[locale]


@pytest.mark.parametrize("name", NAMES)
def test_every_word_of_the_command_is_there(name: str) -> None:
    """Whatever the command prints stands in both catalogues."""
    for locale in LOCALES:
        assert name in TEXTS[locale]


def test_no_text_is_left_over_and_both_languages_fill_the_same_places() -> None:
    """Each sentence belongs to a code that exists; its places are the same in both languages."""
    told = {name.split(".")[1] for name in OWN["fr"] if name.startswith("error.")}
    assert told - set(CODES) == set()
    assert set(OWN["fr"]) == set(OWN["en"])
    for name, text in OWN["fr"].items():
        assert set(PLACE.findall(text)) == set(PLACE.findall(OWN["en"][name])), name
