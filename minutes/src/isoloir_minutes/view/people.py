"""The boards, and the electors: how many there are, and how many voted."""

from __future__ import annotations

from isoloir_minutes import words
from isoloir_minutes.record import Board, Member, Record
from isoloir_minutes.view.frame import View

ROLES = {
    "president": "Président",
    "secretary": "Secrétaire",
    "delegate": "Délégué de liste",
}


def called(board: Board, members: tuple[str, ...]) -> str:
    """Return the names of members: ``A, B et C``."""
    names = {one.id: one.name for one in board.members}
    return words.listed([names.get(one, one) for one in members])


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
            "opened": f"L’ont ouverte : {called(board, board.opened_by)}.",
            "members": [_member(one) for one in board.members],
        }
        for board in record.boards
    ]


def _member(one: Member) -> View:
    return {
        "role": role(one),
        "name": one.name,
        "stands_for": one.stands_for or "–",
        "substitute": one.substitute or "–",
    }


def _rule(board: Board) -> str:
    parts = []
    for quorum in board.rule:
        these = called(board, quorum.of)
        everybody = quorum.at_least == len(quorum.of)
        parts.append(these if everybody else f"au moins {quorum.at_least} parmi {these}")
    return f"Peuvent ouvrir l’urne ensemble : {' ; et '.join(parts)}."


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
