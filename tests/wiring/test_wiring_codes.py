"""Every refusal has its words: each code in the sources has a sentence and a remedy, in French and in English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from isoloir.plugin_set import bases

_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_NAMES = ("code", "refusal")
"""A parameter, field or variable of these names holds the code of a refusal."""
_FOREIGN = {
    "SeatsError": "seats.",
    "OAuthError": None,  # the simulator speaks OAuth, whose codes are words of a protocol
    "CredentialError": None,
}
_POSITIONS = {"PydanticCustomError": 0}
_QUIET = {
    "sender_stopped": "kept with a message, never told to anybody",
}


@dataclass
class Module:
    """One parsed file, with what its names stand for."""

    path: Path
    tree: ast.Module
    assigned: dict[str, list[ast.expr]] = field(default_factory=dict)
    functions: dict[str, ast.AST] = field(default_factory=dict)


def parse(path: Path, text: str | None = None) -> Module:
    module = Module(path, ast.parse(path.read_text("utf-8") if text is None else text))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    module.assigned.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            module.assigned.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            module.functions[node.name] = node
    return module


def takers(modules: Iterable[Module]) -> dict[str, int]:
    """Return every class and function that takes a code, with the place of that argument."""
    found = dict(_POSITIONS)
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__init__":
                _note(found, node.name, [one.arg for one in node.args.args if one.arg not in ("self", "cls")])
            elif isinstance(node, ast.ClassDef):
                _note(found, node.name, _parameters(node))
    return {name: place for name, place in found.items() if name not in _FOREIGN}


def _note(found: dict[str, int], name: str, parameters: list[str]) -> None:
    for place, parameter in enumerate(parameters):
        if parameter in _NAMES:
            found[name] = place


def _parameters(node: ast.ClassDef) -> list[str]:
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
            return [one.arg for one in inner.args.args if one.arg != "self"]
    return [
        inner.target.id
        for inner in node.body
        if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name)
    ]


def values(expression: ast.expr | None, module: Module, depth: int = 0) -> Iterator[str]:
    """Return the strings that an expression may be; a part that is filled in at run time is written ``*``."""
    if expression is None or depth > 6:
        return
    match expression:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from values(one, module, depth + 1)
            yield from values(other, module, depth + 1)
        case ast.BoolOp(values=several):
            for one in several:
                yield from values(one, module, depth + 1)
        case ast.Dict(values=several):
            for one in several:
                yield from values(one, module, depth + 1)
        case ast.Subscript(value=ast.Name() as table):
            yield from values(table, module, depth + 1)
        case ast.Name(id=name):
            for one in module.assigned.get(name, ()):
                yield from values(one, module, depth + 1)
        case ast.Await(value=awaited):
            yield from values(awaited, module, depth + 1)
        case ast.Call(func=ast.Attribute(attr="get", value=table), args=args):
            yield from values(table, module, depth + 1)
            for one in args[1:]:
                yield from values(one, module, depth + 1)
        case ast.Call(func=ast.Name(id=name)) if name in module.functions:
            for node in ast.walk(module.functions[name]):
                if isinstance(node, ast.Return):
                    yield from values(node.value, module, depth + 1)


def codes(modules: list[Module], also: Iterable[Module] = ()) -> dict[str, str]:
    """Return every code that the modules may refuse with, and where it stands; `also` are modules that they use."""
    taking = takers([*also, *modules])
    found: dict[str, str] = {}
    for module in modules:
        for node in ast.walk(module.tree):
            for code in _codes_at(node, module, taking):
                if _CODE.fullmatch(code.replace("*", "x")) and code not in _QUIET:
                    found.setdefault(code, f"{module.path.name}:{getattr(node, 'lineno', 0)}")
    return found


def _codes_at(node: ast.AST, module: Module, taking: Mapping[str, int]) -> Iterator[str]:
    if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id in _NAMES for one in node.targets):
        yield from values(node.value, module)
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
    for keyword in node.keywords:
        if keyword.arg in _NAMES and name not in _FOREIGN:
            yield from values(keyword.value, module)
        if keyword.arg == "errors" and isinstance(keyword.value, ast.Dict):
            yield from values(keyword.value, module)
    if name in ("_form", "Form"):  # a form's errors by field
        for argument in node.args:
            if isinstance(argument, ast.Dict):
                yield from (one for one in values(argument, module))
    if name == "__init__" and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        first = node.args[:1]
        yield from values(first[0] if first else None, module)
    place = taking.get(name)
    if place is not None and len(node.args) > place:
        yield from values(node.args[place], module)


def sources(folder: Path) -> list[Module]:
    left_out = ("testing", "simulator")
    return [parse(path) for path in sorted(folder.rglob("*.py")) if not set(left_out) & set(path.parts)]


def lacking(found: Mapping[str, str], texts: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return "locale: id (where raised)" for every text that a code has not."""
    missing = []
    for code, where in sorted(found.items()):
        for locale, known in texts.items():
            for identifier in (f"error.{code}", f"error.{code}.remedy"):
                pattern = re.compile(re.escape(identifier).replace(r"\*", "[a-z0-9_]+"))
                if not any(pattern.fullmatch(one) and known[one].strip() for one in known):
                    missing.append(f"{locale}: {identifier} ({where})")
    return missing


