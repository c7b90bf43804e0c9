"""The eligibility check: the vote is for whoever has shown the number that the roll holds."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from isoloir.hooks import (
    Allowed,
    Asserted,
    Claim,
    ClaimName,
    Compared,
    ContestView,
    EligibilityCheck,
    PluginConfig,
    Refused,
    VoterView,
)


class OrdinalEligibilityConfig(PluginConfig):
    """Which roll field holds the number."""

    number_field: str = Field(
        default="ordinal_number", description="The roll field that holds the ordinal or substitute number."
    )


class OrdinalEligibility(EligibilityCheck[OrdinalEligibilityConfig]):
    """Allows those whose claims hold the ordinal or substitute number of this very voter."""

    name = "ordinal_check"
    config = OrdinalEligibilityConfig

    async def check(
        self,
        config: OrdinalEligibilityConfig,
        voter: VoterView,
        claims: Mapping[ClaimName, Claim],
        contest: ContestView,
    ) -> Allowed | Refused:
        """Compare the claimed number again with the roll's, which may have been corrected since the login."""
        claim = claims.get(config.number_field)
        if claim is None or not isinstance(claim.by, Compared | Asserted):
            return Refused("ordinal_not_proved")
        if not voter.matches(config.number_field, claim.value):
            return Refused("ordinal_not_the_rolls")
        return Allowed()
