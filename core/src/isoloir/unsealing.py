"""Unsealing: the frozen box becomes an archive, the board's shares open it, votes become seats."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir import counting, lifecycle, poll_book, publication
from isoloir.clock import Clock
from isoloir.config.board import Board
from isoloir.config.election import Contest, ElectionFile
from isoloir.errors import IsoloirError
from isoloir.partials import Box, Partials
from isoloir.seats import Allocation, SeatsError
from isoloir.store import lifecycle_store
from isoloir.store.engine import Store
from isoloir_ballots import tally
from isoloir_ballots.archive import Archive
from isoloir_ballots.archive.events import RESULT
from isoloir_ballots.errors import BallotsError, VerificationError
from isoloir_ballots.setup import Setup
from isoloir_ballots.verify import check_archive, check_ballots, jobs_for

_FACT = "results"
_PARTIALS = "partials"

Progress = Callable[[str, str, int, int], None]
"""Told the contest, what is being done, how far it is and of how many."""


@dataclass(frozen=True)
class ContestResult:
    """One contest, counted: poll book = ballots = expressed + blank, seats with their arithmetic, the elected.

    `decided` is the lot that the board drew for a tie, or the order of the oldest candidates; empty where none.
    """

    contest: str
    entitled: int
    poll_book: int
    ballots: int
    counts: counting.Counts
    allocation: Allocation
    elected: Mapping[str, Sequence[str]]
    decided: tuple[str, ...] = ()


@dataclass(frozen=True)
class Results:
    """Every contest of an election, in the file's order."""

    election: str
    contests: tuple[ContestResult, ...]

    def contest(self, contest_id: str) -> ContestResult:
        """Return one contest; raises KeyError."""
        for found in self.contests:
            if found.contest == contest_id:
                return found
        raise KeyError(contest_id)


def archive_path(folder: Path, election: ElectionFile, contest_id: str) -> Path:
    """Return where a contest's archive lies, once its box is frozen."""
    return folder / election.id / f"{contest_id}.bel"


def written(folder: Path, election: ElectionFile) -> bool:
    """Say whether the archive of every contest lies there."""
    return all(archive_path(folder, election, contest.id).exists() for contest in election.contests)


async def build_archives(
    store: Store, election: ElectionFile, folder: Path, timestamp: int, progress: Progress | None = None
) -> dict[str, Path]:
    """Write each contest's archive from its frozen box: setup, ballots sorted by tracker, end, encrypted tally.

    Every ballot is checked again. `timestamp` (seconds since 1970) is said of every record. An archive that is there
    already is kept: its bytes are public.
    Raises IsoloirError: ``box_not_frozen``, ``setup_missing``, ``ballot_invalid`` (contest, clause).
    """
    paths = {}
    for contest in election.contests:
        path = archive_path(folder, election, contest.id)
        paths[contest.id] = path
        if not path.exists():
            files = await publication.setup_bytes(store, election.id, contest.id)
            ballots = [ballot async for ballot in publication.ballots(store, election.id, contest.id)]
            await asyncio.to_thread(_write_archive, contest.id, path, files, ballots, timestamp, progress)
    return paths


def _write_archive(
    contest_id: str,
    path: Path,
    files: tuple[bytes, bytes, bytes],
    ballots: Sequence[bytes],
    timestamp: int,
    progress: Progress | None,
) -> None:
    setup = Setup.load(*files)
    checked = []
    try:
        for one in check_ballots(setup, ballots, jobs_for(sum(map(len, ballots)))):
            checked.append(one)
            if progress:
                progress(contest_id, "check", len(checked), len(ballots))
    except VerificationError as error:
        raise IsoloirError("ballot_invalid", contest=contest_id, clause=error.clause) from None
    summed = tally.encrypted_tally(setup, checked)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _beside(path) as made:
        archive = Archive.create(made, *files, timestamp)
        archive.add_ballots(ballots)
        archive.end_ballots()
        archive.encrypted_tally(summed.serialise(), summed.num_tallied, summed.total_weight)
        if not path.exists():  # another process, which closed at the same time, may have been first
            made.replace(path)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Give a place where a file is made that then takes its own: nobody ever reads half of it, nor writes it too."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
        yield Path(folder) / path.name