def merged(catalogues: Any, *names: str) -> dict[str, dict[str, str]]:
    return {
        locale: {identifier: text for name in names for identifier, text in catalogues[name][locale].items()}
        for locale in ("fr", "en")
    }


def bases_of(source: Path) -> tuple[str, ...]:
    """Return the plugins that the one in this folder builds on."""
    return bases(import_module(next(source.glob("*/__init__.py")).parent.name))


def test_codes_of_the_core_and_the_web_have_words(distributions: Any, catalogues: Any) -> None:
    """Every code raised by the core, the commands and the web has a sentence and a remedy in both languages."""
    modules = [module for member in distributions if not member.plugin for module in sources(member.source)]
    found = codes(modules)
    assert {"already_voted", "grace_not_over", "plugin_missing", "form_expired", "window_reversed"} <= set(found)
    assert len(found) > 120
    assert lacking(found, merged(catalogues, "core", "minutes", "web")) == []


def test_codes_of_each_plugin_have_words_in_its_own_catalogue(distributions: Any, catalogues: Any) -> None:
    """Every code that a plugin refuses with has a sentence and a remedy in its own catalogue, or in its base's."""
    everything = {}
    base = sources(next(member.source for member in distributions if member.name == "openid_connect"))
    for member in distributions:
        if member.plugin:
            found = codes(sources(member.source), base)
            everything.update(found)
            known = merged(catalogues, member.name, *bases_of(member.source))
            assert lacking(found, known) == [], member.name
    assert {"ordinal_mismatch", "sms_password_wrong", "oidc_expired", "psc_identity_test"} <= set(everything)


@pytest.mark.parametrize(
    "text",
    [
        "raise IsoloirError('made_up')",
        "code = 'made_up' if late else 'made_up'\nraise IsoloirError(code)",
        "WHY = {1: 'made_up'}\nreturned = Refused(WHY.get(2, 'made_up'))",
        "def why():\n    return 'made_up'\nraise IsoloirError(why())",
        "shown = Form(Model, errors={'field': 'made_up'})",
    ],
    ids=["literal", "assigned", "table", "returned", "form"],
)
def test_a_code_without_words_is_found(distributions: Any, catalogues: Any, text: str) -> None:
    """However a made-up code is written, it is found lacking its four texts."""
    core = [module for member in distributions if not member.plugin for module in sources(member.source)]
    before = codes(core)
    found = codes([*core, parse(Path("made_up.py"), text)])
    new = {code: where for code, where in found.items() if code not in before}
    assert set(new) == {"made_up"}
    assert len(lacking(new, merged(catalogues, "core", "web"))) == 4


def test_every_refusal_told_has_both_texts(catalogues: Any) -> None:
    """In every catalogue a sentence has its remedy, and a remedy its sentence."""
    for name, texts in catalogues.items():
        for locale, known in texts.items():
            # What stands at a field says what to do by itself.
            said = {one for one in known if one.startswith("error.") and not one.startswith("error.form.")}
            alone = [one for one in said if f"{one}.remedy" not in said and not one.endswith(".remedy")]
            alone += [one for one in said if one.endswith(".remedy") and one.removesuffix(".remedy") not in said]
            assert alone == [], (name, locale)


def test_no_words_for_refusals_that_nothing_makes(distributions: Any, catalogues: Any) -> None:
    """A sentence whose code stands nowhere in the sources is dead, and is deleted."""
    written: set[str] = set()
    shaped: list[re.Pattern[str]] = []
    for member in distributions:
        for module in sources(member.source):
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    written.add(node.value)
                elif isinstance(node, ast.JoinedStr):
                    text = next(values(node, module))
                    if _CODE.fullmatch(text.replace("*", "x")) and text.strip("*_"):
                        shaped.append(re.compile(text.replace("*", "[a-z0-9_]+")))
    dead = []
    for name, texts in catalogues.items():
        for identifier in texts["fr"]:
            code = identifier.removeprefix("error.").removesuffix(".remedy")
            if (
                identifier.startswith("error.")
                and not {code, f"error.{code}"} & written
                and not any(one.fullmatch(code) for one in shaped)
            ):
                dead.append(f"{name}: {identifier}")
    assert sorted(dead) == []
