"""Where a ceremony stands: what is due from whom, whether a document holds, and the keys once all is there."""

from __future__ import annotations

from collections.abc import Mapping

from isoloir.ceremony import rounds
from isoloir.ceremony.documents import Document, Round, Transcript
from isoloir.errors import IsoloirError
from isoloir_ballots import dkg
from isoloir_ballots.errors import BallotsError
from isoloir_ballots.trustees import Entry

_SHARED = (Round.CERTIFICATE, Round.CONTRIBUTION, Round.ACKNOWLEDGEMENT)


def due(transcript: Transcript) -> Mapping[tuple[str, str], Round]:
    """Return which round is awaited of whom, by (board, member); nothing once all is there, or of a stopped group."""
    waiting: dict[tuple[str, str], Round] = {}
    for board, groups in transcript.plan.boards.items():
        for place, group in enumerate(groups):
            if transcript.of(board, place, Round.COMPLAINT):
                continue
            for round_ in _SHARED if group.shared else (Round.KEY,):
                lacking = [one for one in group.members if not transcript.has(board, one, round_)]
                waiting |= {(board, one): round_ for one in lacking}
                if lacking:
                    break
    return waiting


def expected(transcript: Transcript, document: Document) -> None:
    """Refuse a document that is not awaited now.

    Raises IsoloirError: ``ceremony_foreign`` (another ceremony), ``share_unexpected`` (nobody on the board),
    ``ceremony_cheated`` (the group is stopped), ``ceremony_not_due``.
    """
    where = {"trustee": document.member, "board": document.board}
    if document.ceremony != transcript.plan.uuid:
        raise IsoloirError("ceremony_foreign", **where)
    seat = transcript.plan.seat(document.board, document.member)
    _go_on(transcript, document.board, seat.place)
    awaited = due(transcript).get((document.board, document.member))
    complains = document.round is Round.COMPLAINT and awaited is Round.ACKNOWLEDGEMENT
    if document.round is not awaited and not complains:
        raise IsoloirError("ceremony_not_due", **where)


def check(transcript: Transcript, document: Document) -> None:
    """Refuse a document that is not awaited, or does not hold; raises as `expected`, and ``ceremony_refused``."""
    expected(transcript, document)
    try:
        rounds.check(transcript, document)
    except BallotsError as error:
        where = {"trustee": document.member, "board": document.board}
        raise IsoloirError("ceremony_refused", **where, clause=error.clause) from None


def entries(transcript: Transcript) -> Mapping[str, tuple[Entry, ...]]:
    """Return every board's entries of the trustees file.

    Raises IsoloirError: ``ceremony_cheated`` (trustee, board: who gave a wrong share), ``ceremony_unfinished``.
    """
    for board in transcript.plan.boards:
        not_stopped(transcript, board)
    for board, member in due(transcript):
        raise IsoloirError("ceremony_unfinished", trustee=member, board=board)
    return {board: rounds.entries(transcript, board) for board in transcript.plan.boards}


def certificates(transcript: Transcript, board: str) -> str:
    """Return the digest of a board's certificates, in fours; empty until all are there, or where there are none.

    Members compare it aloud: a server that showed each of them other certificates would otherwise hold their key.
    """
    found: list[object] = []
    for place, group in enumerate(transcript.plan.boards[board]):
        if group.shared:
            mine = transcript.of(board, place, Round.CERTIFICATE)
            if len(mine) < len(group.members):
                return ""
            found += mine
    digest = dkg.digest(found)[:32] if found else ""
    return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


def not_stopped(transcript: Transcript, board: str) -> None:
    """Refuse a board one of whose groups is stopped by a complaint that holds; raises ``ceremony_cheated``."""
    for place in range(len(transcript.plan.boards[board])):
        _go_on(transcript, board, place)


def _go_on(transcript: Transcript, board: str, place: int) -> None:
    if transcript.of(board, place, Round.COMPLAINT):
        culprit, clause = rounds.convicted(transcript, board, place)
        raise IsoloirError("ceremony_cheated", trustee=culprit, board=board, clause=clause)
