"""Which addresses may be asked: https, or plain http on this machine where the provider runs there for a trial."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

_LONGEST: Final = 500


def is_loopback(url: str) -> bool:
    """Say whether the host of `url` is this machine, by its number (a name could be made to point elsewhere)."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_safe_address(url: str, *, local: bool) -> bool:
    """Say whether `url` may be asked: https, or plain http on this machine where the provider is a `local` one."""
    try:
        parts = urlsplit(url)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError:
        return False
    if not parts.hostname or parts.username or parts.password or parts.fragment or not port_is_number:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and local and is_loopback(url))


def _address(value: str) -> str:
    if not is_safe_address(value, local=True) or any(not "!" <= sign <= "~" for sign in value):
        raise PydanticCustomError("oidc_address_form", "refused")
    return value


def _issuer(value: str) -> str:
    if urlsplit(value).query:
        raise PydanticCustomError("oidc_address_form", "refused")
    return value


Address = Annotated[str, AfterValidator(_address), Field(max_length=_LONGEST, json_schema_extra={"format": "uri"})]
Issuer = Annotated[Address, AfterValidator(_issuer)]
