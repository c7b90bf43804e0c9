"""May this voter vote in this contest? The roll's own right, and every check of the election; at login and casting.

It fails closed: what a check does not allow, cannot say in time, or breaks over, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from isoloir import roll
from isoloir.config.election import Contest, ElectionFile, PluginUse
from isoloir.config.secrets import resolve
from isoloir.errors import IsoloirError
from isoloir.hooks import Allowed, Claim, ClaimName, ContestView, NotMine, Refused
from isoloir.login.answering import answer_of
from isoloir.login.steps import fault_of_refusal
from isoloir.plugin_set import PluginSet
from isoloir.roll import RollEntry

PATIENCE = 10.0
"""Seconds that a check has to answer."""


@dataclass(frozen=True)
class ContestRight:
    """Where a voter stands in one contest of their roll entry; `code` says why not, when not allowed.

    `voted` is the hour that the poll book keeps, None before the vote.
    """

    contest: Contest
    allowed: bool
    code: str | None
    voted: datetime | None


@dataclass(frozen=True)
class _Voter:
    """What a check may know of a voter."""

    election: ElectionFile
    entry: RollEntry

    @property
    def college(self) -> str:
        return self.entry.college

    def matches(self, field: str, value: str) -> bool:
        return roll.matches(self.election, self.entry, field, value)


async def open_contests(
    election: ElectionFile,
    plugins: PluginSet,
    entry: RollEntry,
    marked: Mapping[str, datetime],
    claims: Mapping[ClaimName, Claim],
    *,
    folder: Path | None = None,
    patience: float = PATIENCE,
) -> list[ContestRight]:
    """Return every contest that the roll gives this voter, with the right of this moment, in the file's order.

    `entry` and `marked` (by contest, the hour of the poll book) are as `voting.at` read them; `folder` is the
    instance's, where secrets of a check's configuration lie.
    """
    rights = []
    for contest in roll.contests_of(election, entry):
        code = await _refusal(election, plugins, entry, claims, contest, folder, patience)
        rights.append(ContestRight(contest, code is None, code, marked.get(contest.id)))
    return rights


async def require(
    election: ElectionFile,
    plugins: PluginSet,
    entry: RollEntry,
    claims: Mapping[ClaimName, Claim],
    contest_id: str,
    *,
    folder: Path | None = None,
    patience: float = PATIENCE,
) -> None:
    """Raise IsoloirError ``not_in_contest``, ``eligibility_failed`` or a check's own code unless the voter may."""
    contest = next((one for one in roll.contests_of(election, entry) if one.id == contest_id), None)
    if contest is None:
        raise IsoloirError("not_in_contest", contest=contest_id[:64])
    code = await _refusal(election, plugins, entry, claims, contest, folder, patience)
    if code is not None:
        raise IsoloirError(code, contest=contest.id)


async def _refusal(
    election: ElectionFile,
    plugins: PluginSet,
    entry: RollEntry,
    claims: Mapping[ClaimName, Claim],
    contest: Contest,
    folder: Path | None,
    patience: float,
) -> str | None:
    voter = _Voter(election, entry)
    view = ContestView(contest.id, contest.colleges)
    for use in election.eligibility:

        async def ask(use: PluginUse = use) -> Allowed | Refused | NotMine:
            check = plugins.eligibility[use.plugin]
            config = check.config.model_validate(resolve(use.config, folder or Path()))
            return await check.check(config, voter, dict(claims), view)

        answer = await answer_of(f"eligibility check {use.plugin}", ask, _fault_of, patience)
        if answer is None:
            return "eligibility_failed"
        if isinstance(answer, Refused):
            return answer.code
    return None


def _fault_of(answer: object) -> str | None:
    if isinstance(answer, Refused):
        return fault_of_refusal(answer)
    return None if isinstance(answer, Allowed | NotMine) else type(answer).__name__
