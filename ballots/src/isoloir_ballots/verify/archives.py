"""Verifying a whole archive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from isoloir_ballots import archive, tally
from isoloir_ballots.archive import events
from isoloir_ballots.encrypted import CheckedBallot
from isoloir_ballots.errors import FormatError, VerificationError
from isoloir_ballots.hashing import compact_digest
from isoloir_ballots.setup import Setup
from isoloir_ballots.tally import Counts, EncryptedTally
from isoloir_ballots.trustees import Factors, Single

from .ballots import check_ballot
from .report import AnswerReport, QuestionReport, Report

Progress = Callable[[int, int], None]
"""Called with bytes verified and bytes in all."""


class _Verifier:
    """The state of a verification: takes the steps of an archive one after the other."""

    def __init__(self) -> None:
        self.head = ""
        self.last = ""
        self.setup: Setup | None = None
        self.credentials_fingerprint = ""
        self.trackers: list[str] = []
        self.seen: set[str] = set()
        # Summed as they come, so that memory does not grow with the ciphertexts.
        self.sums: EncryptedTally | None = None
        self.shares: dict[int, Factors] = {}
        self.counts: Counts | None = None

    def take(self, step: archive.Step) -> None:
        self.last, self.head = step.event.type, step.event.digest
        match step.event.type:
            case events.SETUP:
                if any(data.endswith(b"\n") for data in step.data):
                    raise VerificationError("setup.canonical", "A file of the setup ends with a newline.")
                self.setup = Setup.load(*step.data)
                self.credentials_fingerprint = compact_digest(step.data[2])
                self.sums = tally.encrypted_tally(self.setup, [])
            case events.BALLOT:
                self._ballot(step.data[0])
            case events.ENCRYPTED_TALLY:
                self._encrypted_tally(step.data[0], *step.numbers)
            case events.PARTIAL_DECRYPTION:
                self._share(step.numbers[0], step.data[0])
            case events.RESULT:
                self._result(step.data[0])

    def _known(self) -> tuple[Setup, EncryptedTally]:
        if self.setup is None or self.sums is None:
            raise VerificationError("archive.order", "The archive does not begin with its setup.")
        return self.setup, self.sums

    def _ballot(self, data: bytes) -> None:
        setup, sums = self._known()
        rank = len(self.trackers) + 1
        try:
            ballot: CheckedBallot = check_ballot(setup, data)
        except VerificationError as error:
            raise VerificationError(error.clause, f"Ballot {rank} of the archive: {error.detail}") from error
        if ballot.credential in self.seen:
            # Belenios would count the last of the two: here each credential serves one voter once.
            raise VerificationError(
                "ballot.credential.repeated",
                f"Ballot {rank} of the archive: another ballot has the same credential.",
            )
        self.seen.add(ballot.credential)
        self.trackers.append(ballot.tracker)
        self.sums = tally.add(setup, sums, ballot)

    def _encrypted_tally(self, data: bytes, num_tallied: int, total_weight: int) -> None:
        _, sums = self._known()
        if num_tallied != sums.num_tallied:
            raise VerificationError(
                "tally.num_tallied",
                f"The archive says that {num_tallied} ballots were tallied; it holds {sums.num_tallied}.",
            )
        if total_weight != sums.total_weight:
            raise VerificationError("tally.total_weight", "The total weight is not the sum of the ballots' weights.")
        if data != sums.serialise():
            raise VerificationError("tally.encrypted", "The encrypted tally is not the sum of the ballots.")

    def _share(self, owner: int, data: bytes) -> None:
        setup, sums = self._known()
        if owner in self.shares:
            raise VerificationError("tally.partial_decryption", "A trustee's share is given twice.")
        self.shares[owner] = tally.check_partial_decryption(setup, sums, owner, data)

    def _result(self, data: bytes) -> None:
        setup, sums = self._known()
        try:
            counts = tally.parse_result(setup.election, data, sums.total_weight)
        except FormatError as error:
            raise VerificationError("result", error.detail) from error
        for number, (row, powers) in enumerate(
            zip(counts, tally.decrypted(setup, sums, self.shares), strict=True), 1
        ):
            for column, (count, power) in enumerate(zip(row, powers, strict=True), 1):
                if setup.group.generator_power(count) != power:
                    raise VerificationError(
                        "result", f"Question {number}: count {column} is not what the trustees decrypted."
                    )
        self.counts = counts

    def report(self, timestamp: int) -> Report:
        setup, sums = self._known()
        election = setup.election
        questions = []
        for index, question in enumerate(election.questions):
            row = self.counts[index] if self.counts else (None,) * question.choices
            answers = zip(question.answers, row[question.blank :], strict=True)
            questions.append(
                QuestionReport(
                    question.question,
                    tuple(AnswerReport(answer, votes) for answer, votes in answers),
                    row[0] if question.blank else None,
                )
            )
        if self.counts is not None:
            stage = "tallied"
        else:
            stage = {events.SETUP: "setup", events.BALLOT: "open"}.get(self.last, "closed")
        return Report(
            uuid=election.uuid,
            name=election.name,
            group=election.group,
            fingerprint=election.fingerprint,
            stage=stage,
            head=self.head,
            timestamp=timestamp,
            trustees=tuple(entry.name if isinstance(entry, Single) else None for entry in setup.trustees),
            credentials=len(setup.weights),
            credentials_fingerprint=self.credentials_fingerprint,
            ballots=sums.num_tallied,
            weight=sums.total_weight,
            partial_decryptions=len(self.shares),
            questions=tuple(questions),
            trackers=tuple(self.trackers),
        )


def check_archive(source: str | Path | bytes, progress: Progress | None = None) -> Report:
    """Verify everything in an archive (a path, or its bytes), from the first byte to the last.

    Form and order of all records, chain of events, setup, trustees' proofs, public key, every ballot, one
    ballot per credential, encrypted tally and its numbers, decryption proofs, result. Raises VerificationError
    whose `clause` says what failed, `archive.unreadable` for a file that cannot be read.
    """
    verifier = _Verifier()
    try:
        with archive.opened(source) as steps:
            for step in steps:
                verifier.take(step)
                if progress is not None:
                    progress(step.offset, steps.size)
            return verifier.report(steps.timestamp)
    except OSError as error:
        raise VerificationError("archive.unreadable", "The file cannot be read.") from error
