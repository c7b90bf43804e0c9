"""Files that people write, and errors that know where they are: file, line, key, code.

Values come from tomllib, which follows the TOML specification to the letter; lines come from tree-sitter's
syntax tree of the same text.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from isoloir.errors import IsoloirError
from isoloir.texts import Texts

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value is: keys of tables and, from 0, places in arrays."""

_LANGUAGE = Language(tree_sitter_toml.language())
_MOST_BYTES = 4 * 1024 * 1024
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_KEYS = ("bare_key", "quoted_key", "dotted_key")


@dataclass(frozen=True)
class Found:
    """One mistake in one place of a file's values, before its line is known.

    `where` fills the sentence's places; `words` are identifiers of texts that fill its place ``{missing}``.
    """

    path: KeyPath
    code: str
    where: Mapping[str, str | int] = field(default_factory=dict)
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class LocatedError:
    """One mistake: in which file, on which line (from 1), at which key; its stable code and what fills its words."""

    file: str
    line: int
    key: str
    code: str
    where: Mapping[str, str | int] = field(default_factory=dict)
    words: tuple[str, ...] = ()


class FileInvalid(IsoloirError):
    """A file is refused, whole, with every mistake at once, sorted by line. `texts` know plugins' own codes."""

    def __init__(
        self, code: str, file: str, errors: Sequence[LocatedError], texts: Texts | None = None, **where: str | int
    ) -> None:
        super().__init__(code, file=file, count=len(errors), **where)
        self.errors = tuple(errors)
        self.texts = texts

    def __str__(self) -> str:
        """Return every mistake's place and code, for logs and tests."""
        return "\n".join([super().__str__(), *(f"{e.file}:{e.line}: {e.key}: {e.code}" for e in self.errors)])


def describe(error: LocatedError, texts: Texts, locale: str) -> dict[str, str | int]:
    """Return a mistake as it is told: file, line, key, code, sentence and remedy in the reader's language."""
    values = {"key": error.key, **error.where}
    if error.words:
        values["missing"] = " ; ".join(texts.get(locale, word) for word in error.words)
    remedy = texts.get(locale, f"error.{error.code}.remedy", **values)
    if "near" in error.where:
        remedy = f"{texts.get(locale, 'hint.near', **values)} {remedy}"
    return {
        "file": error.file,
        "line": error.line,
        "key": error.key,
        "code": error.code,
        "sentence": texts.get(locale, f"error.{error.code}", **values),
        "remedy": remedy,
    }


def key_of(path: KeyPath) -> str:
    """Write a path as people do: ``contests[2].lists[0].name``."""
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step}]"
        else:
            name = step if _BARE_KEY.fullmatch(step) else '"' + step.replace('"', '\\"') + '"'
            written += f".{name}" if written else name
    return written


def near(name: str, known: Iterable[str]) -> dict[str, str]:
    """Return ``{"near": …}`` with what was probably meant, if anything known is close."""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return {"near": close[0]} if close else {}


