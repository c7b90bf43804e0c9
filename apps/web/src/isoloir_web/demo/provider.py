"""Who stands for Pro Santé Connect in a demonstration, and how one logs in there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from isoloir_web.trial.folder import PSC_FACTORS, SIMULATED

if TYPE_CHECKING:
    from isoloir.config.election import ElectionFile
    from isoloir.roll import RollEntry


@dataclass(frozen=True)
class Provider:
    """The provider of a demonstration's election; everybody's `password` there, empty where it asks for none."""

    password: str = field(default="", repr=False)
    rings_nowhere: bool = False
    """Whether the election offers the e-CPS, and no telephone is shown that could answer."""

    @property
    def simulated(self) -> bool:
        """Whether it is the simulator, where one chooses whom to be; else a real Keycloak."""
        return not self.password

    def user(self, entry: RollEntry) -> str:
        """Return the user name of somebody on the roll: the national identifier, 8 and then the RPPS number."""
        return f"8{entry.fields.get('rpps', '')}"


def provider_of(election: ElectionFile, base_url: str) -> Provider | None:
    """Return the provider of an election served at `base_url`; `None` where it does not use Pro Santé Connect."""
    used = {use.plugin: use.config for use in election.factors.values() if use.plugin in PSC_FACTORS}
    if not used:
        return None
    if all(config.get("issuer") == f"{base_url}{SIMULATED}" for config in used.values()):
        return Provider()
    from isoloir_prosante_connect.keycloak import PASSWORD  # an extra, which was there to start Keycloak

    return Provider(PASSWORD, "prosante_connect_ecps" in used)
