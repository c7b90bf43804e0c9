"""A factor that asks a number of the roll, sends a code by SMS, and compares what comes back."""

import secrets
from collections.abc import Mapping
from datetime import timedelta

from pydantic import Field, SecretStr

from isoloir.hooks import (
    Claim,
    ClaimName,
    Compared,
    Delivered,
    Event,
    Factor,
    FactorForm,
    Flow,
    Form,
    PluginConfig,
    Problem,
    Proved,
    Refused,
    Step,
    Submit,
    ToEntry,
    Vouching,
    asked,
)


class CodeConfig(PluginConfig):
    """How long a code lasts, and the key of the service that sends it."""

    minutes: int = Field(default=15, ge=1, le=60, description="How long a code is good for.")
    api_key: SecretStr = Field(default=SecretStr("kit-key-4242"), description="The key, by reference.")


class SampleNumber(FactorForm):
    """The number."""

    number: str = asked(max_length=40)


class SampleCode(FactorForm):
    """The code that came."""

    code: str = asked(keep=False, autocomplete="one-time-code", max_length=40)


class CodeFactor(Factor[CodeConfig]):
    """Number and code."""

    name = "sample_code"
    config = CodeConfig
    forms = (SampleNumber, SampleCode)

    def vouches(self, config: CodeConfig) -> Mapping[ClaimName, Vouching]:
        return {"ordinal_number": Compared(), "sample_code": Delivered("sms")}

    async def advance(self, config: CodeConfig, flow: Flow, event: Event) -> Step:
        form = event.form if isinstance(event, Submit) else None
        subject = flow.entry or "stranger"
        if isinstance(form, SampleNumber):
            code = "".join(secrets.choice("23456789") for _ in range(8))
            await flow.secrets.put("code", code, timedelta(minutes=config.minutes))
            await flow.notify("sample_code", {"code": code, "minutes": str(config.minutes)}, ToEntry("sms"))
            state = {"number": form.number}
            return Form(SampleCode, state=state, values={"mobile": flow.masked("sms") or ""})
        if isinstance(form, SampleCode) and "number" in flow.state:
            number = str(flow.state["number"])
            same = flow.matches("ordinal_number", number)
            if same and await flow.secrets.delete_if("code", form.code):
                by = Delivered("sms")
                return Proved({"ordinal_number": Claim(number, Compared()), "sample_code": Claim("sms", by)})
            left = await flow.attempts.fail("sample_code", subject)
            if left == 0:
                return Refused("sample_tries", {"tries": "5"})
            errors = {"code": "sample_wrong"}
            return Form(SampleCode, errors, flow.state, {"left": str(left), "mobile": flow.masked("sms") or ""})
        return Form(SampleNumber)

    async def check(self, config: CodeConfig) -> list[Problem]:
        return [Problem("sample_trial", severe=False)]
