"""The command `isoloir-verify ARCHIVE…`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .auditor.progress import Bar
from .auditor.publication import Publication
from .auditor.summary import summary
from .auditor.texts import LANGUAGES, Texts, language_of, texts_in
from .auditor.verdict import Demands, Verdict, refused, verdict
from .errors import VerificationError
from .verify import STAGES, jobs_for

VERIFIED, REFUSED, USAGE, FAILED = 0, 1, 2, 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="isoloir-verify",
        description="Verify ballot boxes: every proof, sum and count in archives of the Belenios format.",
        epilog="Exit status: 0 all verified, 1 an archive is refused, 2 usage, 3 the program failed.",
    )
    parser.add_argument("archives", nargs="+", metavar="ARCHIVE", help="a file UUID.bel")
    parser.add_argument("--json", action="store_true", help="write a JSON list, one object per archive")
    parser.add_argument("--lang", choices=LANGUAGES, help="language of the summary (default: that of the locale)")
    parser.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="check ballots in N processes (default: one for each processor, for large archives)",
    )
    parser.add_argument(
        "--require",
        choices=STAGES,
        default="setup",
        metavar="STAGE",
        help="refuse an archive that has not reached this stage: %(choices)s",
    )
    parser.add_argument(
        "--fingerprint",
        metavar="FINGERPRINT",
        help="refuse the archive unless it is of the election with this fingerprint (one archive only)",
    )
    parser.add_argument(
        "--tracker",
        action="append",
        default=[],
        metavar="TRACKER",
        help="refuse an archive that does not hold this ballot (may be repeated)",
    )
    parser.add_argument(
        "--publication",
        action="append",
        default=[],
        metavar="FILE",
        help="refuse the archive if it lacks a ballot of this list, saved during the vote: one tracker a line, "
        "sorted (may be repeated; one archive only)",
    )
    return parser


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args(argv)
    if len(options.archives) > 1 and (options.fingerprint or options.publication):
        parser.error("--fingerprint and --publication are of one archive: give one")
    if options.jobs is not None and not 1 <= options.jobs <= 256:
        parser.error("--jobs is from 1 to 256")
    return options


def _jobs(path: str, asked: int | None) -> int:
    if asked is not None:
        return asked
    try:
        return jobs_for(Path(path).stat().st_size)
    except OSError:
        return 1


def _one(path: str, options: argparse.Namespace, texts: Texts) -> Verdict:
    try:
        demands = Demands(
            options.require,
            options.fingerprint,
            tuple(options.tracker),
            tuple(Publication.read(file) for file in options.publication),
        )
    except VerificationError as error:
        return refused(path, error)
    bar = Bar(sys.stderr, path, texts) if sys.stderr.isatty() else None
    try:
        return verdict(path, bar, jobs=_jobs(path, options.jobs), demands=demands)
    finally:
        if bar is not None:
            bar.clear()


def _run(argv: Sequence[str] | None, language: str | None) -> int:
    options = _options(argv)
    texts = texts_in(options.lang or language or language_of(os.environ))
    status = VERIFIED
    listed: list[dict[str, Any]] = []
    for path in options.archives:
        try:
            item = _one(path, options, texts)
        except Exception as error:  # a defect of ours, or no memory: said, never taken for a verdict
            status = FAILED
            sentence = texts.say("failed", path=path, kind=type(error).__name__)
            listed.append({"path": path, "verified": False, "code": "program_failed", "sentence": sentence})
            sys.stderr.write(sentence + "\n")
            continue
        if item.error is not None:
            status = max(status, REFUSED)
        listed.append(item.to_json(texts))
        if not options.json:
            sys.stdout.write(("\n" if len(listed) > 1 else "") + summary(item, texts) + "\n")
    if options.json:
        sys.stdout.write(json.dumps(listed, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()
    return status


def main(argv: Sequence[str] | None = None, language: str | None = None) -> int:
    """Run the command, in `language` unless the arguments name another.

    Returns 0 if all is verified, 1 if something is refused, 3 if the program failed on an archive
    (2, by argparse: usage).
    """
    try:
        return _run(argv, language)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Who read the summary has gone: nothing more can be said, and the interpreter must not try at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
