"""What the parts of an election file are made of: short texts, names, numbers, addresses, each with its code."""

import re
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, StringConstraints
from pydantic_core import PydanticCustomError

from isoloir.normalise import NORMALISERS
from isoloir.texts import LOCALES


def _form(pattern: str, code: str) -> Any:
    compiled = re.compile(pattern)

    def check(value: Any) -> Any:
        if isinstance(value, str) and not compiled.fullmatch(value):
            raise PydanticCustomError(code, "refused")
        return value

    return BeforeValidator(check)


def _moment(value: Any) -> Any:
    if not isinstance(value, datetime):
        raise PydanticCustomError("value_not_datetime", "refused")
    return value


def _zone(value: Any) -> Any:
    if isinstance(value, str) and value not in available_timezones():
        raise PydanticCustomError("zone_unknown", "refused")
    return value


def _language(value: Any) -> Any:
    if isinstance(value, str) and value not in LOCALES:
        raise PydanticCustomError("value_not_choice", "refused", {"choices": ", ".join(LOCALES)})
    return value


def _normaliser(value: Any) -> Any:
    if isinstance(value, str) and value not in NORMALISERS:
        raise PydanticCustomError("value_not_choice", "refused", {"choices": ", ".join(NORMALISERS)})
    return value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
Whole = Annotated[int, Strict()]
YesNo = Annotated[bool, Strict()]
Id = Annotated[
    str,
    _form(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", "id_form"),
    Field(max_length=64, json_schema_extra={"pattern": "^[a-z0-9]+(?:[-_][a-z0-9]+)*$"}),
]
FieldName = Annotated[
    str,
    _form(r"[a-z][a-z0-9_]*", "field_name_form"),
    Field(max_length=64, json_schema_extra={"pattern": "^[a-z][a-z0-9_]*$"}),
]
Address = Annotated[
    str,
    _form(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}", "address_form"),
    Field(max_length=254, json_schema_extra={"format": "email"}),
]
Phone = Annotated[str, _form(r"\+?[0-9](?:[ .\-\u202f\u00a0]?[0-9]){2,19}", "phone_form")]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Zone = Annotated[str, BeforeValidator(_zone)]
Language = Annotated[str, BeforeValidator(_language), Field(json_schema_extra={"enum": list(LOCALES)})]
Normaliser = Annotated[str, BeforeValidator(_normaliser), Field(json_schema_extra={"enum": list(NORMALISERS)})]


class Part(BaseModel):
    """Base of every part of the file: unknown keys are errors, nothing changes, inputs are never echoed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Localised(Part):
    """A text in both languages of the interface."""

    fr: Text = Field(description="The text in French.")
    en: Text = Field(description="The text in English.")

    def get(self, locale: str) -> str:
        """Return the text in that language; in French for any other."""
        return self.en if locale == "en" else self.fr
