"""What visitors send: small forms of texts, each with a token made for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType

from isoloir.errors import IsoloirError

if TYPE_CHECKING:
    from isoloir.login.sessions import Session
    from isoloir_web.pages import Asked

FORM_BYTES = 16_384
"""The largest form that is read."""

LONG_FORM_BYTES = 65_536
"""The largest form with a text that somebody wrote, URL-encoded: a letter may take six bytes and more."""

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


async def read_upload(request: Asked) -> tuple[Mapping[str, str], Mapping[str, bytes]]:
    """Return the fields and the files of a form (``multipart/form-data``), files by their own names.

    Empty files, which browsers send where none was chosen, are left out. Raises IsoloirError ``form_malformed``: no
    such form, or a field or a file's name twice.
    """
    if request.content_type[0] != RequestEncodingType.MULTI_PART:
        raise IsoloirError("form_malformed")
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, UploadFile):
            content, at = await value.read(), value.filename
            taken = at in files
            if content:
                files[at] = content
        else:
            taken = name in fields
            fields[name] = str(value)
        if taken or len(fields) + len(files) > _FIELDS:
            raise IsoloirError("form_malformed")
    return fields, files


def whole(form: Mapping[str, str], name: str) -> int:
    """Return a number below a million that a form holds; 0 for anything else."""
    given = form.get(name, "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 7 else 0


def require_token(session: Session | None, purpose: str, token: str) -> None:
    """Raise IsoloirError ``form_expired`` unless the token was made in this session, for this purpose."""
    if session is None or not token.isascii() or not session.check_form_token(purpose, token):
        raise IsoloirError("form_expired")
