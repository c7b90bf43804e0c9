"""Drives one factor as the engine does, and stops at whatever the engine would refuse of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

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
from isoloir.normalise import NORMALISERS
from isoloir.testing.flow import FakeFlow


class ContractBroken(AssertionError):
    """The factor did what the contract forbids; the message says what."""


class ClaimsRefused(ContractBroken):
    """The engine would refuse these claims."""


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
        self.field_errors: list[str] = []
        """Codes by which the core itself sent a form back."""

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
        instance, errors = validate(shown[name], data)
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
        return await self.advance(Return(params))

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
        step = await self.factor.advance(self.config, self.flow, event)
        self._check(step)
        if isinstance(step, Form | Redirect | Wait):
            self.flow.state = json.loads(json.dumps(step.state))
        self.step = step
        self.steps.append(step)
        return step

    def _check(self, step: Step) -> None:
        if not isinstance(step, Form | Redirect | Wait | Proved | Refused):
            raise ContractBroken(f"{type(step).__name__} is no step")
        if isinstance(step, Form | Redirect | Wait):
            self._check_state(step.state)
        if isinstance(step, Form):
            self._check_form(step)
        elif isinstance(step, Redirect):
            check_redirect(step, self.flow.token)
        elif isinstance(step, Wait) and step.seconds < 1:
            raise ContractBroken("a wait lasts a second at least")
        elif isinstance(step, Proved):
            self._check_claims(step)

    def _check_state(self, state: Mapping[str, Any]) -> None:
        try:
            same = json.loads(json.dumps(dict(state), allow_nan=False)) == dict(state)
        except (TypeError, ValueError):
            same = False
        if not same:
            raise ContractBroken("the state is not JSON: it does not come back as it was")

    def _check_form(self, step: Form) -> None:
        for model in (step.model, *step.also):
            if model not in self.factor.forms:
                raise ContractBroken(f"the form {model.__name__} is not among the factor's forms")
        for model in step.also:
            if model.model_fields:
                raise ContractBroken(f"the secondary form {model.__name__} has fields")
        for place in step.errors:
            if place and place not in step.model.model_fields:
                raise ContractBroken(f"an error names {place}, which {step.model.__name__} does not ask")

    def _check_claims(self, step: Proved) -> None:
        names = self.flow.voter.normalisers if self.flow.voter else {}
        normalisers = {name: NORMALISERS[chosen] for name, chosen in names.items()}
        declared = self.factor.vouches(self.config)
        fault = claims.fault(declared, self.flow.claims, step.claims, normalisers)
        if fault:
            raise ClaimsRefused(f"{fault}: declared {dict(declared)}, proved {dict(step.claims)}")
        if not step.claims:
            raise ContractBroken("proved, but nothing was claimed")


def check_redirect(step: Redirect, token: str) -> None:
    """Raise `ContractBroken` unless the address is https (or loopback) and the token comes back."""
    parts = urlsplit(step.url)
    loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not loopback:
        raise ContractBroken("the address to go to is neither https nor loopback")
    if not step.returns_with or token not in step.returns_with.values():
        raise ContractBroken("no parameter brings flow.token back: returns_with must name one")
