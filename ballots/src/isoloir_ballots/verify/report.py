"""What a verified archive says, for a person and for a program."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

STAGES = ("setup", "open", "closed", "tallied")
"""setup: no ballot yet; open: ballots, may grow; closed: no more ballots, no result; tallied: with its result."""


@dataclass(frozen=True)
class AnswerReport:
    """One answer of a question; `votes` is None before the result."""

    answer: str
    votes: int | None


@dataclass(frozen=True)
class QuestionReport:
    """One question; `blank` is None without a blank choice or before the result."""

    question: str
    answers: tuple[AnswerReport, ...]
    blank: int | None


@dataclass(frozen=True)
class Report:
    """A verified archive: everything in it up to `stage` holds.

    `fingerprint` is φ of the election, `head` the digest of the last event, which commits to all before it;
    `events` is how many there are, `size` (bytes) and `sha256` are of the whole file, as it was read.
    `tallied`: the encrypted tally is there; `total_digest` is its SHA-256 in hexadecimal, which whoever decrypts it
    compares first.
    `credentials` and `credentials_fingerprint` describe the list of those who may sign a ballot. `weight` is
    the sum of the ballots' weights (the number of ballots if all weigh 1).
    """

    uuid: str
    name: str
    group: str
    fingerprint: str
    stage: str
    head: str
    timestamp: int
    events: int
    size: int
    sha256: str
    trustees: tuple[str | None, ...]
    credentials: int
    credentials_fingerprint: str
    ballots: int
    weight: int
    tallied: bool
    total_digest: str | None
    partial_decryptions: int
    questions: tuple[QuestionReport, ...]
    trackers: tuple[str, ...]

    def to_json(self, *, trackers: bool = False) -> dict[str, Any]:
        """A dictionary for JSON; with the trackers only if asked, for they may be many."""
        value = asdict(self)
        if not trackers:
            del value["trackers"]
        return value