def boxes_of(election: ElectionFile, folder: Path, board: str) -> dict[str, Box]:
    """Return the closed boxes that a board opens, by contest; raises IsoloirError ``box_not_frozen``."""
    found = {}
    for contest in election.contests:
        if contest.board == board:
            path = archive_path(folder, election, contest.id)
            if not path.exists():
                raise IsoloirError("box_not_frozen", election=election.id)
            found[contest.id] = Box.read(path)
    return found


def checked(election: ElectionFile, boxes: Mapping[str, Box], given: Partials) -> dict[str, bytes]:
    """Check one member's partial decryptions against the boxes of the board; return them by contest.

    Raises IsoloirError: ``partial_foreign`` (another election, board, or a number that is not the member's),
    ``partial_incomplete`` (a box is left out), ``partial_invalid`` (trustee, contest, clause): a wrong one.
    """
    holders = election.boards[given.board].holders if given.board in election.boards else ()
    seated = dict(enumerate(holders, 1)).get(given.number)
    if given.election != election.id or seated != given.member:
        raise IsoloirError("partial_foreign", trustee=given.member, board=given.board)
    found = {}
    for contest, box in boxes.items():
        data = given.boxes.get(box.uuid)
        where = {"trustee": given.member, "board": given.board, "contest": contest}
        if data is None:
            raise IsoloirError("partial_incomplete", **where)
        try:
            tally.check_partial_decryption(box.setup, box.total, given.number, data)
        except VerificationError as error:
            raise IsoloirError("partial_invalid", **where, clause=error.clause) from None
        found[contest] = data
    return found


async def receive(store: Store, election: ElectionFile, folder: Path, given: Partials) -> None:
    """Keep one member's partial decryptions, once they are checked; the same again changes nothing.

    Raises as `checked` does, and ``box_not_frozen``, ``lifecycle_order``.
    """
    state = await lifecycle.state(store, election.id)
    if state not in (lifecycle.State.CLOSED, lifecycle.State.TALLIED):
        raise IsoloirError("lifecycle_order", election=election.id, state=state.value, wanted="tallied")
    boxes = boxes_of(election, folder, given.board)
    found = await asyncio.to_thread(checked, election, boxes, given)
    async with store.write("box") as session:
        if given.member not in await _givers(session, election, given.board):
            value = {contest: data.decode("ascii") for contest, data in found.items()}
            name = f"{_PARTIALS}/{given.board}"
            await lifecycle_store.put_fact(session, election.id, name, {"member": given.member, "boxes": value})


async def givers(store: Store, election: ElectionFile, board: str) -> tuple[str, ...]:
    """Return the members of a board whose partial decryptions are there, in the order in which they came."""
    async with store.read() as session:
        return await _givers(session, election, board)


async def rule_met(store: Store, election: ElectionFile) -> bool:
    """Say whether enough members of every board that opens a box have given their partial decryptions."""
    boards = {contest.board for contest in election.contests}
    return all([election.boards[name].met(await givers(store, election, name)) for name in boards])


async def _givers(session: AsyncSession, election: ElectionFile, board: str) -> tuple[str, ...]:
    kept = await lifecycle_store.facts(session, election.id, f"{_PARTIALS}/{board}")
    return tuple(one["member"] for one in kept)


async def _given(store: Store, election: ElectionFile, board: str) -> dict[str, dict[str, bytes]]:
    async with store.read() as session:
        kept = await lifecycle_store.facts(session, election.id, f"{_PARTIALS}/{board}")
    return {one["member"]: {contest: data.encode() for contest, data in one["boxes"].items()} for one in kept}


def enough(board: Board, given: Mapping[str, bytes]) -> list[tuple[int, bytes]]:
    """Return as many partial decryptions as the rule needs, with their holders' numbers (from 1)."""
    return [(board.holders.index(member) + 1, given[member]) for member in board.enough_of(given)]


