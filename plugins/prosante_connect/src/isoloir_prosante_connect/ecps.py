"""The factor of the telephone: the voter's number is typed here, and the login approved in the e-CPS application.

An RPPS number is public, so anybody can type anybody's. Three things follow. Whoever approves must know which login
it is: two digits stand on this page and on the telephone, and whoever sees others refuses. A telephone rings for one
request at a time, whichever window, worker or stranger asks, and each request counts: they slow down, and never lock
for long. And nobody learns here whom the provider knows: where it knows nobody, the page waits as for a telephone
that nobody answers.
"""

from __future__ import annotations

import asyncio
import json
import math
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

import httpx2

from isoloir.hooks import Event, FactorForm, Flow, Form, Json, Problem, Proved, Step, Submit, Tick, Wait
from isoloir_openid_connect.client import GrantRefused
from isoloir_openid_connect.clock import SystemClock
from isoloir_openid_connect.refusal import Refusal
from isoloir_openid_connect.tokens import same_text
from isoloir_prosante_connect.backchannel import GRANT, INTERVAL, LASTS, Ringing, ring
from isoloir_prosante_connect.config import ECpsConfig
from isoloir_prosante_connect.factor import CLAIM, Professionals
from isoloir_prosante_connect.forms import ECpsNumber, ECpsSend
from isoloir_prosante_connect.identity import asserted_number, national_identifier

RINGS: Final = "e_cps"
"""The name under which requests are counted, and the place of the one in flight."""
_IN_FLIGHT: Final = "in_flight"
_REQUEST: Final = "request"
_SLOWER: Final = 5
"""Seconds that ``slow_down`` adds (CIBA Core 1.0, section 11)."""
_SLOW: Final = ("slow_down", "unavailable")
_PENDING: Final = ("authorization_pending", *_SLOW)
_ENDS: Final = {
    "authorization_pending": "psc_ecps_unanswered",
    "slow_down": "psc_ecps_unanswered",
    "expired_token": "psc_ecps_unanswered",
    "access_denied": "psc_ecps_refused",
    "unavailable": "oidc_unavailable",
}
"""What the provider's last answer comes to, once it is the last."""
_LONGEST_WAIT: Final = 300
_GRACE: Final = timedelta(minutes=1)
"""How long after its end a request may still be asked about, once."""


@dataclass(frozen=True)
class _Request:
    """One request, kept encrypted with the attempt alone; `auth_req_id` is empty where nobody's telephone rings."""

    auth_req_id: str = field(repr=False)
    identifier: str = field(repr=False)
    number: str
    asked_at: float
    until: float
    mark: str = field(repr=False)