class Positions:
    """The line of every key and array element of a TOML text that tomllib accepts."""

    def __init__(self, text: str) -> None:
        self._lines: dict[KeyPath, int] = {(): 1}
        self._arrays: dict[KeyPath, int] = {}
        for node in Parser(_LANGUAGE).parse(text.encode()).root_node.named_children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type == "table":
                self._table(node, self._current(_key(node), whole=True))
            elif node.type == "table_array_element":
                self._table(node, self._next(_key(node)))

    def line(self, path: KeyPath) -> int:
        """Return the line of a path, or of the closest thing around it that is written."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def _current(self, keys: Sequence[str], *, whole: bool) -> KeyPath:
        """Say which path a header means: each array of tables on the way stands for its last element."""
        path: KeyPath = ()
        for index, key in enumerate(keys):
            path = (*path, key)
            if path in self._arrays and (whole or index < len(keys) - 1):
                path = (*path, self._arrays[path])
        return path

    def _next(self, keys: Sequence[str]) -> KeyPath:
        path = self._current(keys, whole=False)
        self._arrays[path] = self._arrays.get(path, -1) + 1
        return (*path, self._arrays[path])

    def _note(self, path: KeyPath, node: Node) -> None:
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], node.start_point.row + 1)

    def _table(self, node: Node, path: KeyPath) -> None:
        # A header tells more of its table than the first sub-table that mentioned it.
        self._lines[path] = node.start_point.row + 1
        self._note(path, node)
        for inner in node.named_children:
            if inner.type == "pair":
                self._pair(inner, path)

    def _pair(self, node: Node, base: KeyPath) -> None:
        path = (*base, *_key(node))
        self._note(path, node)
        self._value(node.named_children[-1], path)

    def _value(self, node: Node, path: KeyPath) -> None:
        if node.type == "inline_table":
            for inner in node.named_children:
                if inner.type == "pair":
                    self._pair(inner, path)
        elif node.type == "array":
            for index, inner in enumerate(one for one in node.named_children if one.type != "comment"):
                self._note((*path, index), inner)
                self._value(inner, (*path, index))


def _key(node: Node) -> list[str]:
    written = next(child for child in node.named_children if child.type in _KEYS)
    assert written.text is not None
    return list(_keys(tomllib.loads(f"{written.text.decode()} = 0")))


def _keys(nested: Mapping[str, Any]) -> Iterator[str]:
    ((key, inner),) = nested.items()
    yield key
    if isinstance(inner, Mapping):
        yield from _keys(inner)


@dataclass(frozen=True)
class TomlFile:
    """A TOML file that could be read: its name, its values, and where each of them is written."""

    name: str
    values: Mapping[str, Any]
    positions: Positions

    def located(self, found: Iterable[Found]) -> tuple[LocatedError, ...]:
        """Give every mistake its line; sorted by line and key, each once."""
        errors = {
            (one.path, one.code): LocatedError(
                self.name, self.positions.line(one.path), key_of(one.path), one.code, dict(one.where), one.words
            )
            for one in found
        }
        return tuple(sorted(errors.values(), key=lambda error: (error.line, error.key, error.code)))


def read_toml(path: Path, refusal: str) -> TomlFile:
    """Read a TOML file (UTF-8, with or without a byte-order mark).

    Raises `FileInvalid` under the code `refusal`, with one located error: ``file_missing``, ``file_too_large``,
    ``file_encoding``, ``toml_duplicate`` or ``toml_syntax``.
    """

    def refused(code: str, line: int = 1, **where: str | int) -> FileInvalid:
        return FileInvalid(refusal, str(path), [LocatedError(str(path), line, "", code, where)])

    try:
        content = path.read_bytes()
    except OSError:
        raise refused("file_missing") from None
    if len(content) > _MOST_BYTES:
        raise refused("file_too_large", maximum=_MOST_BYTES // 1024 // 1024)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # `from None`: the decoding error carries the file's bytes.
        raise refused("file_encoding", content[: error.start].count(b"\n") + 1) from None
    try:
        values = tomllib.loads(text)
        positions = Positions(text)
    except tomllib.TOMLDecodeError as error:
        line, column = _place(error, text)
        twice = re.search(r"Cannot (?:overwrite|declare|mutate|redefine)|twice", str(error))
        raise refused("toml_duplicate" if twice else "toml_syntax", line, column=column) from None
    except (RecursionError, ValueError):
        raise refused("toml_nesting") from None
    return TomlFile(str(path), MappingProxyType(values), positions)


def _place(error: tomllib.TOMLDecodeError, text: str) -> tuple[int, int]:
    found = _PLACE.search(str(error))
    if found is None:
        lines = text.rstrip("\n").split("\n")
        return len(lines), len(lines[-1]) + 1
    return int(found[1]), int(found[2])
