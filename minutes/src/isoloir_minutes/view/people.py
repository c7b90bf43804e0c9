"""The boards, and the electors: how many there are, and how many voted."""

from __future__ import annotations

from isoloir_minutes import words
from isoloir_minutes.record import Board, Member, Record
from isoloir_minutes.view.frame import View

ROLES = {
    "president": "Président",
    "secretary": "Secrétaire",
    "delegate": "Délégué de liste",
    "substitute": "Suppléant",
    "member": "Membre",
}


def called(member: Member) -> str:
    """Return the name of a member; the id where the election's file has no name."""
    return member.name or member.id


def role(member: Member) -> str:
    """Return the function of a member."""
    return ROLES.get(member.role, member.role)


def boards(record: Record) -> list[View]:
    """Return every board, with who must come together to open its boxes."""
    return [
        {
            "name": board.id,
            "contests": [record.contest(contest).title for contest in board.contests],
            "rule": _rule(board),
            "members": [{"role": role(one), "name": called(one)} for one in board.members],
        }
        for board in record.boards
    ]


def _rule(board: Board) -> str:
    names = {one.id: called(one) for one in board.members}
    parts = []
    for quorum in board.rule:
        these = words.listed([names.get(one, one) for one in quorum.of])
        everybody = quorum.at_least == len(quorum.of)
        parts.append(these if everybody else f"au moins {quorum.at_least} parmi {these}")
    return f"Ouvrent l’urne ensemble : {' ; et '.join(parts)}."


def electors(record: Record) -> list[View]:
    """Return the rows of the turnout: the roll and its colleges, then each contest and its colleges."""
    whole = record.electors
    rows = [_row("Liste électorale, tous collèges", whole.roll, whole.voted, total=True)]
    rows += [_row(one.title, one.entitled, one.voted) for one in whole.colleges]
    for contest in record.contests:
        rows.append(_row(contest.title, contest.entitled, contest.poll_book, total=True))
        if len(contest.colleges) > 1:
            rows += [_row(one.title, one.entitled, one.voted) for one in contest.colleges]
    return rows


def _row(title: str, entitled: int, voted: int, *, total: bool = False) -> View:
    return {
        "title": title,
        "entitled": words.number(entitled),
        "voted": words.number(voted),
        "percent": words.percent(voted, entitled),
        "total": total,
    }
