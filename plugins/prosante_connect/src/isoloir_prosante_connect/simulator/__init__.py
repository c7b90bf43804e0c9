"""A simulated Pro Santé Connect that speaks real OpenID Connect, for demonstrations and tests (extra `simulator`)."""

from __future__ import annotations

from collections.abc import Iterable

from isoloir_openid_connect.clock import Clock, SystemClock
from isoloir_prosante_connect.simulator.app import Simulator
from isoloir_prosante_connect.simulator.authority import Authority, RelyingParty
from isoloir_prosante_connect.simulator.driving import Telephone, log_in
from isoloir_prosante_connect.simulator.faults import FAULTS
from isoloir_prosante_connect.simulator.identities import DEFAULT, SHAPES, Identity, from_roll, identity
from isoloir_prosante_connect.simulator.serving import serve_simulator

__all__ = [
    "DEFAULT",
    "FAULTS",
    "SHAPES",
    "Identity",
    "RelyingParty",
    "Simulator",
    "Telephone",
    "create_simulator",
    "from_roll",
    "identity",
    "log_in",
    "serve_simulator",
]


def create_simulator(
    identities: Iterable[Identity],
    issuer_base: str,
    clients: Iterable[RelyingParty],
    *,
    clock: Clock | None = None,
    signed_userinfo: bool = False,
) -> Simulator:
    """Make the simulated provider, an ASGI application to mount where `issuer_base` says that it is.

    `issuer_base` is the issuer to configure (``http://127.0.0.1:8000/demo/psc``); no identities means `SHAPES`.
    `clock` must be the one that the election runs on, or its tokens look expired. `signed_userinfo` answers with a
    signed JWT instead of JSON.
    """
    authority = Authority(identities, issuer_base, clients, clock or SystemClock(), signed_userinfo=signed_userinfo)
    return Simulator(authority)
