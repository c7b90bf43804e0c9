"""What the kit asks of a plugin's texts and sources: there in both languages, with places that get filled."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from isoloir import plugin_set
from isoloir.hooks import Factor, PluginConfig
from isoloir.texts import LOCALES, Texts, read_catalogues

COMMON_PLACES = frozenset({"election", "opens", "closes", "phone", "hours", "url", "sender", "subject"})
"""Places that the core fills in every text of an election."""
_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_CODE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*")
_OURS = ("isoloir", "isoloir_web", "isoloir_ballots")


def texts_of(package: str) -> Texts:
    """Return the core's texts, those of the plugin's package, and those of the plugins that it builds on."""
    bases = plugin_set.bases(importlib.import_module(package))
    inherited = [read_catalogues(plugin_set.package_of(base)) for base in bases]
    return Texts(read_catalogues("isoloir"), *inherited, read_catalogues(package))


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


def unfilled(texts: Texts, identifier: str, values: Mapping[str, str]) -> list[str]:
    """Return ``<id> {place}`` of every place that neither `values` nor the core fills; a missing text has none."""
    return [
        f"{identifier} {{{place}}}"
        for locale in LOCALES
        if texts.has(locale, identifier)
        for place in sorted(set(_PLACE.findall(texts.get(locale, identifier))) - COMMON_PLACES - set(values))
    ]


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


def well_formed(code: object) -> bool:
    """Say whether a code is stable by its looks: lower case, digits, underscores, nothing put in."""
    return isinstance(code, str) and _CODE.fullmatch(code) is not None and len(code) <= 64


def literal_codes(package: str, names: frozenset[str]) -> set[str]:
    """Return the code, a literal first argument, of every call ``Name("…")`` in the sources of a package."""
    found = set()
    for _, node in _nodes(package):
        if isinstance(node, ast.Call) and _name(node.func) in names:
            first = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "code"), None)
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add(first.value)
    return found


def literal_errors(package: str) -> set[str]:
    """Return the codes written in a literal ``Form(model, {field: "…"})`` in the sources of a package."""
    found = set()
    for _, node in _nodes(package):
        if isinstance(node, ast.Call) and _name(node.func) == "Form":
            errors = node.args[1:2] + [keyword.value for keyword in node.keywords if keyword.arg == "errors"]
            for given in errors:
                values = given.values if isinstance(given, ast.Dict) else []
                found |= {one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return found


def foreign_imports(package: str) -> list[str]:
    """Return ``<file>:<line> <module>`` of every import of Isoloir that is not ``isoloir.hooks``."""
    found = []
    for path, node in _nodes(package):
        if path.name.startswith(("test_", "conftest")):
            continue
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"isoloir.{alias.name}" for alias in node.names] if node.module == "isoloir" else [node.module]
        found += [
            f"{path.name}:{getattr(node, 'lineno', 0)} {name}"
            for name in names
            if name.partition(".")[0] in _OURS and name != "isoloir.hooks"
        ]
    return found


def _nodes(package: str) -> Iterator[tuple[Path, ast.AST]]:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return
    root = Path(spec.origin).parent
    sources = sorted(root.rglob("*.py")) if spec.submodule_search_locations else [Path(spec.origin)]
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            yield source, node


def _name(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
