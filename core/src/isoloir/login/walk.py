"""The walk of one voter through one branch: each event goes to the factor whose turn it is, as far as it leads.

Whatever goes wrong refuses: a factor that breaks, takes too long, claims what it did not declare or what the roll
does not hold. A voter who is not on the roll takes the same steps, to the same refusal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from isoloir import policy, roll, voting
from isoloir.hooks import Claim, Delivered, Event, Form, Proved, Redirect, Refused, Return, Start, Submit, Wait
from isoloir.login import claims as claim_rules
from isoloir.login import eligibility, hours
from isoloir.login.attempt import IDENTIFIER, Attempt
from isoloir.login.drawing import Drawing
from isoloir.login.factors import Factors
from isoloir.login.flow import Means, open_flow
from isoloir.login.identifier import Identifier
from isoloir.login.selection import NOT_RECOGNISED, Selection
from isoloir.login.sessions import Session, Sessions
from isoloir.login.shown import LoggedIn, LoggedInShown, Shown
from isoloir.login.steps import parameter_of
from isoloir.normalise import alphanumeric
from isoloir.plugin_set import PluginSet
from isoloir.roll import RollEntry

AWAY = timedelta(minutes=15)
"""How long a provider has to send a voter back."""
_LOGIN = "core.login"


class Walk:
    """Moves attempts of one election on. Everything here happens while the session is held."""

    def __init__(
        self,
        means: Means,
        factors: Factors,
        plugins: PluginSet,
        drawing: Drawing,
        sessions: Sessions,
        folder: Path | None,
        patience: float,
    ) -> None:
        self._means = means
        self._election = means.election
        self._factors = factors
        self._plugins = plugins
        self._drawing = drawing
        self._sessions = sessions
        self._folder = folder
        self._patience = patience
        self._selection = Selection(means.store, means.election)

    async def begin(self, session: Session, branch: policy.BranchLike, address: str) -> Shown:
        """Begin a branch: with the identifier, or with its first factor where that one asserts a key."""
        if not policy.asks_identifier(branch, self._factors.vouchings, self._election.roll.fields):
            return await self.advance(session, Attempt(branch.id, asked=False, at=0), Start(), address)
        attempt = Attempt(branch.id, asked=True, at=IDENTIFIER)
        attempt.show_form(Identifier.__name__)
        return self._keep(session, attempt)

    async def identified(self, session: Session, attempt: Attempt, typed: str, address: str) -> Shown:
        """Select the entry of the identifier, or none: from here on both go the same way."""
        means = self._means
        name = alphanumeric(typed)
        wait = await means.counters.check(_LOGIN, name)
        await means.counters.failed_from(address)  # known or not, or counting would tell; taken back at the end
        if wait > timedelta(0):
            return self._drawing.wait_a_little(session.locale, wait)
        entry = await roll.by_identifier(means.store, self._election, typed)
        by = Delivered(self._election.identifiers.channel)
        attempt.claimed = claim_rules.to_json({"identifier": Claim(name, by)})
        attempt.entry = None if entry is None else entry.id
        attempt.at = 0
        return await self.advance(session, attempt, Start(), address, step_up=True)

    async def advance(
        self,
        session: Session,
        attempt: Attempt,
        event: Event,
        address: str,
        *,
        typed: Mapping[str, str] | None = None,
        step_up: bool = False,
    ) -> Shown:
        """Give the event to the factor whose turn it is, then walk on as far as it leads.

        `typed` is what may be shown again of a form; `step_up` says that something was just proved.
        """
        while instance := self._factors.turn(attempt):
            flow = await open_flow(self._means, attempt, instance, session, attempt.state)
            step = await self._factors.advance(instance, flow, event)
            match step:
                case None:
                    return await self._refuse(session, attempt, "factor_failed", address, 502)
                case Refused():
                    if step.seconds is not None:
                        return self._away(session, attempt, step.code, step.values, step.seconds)
                    return await self._refuse(session, attempt, step.code, address, values=step.values)
                case Proved():
                    if self._factors.can_leave(instance):
                        attempt.left[instance] = attempt.state
                    if self._factors.contradicts(flow, step):
                        return await self._refuse(session, attempt, "claim_contradicted", address)
                    refusal = await self._prove(attempt, instance, flow.roll_entry, step)
                    if refusal is not None:
                        return await self._refuse(session, attempt, refusal, address)
                    event, step_up = Start(), True
                    continue
                case Form():
                    attempt.show_form(
                        step.model.__name__,
                        also=[other.__name__ for other in step.also],
                        errors=dict(step.errors),
                        values=dict(step.values),
                        typed=dict(typed or {}) if step.errors else {},
                    )
                    if step.errors and isinstance(event, Submit | Return):
                        await self._means.counters.failed_from(address)
                case Redirect():
                    until = self._means.clock.now() + AWAY
                    attempt.show_redirect(instance, step.url, parameter_of(step, flow.token), flow.token, until)
                case Wait():
                    attempt.show_wait(step.seconds, step.message, dict(step.values), self._means.clock.now())
            attempt.state = dict(step.state)
            if step_up:
                await self._sessions.rotate(session)
            return self._keep(session, attempt)
        return await self._finish(session, attempt, address)

    async def leave(self, session: Session, attempts: Sequence[Attempt]) -> str | None:
        """Return the address that logs out of the first provider that has one; each factor is asked all the same."""
        found = []
        for attempt in attempts:
            for instance, state in attempt.left.items():
                flow = await open_flow(self._means, attempt, instance, session, state)
                found.append(await self._factors.leave(instance, flow))
        return next((url for url in found if url is not None), None)

    async def _prove(self, attempt: Attempt, instance: str, entry: RollEntry | None, step: Proved) -> str | None:
        """Add what is proved and go to the next factor, or return the code of a refusal."""
        selected = await self._selection.confirmed(attempt, entry, step.claims)
        if isinstance(selected, str):
            return selected
        attempt.entry = None if selected is None else selected.id
        attempt.claimed = claim_rules.to_json(claim_rules.added(attempt.claims, step.claims))
        attempt.proved.append(instance)
        attempt.display = step.display or attempt.display
        attempt.state = {}
        attempt.shown = {}
        attempt.at += 1
        return None

    async def _finish(self, session: Session, attempt: Attempt, address: str) -> Shown:
        """Let the voter in, if the policy is satisfied, an entry is selected and one contest at least is theirs."""
        means = self._means
        moment = await voting.at(means.store, self._election, attempt.entry or "", means.clock)
        entry = moment.entry
        if entry is None or not policy.satisfied(self._election.policy, attempt.proved):
            return await self._refuse(session, attempt, NOT_RECOGNISED, address)
        # What is kept is what is asked with: a check sees the same claims now and at casting.
        claims = {name: claim for name, claim in attempt.claims.items() if name in self._election.roll.fields}
        rights = await eligibility.open_contests(
            self._election,
            self._plugins,
            entry,
            moment.marked,
            claims,
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
            authenticated_at=means.clock.now(),
            claims=claims,
        )
        closed = await hours.closed(means.store, self._election, means.clock)  # meanwhile, while factors worked
        if closed is not None:
            return await self._refuse(session, attempt, closed, address)
        if attempt.asked:
            await means.counters.succeeded_from(address)
        session.finish(attempt, voter)
        await self._sessions.rotate(session)
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
            await self._means.counters.fail(_LOGIN, claimed.value)
        await self._means.counters.failed_from(address)
        session.set_aside(attempt, self._election.id)
        return self._drawing.refusal(code, session.locale, status, values)

    def _away(self, session: Session, attempt: Attempt, code: str, values: Mapping[str, str], seconds: int) -> Shown:
        """End the attempt where what it needs is away; it counts against nobody, or an outage would slow all down."""
        session.set_aside(attempt, self._election.id)
        return self._drawing.refusal(code, session.locale, 503, values, seconds=seconds)

    def _keep(self, session: Session, attempt: Attempt) -> Shown:
        session.set_attempt(attempt, self._election.id)
        return self._drawing.attempt(attempt, session.locale)
