"""Sentences by identifier and language, from the Babel catalogues of the core and of every plugin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.pofile import read_po

from isoloir.errors import IsoloirError

LOCALES = ("fr", "en")
"""The languages every text exists in; the first is the default."""

_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")

Catalogue = Mapping[str, Mapping[str, str]]
"""Locale → identifier → text."""


class Texts:
    """Every text of an instance, or of one election of it."""

    def __init__(self, *catalogues: Catalogue) -> None:
        self._texts: dict[str, dict[str, str]] = {locale: {} for locale in LOCALES}
        for catalogue in catalogues:
            for locale, texts in catalogue.items():
                if locale in self._texts:
                    self._texts[locale].update(texts)

    def overridden(self, catalogue: Catalogue) -> Texts:
        """Return these texts with those of `catalogue` (an election's own, say) in front."""
        return Texts(self._texts, catalogue)

    def has(self, locale: str, identifier: str) -> bool:
        """Say whether the text exists in exactly that language."""
        return identifier in self._texts.get(locale, {})

    def get(self, locale: str, identifier: str, /, **values: object) -> str:
        """Return the text, its ``{places}`` filled; the identifier itself where no language has it.

        Only plain names are filled, never attributes or indexes: texts come from organisers too.
        """
        text = self._texts.get(locale, {}).get(identifier) or self._texts[LOCALES[0]].get(identifier)
        if text is None:
            return identifier
        return _PLACE.sub(lambda place: str(values.get(place[1], place[0])), text)

    def sentence(self, locale: str, error: IsoloirError) -> str:
        """Return what happened, in the reader's language."""
        return self.get(locale, f"error.{error.code}", **error.where)

    def remedy(self, locale: str, error: IsoloirError) -> str:
        """Return what to do next, in the reader's language; empty where the catalogue has none."""
        identifier = f"error.{error.code}.remedy"
        text = self.get(locale, identifier, **error.where)
        return "" if text == identifier else text


def read_catalogues(package: str, only: Iterable[str] | None = None) -> dict[str, dict[str, str]]:
    """Read ``locales/<locale>/LC_MESSAGES/*.po`` of an installed package.

    `only` restricts to those catalogue names (file stems). Returns locale → identifier → text; fuzzy and
    empty entries are left out.
    """
    found: dict[str, dict[str, str]] = {}
    wanted = None if only is None else set(only)
    for locale in LOCALES:
        folder = files(package) / "locales" / locale / "LC_MESSAGES"
        texts = found.setdefault(locale, {})
        if not folder.is_dir():
            continue
        for catalogue in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if catalogue.name.endswith(".po") and (wanted is None or catalogue.name[:-3] in wanted):
                texts.update(_parsed(catalogue.read_bytes(), locale))
    return found


@cache
def _parsed(catalogue: bytes, locale: str) -> Mapping[str, str]:
    # By its bytes: every instance and every command of a process asks for the same ones.
    messages = read_po(BytesIO(catalogue), locale=locale)
    return {
        str(message.id): str(message.string)
        for message in messages
        if message.id and message.string and not message.fuzzy
    }
