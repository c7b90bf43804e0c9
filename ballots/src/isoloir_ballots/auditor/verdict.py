"""The outcome for one archive: verified with a report, or refused by a clause."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoloir_ballots.errors import VerificationError
from isoloir_ballots.verify import STAGES, Progress, Report, check_archive

from .publication import Publication
from .texts import Texts


@dataclass(frozen=True)
class Demands:
    """What is asked of an archive beside that it verifies.

    That it reached `stage` (of `STAGES`), is of the election with this `fingerprint`, and holds the ballots of all
    `trackers` and of all `publications`.
    """

    stage: str = "setup"
    fingerprint: str | None = None
    trackers: tuple[str, ...] = ()
    publications: tuple[Publication, ...] = ()

    def check(self, report: Report) -> None:
        """Raise VerificationError: `required.…`, `tracker.absent`, `publication.missing`."""
        if self.fingerprint not in (None, report.fingerprint):
            raise VerificationError("required.fingerprint", "The archive is of another election.")
        if STAGES.index(report.stage) < STAGES.index(self.stage):
            raise VerificationError(
                "required.stage", f"The archive only reached the stage “{report.stage}”, not “{self.stage}”."
            )
        if missing := set(self.trackers).difference(report.trackers):
            raise VerificationError("tracker.absent", f"Trackers given that are not in the box: {len(missing)}.")
        for publication in self.publications:
            publication.check(report.trackers)


NOTHING = Demands()


@dataclass(frozen=True)
class Verdict:
    """The outcome for one file: a report, or the error that it was refused for.

    `sha256` is of the whole file, None if it could not be read.
    """

    path: str
    report: Report | None
    error: VerificationError | None = None
    sha256: str | None = None
    demands: Demands = NOTHING

    def to_json(self, texts: Texts) -> dict[str, Any]:
        """A dictionary for JSON; `sentence`, `meaning` and `remedy` in the language of `texts`."""
        if self.error is None:
            return {
                "path": self.path,
                "verified": True,
                "sha256": self.sha256,
                "report": self.report.to_json() if self.report else None,
            }
        return {
            "path": self.path,
            "verified": False,
            "sha256": self.sha256,
            "code": "archive_refused",
            "clause": self.error.clause,
            "place": self.error.place.to_json(),
            "detail": self.error.detail,
            "sentence": texts.clause(self.error.clause),
            "meaning": texts.meaning(self.error.clause),
            "remedy": texts.remedy(self.error.clause),
        }


def verdict(
    path: str | Path, progress: Progress | None = None, *, jobs: int = 1, demands: Demands = NOTHING
) -> Verdict:
    """Verify one file in `jobs` processes, and what is demanded of it.

    Never raises for bad input: that is in the verdict.
    """
    try:
        report = check_archive(path, progress, jobs=jobs)
        demands.check(report)
    except VerificationError as error:
        return Verdict(str(path), None, error, _sha256(path), demands)
    return Verdict(str(path), report, None, report.sha256, demands)


def refused(path: str | Path, error: VerificationError) -> Verdict:
    """The verdict of a file that was not even begun."""
    return Verdict(str(path), None, error, _sha256(path))


def _sha256(path: str | Path) -> str | None:
    if not Path(path).is_file():  # a device may have no end
        return None
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None
