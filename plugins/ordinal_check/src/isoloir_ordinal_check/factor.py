"""The factor: it asks the ordinal number, and the RPPS where nothing has proved it, and compares both with the roll.

RPPS is public, the ordinal number is not: only the second is a challenge. Hit, miss and a voter who is not on the
roll take the same steps: both values are always compared, one sentence serves every miss, and every miss counts.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from isoloir.hooks import (
    Claim,
    ClaimName,
    Compared,
    Entry,
    Event,
    Factor,
    FactorForm,
    Flow,
    Form,
    Json,
    PluginConfig,
    Proved,
    Refused,
    Step,
    Submit,
    Vouching,
    asked,
)
from isoloir_ordinal_check import numbers

COUNTER = "ordinal_number"
"""The name under which wrong numbers are counted."""


class OrdinalConfig(PluginConfig):
    """How the election names the two numbers, and how many misses one login may have."""

    rpps_field: str = Field(default="rpps", description="The roll field that holds the RPPS.")
    number_field: str = Field(
        default="ordinal_number", description="The roll field that holds the ordinal or substitute number."
    )
    ask_rpps: Literal["unless_proved", "never"] = Field(
        default="unless_proved", description="Whether the RPPS is asked too, where no factor has proved it before."
    )
    attempts: int = Field(default=5, ge=1, le=10, description="Wrong numbers that one login may have.")


class OrdinalNumber(FactorForm):
    """The ordinal or substitute number alone: the RPPS is known already."""

    number: str = asked(keep=True, max_length=40)


class RppsAndOrdinalNumber(FactorForm):
    """Both numbers."""

    rpps: str = asked(inputmode="numeric", max_length=40)
    number: str = asked(keep=True, max_length=40)


class OrdinalFactor(Factor[OrdinalConfig]):
    """RPPS and ordinal number, compared with the roll."""

    name = "ordinal_check"
    config = OrdinalConfig
    forms: ClassVar[tuple[type[FactorForm], ...]] = (OrdinalNumber, RppsAndOrdinalNumber)

    def vouches(self, config: OrdinalConfig) -> Mapping[ClaimName, Vouching]:
        """Both numbers are compared with the roll's; whether that is a challenge, the roll field says."""
        if config.ask_rpps == "never":
            return {config.number_field: Compared()}
        return {config.rpps_field: Compared(), config.number_field: Compared()}

    async def advance(self, config: OrdinalConfig, flow: Flow, event: Event) -> Step:
        """Show the form, or compare what was submitted."""
        model = _model(config, flow)
        state = {"who": flow.state.get("who") or secrets.token_hex(16), "misses": flow.state.get("misses", 0)}
        if not isinstance(event, Submit) or not isinstance(event.form, model):
            return _form(model, state)
        claims = _typed(config, event.form)
        if claims is None:
            return _form(model, state, {"rpps": "rpps_malformed"})
        subject = _subject(flow, state)
        # One comparison at a time for one voter: many at once would all pass the counter before one is counted.
        async with flow.exclusive(COUNTER, subject.handle if isinstance(subject, Entry) else subject) as mine:
            if not mine:
                return _form(model, state, {"": "ordinal_busy"})
            wait = await flow.attempts.check(COUNTER, subject)
            if wait > timedelta(0):
                return _form(model, state, {"": "ordinal_wait"}, minutes=math.ceil(wait.total_seconds() / 60))
            compared = [flow.matches(field, value) for field, value in claims.items()]  # all, whichever is wrong
            if all(compared):
                return Proved({field: Claim(value, Compared()) for field, value in claims.items()})
            left = await flow.attempts.fail(COUNTER, subject)
        misses = _misses(state) + 1
        left = min(left, config.attempts - misses)
        if misses >= config.attempts:
            return Refused("ordinal_attempts_exhausted")
        code = {0: "ordinal_mismatch_wait", 1: "ordinal_mismatch_last"}.get(left, "ordinal_mismatch")
        field = "number" if model is OrdinalNumber else ""
        return _form(model, {**state, "misses": misses}, {field: code}, left=left)


def _model(config: OrdinalConfig, flow: Flow) -> type[OrdinalNumber] | type[RppsAndOrdinalNumber]:
    known = config.ask_rpps == "never" or config.rpps_field in flow.claims
    return OrdinalNumber if known else RppsAndOrdinalNumber


def _typed(config: OrdinalConfig, form: OrdinalNumber | RppsAndOrdinalNumber) -> dict[ClaimName, str] | None:
    number = {config.number_field: numbers.compact(form.number)}
    if isinstance(form, OrdinalNumber):
        return number
    digits = numbers.rpps(form.rpps)
    return None if digits is None else {config.rpps_field: digits, **number}


def _subject(flow: Flow, state: Mapping[str, Json]) -> Entry | str:
    """Return whose misses these are: the entry's, or, for somebody who is not on the roll, those of what was claimed.

    What was claimed is the same in the next window, so that a miss is slowed down just as a hit is.
    """
    if flow.entry is not None:
        return flow.entry
    claimed = "\n".join(f"{name}={claim.value}" for name, claim in sorted(flow.claims.items()))
    return claimed or str(state["who"])


def _misses(state: Mapping[str, Json]) -> int:
    misses = state.get("misses", 0)
    return misses if isinstance(misses, int) else 0


def _form(
    model: type[FactorForm], state: Mapping[str, Json], errors: Mapping[str, str] | None = None, **values: int
) -> Form:
    return Form(model, errors=errors or {}, state=state, values={name: str(value) for name, value in values.items()})
