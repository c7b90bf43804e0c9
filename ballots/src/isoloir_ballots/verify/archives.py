"""Verifying a whole archive."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from isoloir_ballots import archive, tally
from isoloir_ballots.archive import events
from isoloir_ballots.errors import FormatError, Place, VerificationError
from isoloir_ballots.hashing import compact_digest, hex_digest, tracker
from isoloir_ballots.setup import Setup
from isoloir_ballots.tally import Counts, EncryptedTally
from isoloir_ballots.trustees import Factors

from .report import AnswerReport, QuestionReport, Report
from .workers import Checker, Outcome, checker

Progress = Callable[[int, int, int], None]
"""Called with bytes verified, bytes in all, ballots verified."""
_TRACKER_SHOWN = 8
"""Characters of a tracker that a refusal shows."""


class _Verifier:
    """The state of a verification: takes the steps of an archive one after the other."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self.checker: Checker | None = None
        self.head = ""
        self.events = 0
        self.total_digest: str | None = None
        self.last = ""
        self.setup: Setup | None = None
        self.credentials_fingerprint = ""
        self.waiting: deque[str] = deque()
        self.trackers: list[str] = []
        self.seen: set[str] = set()
        # Summed as they come, so that memory does not grow with the ciphertexts.
        self.sums: EncryptedTally | None = None
        self.shares: dict[int, Factors] = {}
        self.counts: Counts | None = None

    def take(self, step: archive.Step) -> None:
        self.last, self.head, self.events = step.event.type, step.event.digest, step.event.height + 1
        match step.event.type:
            case events.SETUP:
                if any(data.endswith(b"\n") for data in step.data):
                    raise VerificationError("setup.canonical", "A file of the setup ends with a newline.")
                self.setup = Setup.load(*step.data)
                self.credentials_fingerprint = compact_digest(step.data[2])
                self.sums = tally.encrypted_tally(self.setup, [])
                self.checker = checker(self.setup, self.jobs)
            case events.BALLOT:
                (ballot,) = step.data
                self.waiting.append(tracker(ballot))
                if self.checker is not None:
                    self._count(self.checker.put(ballot))
            case events.ENCRYPTED_TALLY:
                self._encrypted_tally(step.data[0], *step.numbers)
            case events.PARTIAL_DECRYPTION:
                self._share(step.numbers[0], step.data[0])
            case events.RESULT:
                self._result(step.data[0])

    def ahead(self, steps: Iterable[archive.Step]) -> Iterator[archive.Step]:
        """The steps. Ballots taken are finished before any other step, the end, or a refusal to read on."""
        reading = iter(steps)
        while True:
            try:
                step = next(reading, None)
            except VerificationError:
                self.drain()
                raise
            if step is None or step.event.type != events.BALLOT:
                self.drain()
            if step is None:
                return
            yield step

    def drain(self) -> None:
        """Finish the ballots taken so far; raises for the first that is refused."""
        if self.checker is not None:
            self._count(self.checker.drain())

    def close(self) -> None:
        if self.checker is not None:
            self.checker.close()

    def _known(self) -> tuple[Setup, EncryptedTally]:
        if self.setup is None or self.sums is None:
            raise VerificationError("archive.order", "The archive does not begin with its setup.")
        return self.setup, self.sums

    def _count(self, outcomes: Iterable[Outcome]) -> None:
        setup, sums = self._known()
        for outcome in outcomes:
            rank = len(self.trackers) + 1
            tracker_ = self.waiting.popleft()
            shown = tracker_[:_TRACKER_SHOWN]
            if isinstance(outcome, VerificationError):
                raise outcome.at(ballot=rank, tracker=shown)
            if outcome.credential in self.seen:
                # Belenios would count the last of the two: here each credential serves one voter once.
                raise VerificationError(
                    "ballot.credential.repeated", "Another ballot has the same credential.", Place(rank, shown)
                )
            self.seen.add(outcome.credential)
            self.trackers.append(outcome.tracker)
            self.sums = sums = tally.add(setup, sums, outcome)

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
        self.total_digest = hex_digest(data)

    def _share(self, owner: int, data: bytes) -> None:
        setup, sums = self._known()
        if owner in self.shares:
            raise VerificationError(
                "tally.partial_decryption", "A trustee's share is given twice.", Place(trustee=owner)
            )
        try:
            self.shares[owner] = tally.check_partial_decryption(setup, sums, owner, data)
        except VerificationError as error:
            raise error.at(trustee=owner) from error

    def _result(self, data: bytes) -> None:
        setup, sums = self._known()
        try:
            counts = tally.parse_result(setup.election, data, sums.total_weight)
        except FormatError as error:
            raise VerificationError("result", error.detail) from error
        for number, (row, powers) in enumerate(
            zip(counts, tally.decrypted(setup, sums, self.shares), strict=True), 1
        ):
            first = 0 if setup.election.questions[number - 1].blank else 1
            for answer, (count, power) in enumerate(zip(row, powers, strict=True), first):
                if setup.group.generator_power(count) != power:
                    where = Place(question=number, answer=answer)
                    raise VerificationError("result", "A count is not what the trustees decrypted.", where)
        self.counts = counts

    def report(self, timestamp: int, size: int, sha256: str) -> Report:
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
            events=self.events,
            size=size,
            sha256=sha256,
            trustees=tuple(name for entry in setup.trustees for name in entry.names),
            credentials=len(setup.weights),
            credentials_fingerprint=self.credentials_fingerprint,
            ballots=sums.num_tallied,
            weight=sums.total_weight,
            tallied=self.total_digest is not None,
            total_digest=self.total_digest,
            partial_decryptions=len(self.shares),
            questions=tuple(questions),
            trackers=tuple(self.trackers),
        )


def check_archive(source: str | Path | bytes, progress: Progress | None = None, *, jobs: int = 1) -> Report:
    """Verify everything in an archive (a path, or its bytes), from the first byte to the last.

    Form and order of all records, chain of events, setup, trustees' proofs, public key, every ballot, one
    ballot per credential, encrypted tally and its numbers, decryption proofs, result. With `jobs` above 1,
    ballots are checked in that many processes; report and refusal are the same. Memory is bounded by the setup
    and the list of trackers, not by what a file claims. Raises VerificationError whose `clause` says what failed
    first in the order of the archive and whose `place` says where; `archive.unreadable` for a file that cannot
    be read.
    """
    verifier = _Verifier(jobs)
    try:
        with archive.opened(source) as steps:
            for step in verifier.ahead(steps):
                verifier.take(step)
                if verifier.setup is not None:
                    steps.largest = verifier.setup.largest_ballot
                if progress is not None:
                    progress(step.offset, steps.size, len(verifier.trackers))
            if progress is not None:
                progress(steps.size, steps.size, len(verifier.trackers))
            return verifier.report(steps.timestamp, steps.size, steps.sha256())
    except OSError as error:
        raise VerificationError("archive.unreadable", "The file cannot be read.") from error
    finally:
        verifier.close()
