"""From the store into a record: each thing asked once, nothing that is not recorded."""

from __future__ import annotations

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

from isoloir import audit_log, composition, lifecycle, publication, remarks, roll, unsealing
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir.store import acts_store
from isoloir.store.audit_store import AuditLine
from isoloir.store.engine import Store
from isoloir.unsealing import ContestResult
from isoloir_ballots import archive as archives
from isoloir_ballots.election import Election
from isoloir_minutes.poll_book import Line, PollBook, read_poll_book
from isoloir_minutes.record import (
    Act,
    Archive,
    AuditLog,
    AverageStep,
    Board,
    Box,
    Branch,
    CapStep,
    CollegeTurnout,
    Contest,
    Details,
    Drill,
    Electors,
    ListResult,
    Member,
    Played,
    Quorum,
    QuotientStep,
    Record,
    Rehearsal,
    Rehearsed,
    Remark,
    Risk,
    Seal,
    Step,
)

PAPERS = ("typst", "pyhanko")
"""What else has a hand in the papers."""

_TALLIED = frozenset({lifecycle.State.TALLIED, lifecycle.State.PUBLISHED, lifecycle.State.ARCHIVED})
_PLAYED = "rehearsal_played"
"""The act by which a scratch election tells how it was played."""
NOT_IN_THE_CALENDAR = frozenset({"box_published", "seal_checked", "partials_given", _PLAYED})
"""Acts without number, and, by their prefix, those of accounts: they stay in the audit log."""
ACCOUNTS = "account_"
_TOLD = {
    "rehearsed": ("number",),
    "rehearsal_failed": ("number",),
    "correction_proposed": ("reason",),
    "roll_sealed_again": ("reason",),
    "seal_broken": ("reason",),
    "ceremony_begun": ("reason",),
    "extension_proposed": ("closes", "reason"),
    "extended": ("closes", "reason"),
    "ceremony_document": ("board", "member", "round"),
    "member_replaced": ("board", "member", "reason"),
}
_STEPS = {"quotient": QuotientStep, "highest_average": AverageStep, "cap": CapStep}


async def collect(instance: Instance, election: ElectionFile) -> tuple[Record, PollBook]:
    """Return the record of a tallied election, and its poll book.

    Raises IsoloirError: ``minutes_too_early`` before the tally, ``audit_log_broken``, ``remark_changed``,
    ``archive_missing`` (contest), ``poll_book_differs`` (contest): it has another count than the results have.
    """
    store = instance.store
    state = await lifecycle.state(store, election.id)
    results = await unsealing.results(store, election)
    if state not in _TALLIED or results is None:
        raise IsoloirError("minutes_too_early", election=election.id)
    lines = await audit_log.lines(store, election.id)
    book = await read_poll_book(store, election)
    told = [json.loads(line.details) for line in lines if line.act == _PLAYED]
    record = Record(
        election=election.id,
        title=election.title.get("fr"),
        test=election.test,
        group=election.group,
        zone=election.window.zone,
        opens=_utc(election.window.opens),
        closes=_utc(election.window.closes),
        grace_ends=_utc(election.window.grace_ends),
        phone=election.help_line.phone,
        phone_hours=election.help_line.hours.get("fr"),
        boards=await _boards(store, election),
        risks=tuple(Risk(taken.risk, taken.reason) for taken in election.accepts),
        calendar=_calendar(lines),
        remarks=tuple(
            Remark(one.at, one.board, one.member, one.kind, one.text)
            for one in await remarks.remarks(store, election)
        ),
        seal=_seal(lines),
        rehearsal=None if told else await _rehearsal(store, election),
        played=_played(election, told[-1]) if told else None,
        electors=await _electors(instance, election, book),
        contests=tuple([await _contest(instance, election, one, lines, book) for one in results.contests]),
        audit_log=await _audit_log(instance),
        software=software(),
    )
    return record, book


def software() -> dict[str, str]:
    """Return what the papers were made with: our distributions, those that write and sign them, Python."""
    ours = {found.name: found.version for found in distributions() if found.name.startswith("isoloir")}
    return {
        **dict(sorted(ours.items())),
        **{name: version(name) for name in PAPERS},
        "python": platform.python_version(),
    }


async def _boards(store: Store, election: ElectionFile) -> tuple[Board, ...]:
    return tuple(
        [
            Board(
                board,
                tuple(Member(**vars(one)) for one in members),
                tuple(contest.id for contest in election.contests if contest.board == board),
                tuple(Quorum(group.at_least, group.members) for group in election.boards[board].groups),
                await unsealing.givers(store, election, board),
            )
            for board, members in composition.composition(election).items()
        ]
    )


def _calendar(lines: Iterable[AuditLine]) -> tuple[Act, ...]:
    return tuple(
        Act(line.serial, _utc(datetime.fromisoformat(line.at)), line.act, _details(line))
        for line in lines
        if line.act not in NOT_IN_THE_CALENDAR and not line.act.startswith(ACCOUNTS)
    )


def _details(line: AuditLine) -> Details:
    told = json.loads(line.details)
    return {name: told[name] for name in _TOLD.get(line.act, ()) if name in told}


