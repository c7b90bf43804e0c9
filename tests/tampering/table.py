"""`make tampering`: run every case and write docs/security/tampering.md."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ballot_kit import oracles

from isoloir_ballots.auditor.texts import texts_in

from . import judge

ENGLISH = texts_in("en")
PAGE = Path(__file__).parents[2] / "docs" / "security" / "tampering.md"

_HEAD = """\
# What was done to an archive, and who noticed

Made by `make tampering` from `tests/tampering/cases.toml`; do not edit. Each line is a manipulation of a whole
archive (two questions, four ballots, five credentials, two trustees, counted), tried on {groups}.
Acts on its contents are re-chained: every digest, name, parent and height after them is made anew, so that only the
clause named stands in the way; acts on records and bytes leave the rest as it stands. Cases `threshold-…` are of an
archive of two ballots whose key is “(president or secretary) and two of four delegates”: holders 1 and 2, and 3 to 6,
of whom 2, 5 and 6 opened it. The untampered archives pass all three programs.

- **isoloir-verify** names the clause, the same on both groups; [what the clauses say](../../ballots/README.md).
- **2.0**: `belenios-tool election verify` (2.0, Debian 12) on the whole archive, on BELENIOS-2048.
- **3.0**: `belenios-tool election verify-ballot` (3.0, Debian 13) on the ballots that changed, or on all of them if
  the setup did; “–” where neither did. It sees neither tally nor file.

{count} manipulations, {refused} refused by isoloir-verify, {two} of {of_two} by 2.0.

| case | what was done | isoloir-verify | 2.0 | 3.0 |
|---|---|---|---|---|
"""
_LIMITS = """
## What no archive betrays alone

Accepted by any program that has nothing but the file. Each changes the last event and the SHA-256, which
`isoloir-verify` shows: compare them with the minutes, and the number of ballots with the poll book.

| case | what was done |
|---|---|
"""


@dataclass(frozen=True)
class Row:
    """What was said of one case: the clause, or `accepts`; each oracle's word."""

    case: judge.Case
    clause: str
    two: str
    three: str


def _joined(words: dict[str, str]) -> str:
    return words.popitem()[1] if len(set(words.values())) == 1 else ", ".join(f"{w} ({g})" for g, w in words.items())


def rows_as_noted() -> list[Row]:
    """The rows as `cases.toml` notes them; the tests hold each to what the programs say."""
    return [
        Row(case, case.clause, case.belenios_2, _joined({group: case.word_of_3(group) for group in case.groups}))
        for case in judge.CASES
    ]


def row_as_found(case: judge.Case) -> Row:
    """One row by running the verifier and both oracles."""
    clauses, threes, two = {}, {}, judge.UNASKED
    for group in case.groups:
        archive = judge.tampered(case, group)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            error = judge.ours(case, group, archive, folder).error
            clauses[group] = error.clause if error else judge.ACCEPTS
            threes[group] = judge.word_of_3(group, archive, folder / "three", case.archive)
            if group == "BELENIOS-2048":
                two = judge.word_of_2(archive, folder / "two")
    return Row(case, _joined(clauses), two, _joined(threes))


def page(rows: Sequence[Row]) -> str:
    """The page."""
    return "".join(_lines(rows))


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    yield _HEAD.format(
        groups=" and ".join(judge.GROUPS),
        count=len(rows),
        refused=sum(row.clause != judge.ACCEPTS for row in rows),
        two=sum(row.two == judge.REFUSES for row in rows),
        of_two=sum(row.two != judge.UNASKED for row in rows),
    )
    for row in rows:
        did = row.case.did.replace("|", "\\|")
        only = "" if row.case.groups == judge.GROUPS else f" ({', '.join(row.case.groups)} only)"
        yield f"| {row.case.id} | {did}{only} | `{row.clause}` | {row.two} | {row.three} |\n"
    yield _LIMITS
    for limit in judge.LIMITS:
        yield f"| {limit.id} | {limit.did} |\n"


def main() -> int:
    """Write the page; 1 if a program says something else than the cases note."""
    oracles.version_2()
    oracles.version_3()
    rows = []
    with ProcessPoolExecutor(2) as pool:
        for number, row in enumerate(pool.map(row_as_found, judge.CASES), 1):
            rows.append(row)
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{number}/{len(judge.CASES)} {row.case.id}\033[K")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(rows), encoding="utf-8")
    other = [row.case.id for row, noted in zip(rows, rows_as_noted(), strict=True) if row != noted]
    start = "\r\033[K" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{start}{PAGE.name}: {len(rows)} cases written; not as noted: {', '.join(other) or 'none'}\n")
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main())
