"""Every manipulation of `cases.toml` is refused by its clause; every untampered twin passes; the oracles as noted."""

from __future__ import annotations

from pathlib import Path

import pytest
from ballot_kit import oracles

from isoloir_ballots.auditor.texts import LANGUAGES, texts_in

from . import judge, table
from .box import Box, write

PAIRS = [
    pytest.param(case, group, id=f"{case.id}-{group}", marks=() if group == "Ed25519" else pytest.mark.slow)
    for case in judge.CASES
    for group in case.groups
]


@pytest.mark.parametrize(("case", "group"), PAIRS)
def test_refused_by_its_clause(case: judge.Case, group: str, tmp_path: Path) -> None:
    """The verifier names exactly the clause of the case, and the place where it says one."""
    archive = judge.tampered(case, group)
    assert archive != judge.contests(group, case.archive)[1]
    error = judge.ours(case, group, archive, tmp_path).error
    assert error is not None, "accepted"
    assert error.clause == case.clause
    assert case.place.items() <= error.place.to_json().items()


@pytest.mark.parametrize("group", judge.GROUPS)
@pytest.mark.parametrize(
    ("kind", "demand"),
    [
        *((judge.ALONE, demand) for demand in ("", "fingerprint", "publication", "tracker", "stage")),
        (judge.THRESHOLD, ""),
    ],
)
def test_untampered_twin_passes(group: str, kind: str, demand: str, tmp_path: Path) -> None:
    """Taken apart and written again without an act, the archive is the same bytes, and passes under every demand."""
    archive = judge.contests(group, kind)[1]
    twin = judge.Case("twin", "", [], "", demand=(demand,) if demand else (), archive=kind)
    assert judge.tampered(twin, group) == archive
    assert write(Box.read(archive).records()) == archive
    found = judge.ours(twin, group, archive, tmp_path)
    assert found.error is None, found.error
    assert found.report is not None
    assert found.report.stage == "tallied"


@pytest.mark.slow
def test_refused_alike_by_several_processes(tmp_path: Path) -> None:
    """With two processes the same clause is named at the same place, whatever part of the archive is broken."""
    chosen = ("individual-proof", "credential-doubled", "records-reordered", "share-proof", "event-parent")
    for case in (case for case in judge.CASES if case.id in chosen):
        archive = judge.tampered(case, "Ed25519")
        alone, several = (judge.ours(case, "Ed25519", archive, tmp_path, jobs).error for jobs in (1, 2))
        assert alone is not None
        assert several is not None
        assert (several.clause, several.detail, several.place) == (alone.clause, alone.detail, alone.place)


@pytest.mark.parametrize("group", judge.GROUPS)
@pytest.mark.parametrize("limit", judge.LIMITS, ids=lambda limit: limit.id)
def test_limits_change_the_last_event(limit: judge.Case, group: str, tmp_path: Path) -> None:
    """What no archive betrays alone is accepted, and changes the last event, which stands in the minutes."""
    before = judge.ours(limit, group, judge.contests(group, limit.archive)[1], tmp_path).report
    found = judge.ours(limit, group, judge.tampered(limit, group), tmp_path)
    assert found.error is None, found.error
    assert before is not None
    assert found.report is not None
    assert found.report.head != before.head


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in judge.CASES if "BELENIOS-2048" in case.groups], ids=lambda c: c.id)
def test_word_of_belenios_tool_2(case: judge.Case, tmp_path: Path) -> None:
    """belenios-tool 2.0 says of the whole archive what the case notes."""
    assert judge.word_of_2(judge.tampered(case, "BELENIOS-2048"), tmp_path / "box") == case.belenios_2


@pytest.mark.slow
@pytest.mark.parametrize(("case", "group"), PAIRS)
def test_word_of_belenios_tool_3(case: judge.Case, group: str, tmp_path: Path) -> None:
    """belenios-tool 3.0 says of the ballots what the case notes."""
    assert judge.word_of_3(group, judge.tampered(case, group), tmp_path / "box", case.archive) == case.word_of_3(
        group
    )


@pytest.mark.slow
@pytest.mark.parametrize("group", judge.GROUPS)
@pytest.mark.parametrize(("kind", "count"), [(judge.ALONE, 4), (judge.THRESHOLD, 2)])
def test_oracles_accept_what_is_not_tampered_with(group: str, kind: str, count: int, tmp_path: Path) -> None:
    """2.0 accepts the untampered archive, 3.0 each of its ballots: their refusals above are of the acts."""
    box = Box.read(judge.contests(group, kind)[1])
    oracle = oracles.BallotOracle(*box.setup, tmp_path / "ballots")
    assert len(box.ballots) == count
    for ballot in box.ballots:
        asked = oracle.verifies(ballot)
        assert asked.returncode == 0, asked.stderr
    if group == "BELENIOS-2048":
        assert judge.word_of_2(judge.contests(group, kind)[1], tmp_path / "box") == judge.ACCEPTS


def test_there_are_many_cases_with_names_of_their_own() -> None:
    """Thirty cases at least, no name twice, and every clause that an archive can break is met by one."""
    names = [case.id for case in [*judge.CASES, *judge.LIMITS]]
    assert len(judge.CASES) >= 30
    assert len(set(names)) == len(names)
    # Nor one seed at two places: that takes a whole key generation, which the tests of `dkg` make.
    never = {
        "archive.unreadable",
        "archive.version",
        "publication.unreadable",
        "tally.too_large",
        "trustees.repeated",
    }
    assert {case.clause for case in judge.CASES} | never >= set(table.ENGLISH.clauses)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_clause_has_its_sentence(language: str) -> None:
    """What a case is refused by is said to the auditor in both languages: the program does not stop at a word."""
    assert {case.clause for case in judge.CASES} <= texts_in(language).clauses.keys()


def test_the_published_table_has_these_cases() -> None:
    """docs/security/tampering.md, made by `make tampering`, holds the cases as they are here."""
    written = table.PAGE.read_text(encoding="utf-8")
    assert written == table.page(table.rows_as_noted())