class ECps(Professionals[ECpsConfig]):
    """Asserts the RPPS number of a professional who approves the login in the e-CPS application (CIBA Core 1.0)."""

    name = "prosante_connect_ecps"
    config = ECpsConfig
    forms: ClassVar[tuple[type[FactorForm], ...]] = (ECpsNumber, ECpsSend)

    async def step(self, config: ECpsConfig, flow: Flow, event: Event) -> Step:
        """Ask for the number unless it is proved, ring, and ask the provider about it at each tick."""
        if isinstance(event, Tick):
            return await self._tick(config, flow)
        return await self._ask(config, flow, event.form if isinstance(event, Submit) else None)

    async def check(self, config: ECpsConfig) -> list[Problem]:
        """Test the connection, and whether the provider says where an approval is asked for."""
        problems = await super().check(config)
        if any(one.severe for one in problems):
            return problems
        async with httpx2.AsyncClient(timeout=config.timeout, trust_env=False) as http:
            try:
                endpoints = await self._provider.endpoints(config, http, SystemClock())
            except Refusal:
                return problems
        if endpoints.backchannel_authentication_endpoint is None:
            problems.append(Problem("psc_check_ecps", {"address": config.effective_discovery_url}))
        return problems

    async def _ask(self, config: ECpsConfig, flow: Flow, form: FactorForm | None) -> Step:
        accept_test = config.test_identities and flow.election.test
        proved = flow.claims.get(CLAIM)
        if proved is not None:
            identifier = national_identifier(proved.value, accept_test=accept_test)
            if identifier is None:
                raise Refusal("psc_ecps_no_number")
            return await self._ring(config, flow, ECpsSend, identifier) if form == ECpsSend() else Form(ECpsSend)
        if not isinstance(form, ECpsNumber):
            return Form(ECpsNumber)
        identifier = national_identifier(form.rpps, accept_test=accept_test)
        if identifier is None:
            return Form(ECpsNumber, {"rpps": "psc_ecps_malformed"})
        return await self._ring(config, flow, ECpsNumber, identifier)

    async def _ring(self, config: ECpsConfig, flow: Flow, shown: type[FactorForm], identifier: str) -> Step:
        client = await self.client(config, flow)
        async with flow.exclusive(RINGS, identifier) as mine:
            if not mine:
                return Form(shown, {"": "psc_ecps_busy"})
            place = flow.secrets.of(identifier)
            mark = await place.get(_IN_FLIGHT)
            if mark is not None:
                left = float(mark.partition(" ")[0]) - flow.clock.now().timestamp()
                return Form(shown, {"": "psc_ecps_in_flight"}, values={"seconds": str(max(1, math.ceil(left)))})
            wait = await flow.attempts.check(RINGS, identifier)
            if wait > timedelta(0):
                minutes = math.ceil(wait.total_seconds() / 60)
                return Form(shown, {"": "psc_ecps_often"}, values={"minutes": str(minutes)})
            await flow.attempts.fail(RINGS, identifier)
            asked_at = flow.clock.now()
            number = str(10 + secrets.randbelow(90))
            # Marked first: of a request that gets no answer in time nobody knows whether a telephone rings.
            mark = await _marked(flow, identifier, LASTS)
            try:
                ringing = await ring(
                    client,
                    {
                        "scope": config.scope,
                        "acr_values": config.assurance.minimum,
                        "login_hint": identifier,
                        "binding_message": number,
                        "channel": config.channel,
                    },
                )
            except Refusal as refusal:
                if refusal.code != "oidc_unavailable":
                    await place.delete_if(_IN_FLIGHT, mark)
                raise
            ringing = ringing or Ringing("", LASTS, INTERVAL)
            mark = await _marked(flow, identifier, ringing.expires_in)
        until = flow.clock.now() + timedelta(seconds=ringing.expires_in)
        request = _Request(ringing.auth_req_id, identifier, number, asked_at.timestamp(), until.timestamp(), mark)
        lasts = timedelta(seconds=ringing.expires_in) + _GRACE
        await flow.secrets.put(_REQUEST, json.dumps(asdict(request)), lasts)
        # A page that is read anew every second can hardly be read at all.
        return _wait(config, flow, number, max(ringing.interval, INTERVAL))

    async def _tick(self, config: ECpsConfig, flow: Flow) -> Step:
        kept = await flow.secrets.get(_REQUEST)
        if kept is None:
            raise Refusal("psc_ecps_unanswered" if flow.state else "oidc_expired")
        request = _Request(**json.loads(kept))
        interval, due = _number(flow.state, "interval", INTERVAL), _number(flow.state, "due", 0)
        now = flow.clock.now().timestamp()
        if now < due:
            return _wait(config, flow, request.number, interval, due)
        try:
            answer = await self._answer(config, flow, request, kept)
        except Refusal:
            await _forget(flow, request, kept)
            raise
        if isinstance(answer, Proved):
            return answer
        if answer in _SLOW:
            interval += _SLOWER
        if answer in _PENDING and now < request.until:
            return _wait(config, flow, request.number, interval)
        await _forget(flow, request, kept)
        raise Refusal(_ENDS.get(answer, "oidc_code_refused"))

    async def _answer(self, config: ECpsConfig, flow: Flow, request: _Request, kept: str) -> Proved | str:
        """Return who approved, or the provider's error; ``unavailable`` too: it may stumble while one waits."""
        if not request.auth_req_id:
            return "authorization_pending"
        try:
            # Half of the step at most: the rest is for reading who it is.
            async with asyncio.timeout(config.timeout / 2):
                client = await self.client(config, flow)
                answer = await client.ask_tokens({"grant_type": GRANT, "auth_req_id": request.auth_req_id})
        except TimeoutError:
            return "unavailable"
        except Refusal as refusal:
            if refusal.code != "oidc_unavailable":
                raise
            return "unavailable"
        if isinstance(answer, GrantRefused):
            return answer.error
        if not await _forget(flow, request, kept):
            raise Refusal("oidc_expired")
        asked_at = datetime.fromtimestamp(request.asked_at, UTC)
        proved = await self.identify(config, flow, client, answer, nonce=None, asked_at=asked_at)
        if not same_text(proved.claims[CLAIM].value, asserted_number(request.identifier)):
            raise Refusal("psc_ecps_other_person")
        return proved


async def _forget(flow: Flow, request: _Request, kept: str) -> bool:
    """Forget a request that is over, so that another may be made; true for exactly one caller."""
    await flow.secrets.of(request.identifier).delete_if(_IN_FLIGHT, request.mark)
    return await flow.secrets.delete_if(_REQUEST, kept)


async def _marked(flow: Flow, identifier: str, seconds: int) -> str:
    """Mark that a request for somebody is in flight, for every window and worker; return the mark."""
    lasts = timedelta(seconds=seconds)
    mark = f"{(flow.clock.now() + lasts).timestamp()} {secrets.token_hex(8)}"
    await flow.secrets.of(identifier).put(_IN_FLIGHT, mark, lasts)
    return mark


def _wait(config: ECpsConfig, flow: Flow, number: str, interval: float, due: float | None = None) -> Wait:
    """Wait until the provider may be asked again: the core lets no tick come before, and neither do we."""
    now = flow.clock.now().timestamp()
    due = now + interval if due is None else due
    state: dict[str, Json] = {"interval": interval, "due": due}
    message = "wait.ecps_card" if config.channel == "CARD" else "wait.ecps_mobile"
    return Wait(max(1, min(_LONGEST_WAIT, math.ceil(due - now))), message, state, {"number": number})


def _number(state: Any, name: str, otherwise: float) -> float:
    value = state.get(name)
    return value if isinstance(value, int | float) else otherwise
