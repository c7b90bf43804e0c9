"""What the engine accepts as a step; anything else is a fault of the plugin."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from isoloir.hooks import (
    Asserted,
    Claim,
    Compared,
    Delivered,
    Factor,
    Form,
    Proved,
    Redirect,
    Refused,
    Typed,
    Wait,
)

_LONGEST_WAIT = 300
_LONGEST_ABSENCE = 3600
_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")


def fault_of(step: object, factor: Factor[Any], token: str) -> str | None:
    """Return the name of what is wrong with a step, or `None`. No type is relied on: plugins are other people's."""
    if isinstance(step, Form | Redirect | Wait) and not _is_json(step.state):
        return "state_not_json"
    if isinstance(step, Form | Wait | Refused) and not _are_texts(step.values):
        return "values_not_texts"
    match step:
        case Form():
            return _fault_of_form(step, factor)
        case Redirect():
            return _fault_of_redirect(step, token)
        case Wait(seconds=seconds, message=message):
            if type(seconds) is not int or not 1 <= seconds <= _LONGEST_WAIT:
                return "wait_out_of_bounds"
            return None if isinstance(message, str) else "message_not_text"
        case Proved():
            return _fault_of_proof(step)
        case Refused():
            return fault_of_refusal(step)
    return "no_step"


def fault_of_refusal(answer: Refused) -> str | None:
    """Return what is wrong with a refusal: without a stable code nobody could be told anything."""
    if answer.seconds is not None and (
        type(answer.seconds) is not int or not 1 <= answer.seconds <= _LONGEST_ABSENCE
    ):
        return "wait_out_of_bounds"
    return None if _is_code(answer.code) else "code_malformed"


def _fault_of_form(step: Form, factor: Factor[Any]) -> str | None:
    if any(shown not in factor.forms for shown in (step.model, *step.also)):
        return "form_undeclared"
    if any(other.model_fields for other in step.also):
        return "secondary_form_with_fields"
    if any(place and place not in step.model.model_fields for place in step.errors):
        return "error_without_field"
    return None if all(_is_code(code) for code in step.errors.values()) else "code_malformed"


def _fault_of_redirect(step: Redirect, token: str) -> str | None:
    if not safe_address(step.url):
        return "address_unsafe"
    if not _are_texts(step.returns_with) or token not in step.returns_with.values():
        return "token_not_returned"
    return None


def _fault_of_proof(step: Proved) -> str | None:
    if not isinstance(step.claims, Mapping) or not step.claims:
        return "claim_empty"
    for name, claim in step.claims.items():
        if not isinstance(name, str) or not isinstance(claim, Claim) or not isinstance(claim.value, str):
            return "claim_malformed"
        if not isinstance(claim.by, Asserted | Delivered | Compared | Typed):
            return "claim_malformed"
    return None if step.display is None or isinstance(step.display, str) else "display_not_text"


def safe_address(url: object) -> bool:
    """Say whether a voter may be sent there: https, or http on the loopback."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if parts.scheme == "http":
        return host in ("127.0.0.1", "::1", "localhost")
    return parts.scheme == "https" and bool(host)


def parameter_of(step: Redirect, token: str) -> str:
    """Return the parameter that brings the token back."""
    return next(name for name, value in step.returns_with.items() if value == token)


def _is_code(code: object) -> bool:
    return isinstance(code, str) and _CODE.fullmatch(code) is not None


def _are_texts(values: object) -> bool:
    return isinstance(values, Mapping) and all(isinstance(text, str) for pair in values.items() for text in pair)


def _is_json(state: object) -> bool:
    try:
        plain = dict(state)  # type: ignore[call-overload]
        return bool(json.loads(json.dumps(plain, allow_nan=False)) == plain)
    except (TypeError, ValueError):
        return False
