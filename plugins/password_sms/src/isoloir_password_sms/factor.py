"""The factor: a password goes to the voter's mobile and comes back.

A voter who is not on the roll takes the same steps: a password is drawn and hashed, its message is discarded by the
core, and whatever is typed is compared and wrong.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from isoloir.hooks import (
    Asserted,
    Claim,
    ClaimName,
    Compared,
    Delivered,
    Entry,
    Event,
    Factor,
    FactorForm,
    Flow,
    Form,
    Json,
    Problem,
    Proved,
    Refused,
    Step,
    Submit,
    ToEntry,
    Vouching,
    telephone,
)
from isoloir_password_sms import hashing, kept
from isoloir_password_sms.config import PasswordConfig
from isoloir_password_sms.forms import SmsMobile, SmsPassword, SmsResend, SmsSend

CLAIM: ClaimName = "one_time_password"
SENDING, GUESSING = "sms_sent", "sms_password"
"""The names under which sendings and wrong passwords are counted."""
_BINDING = {"address_bound": "sms_mobile_bound", "address_shared": "sms_mobile_shared"}


class PasswordFactor(Factor[PasswordConfig]):
    """A one-time password by SMS."""

    name = "password_sms"
    config = PasswordConfig
    forms: ClassVar[tuple[type[FactorForm], ...]] = (SmsMobile, SmsSend, SmsPassword, SmsResend)

    def vouches(self, config: PasswordConfig) -> Mapping[ClaimName, Vouching]:
        """A secret was delivered by SMS; to a typed mobile, wherever a voter may type one."""
        return {CLAIM: _vouching(config)}

    async def check(self, config: PasswordConfig) -> list[Problem]:
        """Name a profile that only tests should use."""
        return [Problem("sms_profile_cheapest", severe=False)] if config.profile == "cheapest" else []

    async def advance(self, config: PasswordConfig, flow: Flow, event: Event) -> Step:
        """Ask where to send, send, and compare what comes back."""
        state: dict[str, Json] = {"who": flow.state.get("who") or secrets.token_hex(16), **flow.state}
        form = event.form if isinstance(event, Submit) else None
        asking = _asking(config, flow, state)
        if isinstance(asking, Refused):
            return asking
        match form:
            case SmsMobile() if asking is SmsMobile:
                return await _bind_and_send(config, flow, state, form.mobile)
            case SmsSend() if asking is SmsSend:
                return await _send(config, flow, state, asking)
            case SmsResend() if asking is SmsPassword:
                return await _send(config, flow, state, asking)
            case SmsPassword() if asking is SmsPassword:
                return await _compare(config, flow, state, form.password)
        return _form(flow, asking, state)


def _vouching(config: PasswordConfig) -> Delivered:
    return Delivered("sms", "roll" if config.mobile == "roll" else "typed")


def _asking(config: PasswordConfig, flow: Flow, state: Mapping[str, Json]) -> type[FactorForm] | Refused:
    """Return the form that is due: where to send first, and once sent, the password."""
    if "sent" in state:
        return SmsPassword
    known = flow.masked("sms") is not None
    if known and (config.mobile != "typed" or flow.entry is not None):
        return SmsSend
    if config.mobile == "roll":
        return Refused("sms_mobile_missing")
    # To type a mobile is to bind it: never before something that only the voter knows has been proved.
    if not any(isinstance(claim.by, Compared | Asserted) for claim in flow.claims.values()):
        return Refused("sms_mobile_too_early")
    return SmsMobile


async def _bind_and_send(config: PasswordConfig, flow: Flow, state: dict[str, Json], typed: str) -> Step:
    number = telephone.mobile(typed)
    if number is None:
        return _form(flow, SmsMobile, state, {"mobile": "sms_mobile_malformed"})
    refusal = await flow.bind("sms", number, config.serves)
    if refusal is not None:
        return _form(flow, SmsMobile, state, {"mobile": _BINDING.get(refusal, "sms_mobile_bound")})
    return await _send(config, flow, {**state, "mobile": telephone.masked(number)}, SmsMobile)


async def _send(config: PasswordConfig, flow: Flow, state: dict[str, Json], shown: type[FactorForm]) -> Step:
    subject = _subject(flow, state)
    async with flow.exclusive(kept.NAME, _text(subject)) as mine:
        if not mine:
            return _form(flow, shown, state, {"": "sms_busy"})
        now = flow.clock.now()
        if "sent" in state:
            early = _moment(state["sent"]) + timedelta(seconds=config.resend_seconds) - now
            if early > timedelta(0):
                return _form(flow, shown, state, {"": "sms_too_soon"}, seconds=math.ceil(early.total_seconds()))
        wait = await flow.attempts.check(SENDING, subject)
        if wait > timedelta(0):
            return _form(flow, shown, state, {"": "sms_sent_often"}, minutes=_minutes(wait))
        # Every sending counts: messages cost money, and somebody else's telephone must not ring all day.
        await flow.attempts.fail(SENDING, subject)
        password = hashing.draw(config)
        ends = now + timedelta(minutes=config.valid_minutes)
        await kept.put(flow, await hashing.hashed(config.profile, password), config.attempts, ends)
        await flow.notify(
            "password",
            {"code": password, "minutes": str(config.valid_minutes)},
            ToEntry("sms"),
            supersedes="password",
        )
    return _form(flow, SmsPassword, {**state, "sent": now.isoformat(), "ends": ends.isoformat()})


async def _compare(config: PasswordConfig, flow: Flow, state: dict[str, Json], typed: str) -> Step:
    subject = _subject(flow, state)
    async with flow.exclusive(kept.NAME, _text(subject)) as mine:
        if not mine:
            return _form(flow, SmsPassword, state, {"": "sms_busy"})
        wait = await flow.attempts.check(GUESSING, subject)
        if wait > timedelta(0):
            return _form(flow, SmsPassword, state, {"": "sms_password_wait"}, minutes=_minutes(wait))
        password = await kept.get(flow)
        same = await hashing.is_password(
            config.profile, password.hash if password else None, hashing.normalised(typed)
        )
        if same and password and flow.entry is not None and await kept.take(flow, password):
            return Proved({CLAIM: Claim("sms", _vouching(config))})
        if password is None:
            over = _moment(state["ends"]) <= flow.clock.now()
            code = "sms_password_expired" if over else "sms_password_destroyed"
            return _form(flow, SmsPassword, state, {"password": code})
        left = await flow.attempts.fail(GUESSING, subject)
        tries = await kept.lose_try(flow, password)
    if tries == 0:
        return _form(flow, SmsPassword, state, {"password": "sms_password_destroyed"})
    return _form(flow, SmsPassword, state, {"password": "sms_password_wrong"}, left=min(left, tries))


def _form(
    flow: Flow,
    model: type[FactorForm],
    state: Mapping[str, Json],
    errors: Mapping[str, str] | None = None,
    **values: int,
) -> Form:
    also = (SmsResend,) if model is SmsPassword else ()
    shown = {name: str(value) for name, value in values.items()}
    # Not where a mobile is typed: a stranger's made-up mask would tell that there is no entry.
    if model is not SmsMobile:
        shown["mobile"] = str(state.get("mobile") or flow.masked("sms") or "")
    return Form(model, errors=errors or {}, state=state, values=shown, also=also)


def _subject(flow: Flow, state: Mapping[str, Json]) -> Entry | str:
    """Return whose sendings and tries these are; for somebody not on the roll, those of what was claimed."""
    if flow.entry is not None:
        return flow.entry
    claimed = "\n".join(f"{name}={claim.value}" for name, claim in sorted(flow.claims.items()))
    return claimed or str(state["who"])


def _text(subject: Entry | str) -> str:
    return subject.handle if isinstance(subject, Entry) else subject


def _moment(text: Json) -> datetime:
    return datetime.fromisoformat(str(text))


def _minutes(wait: timedelta) -> int:
    return math.ceil(wait.total_seconds() / 60)
