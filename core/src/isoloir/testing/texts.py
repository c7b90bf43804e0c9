"""What the kit asks of a plugin's texts: there in both languages, with the same places."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from isoloir.hooks import Factor, PluginConfig
from isoloir.texts import LOCALES, Texts, read_catalogues

_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_CODE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*")


def texts_of(package: str) -> Texts:
    """Return the core's texts and those of the plugin's package."""
    return Texts(read_catalogues("isoloir"), read_catalogues(package))


def missing(texts: Texts, identifiers: Iterable[str]) -> list[str]:
    """Return ``<locale> <id>`` of every text that is not there, or whose places differ between the languages."""
    faults: list[str] = []
    for identifier in sorted(set(identifiers)):
        absent = [locale for locale in LOCALES if not texts.has(locale, identifier)]
        faults.extend(f"{locale} {identifier}" for locale in absent)
        if not absent:
            places = {frozenset(_PLACE.findall(texts.get(locale, identifier))) for locale in LOCALES}
            if len(places) > 1:
                faults.append(f"places differ: {identifier}")
    return faults


def form_identifiers(factor: Factor[PluginConfig]) -> Iterator[str]:
    """Yield the id of every text that the factor's forms need."""
    for form in factor.forms:
        name = form.__name__
        yield f"form.{name}.title" if form.model_fields else f"form.{name}.submit"
        for field in form.model_fields:
            yield f"form.{name}.{field}.label"
            yield f"form.{name}.{field}.hint"


def refusal_identifiers(codes: Iterable[str]) -> Iterator[str]:
    """Yield the ids of a refusal's sentence and remedy."""
    for code in codes:
        yield f"error.{code}"
        yield f"error.{code}.remedy"


def well_formed(code: str) -> bool:
    """Say whether a code is stable by its looks: lower case, digits, underscores, nothing put in."""
    return _CODE.fullmatch(code) is not None and len(code) <= 64


def literal_codes(package: str, names: frozenset[str]) -> set[str]:
    """Return the first argument of every call ``Name("…")`` in the sources of a package."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return set()
    root = Path(spec.origin).parent
    sources = root.rglob("*.py") if spec.submodule_search_locations else [Path(spec.origin)]
    found = set()
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in names:
                first = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "code"), None)
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return found


def _name(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
