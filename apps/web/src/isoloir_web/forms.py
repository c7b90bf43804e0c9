"""What visitors send: small forms of texts, each with a token made for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from litestar.enums import RequestEncodingType

from isoloir.errors import IsoloirError

if TYPE_CHECKING:
    from isoloir.login.sessions import Session
    from isoloir_web.pages import Asked

FORM_BYTES = 16_384
"""The largest form that is read."""

_FIELDS = 30
TOKEN = "token"  # noqa: S105  # the name of the field, not a secret


async def read_form(request: Asked) -> Mapping[str, str]:
    """Return the form's fields. Raises IsoloirError ``form_malformed``: no URL-encoded form, or a field twice."""
    if request.content_type[0] != RequestEncodingType.URL_ENCODED:
        raise IsoloirError("form_malformed")
    fields: dict[str, str] = {}
    for name, value in (await request.form()).multi_items():
        if not isinstance(value, str) or name in fields or len(fields) >= _FIELDS or "\x00" in value:
            raise IsoloirError("form_malformed")
        fields[name] = value
    return fields


def require_token(session: Session | None, purpose: str, token: str) -> None:
    """Raise IsoloirError ``form_expired`` unless the token was made in this session, for this purpose."""
    if session is None or not token.isascii() or not session.check_form_token(purpose, token):
        raise IsoloirError("form_expired")
