"""The JSON Schema of an election's file: complete, in sentences, and true."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from isoloir.commands.election import election_schema

EXAMPLE = Path(__file__).parents[2] / "examples" / "medecins-2024" / "election.toml"


def plain(value: Any) -> Any:
    """Return TOML values as JSON has them."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime) else value


@pytest.fixture
def example() -> dict[str, Any]:
    """Return the example's values."""
    read: dict[str, Any] = plain(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")))
    return read


TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
LIMITS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, limit: value >= limit,
    "maximum": lambda value, limit: value <= limit,
    "minLength": lambda value, limit: len(value) >= limit,
    "maxLength": lambda value, limit: len(value) <= limit,
    "minItems": lambda value, limit: len(value) >= limit,
    "minProperties": lambda value, limit: len(value) >= limit,
    "pattern": lambda value, limit: re.search(limit, value) is not None,
    "enum": lambda value, limit: value in limit,
    "const": lambda value, limit: value == limit,
    "required": lambda value, limit: set(limit) <= set(value),
}
OTHERS = {
    *("$schema", "$defs", "$ref", "title", "description", "default", "format", "type", "anyOf"),
    *("properties", "patternProperties", "additionalProperties", "propertyNames", "items"),
}


def violations(schema: Any, value: Any, root: Any, path: str = "") -> Iterator[str]:
    """Yield where a value breaks a schema (JSON Schema 2020-12, the keywords that ours uses and no other)."""
    assert set(schema) <= {*LIMITS, *OTHERS}, set(schema) - {*LIMITS, *OTHERS}
    if "$ref" in schema:
        yield from violations(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, root, path)
    wanted = schema.get("type")
    if wanted is not None and (
        not isinstance(value, TYPES[wanted]) or (wanted == "integer" and isinstance(value, bool))
    ):
        yield f"{path}: type {wanted}"
        return
    yield from (
        f"{path}: {name}" for name, holds in LIMITS.items() if name in schema and not holds(value, schema[name])
    )
    if "anyOf" in schema and all(list(violations(arm, value, root, path)) for arm in schema["anyOf"]):
        yield f"{path}: anyOf"
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        for key, inner in value.items():
            patterns = [
                one for pattern, one in schema.get("patternProperties", {}).items() if re.search(pattern, key)
            ]
            for one in patterns:
                yield from violations(one, inner, root, f"{path}.{key}")
            if patterns:
                pass
            elif key in known:
                yield from violations(known[key], inner, root, f"{path}.{key}")
            elif others is False:
                yield f"{path}.{key}: additionalProperties"
            elif isinstance(others, dict):
                yield from violations(others, inner, root, f"{path}.{key}")
            yield from violations(schema.get("propertyNames", {}), key, root, f"{path}.{key}")
    for index, inner in enumerate(value if isinstance(value, list) else ()):
        yield from violations(schema.get("items", {}), inner, root, f"{path}[{index}]")


def properties(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every property of every object of a schema."""
    if isinstance(schema, dict):
        for name, inner in schema.get("properties", {}).items():
            yield f"{path}.{name}", inner
        for key, inner in schema.items():
            yield from properties(inner, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, inner in enumerate(schema):
            yield from properties(inner, f"{path}[{index}]")


def test_the_schema_accepts_the_example(example: dict[str, Any]) -> None:
    """The example is valid under the schema, every keyword of which is understood."""
    schema = election_schema()
    assert list(violations(schema, example, schema)) == []


def _without_title(values: dict[str, Any]) -> None:
    del values["title"]


def _unknown_key(values: dict[str, Any]) -> None:
    values["window"]["open"] = "2024"


def _no_seat(values: dict[str, Any]) -> None:
    values["contests"][0]["seats"] = 0


def _strange_group(values: dict[str, Any]) -> None:
    values["group"] = "RSA"


def _one_language(values: dict[str, Any]) -> None:
    del values["contests"][0]["title"]["en"]


def _strange_normaliser(values: dict[str, Any]) -> None:
    values["roll"]["fields"]["rpps"]["normalise"] = "roman"


def _capital_college(values: dict[str, Any]) -> None:
    values["colleges"]["PH"] = {"fr": "Praticiens", "en": "Practitioners"}


def _capital_id(values: dict[str, Any]) -> None:
    values["id"] = "Médecins 2024"


@pytest.mark.parametrize(
    "spoil",
    [
        _without_title,
        _unknown_key,
        _no_seat,
        _strange_group,
        _one_language,
        _strange_normaliser,
        _capital_id,
        _capital_college,
    ],
)
def test_the_schema_refuses_what_the_check_refuses(
    example: dict[str, Any], spoil: Callable[[dict[str, Any]], None]
) -> None:
    """The twin: the same example with one mistake is invalid under the schema too."""
    spoilt = copy.deepcopy(example)
    spoil(spoilt)
    schema = election_schema()
    assert list(violations(schema, spoilt, schema)) != []


def test_every_key_has_a_sentence() -> None:
    """Each property of each table, or the table that it is, has a description that ends like a sentence."""
    schema = election_schema()
    found = list(properties(schema))
    assert len(found) > 50
    for path, inner in found:
        table = schema["$defs"][inner["$ref"].removeprefix("#/$defs/")] if "$ref" in inner else {}
        assert str(inner.get("description") or table.get("description", "")).endswith("."), path
