"""Unsealing: the frozen box becomes an archive, the board's shares open it, votes become seats."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoloir import counting, key_share, lifecycle, poll_book, publication
from isoloir.clock import Clock
from isoloir.config.election import Contest, ElectionFile
from isoloir.errors import IsoloirError
from isoloir.key_share import KeyShare
from isoloir.seats import Allocation, SeatsError
from isoloir.store import lifecycle_store
from isoloir.store.engine import Store
from isoloir_ballots import archive as archives
from isoloir_ballots import tally
from isoloir_ballots.archive import Archive
from isoloir_ballots.archive.events import RESULT
from isoloir_ballots.errors import BallotsError, VerificationError
from isoloir_ballots.setup import Setup
from isoloir_ballots.verify import check_archive, check_ballots, jobs_for

_FACT = "results"

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
    # Beside, then in its place: nobody ever reads half an archive under its own name.
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    archive = Archive.create(beside, *files, timestamp)
    archive.add_ballots(ballots)
    archive.end_ballots()
    archive.encrypted_tally(summed.serialise(), summed.num_tallied, summed.total_weight)
    beside.replace(path)


def decrypt(path: Path, share: KeyShare) -> tuple[int, bytes]:
    """Check an archive and decrypt its tally with one share; return the holder's number (from 1) and the bytes.

    Needs the archive and the share alone: it runs on the member's own computer.
    Raises IsoloirError: ``archive_invalid`` (clause), ``share_foreign``, ``tally_missing``.
    """
    return _decrypt(path, [share])[0]


def _decrypt(path: Path, shares: Sequence[KeyShare]) -> list[tuple[int, bytes]]:
    try:
        check_archive(path, jobs=jobs_for(path.stat().st_size if path.exists() else 0))
        setup, summed = _summed(path)
    except BallotsError as error:
        raise IsoloirError("archive_invalid", file=path.name, clause=error.clause) from None
    owners = {key: owner for owner, key in enumerate(setup.verification_keys, 1)}
    partials = []
    for share in shares:
        if share.public.entry.key not in owners:
            raise IsoloirError("share_foreign", trustee=share.public.trustee, board=share.public.board)
        partial = tally.partial_decryption(setup.group, share.secret, setup.election.fingerprint, summed)
        partials.append((owners[share.public.entry.key], partial))
    return partials


def _summed(path: Path) -> tuple[Setup, tally.EncryptedTally]:
    contents = archives.read(path)
    if contents.encrypted_tally is None:
        raise IsoloirError("tally_missing", file=path.name)
    setup = Setup.load(contents.election, contents.trustees, contents.public_credentials)
    numbers = contents.num_tallied, contents.total_weight
    return setup, tally.EncryptedTally.parse(setup.election, contents.encrypted_tally, *numbers)


async def unseal(
    store: Store,
    election: ElectionFile,
    folder: Path,
    partials: Mapping[str, Sequence[tuple[int, bytes]]],
    clock: Clock,
    *,
    lots: Mapping[str, Sequence[str]] | None = None,
    progress: Progress | None = None,
) -> Results:
    """Open every box with the members' partial decryptions, check each archive whole, and allot the seats.

    `partials` gives, by contest, (holder from 1, bytes); `lots` the board's recorded lot for a tie. A wrong partial
    decryption is refused before anything is written. What was done before an interruption is not done again.
    Raises IsoloirError: ``box_not_frozen``, ``partial_invalid`` (contest, clause), ``archive_invalid``,
    ``counts_differ`` (poll book, ballots and votes do not agree), ``tie_needs_lot``, ``tie_needs_oldest``.
    """
    turnout = await poll_book.turnout(store, election)
    results = []
    for contest in election.contests:
        path = archive_path(folder, election, contest.id)
        if not path.exists():
            raise IsoloirError("box_not_frozen", election=election.id)
        given = partials.get(contest.id, ())
        counted, ballots = await asyncio.to_thread(_open, contest, path, given, progress)
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


def _open(
    contest: Contest, path: Path, partials: Sequence[tuple[int, bytes]], progress: Progress | None
) -> tuple[counting.Counts, int]:
    archive = Archive.open(path)
    if archive.stage != RESULT:
        try:
            setup, summed = _summed(path)
            result = tally.result(setup, summed, partials)
        except BallotsError as error:
            raise IsoloirError("partial_invalid", contest=contest.id, clause=error.clause) from None
        beside = path.with_suffix(".new")
        beside.write_bytes(path.read_bytes())
        opened = Archive.open(beside)
        for owner, partial in sorted(partials):
            opened.partial_decryption(owner, partial)
        opened.result(result)
        beside.replace(path)
    try:
        report = check_archive(
            path,
            (lambda done, of, _: progress(contest.id, "verify", done, of)) if progress else None,
            jobs=jobs_for(path.stat().st_size),
        )
    except VerificationError as error:
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


def partials_of(
    boards: Mapping[str, Sequence[key_share.PublicShare]],
    election: ElectionFile,
    folder: Path,
    shares: Sequence[KeyShare],
) -> dict[str, list[tuple[int, bytes]]]:
    """Decrypt every contest's tally with whole shares, where the board brings them to one computer.

    Raises IsoloirError: ``share_not_given``, ``share_foreign``, ``archive_invalid``.
    """
    return {
        contest.id: _decrypt(
            archive_path(folder, election, contest.id),
            key_share.matched(contest.board, boards[contest.board], shares),
        )
        for contest in election.contests
    }


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
    "build_archives",
    "decrypt",
    "partials_of",
    "results",
    "unseal",
]
