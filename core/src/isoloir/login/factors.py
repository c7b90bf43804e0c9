"""The factor instances of one election: what they may prove, and how each is asked."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from isoloir.config.election import Branch, ElectionFile
from isoloir.config.secrets import resolve
from isoloir.errors import IsoloirError
from isoloir.hooks import ClientCertificate, Event, Factor, FactorForm, PluginConfig, Proved, Redirect, Step
from isoloir.login import claims as claim_rules
from isoloir.login.answering import answer_of
from isoloir.login.attempt import IDENTIFIER, Attempt
from isoloir.login.flow import EngineFlow
from isoloir.login.identifier import Identifier
from isoloir.login.steps import fault_of, safe_address
from isoloir.plugin_set import PluginSet


class Factors:
    """Asks the factors of one election. What breaks the contract, in whatever way, comes out as `None`."""

    def __init__(self, election: ElectionFile, plugins: PluginSet, folder: Path | None, patience: float) -> None:
        """Resolve every configuration; raises ``plugin_missing`` and what the configurations raise."""
        self._patience = patience
        self._normalisers = claim_rules.normalisers(election.roll.fields)
        self._branches = {branch.id: branch for branch in election.policy.any}
        self._instances: dict[str, tuple[Factor[Any], PluginConfig]] = {}
        for name, use in election.factors.items():
            if use.plugin not in plugins.factors:
                raise IsoloirError("plugin_missing", plugin=use.plugin)
            factor = plugins.factors[use.plugin]
            self._instances[name] = (factor, factor.config.model_validate(resolve(use.config, folder or Path())))
        self.vouchings = {name: factor.vouches(config) for name, (factor, config) in self._instances.items()}

    def branch(self, branch_id: str) -> Branch | None:
        """Return the branch of that id."""
        return self._branches.get(branch_id)

    def turn(self, attempt: Attempt) -> str | None:
        """Return the instance whose turn it is; `None` where the file has changed and has none any more."""
        branch = self._branches.get(attempt.branch)
        return branch.all[attempt.at] if branch is not None and 0 <= attempt.at < len(branch.all) else None

    def form(self, attempt: Attempt, name: str) -> type[FactorForm] | None:
        """Return the form of that name that the present factor, or the core itself, may ask."""
        if attempt.at == IDENTIFIER:
            return Identifier if name == Identifier.__name__ else None
        turn = self.turn(attempt)
        forms = self._instances[turn][0].forms if turn is not None else ()
        return next((model for model in forms if model.__name__ == name), None)

    def contradicts(self, flow: EngineFlow, step: Proved) -> bool:
        """Say whether a factor proves another value of what was proved before."""
        return claim_rules.contradict(flow.claims, step.claims, self._normalisers)

    async def advance(self, instance: str, flow: EngineFlow, event: Event) -> Step | None:
        """Give an event to a factor; return its step, or `None`, logged, when it is at fault."""
        factor, config = self._instances[instance]

        def fault(step: Step) -> str | None:
            found = fault_of(step, factor, flow.token)
            if found is None and isinstance(step, Proved):
                found = claim_rules.fault_of(self.vouchings[instance], step.claims, self._normalisers)
            return found

        ask = partial(factor.advance, config, flow, event)
        return await answer_of(f"factor {instance} ({factor.name})", ask, fault, self._patience)

    def certificates(self) -> dict[str, ClientCertificate]:
        """Return what the factor instances show of this site, of those that show a certificate."""
        shown = {name: factor.certificate(config) for name, (factor, config) in self._instances.items()}
        return {name: certificate for name, certificate in shown.items() if certificate is not None}

    def can_leave(self, instance: str) -> bool:
        """Say whether a factor has anything to log out of: the same for every voter, on the roll or not."""
        return type(self._instances[instance][0]).leave is not Factor.leave

    async def leave(self, instance: str, flow: EngineFlow) -> str | None:
        """Return the address that logs out of the factor's provider, if it has one."""
        if instance not in self._instances:
            return None
        factor, config = self._instances[instance]

        def fault(step: Redirect | None) -> str | None:
            return None if step is None or safe_address(step.url) else "address_unsafe"

        ask = partial(factor.leave, config, flow)
        step = await answer_of(f"factor {instance} ({factor.name})", ask, fault, self._patience)
        return None if step is None else step.url
