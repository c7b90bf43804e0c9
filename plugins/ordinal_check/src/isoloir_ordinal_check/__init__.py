"""RPPS, ordinal and substitute numbers: a factor that asks them, a check of eligibility, a check of rolls."""

from __future__ import annotations

from typing import Any

from isoloir.hooks import EligibilityCheck, Factor, RollCheck, hookimpl
from isoloir_ordinal_check.eligibility import OrdinalEligibility
from isoloir_ordinal_check.factor import OrdinalFactor
from isoloir_ordinal_check.roll_check import OrdinalRollCheck

contract_version = 1


@hookimpl
def register_factors() -> list[Factor[Any]]:
    """Return the factor `ordinal_check`."""
    return [OrdinalFactor()]


@hookimpl
def register_eligibility() -> list[EligibilityCheck[Any]]:
    """Return the eligibility check `ordinal_check`."""
    return [OrdinalEligibility()]


@hookimpl
def register_roll_checks() -> list[RollCheck]:
    """Return the roll check `ordinal_check`."""
    return [OrdinalRollCheck()]
