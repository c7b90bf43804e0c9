"""The contract of an eligibility check as a test suite: give `check`, `allowed` and `refused`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from isoloir.hooks import Allowed, Claim, Compared, ContestView, EligibilityCheck, NotMine, PluginConfig, Refused
from isoloir.testing import texts as kit_texts
from isoloir.testing.config_contract import ConfigContract, given_config, quiet, secret_values
from isoloir.testing.fakes import FakeRoll, FakeVoter
from isoloir.testing.promises import ContractBroken, contract, default_config, given, misused, nothing, promise

_FAIL_CLOSED = (
    "return Allowed() only where voter.matches(field, claim.value) is true; else Refused(code) or NotMine()"
)


@dataclass(frozen=True)
class EligibilityCase:
    """A voter, what was proved of them, and a contest."""

    voter: FakeVoter = field(default_factory=lambda: FakeRoll().voter())
    claims: Mapping[str, Claim] = field(default_factory=dict)
    contest: ContestView = field(default_factory=lambda: ContestView("cspm-ph", ("ph",)))


@contract
class EligibilityContract(ConfigContract):
    """Subclass, and fill in the fixtures `check`, `allowed` and `refused`."""

    subject = "check"

    @pytest.fixture
    def check(self) -> EligibilityCheck[Any]:
        """Return the check under test."""
        misused("write the fixture `check`; it returns the eligibility check under test.")

    @pytest.fixture
    def config(self, check: EligibilityCheck[Any]) -> PluginConfig:
        """Return a configuration of it."""
        given("check", check, EligibilityCheck)
        return default_config(check.config)

    @pytest.fixture
    def allowed(self) -> EligibilityCase:
        """Return a case that the check allows."""
        misused("write the fixture `allowed`; it returns an EligibilityCase of a voter whom the check allows.")

    @pytest.fixture
    def refused(self) -> EligibilityCase:
        """Return a case that the check refuses."""
        misused("write the fixture `refused`; it returns an EligibilityCase of a voter whom the check refuses.")

    @pytest.fixture(autouse=True)
    def _given(self, check: Any, config: Any, allowed: Any, refused: Any) -> None:
        given("check", check, EligibilityCheck)
        given_config(config, check.config)
        given("allowed", allowed, EligibilityCase)
        given("refused", refused, EligibilityCase)

    async def test_allows_whom_it_should(self, check: Any, config: Any, allowed: EligibilityCase) -> None:
        """The allowed case is allowed, at login and again, alike, at casting."""
        for moment in ("at login", "again at casting"):
            answer = await _answer(check, config, allowed)
            promise(
                isinstance(answer, Allowed),
                f"the voter of the fixture `allowed` gets {answer!r} {moment}",
                "a check is asked at login and again at casting, and keeps nothing between: answer alike both times",
            )

    async def test_refuses_whom_it_should(self, check: Any, config: Any, refused: EligibilityCase) -> None:
        """The refused case is refused twice under one stable code, whose texts exist in both languages."""
        codes, values = set(), {}
        for moment in ("at login", "again at casting"):
            answer = await _answer(check, config, refused)
            promise(
                isinstance(answer, Refused),
                f"the voter of the fixture `refused` gets {answer!r} {moment}",
                "return Refused(code), both times",
            )
            assert isinstance(answer, Refused)
            codes.add(answer.code)
            values = dict(answer.values)
        nothing(
            codes if len(codes) > 1 else (),
            "the same voter is refused under several codes",
            "a code is stable: what changes goes into `values`",
        )
        package = self._package(check)
        texts = kit_texts.texts_of(package)
        nothing(
            [
                fault
                for identifier in kit_texts.refusal_identifiers(codes)
                for fault in kit_texts.unfilled(texts, identifier, values)
            ],
            "a refusal's text has places that nothing fills",
            "give them in `values` of Refused",
        )
        codes |= kit_texts.literal_codes(package, frozenset({"Refused", "PydanticCustomError"}))
        nothing(
            {repr(code) for code in codes if not kit_texts.well_formed(code)},
            "a code is not stable",
            "use lower case and underscores, at most 64 characters; what changes goes into `values`",
        )
        nothing(
            kit_texts.missing(texts, kit_texts.refusal_identifiers(codes)),
            "texts of a refusal are missing",
            "write them into locales/fr and locales/en, with the same {places}",
        )

    async def test_nothing_proved_is_never_allowed(self, check: Any, config: Any, allowed: EligibilityCase) -> None:
        """Fail closed: without claims, a voter whom nothing matches never gets `Allowed`.

        A check that goes by claims must not let the college alone suffice; one that goes by the college alone is
        asked with a college of nobody.
        """
        college = allowed.voter.college if allowed.claims else "college-of-nobody"
        nobody = FakeVoter({}, {}, college=college, handle="entry-nobody")
        answer = await _answer(check, config, EligibilityCase(nobody, {}, allowed.contest))
        promise(
            isinstance(answer, Refused | NotMine),
            f"a voter of whom nothing was proved and whom nothing matches gets {answer!r}",
            _FAIL_CLOSED,
        )

    async def test_contradictory_claims_are_never_allowed(
        self, check: Any, config: Any, allowed: EligibilityCase
    ) -> None:
        """Claims of other values than the allowed ones never give `Allowed`."""
        if not allowed.claims:
            return
        foreign = {name: Claim("foreign-6f1d", Compared()) for name in allowed.claims}
        answer = await _answer(check, config, EligibilityCase(allowed.voter, foreign, allowed.contest))
        promise(
            not isinstance(answer, Allowed),
            "claims that the roll contradicts were allowed: the check looks at their names, not at their values",
            _FAIL_CLOSED,
        )

    async def test_nothing_secret_is_logged(
        self,
        check: Any,
        config: Any,
        allowed: EligibilityCase,
        refused: EligibilityCase,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Neither claims nor the configuration's secrets nor the roll's values are logged or put into an answer."""
        caplog.set_level(logging.DEBUG)
        for case in (allowed, refused):
            answer = await _answer(check, config, case)
            values = {claim.value for claim in case.claims.values()} | set(case.voter.fields.values())
            quiet({*secret_values(config), *values} - {""}, caplog, capsys, repr(answer))


async def _answer(check: Any, config: Any, case: EligibilityCase) -> object:
    try:
        return await check.check(config, case.voter, case.claims, case.contest)
    except Exception as error:
        raise ContractBroken(
            f"check() raised {type(error).__name__}: the voter would be refused without a word\n"
            "→ catch it, and return Refused(code)"
        ) from error
