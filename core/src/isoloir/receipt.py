"""The two papers a voter takes away: one says that they voted and not how; the other says which ballot, not whose."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from isoloir.clock import hour_of
from isoloir.config.election import Contest, ElectionFile
from isoloir.config.parts import Localised
from isoloir.roll import RollEntry


@dataclass(frozen=True)
class ProofOfVote:
    """That this voter is in the poll book of this contest; `hour` is in the election's zone. No tracker."""

    election: Localised
    contest: Localised
    voter: str = field(repr=False)
    hour: datetime


@dataclass(frozen=True)
class BallotReceipt:
    """That the box holds this ballot. No voter, no time."""

    election: Localised
    contest: Localised
    tracker: str = field(repr=False)


def proof_of_vote(election: ElectionFile, entry: RollEntry, contest: Contest, hour: datetime) -> ProofOfVote:
    """Make the proof from the poll book's `hour` (aware); whatever is finer is dropped."""
    local = hour_of(hour).astimezone(ZoneInfo(election.window.zone))
    return ProofOfVote(election.title, contest.title, entry.display, local)


def ballot_receipt(election: ElectionFile, contest: Contest, tracker: str) -> BallotReceipt:
    """Make the receipt of the ballot with that tracker."""
    return BallotReceipt(election.title, contest.title, tracker)