def _seal(lines: Iterable[AuditLine]) -> Seal:
    """Return the last seal, and the roll's digests that came after it."""
    sealed, rolls = {}, []
    for line in lines:
        told = json.loads(line.details)
        if line.act == "sealed":
            sealed, rolls = told, [told["roll_digest"]]
        elif line.act == "roll_sealed_again":
            rolls.append(told["roll_digest"])
    return Seal(sealed["system_digest"], tuple(rolls), dict(sealed.get("parts", {})))


async def _rehearsal(store: Store, election: ElectionFile) -> Rehearsal:
    async with store.read() as session:
        *_, last = held = await acts_store.rehearsals(session, election.id)  # nothing opens without one
    proved: dict[str, set[str]] = {board: set() for board in election.boards}
    for one in held:
        if one.passed and one.system_digest == last.system_digest:
            for board, members in one.record["proved"].items():
                proved[board].update(members)
    shares = {
        board: tuple(one for one in election.boards[board].members if one in mine) for board, mine in proved.items()
    }
    return Rehearsal(
        number=last.number,
        hour=_utc(last.hour),
        system=last.system_digest,
        passed=last.passed,
        proved=shares,
        contests=tuple(
            Rehearsed(
                one["contest"],
                one["ballots"],
                one["archive"],
                one["passed"],
                tuple(one["without"]),
                tuple(member for member in one["refused"] if member in one["unreadable"]),
            )
            for one in last.record["contests"]
        ),
        played=_played(election, last.record["played"]),
        minutes=last.record["concluded"]["minutes"],
        minutes_sha256=last.record["concluded"]["minutes_sha256"],
    )


def _played(election: ElectionFile, told: Mapping[str, Any]) -> Played:
    return Played(
        branches=tuple(
            Branch(branch.id, branch.label.get("fr"), told["branches"].get(branch.id, 0))
            for branch in election.policy.any
        ),
        drills=tuple(Drill(one["what"], one["branch"], tuple(one["codes"]), one["held"]) for one in told["drills"]),
        plugins=dict(told["plugins"]),
        differences=tuple(told["differences"]),
    )


async def _electors(instance: Instance, election: ElectionFile, book: PollBook) -> Electors:
    number = await roll.count(instance.store, election.id)
    whole = book.sheet()
    colleges = _turnout(election, election.colleges, book.lines, [line for line in book.lines if line.hours])
    return Electors(number, len(whole.rows), colleges, whole.sha256)


def _turnout(
    election: ElectionFile, colleges: Iterable[str], entitled: Iterable[Line], voted: Iterable[Line]
) -> tuple[CollegeTurnout, ...]:
    may, did = (Counter(line.college for line in lines) for lines in (entitled, voted))
    return tuple(
        CollegeTurnout(college, election.colleges[college].get("fr"), may[college], did[college])
        for college in colleges
    )


async def _contest(
    instance: Instance, election: ElectionFile, result: ContestResult, lines: Iterable[AuditLine], book: PollBook
) -> Contest:
    contest = election.contest(result.contest)
    marked = book.of(contest.id)
    if len(marked) != result.poll_book:
        raise IsoloirError("poll_book_differs", contest=contest.id)
    return Contest(
        id=contest.id,
        title=contest.title.get("fr"),
        board=contest.board,
        seats=contest.seats,
        ties=contest.rule.ties,
        short_lists=contest.rule.short_lists,
        order=await lifecycle.display_order(instance.store, election, contest.id),
        entitled=result.entitled,
        poll_book=result.poll_book,
        ballots=result.ballots,
        blank=result.counts.blank,
        blank_offered=contest.blank,
        colleges=_turnout(
            election, contest.colleges, (line for line in book.lines if contest.id in line.contests), marked
        ),
        lists=tuple(
            ListResult(
                shown.id,
                shown.name,
                shown.candidates,
                result.counts.votes[shown.id],
                result.allocation.seats[shown.id],
                tuple(result.elected[shown.id]),
            )
            for shown in contest.lists
        ),
        quotient=f"{result.allocation.quotient.numerator}/{result.allocation.quotient.denominator}",
        steps=tuple(_step(step.as_json()) for step in result.allocation.steps),
        decided=result.decided,
        unallocated=result.allocation.unallocated,
        box=await _box(instance, election, contest.id, lines),
        archive=_archive(unsealing.archive_path(instance.archives_folder, election, contest.id)),
        poll_book_sha256=book.sheet(contest.id).sha256,
    )


def _step(told: Mapping[str, Any]) -> Step:
    made: Step = _STEPS[told["step"]](**told)
    return made


async def _box(instance: Instance, election: ElectionFile, contest_id: str, lines: Iterable[AuditLine]) -> Box:
    frozen = next(json.loads(line.details)["boxes"] for line in lines if line.act == "closed")
    published = await publication.publications(instance.store, election.id, contest_id)
    return Box(frozen[contest_id]["hash"], len(published), published[-1].public_key)


def _archive(path: Path) -> Archive:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise IsoloirError("archive_missing", file=path.name) from None
    keyed = Election.parse(archives.read(raw).election)
    return Archive(path.name, hashlib.sha256(raw).hexdigest(), keyed.uuid, keyed.fingerprint)


async def _audit_log(instance: Instance) -> AuditLog:
    check = await audit_log.verify(instance.store)
    if not check.holds:
        first = check.faults[0]
        raise IsoloirError("audit_log_broken", faults=len(check.faults), serial=first.serial, clause=first.clause)
    return AuditLog(check.head.serial, check.head.hash, check.lines, holds=True)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
