"""Pro Santé Connect for Isoloir: CPS and e-CPS over OpenID Connect, on its pages or by an approval (CIBA)."""

from __future__ import annotations

from typing import Any

from isoloir.hooks import Factor, hookimpl
from isoloir_prosante_connect.ecps import ECps
from isoloir_prosante_connect.factor import ProSanteConnect

contract_version = 1
builds_on = ("openid_connect",)


@hookimpl
def register_factors() -> list[Factor[Any]]:
    """Return the two ways to be asserted by one's RPPS number: on the provider's pages, or on the telephone."""
    return [ProSanteConnect(), ECps()]
