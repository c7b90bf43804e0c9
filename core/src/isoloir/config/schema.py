"""From pydantic's errors to mistakes with stable codes, and a look into models.

Codes of pydantic's own are a library's matter and may change; what is typed never leaves its errors.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping, Sized
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from isoloir.config.located import Found, KeyPath, near

_CODES = {
    "string_type": "value_not_text",
    "int_type": "value_not_integer",
    "int_from_float": "value_not_integer",
    "int_parsing": "value_not_integer",
    "float_type": "value_not_number",
    "float_parsing": "value_not_number",
    "bool_type": "value_not_boolean",
    "bool_parsing": "value_not_boolean",
    "dict_type": "value_not_table",
    "model_type": "value_not_table",
    "model_attributes_type": "value_not_table",
    "list_type": "value_not_list",
    "tuple_type": "value_not_list",
}
_LIMITS = {
    "greater_than_equal": ("value_too_small", "ge"),
    "greater_than": ("value_too_small", "gt"),
    "less_than_equal": ("value_too_large", "le"),
    "less_than": ("value_too_large", "lt"),
    "string_too_short": ("value_too_short", "min_length"),
    "string_too_long": ("value_too_long", "max_length"),
    "too_short": ("list_too_short", "min_length"),
    "too_long": ("list_too_large", "max_length"),
}
_PYDANTIC = frozenset(map(str, get_args(ErrorType)))
_QUOTED = re.compile(r"'([^']*)'")
_OTHER_LANGUAGE = {"fr": "en", "en": "fr"}


def schema_mistakes(model: type[BaseModel], raw: Mapping[str, Any]) -> list[Found]:
    """Return every value that the model refuses and every key that it lacks or does not know; none if all is well."""
    try:
        model.model_validate(raw)
    except ValidationError as error:
        return list(_mistakes(model, raw, error))
    return []


def _mistakes(model: type[BaseModel], raw: Mapping[str, Any], error: ValidationError) -> Iterator[Found]:
    seen: set[KeyPath] = set()
    for one in error.errors(include_input=False, include_url=False):
        path = _written(one["loc"], raw, keep_last=one["type"] == "missing")
        if path in seen or _counted_too_few(one, raw, path):
            continue  # the other arms of a union complain of the same value
        seen.add(path)
        code, where = _code(one["type"], one.get("ctx", {}), path, raw)
        if code == "key_unknown":
            where = near(str(path[-1]), _keys_of(model_at(model, path[:-1])))
        yield Found(path, code, where)


def _counted_too_few(one: ErrorDetails, raw: Mapping[str, Any], path: KeyPath) -> bool:
    """Say whether pydantic misses elements that are there: it counts those alone that are valid."""
    value = value_at(raw, path)
    return one["type"] == "too_short" and isinstance(value, Sized) and len(value) >= one["ctx"]["min_length"]


def _written(loc: tuple[int | str, ...], raw: Mapping[str, Any], *, keep_last: bool) -> KeyPath:
    """Keep of pydantic's location what is really written: it also names union arms and ``[key]``."""
    path: list[int | str] = []
    inner: Any = raw
    for step in loc[:-1] if keep_last else loc:
        if not _has(inner, step):
            break
        path.append(step)
        inner = inner[step]
    return (*path, loc[-1]) if keep_last else tuple(path)


def _code(
    kind: str, context: Mapping[str, Any], path: KeyPath, raw: Mapping[str, Any]
) -> tuple[str, Mapping[str, str | int]]:
    if kind == "missing":
        name = str(path[-1])
        beside = value_at(raw, path[:-1])
        if name in _OTHER_LANGUAGE and isinstance(beside, Mapping) and _OTHER_LANGUAGE[name] in beside:
            return "language_missing", {"language": name}
        return "key_missing", {"name": name}
    if kind == "extra_forbidden":
        return "key_unknown", {}
    if kind in _CODES:
        return _CODES[kind], {}
    if kind in ("literal_error", "enum"):
        return "value_not_choice", {"choices": ", ".join(_QUOTED.findall(str(context.get("expected", ""))))}
    if kind in _LIMITS:
        code, name = _LIMITS[kind]
        limit = context.get(name, "")
        return code, {"limit": limit if isinstance(limit, int) else str(limit)}
    if kind in _PYDANTIC:
        return "value_refused", {"rule": kind}
    # A model's own code: a PydanticCustomError, whose sentence stands in a catalogue.
    return kind, {name: value for name, value in context.items() if isinstance(value, str | int)}


def value_at(raw: object, path: KeyPath) -> Any:
    """Return what is written at a path, or `None`."""
    inner: Any = raw
    for step in path:
        if not _has(inner, step):
            return None
        inner = inner[step]
    return inner


def _has(raw: object, step: str | int) -> bool:
    if isinstance(raw, Mapping):
        return step in raw
    return isinstance(raw, list | tuple) and isinstance(step, int) and 0 <= step < len(raw)


def model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Return the model that describes the table at a path, if one does."""
    annotation: Any = model
    for step in path:
        annotation = _inside(annotation, step)
    return next((one for one in _arms(annotation) if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _keys_of(model: type[BaseModel] | None) -> list[str]:
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def is_secret(model: type[BaseModel], path: KeyPath) -> bool:
    """Say whether the model keeps what is at that path as a secret."""
    annotation: Any = model
    for step in path:
        annotation = _inside(annotation, step)
    return any(isinstance(one, type) and issubclass(one, SecretStr | SecretBytes) for one in _arms(annotation))


def _arms(annotation: Any) -> Iterator[Any]:
    """Yield the plain types of an annotation, its unions and its `Annotated` taken apart."""
    if hasattr(annotation, "__metadata__"):
        yield from _arms(annotation.__origin__)
    elif get_origin(annotation) in (Union, types.UnionType):
        for arm in get_args(annotation):
            yield from _arms(arm)
    elif annotation is not None:
        yield annotation


def _inside(annotation: Any, step: str | int) -> Any:
    for arm in _arms(annotation):
        if isinstance(arm, type) and not get_args(arm) and issubclass(arm, BaseModel) and isinstance(step, str):
            named = {field.alias or name: field for name, field in arm.model_fields.items()}
            if step in named:
                return named[step].annotation
        origin, arguments = get_origin(arm), get_args(arm)
        if isinstance(origin, type) and arguments:
            if issubclass(origin, Mapping) and isinstance(step, str):
                return arguments[1]
            if issubclass(origin, list | tuple) and isinstance(step, int):
                return arguments[0]
    return None
