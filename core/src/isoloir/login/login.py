"""The engine: walks one voter through one branch of the policy, event by event.

Whatever goes wrong refuses: a factor that breaks, takes too long, claims what it did not declare or what the roll
does not hold. A voter who is not on the roll takes the same steps, to the same refusal.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2

from isoloir import lifecycle, policy, roll
from isoloir.clock import Clock
from isoloir.config.election import Branch, ElectionFile
from isoloir.config.secrets import Keys, resolve
from isoloir.errors import IsoloirError
from isoloir.hooks import (
    Claim,
    Delivered,
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
from isoloir.lifecycle import Phase
from isoloir.login import claims as claim_rules
from isoloir.login import eligibility
from isoloir.login.attempt import IDENTIFIER, Attempt
from isoloir.login.bindings import Bindings
from isoloir.login.drawing import Drawing
from isoloir.login.flow import EngineFlow, Means, open_flow
from isoloir.login.forms import kept, validate
from isoloir.login.identifier import Identifier
from isoloir.login.limits import Counters, Limits
from isoloir.login.messages import SendMessage
from isoloir.login.selection import Selection
from isoloir.login.sessions import Session, Sessions
from isoloir.login.shown import BranchOffer, GoTo, LoggedIn, LoggedInShown, Shown
from isoloir.login.steps import fault_of, parameter_of, safe_address
from isoloir.normalise import alphanumeric
from isoloir.plugin_set import PluginSet
from isoloir.roll import RollEntry
from isoloir.store.engine import Store
from isoloir.texts import Texts

PATIENCE = 10.0
"""Seconds that a factor has for one step."""
_AWAY = timedelta(minutes=15)
_LOGIN = "core.login"
_log = logging.getLogger(__name__)
_Act = Callable[[Attempt | None], Awaitable[Shown]]


class Login:
    """The login of one election. Every method returns what to show, in the session's language."""

    def __init__(
        self,
        store: Store,
        election: ElectionFile,
        plugins: PluginSet,
        texts: Texts,
        keys: Keys,
        clock: Clock,
        http: httpx2.AsyncClient,
        base_url: str,
        sessions: Sessions,
        send: SendMessage,
        *,
        folder: Path | None = None,
        limits: Limits | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """Resolve the election's factors; raises what their configurations raise. `folder` is the instance's."""
        self._election = election
        self._plugins = plugins
        self._sessions = sessions
        self._clock = clock
        self._store = store
        self._folder = folder
        self._patience = patience
        self._counters = Counters(store, keys, clock, election.id, limits or Limits())
        self.bindings = Bindings(store, keys, election.id)
        self._means = Means(store, election, keys, clock, http, base_url, send, self._counters, self.bindings)
        self._drawing = Drawing(election, texts, base_url)
        self._factors: dict[str, tuple[Factor[Any], PluginConfig]] = {}
        for name, use in election.factors.items():
            if use.plugin not in plugins.factors:
                raise IsoloirError("plugin_missing", plugin=use.plugin)
            factor = plugins.factors[use.plugin]
            self._factors[name] = (factor, factor.config.model_validate(resolve(use.config, folder or Path())))
        self._vouchings = {name: factor.vouches(config) for name, (factor, config) in self._factors.items()}
        self._selection = Selection(store, election)

    # --- what visitors do --------------------------------------------------------------------------------

    def branches(self, locale: str) -> list[BranchOffer]:
        """Return the ways in, as the policy writes them."""
        return self._drawing.branches(locale)

    async def begin(self, session: Session, branch_id: str, *, address: str = "") -> Shown:
        """Begin a branch, or begin again: an attempt that was going on is dropped. Raises ``branch_unknown``."""
        branch = next((branch for branch in self._election.policy.any if branch.id == branch_id), None)
        if branch is None:
            raise IsoloirError("branch_unknown", election=self._election.id)

        async def act(former: Attempt | None) -> Shown:
            slowed = await self._slowed(session, address)
            if slowed is not None:
                return slowed
            asked = policy.asks_identifier(branch, self._vouchings, self._election.roll.fields)
            attempt = Attempt(branch=branch.id, asked=asked, at=IDENTIFIER if asked else 0)
            if asked:
                attempt.show_form(Identifier.__name__)
                return self._keep(session, attempt)
            return await self._advance(session, attempt, Start(), address)

        return await self._alone(session, act)

    async def show(self, session: Session) -> Shown:
        """Show where this browser stands, changing nothing."""
        voter = session.voter(self._election.id)
        if voter is not None:
            return LoggedInShown(voter)
        attempt = self._attempt(session)
        return self._nothing_begun(session) if attempt is None else self._draw(session, attempt)

    async def submit(self, session: Session, form_name: str, data: Mapping[str, str], *, address: str = "") -> Shown:
        """Take a form. What it does not accept is shown again with its errors; the factor does not hear of it."""

        async def act(attempt: Attempt | None) -> Shown:
            if attempt is None:
                return self._nothing_begun(session)
            model = self._submitted(attempt, form_name)
            if model is None:
                return self._draw(session, attempt, notice="login_moved_on")
            slowed = await self._slowed(session, address)
            if slowed is not None:
                return slowed
            form, errors = validate(model, data)
            if form is None:
                again = {**attempt.shown, "errors": errors, "typed": kept(model, data)}
                attempt.shown = again
                return self._keep(session, attempt)
            if isinstance(form, Identifier):
                return await self._identified(session, attempt, form.identifier, address)
            return await self._advance(session, attempt, Submit(form), address, typed=kept(model, data))

        return await self._alone(session, act)

    async def returned(
        self,
        session: Session | None,
        instance: str,
        params: Mapping[str, str],
        *,
        address: str = "",
        locale: str = "fr",
    ) -> Shown:
        """Take back a voter from a provider. `session` is that of this very browser, `None` where it has none."""
        if session is None:
            return self._drawing.refusal("callback_refused", locale, 400)

        async def act(attempt: Attempt | None) -> Shown:
            slowed = await self._slowed(session, address)
            if slowed is not None:
                return slowed
            parameter = "" if attempt is None else str(attempt.shown.get("parameter", ""))
            if attempt is None or not attempt.takes_back(instance, params.get(parameter), self._clock.now()):
                await self._counters.failed_from(address)
                return self._drawing.refusal("callback_refused", session.locale, 400, resumable=attempt is not None)
            attempt.consume()
            self._put(session, attempt)
            await self._save(session)  # consumed for good, whatever the factor does next
            return await self._advance(session, attempt, Return(dict(params)), address)

        used = self._drawing.refusal("callback_refused", session.locale, 400, resumable=True)
        return await self._alone(session, act, logged_in=used)

    async def tick(self, session: Session, *, address: str = "") -> Shown:
        """Ask a factor that waits whether it has news, once its time has come."""

        async def act(attempt: Attempt | None) -> Shown:
            if attempt is None:
                return self._nothing_begun(session)
            if attempt.shown.get("kind") != "wait" or not attempt.waited(self._clock.now()):
                return self._draw(session, attempt)
            return await self._advance(session, attempt, Tick(), address)

        return await self._alone(session, act)

    async def not_me(self, session: Session) -> Shown:
        """Forget somebody else's login, here and at the provider."""
        url = await self.leave(session)
        return GoTo(url) if url else self._drawing.refusal("login_not_you", session.locale, 200)

    async def leave(self, session: Session) -> str | None:
        """Log out of this election; return the address that logs out of the provider too, if there is one."""
        found: list[str] = []

        async def act(attempt: Attempt | None) -> Shown:
            part = session.elections.pop(self._election.id, {})
            stored = part.get("attempt") or part.get("finished")
            if stored is not None:
                found.extend(await self._leave_providers(session, Attempt.from_json(stored)))
            await self._save(session)
            return self._nothing_begun(session)

        try:
            async with self._sessions.alone(session):
                await act(None)
        except IsoloirError as error:
            if error.code != "session_ended":
                raise
        await self._rotate(session)
        return found[0] if found else None

    # --- the walk ----------------------------------------------------------------------------------------

    async def _identified(self, session: Session, attempt: Attempt, typed: str, address: str) -> Shown:
        """Select the entry of the identifier, or none: from here on both go the same way."""
        name = alphanumeric(typed)
        wait = await self._counters.check(_LOGIN, name)
        await self._counters.failed_from(address)  # each identifier counts, known or not, or counting would tell
        if wait > timedelta(0):
            return self._wait_a_little(session, wait)
        entry = await roll.by_identifier(self._store, self._election, typed)
        by = Delivered(self._election.identifiers.channel)
        attempt.claimed = claim_rules.to_json({"identifier": Claim(name, by)})
        attempt.entry = None if entry is None else entry.id
        attempt.at = 0
        return await self._advance(session, attempt, Start(), address, step_up=True)

    async def _advance(
        self,
        session: Session,
        attempt: Attempt,
        event: Event,
        address: str,
        *,
        typed: Mapping[str, str] | None = None,
        step_up: bool = False,
    ) -> Shown:
        """Give the event to the factor whose turn it is, then walk on as far as it leads."""
        while True:
            branch = self._branch(attempt)
            instance = branch.all[attempt.at]
            entry = await self._entry(attempt)
            flow = await open_flow(self._means, attempt, instance, session.locale, entry, attempt.state)
            step = await self._ask(instance, flow, event)
            fault = "factor_failed" if step is None else fault_of(step, self._factors[instance][0], flow.token)
            if fault is not None or step is None:
                if step is not None:
                    self._blame(instance, fault or "")
                return await self._refuse(session, attempt, "factor_failed", address, 502)
            match step:
                case Proved():
                    refusal = await self._prove(attempt, instance, step)
                    if refusal is not None:
                        return await self._refuse(session, attempt, refusal, address)
                    step_up = True
                    if attempt.at == len(branch.all):
                        return await self._finish(session, attempt, address)
                    event = Start()
                    continue
                case Refused():
                    return await self._refuse(session, attempt, step.code, address, values=step.values)
                case Form():
                    attempt.show_form(
                        step.model.__name__,
                        also=[other.__name__ for other in step.also],
                        errors=dict(step.errors),
                        values=dict(step.values),
                        typed=dict(typed or {}) if step.errors else {},
                    )
                    if step.errors and isinstance(event, Submit | Return):
                        await self._counters.failed_from(address)
                case Redirect():
                    until = self._clock.now() + _AWAY
                    parameter = parameter_of(step, flow.token)
                    attempt.show_redirect(instance, step.url, parameter, flow.token, until)
                case Wait():
                    attempt.show_wait(step.seconds, step.message, dict(step.values), self._clock.now())
            attempt.state = dict(step.state)
            if step_up:
                await self._rotate(session)
            return self._keep(session, attempt)

    async def _ask(self, instance: str, flow: EngineFlow, event: Event) -> Step | None:
        factor, config = self._factors[instance]
        try:
            async with asyncio.timeout(self._patience):
                return await factor.advance(config, flow, event)
        except Exception as error:
            # The class alone: an exception's text may hold what was typed.
            _log.error("factor %s (%s) failed: %s", instance, factor.name, type(error).__name__)
            return None

    async def _prove(self, attempt: Attempt, instance: str, step: Proved) -> str | None:
        """Add what is proved and go to the next factor, or return the code of a refusal."""
        declared = self._vouchings[instance]
        fault = claim_rules.fault(declared, attempt.claims, step.claims, self._selection.normalisers)
        if fault is None and not step.claims:
            fault = "claim_empty"
        if fault is not None:
            self._blame(instance, fault)
            return "claim_contradicted" if fault == "claim_contradicted" else "factor_failed"
        entry = await self._entry(attempt)
        selected = await self._selection.confirmed(attempt, entry, step.claims)
        if isinstance(selected, str):
            return selected
        attempt.entry = None if selected is None else selected.id
        attempt.claimed = claim_rules.to_json(claim_rules.added(attempt.claims, step.claims))
        attempt.proved.append(instance)
        attempt.left[instance] = attempt.state
        attempt.display = step.display or attempt.display
        attempt.state = {}
        attempt.shown = {}
        attempt.at += 1
        return None

    async def _finish(self, session: Session, attempt: Attempt, address: str) -> Shown:
        """Let the voter in, if the policy is satisfied, an entry is selected and one contest at least is theirs."""
        entry = await self._entry(attempt)
        if entry is None or not policy.satisfied(self._election.policy, attempt.proved):
            return await self._refuse(session, attempt, "not_recognised", address)
        rights = await eligibility.open_contests(
            self._election,
            self._plugins,
            self._store,
            entry,
            attempt.claims,
            folder=self._folder,
            patience=self._patience,
        )
        if not any(right.allowed for right in rights):
            code = rights[0].code if rights else None
            return await self._refuse(session, attempt, code or "no_contest", address)
        voter = LoggedIn(
            election_id=self._election.id,
            entry_id=entry.id,
            display=entry.display,
            branch=attempt.branch,
            authenticated_at=self._clock.now(),
            claims={name: claim for name, claim in attempt.claims.items() if name in self._election.roll.fields},
        )
        self._forget(session)
        part = session.elections.setdefault(self._election.id, {})
        part["finished"] = {**attempt.to_json(), "claimed": {}, "state": {}, "shown": {}}
        session.set_voter(voter, self._election.id)
        await self._rotate(session)
        return LoggedInShown(voter)

    async def _refuse(
        self,
        session: Session,
        attempt: Attempt,
        code: str,
        address: str,
        status: int = 403,
        values: Mapping[str, str] | None = None,
    ) -> Shown:
        """End the attempt on one clear page; it counts against whoever was claimed, on the roll or not."""
        claimed = attempt.claims.get("identifier")
        if claimed is not None:
            await self._counters.fail(_LOGIN, claimed.value)
        await self._counters.failed_from(address)
        self._forget(session)
        return self._drawing.refusal(code, session.locale, status, values)

    async def _leave_providers(self, session: Session, attempt: Attempt) -> list[str]:
        found = []
        entry = await self._entry(attempt)
        for instance, state in attempt.left.items():
            if instance not in self._factors:
                continue
            factor, config = self._factors[instance]
            flow = await open_flow(self._means, attempt, instance, session.locale, entry, state)
            try:
                async with asyncio.timeout(self._patience):
                    step = await factor.leave(config, flow)
            except Exception as error:
                _log.error("factor %s (%s) failed to leave: %s", instance, factor.name, type(error).__name__)
                continue
            if step is not None and safe_address(step.url):
                found.append(step.url)
        return found

    # --- bookkeeping -------------------------------------------------------------------------------------

    async def _alone(self, session: Session, act: _Act, logged_in: Shown | None = None) -> Shown:
        """Do one thing at a time for one browser, in the hours of the vote, and keep what it changed.

        Somebody who is in already is shown `logged_in`, or that they are.
        """
        try:
            async with self._sessions.alone(session):
                voter = session.voter(self._election.id)
                if voter is not None:
                    return LoggedInShown(voter) if logged_in is None else logged_in
                closed = await self._closed()
                if closed is not None:
                    self._forget(session)
                    shown: Shown = self._drawing.refusal(closed, session.locale, 403)
                else:
                    shown = await act(self._attempt(session))
                if not await self._save(session):
                    return self._drawing.refusal("login_busy", session.locale, 409, resumable=True)
                return shown
        except IsoloirError as error:
            if error.code not in ("session_ended", "login_busy"):
                raise
            return self._drawing.refusal(error.code, session.locale, 409, resumable=error.code == "login_busy")

    async def _closed(self) -> str | None:
        phase = await lifecycle.phase(self._store, self._election, self._clock)
        if phase is Phase.OPEN:
            return None
        return "election_not_open" if phase in (Phase.NOT_READY, Phase.BEFORE) else "election_closed"

    async def _slowed(self, session: Session, address: str) -> Shown | None:
        wait = await self._counters.slowed(address)
        return self._wait_a_little(session, wait) if wait > timedelta(0) else None

    def _wait_a_little(self, session: Session, wait: timedelta) -> Shown:
        seconds = math.ceil(wait.total_seconds())
        return self._drawing.refusal("login_slow", session.locale, 429, resumable=True, seconds=seconds)

    def _nothing_begun(self, session: Session) -> Shown:
        return self._drawing.refusal("login_not_begun", session.locale, 400)

    def _branch(self, attempt: Attempt) -> Branch:
        return next(branch for branch in self._election.policy.any if branch.id == attempt.branch)

    async def _entry(self, attempt: Attempt) -> RollEntry | None:
        """Read the selected entry; for a stranger a read of the same cost finds nothing."""
        return await roll.entry(self._store, self._election.id, attempt.entry or "")

    def _attempt(self, session: Session) -> Attempt | None:
        stored = session.elections.get(self._election.id, {}).get("attempt")
        if stored is None:
            return None
        attempt = Attempt.from_json(stored)
        known = {branch.id: branch for branch in self._election.policy.any}
        # An election file that changed under an attempt ends it.
        return attempt if attempt.branch in known and attempt.at < len(known[attempt.branch].all) else None

    def _keep(self, session: Session, attempt: Attempt) -> Shown:
        self._put(session, attempt)
        return self._draw(session, attempt)

    def _put(self, session: Session, attempt: Attempt) -> None:
        session.elections.setdefault(self._election.id, {})["attempt"] = attempt.to_json()

    def _forget(self, session: Session) -> None:
        session.elections.get(self._election.id, {}).pop("attempt", None)

    async def _save(self, session: Session) -> bool:
        return await self._sessions.save(session)

    async def _rotate(self, session: Session) -> None:
        await self._sessions.rotate(session)

    def _draw(self, session: Session, attempt: Attempt, notice: str = "") -> Shown:
        if attempt.shown.get("kind") not in ("form", "redirect", "wait"):
            # Consumed, and the factor never answered: the attempt is over.
            return self._drawing.refusal("callback_refused", session.locale, 400)
        model = self._model(attempt, str(attempt.shown.get("form", "")))
        also = attempt.shown.get("also", [])
        return self._drawing.step(attempt, model, also, session.locale, self._clock.now(), notice)

    def _submitted(self, attempt: Attempt, form_name: str) -> type[FactorForm] | None:
        """Return the form of that name if it is on the page shown now."""
        if attempt.shown.get("kind") != "form":
            return None
        name, _, nonce = form_name.partition(".")
        if nonce and nonce != attempt.shown["nonce"]:
            return None
        if name not in (attempt.shown["form"], *attempt.shown.get("also", [])):
            return None
        return self._model(attempt, name)

    def _model(self, attempt: Attempt, name: str) -> type[FactorForm] | None:
        if attempt.at == IDENTIFIER:
            return Identifier if name == Identifier.__name__ else None
        factor, _ = self._factors[self._branch(attempt).all[attempt.at]]
        return next((model for model in factor.forms if model.__name__ == name), None)

    def _blame(self, instance: str, fault: str) -> None:
        _log.error("factor %s (%s) broke the contract: %s", instance, self._factors[instance][0].name, fault)
