"""Reading an election's file: one model for all, or every mistake at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from isoloir.config.checks import cross_checks
from isoloir.config.election import ElectionFile
from isoloir.config.located import FileInvalid, Found, LocatedError, read_toml
from isoloir.config.plugin_use import plugin_mistakes
from isoloir.config.schema import schema_mistakes
from isoloir.plugin_set import PluginSet
from isoloir.texts import LOCALES, Catalogue, Texts, read_catalogues

__all__ = ["ElectionFileInvalid", "LocatedError", "read_election"]


class ElectionFileInvalid(FileInvalid):
    """An election's file is refused; `errors` are all its mistakes, sorted by line."""


def read_election(path: Path, plugins: PluginSet | None = None) -> ElectionFile:
    """Read an election's file.

    With `plugins`, what the file asks of them is checked too: that they are loaded, their configurations by
    their own models (no secret is resolved for it), and that no branch of the policy is too weak. Raises
    `ElectionFileInvalid` with every mistake.
    """
    try:
        document = read_toml(path, "election_file_invalid")
    except FileInvalid as error:
        raise ElectionFileInvalid(error.code, str(path), error.errors) from None
    raw = document.values
    core = read_catalogues("isoloir")
    brought = plugins.catalogue if plugins is not None else {}
    catalogue = {locale: {**core[locale], **brought.get(locale, {})} for locale in LOCALES}
    found = [*_mistakes(raw, plugins, catalogue)]
    if found:
        texts = Texts(catalogue)
        raise ElectionFileInvalid("election_file_invalid", document.name, document.located(found), texts)
    return ElectionFile.model_validate(raw)


def _mistakes(raw: Mapping[str, Any], plugins: PluginSet | None, catalogue: Catalogue) -> Iterator[Found]:
    """Every mistake; what is wrong in one place does not hide what is wrong in another."""
    yield from schema_mistakes(ElectionFile, raw)
    yield from cross_checks(raw)
    if plugins is not None:
        yield from plugin_mistakes(raw, plugins, catalogue)
