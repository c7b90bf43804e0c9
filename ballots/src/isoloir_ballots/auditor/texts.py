"""Sentences in French and English, from `locales/*.toml` (standard library only: this is installed alone)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("fr", "en")


class Texts:
    """The sentences of one language."""

    def __init__(self, language: str) -> None:
        source = files(__package__).joinpath("locales", f"{language}.toml").read_text("utf-8")
        self.language = language
        self._tables: dict[str, dict[str, str]] = tomllib.loads(source)

    def say(self, name: str, /, **values: Any) -> str:
        """The sentence of that name, its places filled; numbers are grouped by thousands."""
        shown = {key: self.number(value) if isinstance(value, int) else value for key, value in values.items()}
        return self._tables["summary"][name].format(**shown)

    def number(self, value: int) -> str:
        """A number as it is written in this language."""
        return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}" if self.language == "fr" else ",")

    def megabytes(self, value: int) -> str:
        """A number of bytes in millions, with one decimal."""
        return f"{value / 1e6:.1f}".replace(".", "," if self.language == "fr" else ".")

    def clause(self, clause: str) -> str:
        """Why a clause refuses, in one sentence."""
        return self._tables["clauses"][clause]

    def meaning(self, clause: str) -> str:
        """What a refusal by this clause says of the election."""
        return self._tables["meanings"][clause.split(".")[0]]

    def remedy(self, clause: str) -> str:
        """What someone who holds the file can do about it."""
        return self._tables["remedies"][clause.split(".")[0]]

    @property
    def clauses(self) -> Mapping[str, str]:
        """Every clause and its sentence."""
        return self._tables["clauses"]


@cache
def texts_in(language: str) -> Texts:
    """The sentences of one of `LANGUAGES`."""
    return Texts(language)


def language_of(environment: Mapping[str, str]) -> str:
    """The language that the environment of a process asks for; French when it asks for none of ours."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if (wanted := environment.get(name, "")[:2].lower()) in LANGUAGES:
            return wanted
    return LANGUAGES[0]
