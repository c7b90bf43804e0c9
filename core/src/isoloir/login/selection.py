"""Which roll entry an attempt is about: asserted keys and the identifier select it, everything else is compared."""

from __future__ import annotations

from collections.abc import Mapping

from isoloir import policy, roll
from isoloir.config.election import ElectionFile
from isoloir.hooks import Asserted, Claim, ClaimName, Compared, Delivered
from isoloir.login.attempt import Attempt
from isoloir.roll import RollEntry
from isoloir.store.engine import Store

NOT_RECOGNISED = "not_recognised"
"""The one refusal of whoever is not on the roll, is there twice, or does not match."""


class Selection:
    """Selects and compares on the roll of one election; a factor's own word that something matched counts nothing."""

    def __init__(self, store: Store, election: ElectionFile) -> None:
        self._store = store
        self._election = election

    async def confirmed(
        self, attempt: Attempt, entry: RollEntry | None, new: Mapping[ClaimName, Claim]
    ) -> RollEntry | str | None:
        """Return the entry that holds after these claims (`None`: none yet), or the code of a refusal."""
        for name, claim in new.items():
            if not self._selects(name, claim):
                continue
            if not self._level_suffices(claim):
                return "assurance_too_low"
            if entry is None and not attempt.asked:
                entry = await roll.by_key(self._store, self._election, name, claim.value)
            if entry is None:
                return NOT_RECOGNISED
        for name, claim in new.items():
            if not self._holds(entry, name, claim):
                return NOT_RECOGNISED
        return entry

    def _selects(self, name: ClaimName, claim: Claim) -> bool:
        field = self._election.roll.fields.get(name)
        return field is not None and field.key and isinstance(claim.by, Asserted)

    def _level_suffices(self, claim: Claim) -> bool:
        assert isinstance(claim.by, Asserted)
        levels = policy.LEVELS
        minimum = self._election.policy.minimum_level
        return claim.by.level in levels and levels.index(claim.by.level) >= levels.index(minimum)

    def _holds(self, entry: RollEntry | None, name: ClaimName, claim: Claim) -> bool:
        """Say whether the roll confirms a claim: each of a roll field, and each that needs somebody to be there."""
        if name in self._election.roll.fields or isinstance(claim.by, Compared):
            return entry is not None and roll.matches(self._election, entry, name, claim.value)
        return entry is not None or not isinstance(claim.by, Delivered)
