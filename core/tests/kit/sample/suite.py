"""The contract suites of the sample, as an author writes them."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from isoloir.hooks import Claim, Compared
from isoloir.testing import (
    EligibilityCase,
    EligibilityContract,
    FactorContract,
    FakeRoll,
    NotifierContract,
    RollCheckContract,
)
from sample.code_factor import CodeFactor
from sample.eligibility import SampleCheck
from sample.notifier import SampleFolder, SampleNotifier
from sample.provider_factor import ProviderFactor, seal
from sample.roll_check import SampleRollCheck


class TestCode(FactorContract):
    @pytest.fixture
    def factor(self):
        return CodeFactor()

    async def honest(self, run):
        await run.start()
        await run.submit(number=run.voter.fields["ordinal_number"])
        return await run.submit(code=run.flow.phone.last.values["code"])


class TestProvider(FactorContract):
    @pytest.fixture
    def factor(self):
        return ProviderFactor()

    async def honest(self, run):
        sent = await run.start()
        token = parse_qs(urlsplit(sent.url).query)["state"][0]
        await run.come_back(state=token, number="99700000001", seal=seal(token, "99700000001"))
        return await run.tick()


class TestEligibility(EligibilityContract):
    @pytest.fixture
    def check(self):
        return SampleCheck()

    @pytest.fixture
    def allowed(self):
        voter = FakeRoll().voter(ordinal_number="7512345")
        return EligibilityCase(voter, {"ordinal_number": Claim("7512345", Compared())})

    @pytest.fixture
    def refused(self):
        voter = FakeRoll().voter(ordinal_number="7512345")
        return EligibilityCase(voter, {"ordinal_number": Claim("7599999", Compared())})


class TestNotifier(NotifierContract):
    @pytest.fixture
    def notifier(self):
        return SampleNotifier()

    @pytest.fixture
    def config(self, tmp_path):
        return SampleFolder(folder=tmp_path)

    @pytest.fixture
    def unreachable(self, tmp_path):
        return SampleFolder(folder=tmp_path / "away")

    async def delivered(self, config):
        return [tuple(json.loads(path.read_text())) for path in sorted(config.folder.glob("0*"))]


class TestRollCheck(RollCheckContract):
    @pytest.fixture
    def roll_check(self):
        return SampleRollCheck()

    @pytest.fixture
    def sound(self):
        return {"ordinal_number": "7512345"}

    @pytest.fixture
    def odd(self):
        return {"ordinal_number": "7512"}
