"""The login of one election: what a visitor may ask of it, one thing at a time, in the hours of the vote."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path

import httpx2

from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.hooks import ClientCertificate, FactorForm, Return, Submit, Tick
from isoloir.login import hours
from isoloir.login.attempt import Attempt
from isoloir.login.bindings import Bindings
from isoloir.login.drawing import Drawing
from isoloir.login.factors import Factors
from isoloir.login.flow import Means
from isoloir.login.forms import kept, validate
from isoloir.login.identifier import Identifier
from isoloir.login.limits import Counters, Limits
from isoloir.login.messages import SendMessage
from isoloir.login.sessions import Session, Sessions
from isoloir.login.shown import BranchOffer, GoTo, LoggedInShown, Shown
from isoloir.login.walk import Walk
from isoloir.outgoing import make_client
from isoloir.plugin_set import PluginSet
from isoloir.store.engine import Store
from isoloir.texts import Texts

PATIENCE = 10.0
"""Seconds that a factor has for one step."""
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
        client_with: Callable[[ClientCertificate, str], httpx2.AsyncClient] = make_client,
    ) -> None:
        """Resolve the election's factors; raises what their configurations raise. `folder` is the instance's.

        `http` serves every factor but those that show a certificate: `client_with` makes theirs.
        """
        self._election = election
        self._sessions = sessions
        self._clock = clock
        self._store = store
        self._counters = Counters(store, keys, clock, election.id, limits or Limits())
        self.bindings = Bindings(store, keys, election.id)
        self._factors = Factors(election, plugins, folder, patience)
        certified = {name: client_with(shown, name) for name, shown in self._factors.certificates().items()}
        means = Means(store, election, keys, clock, http, certified, base_url, send, self._counters, self.bindings)
        self._drawing = Drawing(election, texts, base_url, self._factors, clock)
        self._walk = Walk(means, self._factors, plugins, self._drawing, sessions, folder, patience)

    def branches(self, locale: str) -> list[BranchOffer]:
        """Return the ways in, as the policy writes them."""
        return self._drawing.branches(locale)

    async def begin(self, session: Session, branch_id: str, *, address: str = "") -> Shown:
        """Begin a branch, or begin again: an attempt that was going on is dropped. Raises ``branch_unknown``."""
        branch = self._factors.branch(branch_id)
        if branch is None:
            raise IsoloirError("branch_unknown", election=self._election.id)

        async def act(former: Attempt | None) -> Shown:
            slowed = await self._slowed(session, address)
            if slowed is not None:
                return slowed
            session.set_aside(former, self._election.id)
            return await self._walk.begin(session, branch, address)

        return await self._alone(session, act)

    async def show(self, session: Session) -> Shown:
        """Show where this browser stands, changing nothing."""
        voter = session.voter(self._election.id)
        if voter is not None:
            return LoggedInShown(voter)
        attempt = session.attempt(self._election.id)
        return self._nothing_begun(session) if attempt is None else self._drawing.attempt(attempt, session.locale)

    async def submit(self, session: Session, form_name: str, data: Mapping[str, str], *, address: str = "") -> Shown:
        """Take a form. What it does not accept is shown again with its errors; the factor does not hear of it."""

        async def act(attempt: Attempt | None) -> Shown:
            if attempt is None:
                return self._nothing_begun(session)
            model = self._submitted(attempt, form_name)
            if model is None:
                return self._drawing.attempt(attempt, session.locale, notice="login_moved_on")
            slowed = await self._slowed(session, address)
            if slowed is not None:
                return slowed
            form, errors = validate(model, data)
            if form is None:
                attempt.shown = {**attempt.shown, "errors": errors, "typed": kept(model, data)}
                session.set_attempt(attempt, self._election.id)
                return self._drawing.attempt(attempt, session.locale)
            if isinstance(form, Identifier):
                return await self._walk.identified(session, attempt, form.identifier, address)
            return await self._walk.advance(session, attempt, Submit(form), address, typed=kept(model, data))

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
            now = self._clock.now()
            parameter = "" if attempt is None else str(attempt.shown.get("parameter", ""))
            if attempt is None or not attempt.takes_back(instance, params.get(parameter), now):
                await self._counters.failed_from(address)
                going_on = attempt is not None and not attempt.over(now)
                return self._drawing.refusal("callback_refused", session.locale, 400, resumable=going_on)
            attempt.consume()
            session.set_attempt(attempt, self._election.id)
            await self._save(session)  # consumed for good, whatever the factor does next
            return await self._walk.advance(session, attempt, Return(dict(params)), address)

        used = self._drawing.refusal("callback_refused", session.locale, 400, resumable=True)
        return await self._alone(session, act, logged_in=used)

    async def tick(self, session: Session, *, address: str = "") -> Shown:
        """Ask a factor that waits whether it has news, once its time has come."""

        async def act(attempt: Attempt | None) -> Shown:
            if attempt is None:
                return self._nothing_begun(session)
            if attempt.shown.get("kind") != "wait" or not attempt.waited(self._clock.now()):
                return self._drawing.attempt(attempt, session.locale)
            return await self._walk.advance(session, attempt, Tick(), address)

        return await self._alone(session, act)

    async def not_me(self, session: Session) -> Shown:
        """Forget somebody else's login, here and at the provider."""
        url = await self.leave(session)
        return GoTo(url) if url else self._drawing.refusal("login_not_you", session.locale, 200)

    async def leave(self, session: Session) -> str | None:
        """Log out of this election; return the address that logs out of the provider too, if there is one.

        Raises ``login_busy`` when another request of this browser is at work.
        """
        try:
            async with self._sessions.alone(session):
                url = await self._walk.leave(session, session.forget(self._election.id))
                await self._save(session)
                await self._sessions.rotate(session)
                return url
        except IsoloirError as error:
            if error.code != "session_ended":
                raise
        return None

    async def _save(self, session: Session) -> None:
        if not await self._sessions.save(session):
            raise IsoloirError("login_busy")

    async def _alone(self, session: Session, act: _Act, logged_in: Shown | None = None) -> Shown:
        """Do one thing at a time for one browser, in the hours of the vote, and keep what it changed.

        Somebody who is in already is shown `logged_in`, or that they are.
        """
        try:
            async with self._sessions.alone(session):
                voter = session.voter(self._election.id)
                if voter is not None:
                    return LoggedInShown(voter) if logged_in is None else logged_in
                closed = await hours.closed(self._store, self._election, self._clock)
                if closed is not None:
                    session.set_aside(session.attempt(self._election.id), self._election.id)
                    shown: Shown = self._drawing.refusal(closed, session.locale, 403)
                else:
                    shown = await act(session.attempt(self._election.id))
                if not await self._sessions.save(session):
                    return self._drawing.refusal("login_busy", session.locale, 409, resumable=True)
                return shown
        except IsoloirError as error:
            if error.code not in ("session_ended", "login_busy"):
                raise
            return self._drawing.refusal(error.code, session.locale, 409, resumable=error.code == "login_busy")

    async def _slowed(self, session: Session, address: str) -> Shown | None:
        wait = await self._counters.slowed(address)
        return self._drawing.wait_a_little(session.locale, wait) if wait > timedelta(0) else None

    def _nothing_begun(self, session: Session) -> Shown:
        return self._drawing.refusal("login_not_begun", session.locale, 400)

    def _submitted(self, attempt: Attempt, form_name: str) -> type[FactorForm] | None:
        """Return the form of that name if it is on the page shown now."""
        if attempt.shown.get("kind") != "form":
            return None
        name, _, nonce = form_name.partition(".")
        if nonce != attempt.shown["nonce"] or name not in (attempt.shown["form"], *attempt.shown.get("also", [])):
            return None
        return self._factors.form(attempt, name)
