"""JSON as the format writes it: compact, UTF-8 unescaped, keys in the order given."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from .errors import FormatError

MAX_INTEGER_DIGITS = 19
"""Longer JSON integers have no place in the format (scalars and elements are strings)."""
MAX_JSON_INTEGER = 2**30 - 1
"""Belenios writes larger weights and counts as strings."""

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


def dump(value: Any) -> bytes:
    """Serialise to the bytes that are hashed. Raises FormatError for text that is not Unicode."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except UnicodeEncodeError as error:
        raise FormatError("json", "A text holds half a surrogate pair, which UTF-8 cannot carry.") from error


def _refuse(_: str) -> NoReturn:
    raise FormatError("json", "Numbers with a fraction, an exponent, NaN or Infinity are not allowed.")


def _integer(digits: str) -> int:
    if len(digits) > MAX_INTEGER_DIGITS:
        raise FormatError("json", "An integer is too long.")
    return int(digits)


def load(data: bytes) -> Any:
    """Read JSON; refuse bad UTF-8, floats, long integers and deep nesting with FormatError."""
    try:
        return json.loads(data.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse, parse_int=_integer)
    except FormatError:
        raise
    except UnicodeDecodeError as error:
        raise FormatError("json", "Not valid UTF-8.") from error
    except RecursionError as error:
        raise FormatError("json", "Nested too deeply.") from error
    except ValueError as error:
        raise FormatError("json", "Not valid JSON.") from error


def load_canonical(data: bytes) -> Any:
    """Read JSON that must be its own compact serialisation; this refuses repeated keys and spaces as well."""
    value = load(data)
    if dump(value) != data:
        raise FormatError("canonical", "The bytes are not the canonical serialisation of what they say.")
    return value


def fields(value: Any, required: tuple[str, ...], optional: tuple[str, ...] = (), *, what: str) -> dict[str, Any]:
    """Check that `value` is an object with these keys and no other, in this order (optional ones in place)."""
    if not isinstance(value, dict):
        raise FormatError("shape", f"{what} must be an object.")
    if tuple(value) == required:
        return value
    for key in required:
        if key not in value:
            raise FormatError("shape", f"{what} lacks “{key}”.")
    if not value.keys() <= {*required, *optional}:
        raise FormatError("shape", f"{what} has a key that this format does not know.")
    return value


def items(value: Any, *, what: str) -> list[Any]:
    """Check that `value` is a list."""
    if not isinstance(value, list):
        raise FormatError("shape", f"{what} must be a list.")
    return value


def string(value: Any, *, what: str) -> str:
    """Check that `value` is text, whose spelling somebody else checks."""
    if not isinstance(value, str):
        raise FormatError("shape", f"{what} must be a text.")
    return value


def text(value: Any, *, what: str) -> str:
    """Check that `value` is text without control characters other than a line feed, and that UTF-8 can carry it."""
    if _CONTROL.search(string(value, what=what)):
        # Other programs escape these differently, and the escaped bytes are hashed.
        raise FormatError("text", f"{what} holds a control character.")
    if _SURROGATE.search(value):
        raise FormatError("text", f"{what} holds half a surrogate pair.")
    return str(value)


def integer(value: Any, *, what: str) -> int:
    """Check that `value` is an integer (a boolean is not)."""
    if type(value) is not int:
        raise FormatError("shape", f"{what} must be an integer.")
    return value


def decimal(value: str, *, limit: int, what: str) -> int:
    """Read a canonical decimal (ASCII digits, no leading zero) below `limit`; clause `decimal` or `range`."""
    if len(value) > len(str(limit)) and value.isascii() and value.isdigit() and value[0] != "0":
        raise FormatError("range", f"{what} is out of range.")
    if not value.isascii() or not value.isdigit() or (len(value) > 1 and value[0] == "0"):
        raise FormatError("decimal", f"{what} is not a plain decimal number.")
    if len(value) > len(str(limit)) or (number := int(value)) >= limit:
        raise FormatError("range", f"{what} is out of range.")
    return number


def count(value: int) -> int | str:
    """Write a count or weight: large ones as text, as Belenios does."""
    return value if value <= MAX_JSON_INTEGER else str(value)


def read_count(value: Any, *, limit: int, what: str) -> int:
    """Read what `count` writes, and nothing else; at most `limit`."""
    number = decimal(value, limit=limit + 1, what=what) if isinstance(value, str) else integer(value, what=what)
    if number < 0 or number > limit or count(number) != value:
        raise FormatError("range", f"{what} is out of range.")
    return number
