"""What the engine accepts as a step; anything else is a fault of the plugin."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from isoloir.hooks import Factor, Form, Proved, Redirect, Refused, Wait

_LONGEST_WAIT = 300


def fault_of(step: object, factor: Factor[Any], token: str) -> str | None:
    """Return the name of what is wrong with a step, or `None`."""
    if not isinstance(step, Form | Redirect | Wait | Proved | Refused):
        return "no_step"
    if isinstance(step, Form | Redirect | Wait) and not _is_json(step.state):
        return "state_not_json"
    match step:
        case Form(model=model, errors=errors, also=also):
            if any(shown not in factor.forms for shown in (model, *also)):
                return "form_undeclared"
            if any(other.model_fields for other in also):
                return "secondary_form_with_fields"
            if any(place and place not in model.model_fields for place in errors):
                return "error_without_field"
        case Redirect():
            if not safe_address(step.url):
                return "address_unsafe"
            if token not in step.returns_with.values():
                return "token_not_returned"
        case Wait(seconds=seconds):
            if not 1 <= seconds <= _LONGEST_WAIT:
                return "wait_out_of_bounds"
    return None


def safe_address(url: str) -> bool:
    """Say whether a voter may be sent there: https, or http on the loopback."""
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


def _is_json(state: object) -> bool:
    try:
        plain = dict(state)  # type: ignore[call-overload]
        return bool(json.loads(json.dumps(plain, allow_nan=False)) == plain)
    except (TypeError, ValueError):
        return False
