"""Verification, apart from everything that makes ballots."""

from __future__ import annotations

from ..encrypted import CheckedBallot
from ..errors import VerificationError
from ..setup import Setup
from .ballots import check_ballot

__all__ = ["CheckedBallot", "Setup", "VerificationError", "check_ballot"]
