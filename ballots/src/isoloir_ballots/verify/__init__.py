"""Verification, apart from everything that makes ballots."""

from __future__ import annotations

from isoloir_ballots.encrypted import CheckedBallot
from isoloir_ballots.errors import VerificationError
from isoloir_ballots.hashing import tracker
from isoloir_ballots.setup import Setup

from .archives import Progress, check_archive
from .ballots import check_ballot
from .report import STAGES, AnswerReport, QuestionReport, Report
from .workers import check_ballots, jobs_for

__all__ = [
    "STAGES",
    "AnswerReport",
    "CheckedBallot",
    "Progress",
    "QuestionReport",
    "Report",
    "Setup",
    "VerificationError",
    "check_archive",
    "check_ballot",
    "check_ballots",
    "jobs_for",
    "tracker",
]
