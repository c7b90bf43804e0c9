"""Pro Santé Connect for Isoloir: CPS and e-CPS over OpenID Connect."""

from __future__ import annotations

from typing import Any

from isoloir.hooks import Factor, hookimpl
from isoloir_prosante_connect.factor import ProSanteConnect

contract_version = 1
builds_on = ("openid_connect",)


@hookimpl
def register_factors() -> list[Factor[Any]]:
    """Return the one factor: a login at Pro Santé Connect that asserts the RPPS number."""
    return [ProSanteConnect()]
