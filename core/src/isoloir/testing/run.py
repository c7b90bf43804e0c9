"""Drives one factor as the engine does, and stops at whatever the engine would refuse of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from isoloir.hooks import (
    Event,
    Factor,
    FactorForm,
    Form,
    PluginConfig,
    Proved,
    Redirect,
    Refused,
    Return,
    Start,
    Step,
    Submit,
    Tick,
    Wait,
)
from isoloir.login import claims
from isoloir.login.forms import validate
from isoloir.login.steps import fault_of, safe_address
from isoloir.normalise import NORMALISERS
from isoloir.testing.fakes import FakeVoter
from isoloir.testing.flow import FakeFlow
from isoloir.testing.promises import ContractBroken, promise

_STEP_FAULTS = {
    "no_step": "that is no step; return a Form, Redirect, Wait, Proved or Refused",
    "state_not_json": "the state does not come back from JSON as it was; keep texts, numbers, lists and dicts in it",
    "form_undeclared": "a form is shown that is not declared; name it in the factor's `forms`",
    "secondary_form_with_fields": "a form in `also` has fields; secondary buttons are forms without any",
    "error_without_field": "an error names a field that the form does not ask; use '' for the whole form",
    "address_unsafe": "the voter is sent to an address that is neither https nor loopback; use the provider's https",
    "token_not_returned": "nothing brings flow.token back; returns_with names the parameter that carries it",
    "wait_out_of_bounds": "a wait lasts from 1 to 300 seconds; wait again if that is not enough",
    "message_not_text": "a wait's message is no text; give the id of a text of the catalogue",
    "values_not_texts": "values are not texts by name; what fills a sentence is a text, numbers too",
    "code_malformed": "a code is not stable; write it in small letters, digits and underscores, the same every time",
    "claim_empty": "nothing was claimed; claim what was proved, or return Refused(code)",
    "claim_malformed": "a claim is no Claim of a text and a vouching; prove Claim(value, by) under its name",
    "display_not_text": "what is displayed is no text; leave it out, or give the voter's name",
}
_CLAIM_FAULTS = {
    "claim_undeclared": "a claim was proved that `vouches` does not declare; declare it, or do not claim it",
    "claim_vouched_otherwise": "a claim is known in another way than declared; make Claim.by what `vouches` says",
    "claim_empty": "a claim has no value; refuse, or ask again, where there is nothing to claim",
    "claim_contradicted": "a claim contradicts what another factor proved; compare with flow.claims and refuse",
}


class ClaimsRefused(ContractBroken):
    """The engine would refuse these claims."""


class FactorRaised(ContractBroken):
    """The factor raised; the engine would refuse the voter without being able to say why."""


class WrongTurn(AssertionError):
    """The test itself asked for what the step shown does not offer."""


class HeldBack(Exception):
    """The run came to the event that it was told to hold back."""

    def __init__(self, event: Event) -> None:
        super().__init__("held back")
        self.event = event


class FactorRun:
    """One factor, one configuration, one flow: `start`, `submit`, `come_back`, `tick`."""

    def __init__(self, factor: Factor[Any], config: PluginConfig, flow: FakeFlow) -> None:
        self.factor = factor
        self.config = config
        self.flow = flow
        self.step: Step | None = None
        self.steps: list[Step] = []
        self.events: list[Event] = []
        self.states: list[Mapping[str, Any]] = []
        """The state before each event."""
        self.hold_back: int | None = None
        """The number (from 1) of the event that is not given to the factor; `HeldBack` brings it."""
        self.withheld: Event | None = None
        """The event that was held back."""
        self.spoil: int | None = None
        """The number (from 1) of the event whose answer `spoiled` replaces."""
        self.spoiled: Callable[[Form | Redirect], Mapping[str, str]] = lambda step: {}
        self.field_errors: list[str] = []
        """Codes by which the core itself sent a form back."""
        self.raised: list[str] = []
        """What exceptions of the factor would say in a log."""
        self.workers = False
        """Whether every event goes to another worker: a copy of the factor as it was when the server started."""

    @property
    def voter(self) -> FakeVoter:
        """The voter whose answers the honest way types; in a flow without entry, somebody who is not on the roll."""
        return self.flow.person

    async def start(self) -> Step:
        """Arrive at the factor."""
        return await self.advance(Start())

    async def submit(self, form: str | type[FactorForm] | None = None, /, **data: str) -> Step:
        """Submit the form shown (or one of its secondary buttons), as the browser would: texts by field.

        What the form does not accept is sent back by the core: the same form, the errors, and no `advance`.
        """
        if not isinstance(self.step, Form):
            raise WrongTurn(f"no form is shown: the last step is {type(self.step).__name__}")
        shown = {model.__name__: model for model in (self.step.model, *self.step.also)}
        name = self.step.model.__name__ if form is None else form if isinstance(form, str) else form.__name__
        if name not in shown:
            raise WrongTurn(f"the form {name} is not shown; shown are {', '.join(shown)}")
        given = self.spoiled(self.step) if self._is_spoiled() else data
        instance, errors = validate(shown[name], given)
        if instance is None:
            self.field_errors.extend(errors.values())
            self.step = Form(self.step.model, errors, self.step.state, self.step.values, self.step.also)
            return self.step
        return await self.advance(Submit(instance))

    async def come_back(self, **params: str) -> Step:
        """Come back from the provider with these parameters; the token must be among them."""
        if not isinstance(self.step, Redirect):
            raise WrongTurn(f"nobody was sent away: the last step is {type(self.step).__name__}")
        for name, value in self.step.returns_with.items():
            if params.get(name) != value:
                raise WrongTurn(f"the parameter {name} does not bring the token back")
        return await self.advance(Return(self.spoiled(self.step) if self._is_spoiled() else params))

    def _is_spoiled(self) -> bool:
        return self.spoil == len(self.events) + 1

    async def tick(self) -> Step:
        """Come back after the wait; the clock moves on by it."""
        if not isinstance(self.step, Wait):
            raise WrongTurn(f"nobody waits: the last step is {type(self.step).__name__}")
        self.flow.clock.advance(timedelta(seconds=self.step.seconds))
        return await self.advance(Tick())

    async def advance(self, event: Event) -> Step:
        """Give the factor any event, and check its answer as the engine does. Raises `ContractBroken`."""
        if self.hold_back == len(self.events) + 1:
            raise HeldBack(event)
        self.events.append(event)
        self.states.append(dict(self.flow.state))
        factor = self.another_worker() if self.workers else self.factor
        try:
            step = await factor.advance(self.config, self.flow, event)
        except Exception as error:
            self.raised.append(f"{error!r} {error}")
            raise FactorRaised(
                f"advance() raised {type(error).__name__} when it was given {type(event).__name__}: the voter would"
                " be refused without a word\n→ catch it, and answer with a Form and its errors, or with Refused(code)"
            ) from error
        self._check(step)
        if isinstance(step, Form | Redirect | Wait):
            self.flow.state = json.loads(json.dumps(step.state))
        self.step = step
        self.steps.append(step)
        return step

    def another_worker(self) -> Factor[Any]:
        """Return the factor as another worker has it. Raises `ContractBroken` where it cannot be copied."""
        try:
            return copy.deepcopy(self.factor)
        except Exception as error:
            raise ContractBroken(
                f"the factor holds something that cannot be copied ({type(error).__name__}): another worker would not"
                " have it\n→ keep nothing of a login in a factor; make locks and clients where they are used"
            ) from error

    def _check(self, step: Step) -> None:
        fault = fault_of(step, self.factor, self.flow.token)
        if fault is not None:
            _broken(f"advance() answered with {_named(step)}", _STEP_FAULTS[fault])
        if isinstance(step, Proved):
            self._check_claims(step)

    def _check_claims(self, step: Proved) -> None:
        names = self.flow.voter.normalisers if self.flow.voter else {}
        normalisers = {name: NORMALISERS[chosen] for name, chosen in names.items()}
        declared = self.factor.vouches(self.config)
        fault = claims.fault(declared, self.flow.claims, step.claims, normalisers)
        if fault:
            proved = {name: claim.by for name, claim in step.claims.items()}
            what, _, remedy = _CLAIM_FAULTS[fault].partition("; ")
            raise ClaimsRefused(f"{what}: declared {dict(declared)}, proved {proved}\n→ {remedy}")


def _named(step: object) -> str:
    match step:
        case Form(model=model):
            return f"Form({model.__name__})"
        case Refused(code=code):
            return f"Refused({code!r})"
    return type(step).__name__


def _broken(where: str, fault: str) -> None:
    what, _, remedy = fault.partition("; ")
    promise(False, f"{where}: {what}", remedy)


def check_leaving(step: Redirect) -> None:
    """Raise `ContractBroken` unless the address is https (or loopback)."""
    if not safe_address(step.url):
        _broken("leave() answered with Redirect", _STEP_FAULTS["address_unsafe"])
