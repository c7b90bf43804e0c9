"""The texts of configuration: every code has its sentence and its remedy, in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import isoloir
from isoloir.config import schema
from isoloir.texts import LOCALES, read_catalogues

PACKAGE = Path(isoloir.__file__).parent
FILES = [
    *sorted((PACKAGE / "config").glob("*.py")),
    PACKAGE / "plugin_set.py",
    PACKAGE / "outgoing.py",
    PACKAGE / "commands" / "context.py",
    PACKAGE / "commands" / "plugins.py",
    PACKAGE / "commands" / "election.py",
]
PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
RAISING = {"IsoloirError": 0, "PydanticCustomError": 0, "refused": 0, "Found": 1, "_form": 1, "twice": 2}
RAISING |= {"FileInvalid": 0, "ElectionFileInvalid": 0, "read_toml": 1}
"""The calls that name a code, and where in their arguments it stands."""


def codes() -> Iterator[str]:
    """Yield every code that the files can raise."""
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            place = RAISING.get(name)
            for argument in node.args[place : place + 1] if place is not None else ():
                for inner in ast.walk(argument):
                    if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and "{" not in inner.value:
                        yield inner.value
    yield from schema._CODES.values()
    yield from (code for code, _ in schema._LIMITS.values())
    yield from ("key_missing", "key_unknown", "language_missing", "value_not_choice", "value_refused", "duplicate")
    yield from (f"plugin_unknown_{kind}" for kind in ("factors", "eligibility", "notifiers"))


CODES = sorted({code for code in codes() if re.fullmatch(r"[a-z_]{4,}", code)} - {"plugin_unknown_"})
OWN = read_catalogues("isoloir", only=["config"])


def test_the_scan_finds_the_codes() -> None:
    """The scan itself works: it finds codes of each part."""
    assert {"window_short", "secret_in_clear", "plugin_hook_signature", "address_form", "toml_syntax"} <= set(CODES)
    assert len(CODES) > 80


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_sentence_and_remedy(code: str) -> None:
    """What happened and what to do next are written, in both languages."""
    for locale in LOCALES:
        assert f"error.{code}" in OWN[locale]
        assert f"error.{code}.remedy" in OWN[locale]


def test_no_text_is_left_over() -> None:
    """Every error text belongs to a code that exists."""
    told = {identifier.split(".")[1] for identifier in OWN["fr"] if identifier.startswith("error.")}
    assert told - set(CODES) == set()


def test_both_languages_say_the_same() -> None:
    """Both catalogues have the same texts, with the same places to fill."""
    assert set(OWN["fr"]) == set(OWN["en"])
    for identifier, text in OWN["fr"].items():
        assert set(PLACE.findall(text)) == set(PLACE.findall(OWN["en"][identifier])), identifier


def test_french_is_set_as_french() -> None:
    """No ordinary space stands before high punctuation or inside guillemets, and no straight apostrophe."""
    wrong = [text for text in OWN["fr"].values() if re.search(r"[ \u00a0][;:!?»]|«[^\u202f]|[^\u202f]»|\w'\w", text)]
    assert wrong == []
