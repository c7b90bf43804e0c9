"""Opening a scratch box: whole, without each member in turn, and against decryptions that are damaged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from isoloir import counting, unsealing
from isoloir.config.board import Board
from isoloir.config.election import Contest, ElectionFile
from isoloir.errors import IsoloirError
from isoloir.partials import Box, Partials
from isoloir.rehearsal.record import ContestRehearsal
from isoloir_ballots import tally
from isoloir_ballots.errors import VerificationError
from isoloir_ballots.verify import check_archive


def open_box(
    election: ElectionFile,
    contest: Contest,
    box: Box,
    given: Mapping[str, bytes],
    cast: Mapping[str, int],
    path: Path,
) -> ContestRehearsal:
    """Open one box with what its board's members decrypted, and compare with what was cast, choice by choice."""
    board, ballots = election.boards[contest.board], sum(cast.values())
    votes: dict[str, int] = {}
    try:
        result = unsealing.conclude(path, box, unsealing.enough(board, given))
        check_archive(path)
        counted = counting.counts(contest, box.setup.election, result, ballots)
        votes = {**counted.votes, **({counting.BLANK: counted.blank} if contest.blank else {})}
        without = tuple(member for member in given if _opens_without(board, box, given, member, result))
    except VerificationError:
        return ContestRehearsal(contest.id, box.uuid, ballots, votes, path.name, (), (), (), passed=False)
    offered = {member: _partials(election, contest, box, given, member) for member in given}
    refused = tuple(member for member, one in offered.items() if _refuses_damaged(election, contest, box, one))
    unreadable = tuple(member for member, one in offered.items() if _refuses_cut_short(one))
    spare = {member for member in given if board.met([other for other in given if other != member])}
    passed = votes == dict(cast) and set(without) == spare and set(refused) == set(unreadable) == set(given)
    return ContestRehearsal(contest.id, box.uuid, ballots, votes, path.name, without, refused, unreadable, passed)


def _opens_without(board: Board, box: Box, given: Mapping[str, bytes], absent: str, result: bytes) -> bool:
    others = {member: data for member, data in given.items() if member != absent}
    return board.met(others) and tally.result(box.setup, box.total, unsealing.enough(board, others)) == result


def _partials(
    election: ElectionFile, contest: Contest, box: Box, given: Mapping[str, bytes], member: str
) -> Partials:
    number = election.boards[contest.board].holders.index(member) + 1
    return Partials(election.id, contest.board, member, number, {box.uuid: given[member]})


def _refuses_damaged(election: ElectionFile, contest: Contest, box: Box, whole: Partials) -> bool:
    value = json.loads(whole.boxes[box.uuid])
    proof = value["decryption_proofs"][0][0]
    proof["response"] = str((int(proof["response"]) + 1) % box.setup.group.q)
    damaged = json.dumps(value, separators=(",", ":")).encode()
    offered = Partials(whole.election, whole.board, whole.member, whole.number, {box.uuid: damaged})
    try:
        unsealing.checked(election, {contest.id: box}, offered)
    except IsoloirError as error:
        return error.code == "partial_invalid" and error.where["trustee"] == whole.member
    return False


def _refuses_cut_short(whole: Partials) -> bool:
    content = whole.to_bytes()
    try:
        Partials.parse(content[: len(content) // 2], whole.member)
    except IsoloirError as error:
        return error.code == "partial_unreadable"
    return False
