"""The command `isoloir-verify ARCHIVE…`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import VerificationError
from .verify import STAGES, Progress, Report, check_archive

VERIFIED, REFUSED, USAGE = 0, 1, 2

# By the first word of a clause: what someone who holds the file can do about it.
_REMEDIES = {
    "archive": "Fetch the archive again from where it is published and compare its SHA-256 with the minutes; "
    "if it is the same file, it is not one that this format allows: tell the electoral board.",
    "setup": "The election was not set up as the format asks: tell the electoral board.",
    "trustees": "The keys of the electoral board are not proven: tell the electoral board.",
    "ballot": "A ballot that should have been refused is in the ballot box: tell the electoral board.",
    "tally": "The ballots were not added or opened as they should: ask the electoral board to tally again.",
    "result": "The published result is not that of the ballots: tell the electoral board.",
    "required": "This archive is of an earlier time: fetch the one published after the count.",
    "tracker": "Copy the tracker again from the receipt; if it is right, show the receipt to the electoral board.",
}


@dataclass(frozen=True)
class Verdict:
    """The outcome for one file: a report, or the error that it was refused for."""

    path: str
    report: Report | None
    error: VerificationError | None = None

    @property
    def remedy(self) -> str:
        """What to do about the error."""
        return _REMEDIES[self.error.clause.split(".")[0]] if self.error else ""

    def to_json(self) -> dict[str, Any]:
        """A dictionary for JSON."""
        if self.error is None:
            return {"path": self.path, "verified": True, "report": self.report.to_json() if self.report else None}
        return {
            "path": self.path,
            "verified": False,
            "code": "archive_refused",
            "clause": self.error.clause,
            "detail": self.error.detail,
            "remedy": self.remedy,
        }


def _demand(report: Report, stage: str, trackers: Sequence[str]) -> None:
    if STAGES.index(report.stage) < STAGES.index(stage):
        raise VerificationError(
            "required.stage", f"The archive only reached the stage “{report.stage}”, not “{stage}”."
        )
    if missing := set(trackers).difference(report.trackers):
        raise VerificationError("tracker.absent", f"Trackers given that are not in the box: {len(missing)}.")


def verdict(
    path: str | Path,
    progress: Progress | None = None,
    *,
    stage: str = "setup",
    trackers: Sequence[str] = (),
) -> Verdict:
    """Verify one file, that it reached `stage` (of `STAGES`) and that it holds all `trackers`.

    Never raises for bad input: that is in the verdict.
    """
    try:
        report = check_archive(path, progress)
        _demand(report, stage, trackers)
    except VerificationError as error:
        return Verdict(str(path), None, error)
    return Verdict(str(path), report)


def _several(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_STAGE_SENTENCES = {
    "setup": "The ballot box is empty and may still receive ballots.",
    "open": "The ballot box may still receive ballots; there is no result yet.",
    "closed": "The ballot box is closed; there is no result yet.",
    "tallied": "The ballot box is closed and counted.",
}


def summary(item: Verdict) -> str:
    """What a journalist can read, in several lines without a trailing newline."""
    if item.error is not None or item.report is None:
        error = item.error
        assert error is not None
        return (
            f"{item.path}: REFUSED\n"
            f"  archive_refused, clause {error.clause}\n"
            f"  {error.detail}\n"
            f"  What to do: {item.remedy}"
        )
    report = item.report
    weight = "" if report.weight == report.ballots else f" (weight {report.weight})"
    box = (
        f"{_several(report.ballots, 'ballot')}{weight}, "
        f"at most one for each of {_several(report.credentials, 'credential')}; "
        f"{_several(len(report.trustees), 'trustee')}, "
        f"{_several(report.partial_decryptions, 'decryption share')}"
    )
    lines = [
        f"{item.path}: VERIFIED",
        f"  {_printable(report.name)}",
        f"  Election {report.uuid}, group {report.group}, fingerprint {report.fingerprint}",
        f"  {_STAGE_SENTENCES[report.stage]}",
        f"  {box}",
        f"  Last event {report.head}",
    ]
    if report.stage == "tallied":
        for question in report.questions:
            lines.append(f"  {_printable(question.question)}")
            width = max(len(str(votes)) for votes in (*(a.votes for a in question.answers), question.blank or 0))
            lines += [f"    {answer.votes:>{width}}  {_printable(answer.answer)}" for answer in question.answers]
            if question.blank is not None:
                lines.append(f"    {question.blank:>{width}}  (blank)")
    return "\n".join(lines)


def _printable(text: str) -> str:
    # A name in an archive must not be able to forge a line of this summary or steer a terminal.
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _show_progress(path: str) -> Progress:
    shown = -1

    def show(done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // max(total, 1)
        if percent != shown:
            shown = percent
            bar = "█" * (percent // 4)
            sys.stderr.write(f"\r{path}  {bar:<25} {percent:3} %")
            sys.stderr.flush()

    return show


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 if all is verified, 1 if something is refused (2, by argparse: usage)."""
    parser = argparse.ArgumentParser(
        prog="isoloir-verify",
        description="Verify ballot boxes: every proof, sum and count in archives of the Belenios format.",
        epilog="Exit status: 0 all verified, 1 an archive is refused, 2 usage.",
    )
    parser.add_argument("archives", nargs="+", metavar="ARCHIVE", help="a file UUID.bel")
    parser.add_argument("--json", action="store_true", help="write a JSON list, one object per archive")
    parser.add_argument(
        "--require",
        choices=STAGES,
        default="setup",
        metavar="STAGE",
        help="refuse an archive that has not reached this stage: %(choices)s",
    )
    parser.add_argument(
        "--tracker",
        action="append",
        default=[],
        metavar="TRACKER",
        help="refuse an archive that does not hold this ballot (may be repeated)",
    )
    options = parser.parse_args(argv)
    verdicts = []
    terminal = sys.stderr.isatty()
    for path in options.archives:
        progress = _show_progress(path) if terminal else None
        verdicts.append(verdict(path, progress, stage=options.require, trackers=options.tracker))
        if terminal:
            sys.stderr.write("\r\033[K")
        if not options.json:
            sys.stdout.write(summary(verdicts[-1]) + "\n")
    if options.json:
        listed = [item.to_json() for item in verdicts]
        sys.stdout.write(json.dumps(listed, ensure_ascii=False, indent=2) + "\n")
    return REFUSED if any(item.error for item in verdicts) else VERIFIED
