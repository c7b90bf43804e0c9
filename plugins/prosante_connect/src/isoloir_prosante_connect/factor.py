"""The factor: a login at Pro Santé Connect, and what is particular to what it says."""

from __future__ import annotations

from typing import ClassVar, Final, Generic, TypeVar

from isoloir.hooks import ClaimName, FlowElection
from isoloir_openid_connect.federation import Federation, Person
from isoloir_openid_connect.mapping import Said
from isoloir_prosante_connect.config import ProSanteConnectConfig
from isoloir_prosante_connect.identity import read_identity

CLAIM: Final = "rpps"

P = TypeVar("P", bound=ProSanteConnectConfig)


class Professionals(Federation[P], Generic[P]):
    """Whom Pro Santé Connect knows, whichever way they log in: an RPPS number, and a name."""

    own_words: ClassVar = {
        "oidc_cancelled": "psc_cancelled",
        "oidc_login_too_old": "psc_login_too_old",
        "oidc_level_too_low": "psc_level_too_low",
        "oidc_check_discovery": "psc_check_discovery",
    }

    def proves(self, config: P) -> tuple[ClaimName, ...]:
        """Return the one claim: the RPPS number."""
        return (CLAIM,)

    def person(self, config: P, election: FlowElection, said: Said) -> Person:
        """Read the national identifier and the name; raises Refusal ``psc_identity_…``, ``psc_broker_…``."""
        userinfo = said.userinfo if config.broker is None else config.broker.userinfo(said)
        identity = read_identity(userinfo, accept_test=config.test_identities and election.test)
        return Person({CLAIM: identity.rpps}, identity.display)


class ProSanteConnect(Professionals[ProSanteConnectConfig]):
    """Asserts the RPPS number of a professional logged in by CPS card or e-CPS."""

    name = "prosante_connect"
    config = ProSanteConnectConfig
