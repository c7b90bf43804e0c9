"""Forms as the core handles them: what was typed is checked here, before a factor hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from isoloir.hooks import FactorForm

_LONGEST = 1_000
_CODES = {
    "missing": "form.missing",
    "string_too_short": "form.too_short",
    "string_too_long": "form.too_long",
    "string_pattern_mismatch": "form.format",
}


@dataclass(frozen=True)
class FieldSpec:
    """How one field of a form is drawn."""

    name: str
    input: str = "text"
    autocomplete: str = "off"
    inputmode: str = "text"
    keep: bool = True
    max_length: int = 64


def fields_of(model: type[FactorForm]) -> list[FieldSpec]:
    """Return the fields of a form, in the order declared."""
    specs = []
    for name, info in model.model_fields.items():
        extra: Mapping[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        longest = next((mark.max_length for mark in info.metadata if hasattr(mark, "max_length")), None)
        specs.append(
            FieldSpec(
                name=name,
                input=str(extra.get("input", "text")),
                autocomplete=str(extra.get("autocomplete", "off")),
                inputmode=str(extra.get("inputmode", "text")),
                keep=bool(extra.get("keep", True)),
                max_length=int(longest or 64),
            )
        )
    return specs


def validate(model: type[FactorForm], data: Mapping[str, str]) -> tuple[FactorForm | None, dict[str, str]]:
    """Return a valid instance of the form, or `None` and a stable error code by field (``""``: the whole form).

    Keys that the form does not have are left out. A validator of the form may raise `PydanticCustomError`: its
    type is then the code. No message ever holds what was typed.
    """
    errors: dict[str, str] = {}
    typed: dict[str, str] = {}
    for name in model.model_fields:
        value = data.get(name, "")
        value = value.strip() if isinstance(value, str) else ""
        if len(value) > _LONGEST:
            errors[name] = "form.too_long"
        elif value:
            typed[name] = value
    if errors:
        return None, errors
    try:
        return model.model_validate(typed), {}
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False, include_context=False):
            place = str(problem["loc"][0]) if problem["loc"] else ""
            errors.setdefault(place, _code(problem["type"]))
    return None, errors


def kept(model: type[FactorForm], data: Mapping[str, str]) -> dict[str, str]:
    """Return what may be shown again of what was typed: no secret, nothing over-long, no foreign key."""
    return {
        spec.name: data[spec.name][: spec.max_length]
        for spec in fields_of(model)
        if spec.keep and isinstance(data.get(spec.name), str)
    }


def _code(kind: str) -> str:
    if kind in _CODES:
        return _CODES[kind]
    # pydantic's own types (`value_error`, `int_parsing`, …) mean nothing to a voter; a plugin's own code does.
    return "form.invalid" if kind in _PYDANTIC_TYPES else kind


def _pydantic_types() -> frozenset[str]:
    from typing import get_args

    from pydantic_core.core_schema import ErrorType

    return frozenset(get_args(ErrorType))


_PYDANTIC_TYPES = _pydantic_types()
