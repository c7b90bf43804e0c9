"""What the contract asks of every configuration: a form can be drawn from it, and it gives no secret away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import SecretStr, ValidationError

from isoloir.hooks import PluginConfig
from isoloir.testing import texts as kit_texts
from isoloir.testing.promises import contract, given, nothing, promise

SECRET_NAME = re.compile(
    r"(secret|password|passwd|passphrase|private_key|api_key|application_key|consumer_key|credential|api_token)$"
)
_SIMPLE = {"string", "integer", "number", "boolean"}
_ECHO = "input-never-echoed"


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


def _echoed(config: PluginConfig) -> Iterator[str]:
    """Yield the keys whose validation error repeats what was given."""
    kind = type(config)
    given = {name: getattr(config, name) for name in kind.model_fields}
    for name in ("isoloir_kit", *given):
        try:
            kind.model_validate({**given, name: _ECHO})
        except ValidationError as refused:
            if _ECHO in str(refused):
                yield "an unknown key" if name == "isoloir_kit" else name


@contract
class ConfigContract:
    """Inherited by the contracts of what has a configuration: needs the fixture `config`."""

    package: str = ""
    """Where ``locales/`` is: by default the top package of what is under test."""
    subject: str = ""
    """The fixture that returns what is under test."""

    def test_imports_the_contract_alone(self, request: pytest.FixtureRequest) -> None:
        """A plugin imports isoloir.hooks and nothing else of Isoloir: it reads neither roll nor ballot box."""
        nothing(
            kit_texts.foreign_imports(self._package(request.getfixturevalue(self.subject))),
            "the plugin imports what is not its own",
            "import isoloir.hooks alone; what a plugin may use is given to it (in tests, isoloir.testing)",
        )

    def test_configuration_can_be_drawn_as_a_form(self, config: PluginConfig) -> None:
        """Every key of the schema has a sentence and a form control, and unknown keys are refused."""
        nothing(
            undrawable(type(config).model_json_schema()),
            "no form can be drawn from the configuration",
            'give each key a simple type (text, number, yes/no, a Literal, lists of them) and Field(description="…");'
            " derive from isoloir.hooks.PluginConfig and leave its model_config alone",
        )

    def test_configuration_is_never_dumped_with_its_secrets(self, config: PluginConfig) -> None:
        """No secret in repr, str or JSON; what is named like a secret is a SecretStr; nothing can be changed."""
        for secret in secret_values(config):
            for dump in (repr(config), str(config), config.model_dump_json(), str(config.model_dump(mode="json"))):
                promise(
                    secret not in dump,
                    "the configuration prints a secret",
                    "keep it in a field of type pydantic.SecretStr, and write no __repr__, __str__ or serializer",
                )
        for name, info in type(config).model_fields.items():
            promise(
                not SECRET_NAME.search(name) or SecretStr in (info.annotation, *get_args(info.annotation)),
                f"{name} is named like a secret, but anything that prints the configuration would show it",
                "declare it as pydantic.SecretStr, and call get_secret_value() where it is used",
            )
        promise(
            type(config).model_config.get("frozen"),
            "the configuration can be changed while an election is running",
            "leave frozen=True of isoloir.hooks.PluginConfig as it is",
        )

    def test_configuration_errors_never_echo_the_input(self, config: PluginConfig) -> None:
        """A refused configuration says which key and why, never what was given: it may have been a secret."""
        nothing(
            _echoed(config),
            "a validation error repeats what was given",
            'raise PydanticCustomError("your_code", "refused") in validators, and leave hide_input_in_errors=True',
        )

    def _package(self, subject: object) -> str:
        return self.package or type(subject).__module__.partition(".")[0]


def given_config(config: object, kind: object) -> None:
    """Check that the author's `config` is one of what is under test."""
    given("config", config, kind if isinstance(kind, type) else PluginConfig)


def quiet(
    secrets: set[str], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], answers: str
) -> None:
    """Check that no secret is in the logs (arguments of records included), on the console or in the answers."""
    printed = capsys.readouterr()
    logged = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    for secret in secrets:
        promise(
            secret not in logged,
            "a secret, or what a voter typed or was sent, was logged",
            "log what happened and a stable code; never values, also not as arguments of the log call",
        )
        promise(
            secret not in printed.out + printed.err,
            "a secret, or what a voter typed or was sent, was printed",
            "remove the print()",
        )
        promise(
            secret not in answers,
            "an answer or an exception holds a secret, or what a voter typed or was sent",
            "put codes and plain numbers into values and exceptions, never what was typed, sent or configured",
        )
