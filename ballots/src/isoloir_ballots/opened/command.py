"""The command `isoloir-check-ballot FILE`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from isoloir_ballots.errors import VerificationError

from .checking import Finding, check
from .reference import Reference

CHECKED, REFUSED = 0, 1
LANGUAGES = ("fr", "en")


@cache
def sentences(language: str) -> Mapping[str, Mapping[str, str]]:
    """The sentences of one of `LANGUAGES`: tables `said`, `why` (by clause or its first word), `do`."""
    return tomllib.loads(files(__package__).joinpath("locales", f"{language}.toml").read_text("utf-8"))


def _language(environment: Mapping[str, str]) -> str:
    asked = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG") or ""
    return asked[:2] if asked[:2] in LANGUAGES else LANGUAGES[0]


def _printable(text: str) -> str:
    # A name in a file must not be able to forge a line of the answer or steer a terminal.
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _why(clause: str, language: str) -> tuple[str, str]:
    table = sentences(language)
    first = clause.partition(".")[0]
    why = table["why"].get(clause) or table["why"][first]
    if clause == "check.file":
        return why, table["do"]["file"]
    reference = clause == "check.reference" or first in ("archive", "setup", "trustees")
    return why, table["do"]["reference" if reference else "call"]


def _right(path: str, finding: Finding, known: bool, said: Mapping[str, str]) -> list[str]:
    lines = [said["right"].format(path=path), said["election"].format(name=_printable(finding.election))]
    for held in finding.questions:
        lines.append(said["question"].format(question=_printable(held.question)))
        names = [_printable(name) for name in held.answers] or [said["blank" if held.blank else "none"]]
        lines += [said["holds"].format(answer=name) for name in names]
    lines.append(said["compared" if finding.compared else "compare"].format(tracker=finding.tracker))
    lines.append(said["known" if known else "unknown"].format(fingerprint=finding.fingerprint))
    return lines


def _wrong(path: str, error: VerificationError, language: str) -> list[str]:
    said = sentences(language)["said"]
    why, remedy = _why(error.clause, language)
    return [
        said["wrong"].format(path=path),
        said["clause"].format(clause=error.clause),
        f"  {why}",
        said["remedy"].format(remedy=remedy),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="isoloir-check-ballot",
        description="Say which choice an opened ballot holds: its ciphertexts are computed again.",
        epilog="Exit status: 0 checked, 1 refused, 2 usage.",
    )
    parser.add_argument("file", metavar="FILE", help="the check file that the booth saved; - for standard input")
    parser.add_argument(
        "--election",
        metavar="ELECTION",
        help="the published election.json, or an archive, to hold it against",
    )
    parser.add_argument("--tracker", default="", metavar="TRACKER", help="the tracker that the booth showed before")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--lang", choices=LANGUAGES, help="language of the answer (else that of the environment)")
    return parser


def _read(path: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise VerificationError("check.file", "The file cannot be read.") from error


def main(argv: Sequence[str] | None = None, language: str | None = None) -> int:
    """Run the command, in `language` unless the arguments name another; returns 0 checked, 1 refused (2: usage)."""
    options = _parser().parse_args(argv)
    language = options.lang or language or _language(os.environ)
    answer: dict[str, Any]
    try:
        reference = Reference.read(options.election) if options.election else None
        finding = check(_read(options.file), shown=options.tracker, reference=reference)
    except VerificationError as error:
        why, remedy = _why(error.clause, language)
        answer = {"path": options.file, "checked": False, "code": "ballot_refused", "clause": error.clause,
                  "detail": error.detail, "sentence": why, "remedy": remedy}  # fmt: skip
        lines = _wrong(options.file, error, language)
    else:
        answer = {"path": options.file, "checked": True, "finding": finding.to_json()}
        lines = _right(options.file, finding, reference is not None, sentences(language)["said"])
    text = json.dumps(answer, ensure_ascii=False, indent=2) if options.json else "\n".join(lines)
    sys.stdout.write(text + "\n")
    return CHECKED if answer["checked"] else REFUSED
