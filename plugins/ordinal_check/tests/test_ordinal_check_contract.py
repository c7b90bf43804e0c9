"""The bundled conformance kit, unchanged, over everything that the plugin registers."""

from __future__ import annotations

import pytest

from isoloir.hooks import Claim, Compared, Form, Step
from isoloir.testing import (
    EligibilityCase,
    EligibilityContract,
    FactorContract,
    FactorRun,
    FakeRoll,
    RollCheckContract,
)
from isoloir_ordinal_check.eligibility import OrdinalEligibility
from isoloir_ordinal_check.factor import OrdinalFactor
from isoloir_ordinal_check.roll_check import OrdinalRollCheck


class TestOrdinalFactorContract(FactorContract):
    """The factor: both numbers compared with the roll."""

    @pytest.fixture
    def factor(self) -> OrdinalFactor:
        return OrdinalFactor()

    async def honest(self, run: FactorRun) -> Step:
        asked = await run.start()
        assert isinstance(asked, Form)
        known = {"rpps": "rpps", "number": "ordinal_number"}
        return await run.submit(**{name: run.voter.fields[known[name]] for name in asked.model.model_fields})


class TestOrdinalEligibilityContract(EligibilityContract):
    """The eligibility check: the number is still the roll's."""

    @pytest.fixture
    def check(self) -> OrdinalEligibility:
        return OrdinalEligibility()

    @pytest.fixture
    def allowed(self) -> EligibilityCase:
        voter = FakeRoll().voter(ordinal_number="7512345")
        return EligibilityCase(voter, {"ordinal_number": Claim("7512345", Compared())})

    @pytest.fixture
    def refused(self) -> EligibilityCase:
        voter = FakeRoll().voter(ordinal_number="7512345")
        return EligibilityCase(voter, {"ordinal_number": Claim("7599999", Compared())})


class TestOrdinalRollCheckContract(RollCheckContract):
    """The roll check: probable mistakes, named and never fatal."""

    @pytest.fixture
    def roll_check(self) -> OrdinalRollCheck:
        return OrdinalRollCheck()

    @pytest.fixture
    def sound(self) -> dict[str, str]:
        return {"rpps": "10001234565", "ordinal_number": "7512345", "ordinal_number_kind": "ordinal"}

    @pytest.fixture
    def odd(self) -> dict[str, str]:
        return {"rpps": "10001234567", "ordinal_number": "7,5E+06", "ordinal_number_kind": "ordinal"}
