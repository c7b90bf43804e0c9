"""The bundled conformance kit, unchanged, with the roll's mobile and with a typed one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from isoloir.hooks import Claim, Compared, PluginConfig, Step
from isoloir.testing import FactorContract, FactorRun, FakeFlow, FakeRoll
from isoloir_password_sms.config import PasswordConfig
from isoloir_password_sms.factor import PasswordFactor


class TestPasswordSmsContract(FactorContract):
    """A password to the mobile that the roll holds."""

    @pytest.fixture
    def factor(self) -> PasswordFactor:
        return PasswordFactor()

    @pytest.fixture
    def config(self, factor: PasswordFactor) -> PluginConfig:  # type: ignore[override]
        return PasswordConfig(profile="cheapest")

    async def honest(self, run: FactorRun) -> Step:
        await run.start()
        await run.submit("SmsSend")
        return await run.submit("SmsPassword", password=run.flow.phone.last.values["code"])


class TestPasswordSmsTypedContract(TestPasswordSmsContract):
    """A password to a mobile that the voter types after a challenge, because the roll holds none."""

    free = frozenset({"mobile"})

    @pytest.fixture
    def config(self, factor: PasswordFactor) -> PluginConfig:  # type: ignore[override]
        return PasswordConfig(profile="cheapest", mobile="typed")

    @pytest.fixture
    def make_flow(self) -> Callable[..., FakeFlow]:  # type: ignore[override]
        challenged = {"ordinal_number": Claim("7512345", Compared())}

        def make(*, claims: Any = None, entry: Any = True, **arguments: Any) -> FakeFlow:
            voter = FakeRoll().voter(mobile="") if entry is True else entry
            return FakeFlow(claims={**challenged, **(claims or {})}, entry=voter, **arguments)

        return make

    async def honest(self, run: FactorRun) -> Step:
        await run.start()
        await run.submit("SmsMobile", mobile="06 12 34 56 78")
        return await run.submit("SmsPassword", password=run.flow.phone.last.values["code"])
