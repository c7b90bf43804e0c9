"""The contract of an eligibility check as a test suite: give `check`, `allowed` and `refused`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from isoloir.hooks import Allowed, Claim, Compared, ContestView, EligibilityCheck, NotMine, PluginConfig, Refused
from isoloir.testing import texts as kit_texts
from isoloir.testing.config_contract import ConfigContract, secret_values
from isoloir.testing.fakes import FakeRoll, FakeVoter


@dataclass(frozen=True)
class EligibilityCase:
    """A voter, what was proved of them, and a contest."""

    voter: FakeVoter = field(default_factory=lambda: FakeRoll().voter())
    claims: Mapping[str, Claim] = field(default_factory=dict)
    contest: ContestView = field(default_factory=lambda: ContestView("cspm-ph", ("ph",)))


class EligibilityContract(ConfigContract):
    """Subclass, and fill in the fixtures `check`, `allowed` and `refused`."""

    package: str = ""

    @pytest.fixture
    def check(self) -> EligibilityCheck[Any]:
        """Return the check under test."""
        raise NotImplementedError("give the fixture `check`")

    @pytest.fixture
    def config(self, check: EligibilityCheck[Any]) -> PluginConfig:
        """Return a configuration of it."""
        made: PluginConfig = check.config()
        return made

    @pytest.fixture
    def allowed(self) -> EligibilityCase:
        """Return a case that the check allows."""
        raise NotImplementedError("give the fixture `allowed`")

    @pytest.fixture
    def refused(self) -> EligibilityCase:
        """Return a case that the check refuses."""
        raise NotImplementedError("give the fixture `refused`")

    async def test_allows_whom_it_should(self, check: Any, config: Any, allowed: EligibilityCase) -> None:
        """The allowed case is allowed, at login and again, alike, at casting."""
        for _ in range(2):
            answer = await check.check(config, allowed.voter, allowed.claims, allowed.contest)
            assert isinstance(answer, Allowed)

    async def test_refuses_whom_it_should(self, check: Any, config: Any, refused: EligibilityCase) -> None:
        """The refused case is refused twice under one stable code, whose texts exist in both languages."""
        answers = [await check.check(config, refused.voter, refused.claims, refused.contest) for _ in range(2)]
        assert all(isinstance(answer, Refused) for answer in answers)
        assert len({answer.code for answer in answers}) == 1
        package = self.package or type(check).__module__.partition(".")[0]
        codes = {answers[0].code} | kit_texts.literal_codes(package, frozenset({"Refused"}))
        assert all(kit_texts.well_formed(code) for code in codes)
        assert kit_texts.missing(kit_texts.texts_of(package), kit_texts.refusal_identifiers(codes)) == []

    async def test_nothing_proved_is_never_allowed(self, check: Any, config: Any, allowed: EligibilityCase) -> None:
        """Fail closed: without claims, for a voter whom nothing matches, the check never says `Allowed`."""
        nobody = FakeVoter({}, {}, college=allowed.voter.college, handle="entry-nobody")
        answer = await check.check(config, nobody, {}, allowed.contest)
        assert isinstance(answer, Refused | NotMine)

    async def test_contradictory_claims_are_never_allowed(
        self, check: Any, config: Any, allowed: EligibilityCase
    ) -> None:
        """Claims of other values than the allowed ones never give `Allowed`."""
        if not allowed.claims:
            return
        foreign = {name: Claim("foreign-6f1d", Compared()) for name in allowed.claims}
        answer = await check.check(config, allowed.voter, foreign, allowed.contest)
        assert not isinstance(answer, Allowed)

    async def test_nothing_secret_is_logged(
        self,
        check: Any,
        config: Any,
        allowed: EligibilityCase,
        refused: EligibilityCase,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Neither claims nor the configuration's secrets nor the roll's values are logged or put into an answer."""
        caplog.set_level(logging.DEBUG)
        for case in (allowed, refused):
            answer = await check.check(config, case.voter, case.claims, case.contest)
            values = [claim.value for claim in case.claims.values()] + list(case.voter.fields.values())
            for secret in (*secret_values(config), *values):
                assert secret not in caplog.text, "a secret was logged"
                assert secret not in repr(answer), "an answer prints a secret"
