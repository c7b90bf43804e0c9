"""A check: the number proved is still the roll's."""

from collections.abc import Mapping

from isoloir.hooks import (
    Allowed,
    Claim,
    ClaimName,
    ContestView,
    EligibilityCheck,
    NoConfig,
    NotMine,
    Refused,
    VoterView,
)


class SampleCheck(EligibilityCheck[NoConfig]):
    """Compares the number again."""

    name = "sample_check"
    config = NoConfig

    async def check(
        self, config: NoConfig, voter: VoterView, claims: Mapping[ClaimName, Claim], contest: ContestView
    ) -> Allowed | Refused | NotMine:
        claim = claims.get("ordinal_number")
        if claim is None:
            return Refused("sample_not_proved")
        if not voter.matches("ordinal_number", claim.value):
            return Refused("sample_not_the_rolls", {"contest": contest.id})
        return Allowed()