async def unseal(
    store: Store,
    election: ElectionFile,
    folder: Path,
    clock: Clock,
    *,
    lots: Mapping[str, Sequence[str]] | None = None,
    progress: Progress | None = None,
) -> Results:
    """Open every box with the partial decryptions received, check each archive whole, and allot the seats.

    `lots` are the board's recorded lots for ties. What was done before an interruption is not done again.
    Raises IsoloirError: ``rule_not_met`` (board), ``box_not_frozen``, ``archive_invalid``, ``counts_differ`` (poll
    book, ballots and votes do not agree), ``tie_needs_lot``, ``tie_needs_oldest``.
    """
    given = {name: await _given(store, election, name) for name in election.boards}
    for name, board in election.boards.items():
        if not board.met(given[name]) and any(contest.board == name for contest in election.contests):
            raise IsoloirError("rule_not_met", board=name, given=len(given[name]))
    turnout = await poll_book.turnout(store, election)
    results = []
    for contest in election.contests:
        path = archive_path(folder, election, contest.id)
        if not path.exists():
            raise IsoloirError("box_not_frozen", election=election.id)
        board = election.boards[contest.board]
        mine = {member: boxes[contest.id] for member, boxes in given[contest.board].items()}
        counted, ballots = await asyncio.to_thread(_open, contest, path, enough(board, mine), progress)
        marked = turnout[contest.id]
        if not marked.voted == ballots == counted.expressed + counted.blank:
            raise IsoloirError("counts_differ", contest=contest.id)
        decided = tuple((lots or {}).get(contest.id, ()))
        results.append(_result(contest, marked, ballots, counted, decided))
    found = Results(election.id, tuple(results))
    told = _to_json(found)
    async with store.write("box") as session:
        await lifecycle_store.put_fact(session, election.id, _FACT, told)
    await lifecycle.tallied(store, election, clock, {"contests": told})
    return found


def conclude(path: Path, box: Box, partials: Sequence[tuple[int, bytes]]) -> bytes:
    """Write the partial decryptions and the result into a box's archive, all at once; return the result.

    An archive that has its result already stays as it is. Raises VerificationError if the shares do not open it.
    """
    result = tally.result(box.setup, box.total, partials)
    if Archive.open(path).stage != RESULT:
        with _beside(path) as made:
            shutil.copyfile(path, made)
            opened = Archive.open(made)
            for owner, partial in sorted(partials):
                opened.partial_decryption(owner, partial)
            opened.result(result)
            made.replace(path)
    return result


def _open(
    contest: Contest, path: Path, partials: Sequence[tuple[int, bytes]], progress: Progress | None
) -> tuple[counting.Counts, int]:
    try:
        conclude(path, Box.read(path), partials)
        report = check_archive(
            path,
            (lambda done, of, _: progress(contest.id, "verify", done, of)) if progress else None,
            jobs=jobs_for(path.stat().st_size),
        )
    except BallotsError as error:
        raise IsoloirError("archive_invalid", file=path.name, clause=error.clause) from None
    (question,) = report.questions
    votes = {
        candidates.id: answer.votes or 0 for candidates, answer in zip(contest.lists, question.answers, strict=True)
    }
    return counting.Counts(question.blank or 0, votes), report.ballots


def _result(
    contest: Contest, turnout: poll_book.Turnout, ballots: int, counted: counting.Counts, decided: tuple[str, ...]
) -> ContestResult:
    try:
        allocation = counting.allot(contest, counted, decided)
    except SeatsError as error:
        raise IsoloirError(error.code, contest=contest.id, **error.where) from None
    elected = allocation.elected({candidates.id: candidates.candidates for candidates in contest.lists})
    return ContestResult(contest.id, turnout.entitled, turnout.voted, ballots, counted, allocation, elected, decided)


async def results(store: Store, election: ElectionFile) -> Results | None:
    """Return the results, once there are some; the arithmetic is done again from the votes."""
    async with store.read() as session:
        fact = await lifecycle_store.get_fact(session, election.id, _FACT)
    if fact is None:
        return None
    found = []
    for one in fact:
        contest = election.contest(one["contest"])
        counted = counting.Counts(
            one["blank"], {candidates.id: one["votes"][candidates.id] for candidates in contest.lists}
        )
        turnout = poll_book.Turnout(one["entitled"], one["poll_book"])
        found.append(_result(contest, turnout, one["ballots"], counted, tuple(one["decided"])))
    return Results(election.id, tuple(found))


def _to_json(found: Results) -> list[dict[str, Any]]:
    return [
        {
            "contest": one.contest,
            "entitled": one.entitled,
            "poll_book": one.poll_book,
            "ballots": one.ballots,
            "blank": one.counts.blank,
            "votes": dict(one.counts.votes),
            "decided": list(one.decided),
        }
        for one in found.contests
    ]


__all__ = [
    "ContestResult",
    "Results",
    "archive_path",
    "boxes_of",
    "build_archives",
    "checked",
    "enough",
    "givers",
    "receive",
    "results",
    "rule_met",
    "unseal",
    "written",
]
