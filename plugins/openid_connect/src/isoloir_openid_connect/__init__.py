"""Any OpenID Connect provider for Isoloir: FranceConnect, ProConnect, a university's, a hospital's."""

from __future__ import annotations

from typing import Any

from isoloir.hooks import Factor, hookimpl
from isoloir_openid_connect.factor import OpenIDConnect

contract_version = 1


@hookimpl
def register_factors() -> list[Factor[Any]]:
    """Return the one factor: a login at the configured provider, which asserts the configured claims."""
    return [OpenIDConnect()]
