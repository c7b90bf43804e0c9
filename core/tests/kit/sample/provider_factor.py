"""A factor that sends the voter to a provider, waits, and believes what comes back under its seal."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta

from isoloir.hooks import (
    Asserted,
    Claim,
    ClaimName,
    Event,
    Factor,
    Flow,
    NoConfig,
    Proved,
    Redirect,
    Refused,
    Return,
    Step,
    Tick,
    Vouching,
    Wait,
)

KEY = b"shared with the provider"


def seal(token: str, number: str) -> str:
    return hmac.new(KEY, f"{token} {number}".encode(), hashlib.sha256).hexdigest()


class ProviderFactor(Factor[NoConfig]):
    """A provider of identity."""

    name = "sample_provider"
    config = NoConfig

    def vouches(self, config: NoConfig) -> Mapping[ClaimName, Vouching]:
        return {"rpps": Asserted("eidas1")}

    async def advance(self, config: NoConfig, flow: Flow, event: Event) -> Step:
        if isinstance(event, Return):
            token = await flow.secrets.get("token")
            number = event.params.get("number", "")
            if token is None or not hmac.compare_digest(event.params.get("seal", ""), seal(token, number)):
                return Refused("sample_provider")
            await flow.secrets.delete_if("token", token)
            await flow.secrets.put("number", number, timedelta(minutes=5))
            return Wait(2, "sample.wait")
        if isinstance(event, Tick):
            number = await flow.secrets.get("number")
            if number is None or not await flow.secrets.delete_if("number", number):
                return Refused("sample_provider")
            return Proved({"rpps": Claim(number, Asserted("eidas1"))}, "Dr Alix Martin")
        await flow.secrets.put("token", flow.token, timedelta(minutes=5))
        return Redirect("https://idp.example.org/login?state=" + flow.token, {"state": flow.token})

    async def leave(self, config: NoConfig, flow: Flow) -> Redirect | None:
        return Redirect("https://idp.example.org/logout", {"state": flow.token})
