"""The raw values of a file that may be of any shape, read without a fall; and what stands twice in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from isoloir.config.located import Found, KeyPath

Raw = Mapping[str, Any]


def table(raw: Raw, *keys: str) -> Raw:
    """Return the table under these keys; an empty one where there is none."""
    inner: Any = raw
    for key in keys:
        inner = inner.get(key) if isinstance(inner, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def items(raw: Raw, key: str) -> Sequence[Any]:
    """Return the list under that key; an empty one where there is none."""
    inner = raw.get(key)
    return inner if isinstance(inner, list) else []


def tables(raw: Raw, key: str) -> Iterator[tuple[int, Raw]]:
    """Yield the tables of the list under that key, with their places."""
    for index, inner in enumerate(items(raw, key)):
        if isinstance(inner, Mapping):
            yield index, inner


def at(*base: str | int, then: str | None = None) -> Callable[[int], KeyPath]:
    """Return what gives the path of the nth of a list, or of one key of it."""
    return lambda index: (*base, index) if then is None else (*base, index, then)


def twice(
    values: Sequence[Any], path: Callable[[int], KeyPath], code: str = "duplicate", fold: bool = False
) -> Iterator[Found]:
    """Yield every text that stands a second time; `fold` compares without case and runs of blanks."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if not isinstance(value, str):
            continue
        compared = " ".join(value.split()).casefold() if fold else value
        if compared in seen:
            yield Found(path(index), code)
        seen.add(compared)
