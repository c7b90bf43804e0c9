"""Between a contest and its Belenios election: the question, a choice, and what a result means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from isoloir.config.election import Contest, ElectionFile
from isoloir.seats import Allocation, allocate
from isoloir_ballots.election import Election, Question
from isoloir_ballots.groups import named
from isoloir_ballots.tally import parse_result
from isoloir_ballots.trustees import Entry, election_public_key

BLANK = "blank"
"""What stands for a blank vote among the choices of a contest; no list may be called so."""


@dataclass(frozen=True)
class Counts:
    """What a box held once opened: blank votes, and votes by list in the order of the file."""

    blank: int
    votes: Mapping[str, int]

    @property
    def expressed(self) -> int:
        """Valid votes: those for a list."""
        return sum(self.votes.values())


def belenios_election(
    election: ElectionFile, contest: Contest, uuid: str, trustees: Sequence[Entry], *, rehearsal: bool = False
) -> Election:
    """Return the Belenios election of one contest: one question, one list to choose, or blank."""
    group = named(election.group)
    title = contest.title.get("fr")
    return Election(
        version=1,
        description=f"Scrutin à blanc : {title}" if rehearsal else election.title.get("fr"),
        name=title,
        group=election.group,
        public_key=group.serialise(election_public_key(group, trustees)),
        questions=(
            Question(
                question=title,
                answers=tuple(candidates.name for candidates in contest.lists),
                min=1,
                max=1,
                blank=contest.blank,
            ),
        ),
        uuid=uuid,
    )


def choices(contest: Contest) -> tuple[str, ...]:
    """Return what can be chosen: each list by its id, and ``blank`` where it is offered."""
    lists = tuple(candidates.id for candidates in contest.lists)
    return (*lists, BLANK) if contest.blank else lists


def answer(contest: Contest, choice: str) -> list[list[int]]:
    """Return a choice as the answers that a ballot encrypts: one row, the blank flag first where there is one."""
    flags = [int(choice == candidates.id) for candidates in contest.lists]
    return [[int(choice == BLANK), *flags] if contest.blank else flags]


def counts(contest: Contest, election: Election, result: bytes, ballots: int) -> Counts:
    """Read a Belenios result of that many ballots."""
    (row,) = parse_result(election, result, ballots)
    blank, votes = (row[0], row[1:]) if contest.blank else (0, row)
    return Counts(blank, {candidates.id: count for candidates, count in zip(contest.lists, votes, strict=True)})


def allot(contest: Contest, counted: Counts, decided: Sequence[str] = ()) -> Allocation:
    """Allot the contest's seats by its rule; `decided` is the board's recorded lot. Raises `SeatsError`."""
    return allocate(
        contest.seats,
        counted.votes,
        candidates={candidates.id: len(candidates.candidates) for candidates in contest.lists},
        short_lists=contest.rule.short_lists,
        ties=contest.rule.ties,
        decided=decided,
    )
