"""What the contract asks of every configuration: a form can be drawn from it, and it gives no secret away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import SecretStr, ValidationError

from isoloir.hooks import PluginConfig

_SECRET_NAME = re.compile(r"(secret|password|passwd|private_key|api_key|application_key|consumer_key|credential)$")
_SIMPLE = {"string", "integer", "number", "boolean"}


def secret_values(config: PluginConfig) -> list[str]:
    """Return the secrets that a configuration holds, nested ones too."""
    found = []

    def walk(value: Any) -> None:
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        elif isinstance(value, PluginConfig) or hasattr(type(value), "model_fields"):
            for name in type(value).model_fields:
                walk(getattr(value, name))
        elif isinstance(value, dict):
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                walk(inner)

    walk(config)
    return [secret for secret in found if secret]


def undrawable(schema: dict[str, Any]) -> Iterator[str]:
    """Yield what in a configuration's JSON schema cannot be drawn as a form, or would be drawn without a word."""
    definitions = schema.get("$defs", {})
    for name, part in schema.get("properties", {}).items():
        if not part.get("description"):
            yield f"{name} has no description"
        if not _drawable(part, definitions):
            yield f"{name} has no form control"
    if schema.get("additionalProperties") is not False:
        yield "unknown keys are accepted"


def _drawable(part: dict[str, Any], definitions: dict[str, Any]) -> bool:
    if "$ref" in part:
        part = definitions[part["$ref"].rpartition("/")[2]]
    if "enum" in part or "const" in part:
        return True
    choices = [choice for choice in part.get("anyOf", part.get("oneOf", [])) if choice.get("type") != "null"]
    if choices:
        return all(_drawable(choice, definitions) for choice in choices)
    kind = part.get("type")
    if kind in _SIMPLE:
        return True
    if kind == "array":
        items = part.get("items") or {"anyOf": part.get("prefixItems", [])}
        return _drawable(items, definitions)
    if kind == "object":
        values = part.get("additionalProperties")
        if isinstance(values, dict):
            return _drawable(values, definitions)
        inner = part.get("properties", {})
        return bool(inner) and all(_drawable(one, definitions) for one in inner.values())
    return False


class ConfigContract:
    """Inherited by every contract: needs the fixture `config`."""

    def test_configuration_can_be_drawn_as_a_form(self, config: PluginConfig) -> None:
        """Every key of the schema has a sentence and a form control, and unknown keys are refused."""
        assert isinstance(config, PluginConfig), "a configuration derives from isoloir.hooks.PluginConfig"
        assert list(undrawable(type(config).model_json_schema())) == []

    def test_configuration_is_never_dumped_with_its_secrets(self, config: PluginConfig) -> None:
        """No secret in repr, str, JSON or the messages of a validation error; nothing can be changed."""
        for secret in secret_values(config):
            for dump in (repr(config), str(config), config.model_dump_json(), str(config.model_dump(mode="json"))):
                assert secret not in dump, "the configuration prints a secret"
        for name, info in type(config).model_fields.items():
            if _SECRET_NAME.search(name):
                kinds = (info.annotation, *get_args(info.annotation))
                assert SecretStr in kinds, f"{name} holds a secret and must be a SecretStr"
        assert type(config).model_config.get("frozen"), "a configuration is frozen"
        with pytest.raises(ValidationError) as refused:
            type(config).model_validate({"isoloir_kit": "input-never-echoed"})
        assert "input-never-echoed" not in str(refused.value), "a validation error echoes what was given"
