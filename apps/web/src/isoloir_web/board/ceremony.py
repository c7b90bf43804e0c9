"""The key ceremony as everybody may follow it: who has handed over what, and the digest to compare aloud."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import route
from litestar.params import FromPath

from isoloir.ceremony import hosting, progress
from isoloir.ceremony.documents import Round, Transcript
from isoloir.errors import IsoloirError
from isoloir_web.board import acts
from isoloir_web.board.account import READS
from isoloir_web.board.drawing import board_page
from isoloir_web.board.rights import READERS, Sitting, require_account
from isoloir_web.pages import Asked, Page

_SHARED = (Round.CERTIFICATE, Round.CONTRIBUTION, Round.ACKNOWLEDGEMENT)


@dataclass(frozen=True)
class Line:
    """One member: what is handed over so far of how much, and which round is awaited (empty: none)."""

    name: str
    role: str
    done: int
    of: int
    due: str


@dataclass(frozen=True)
class BoardShown:
    """One board: its members, the digest of the certificates (empty until all are there)."""

    name: str
    lines: tuple[Line, ...]
    certificates: str


@route("/ceremony", http_method=READS)
async def ceremony(request: Asked, election: FromPath[str]) -> Page:
    """Show who has handed over what."""
    sitting = await require_account(request, election, READERS)
    file = sitting.election
    boards: list[BoardShown] = []
    refusal, complete = None, False
    try:
        transcript = await hosting.transcript(sitting.house.instance.store, file)
        boards = [_board(sitting, transcript, name) for name in transcript.plan.boards]
        for name in transcript.plan.boards:
            progress.not_stopped(transcript, name)
        complete = not progress.due(transcript)
    except IsoloirError as error:
        refusal = error
    ready = [one for one in await acts.ready(sitting) if one.step in ("ceremony", "keys")]
    return board_page(
        request,
        "board/ceremony.html",
        sitting,
        boards=boards,
        complete=complete,
        refusal=refusal,
        acts=[one for one in ready if one.may(file, sitting.account)],
        key=sitting.account.board,
    )


def _board(sitting: Sitting, transcript: Transcript, name: str) -> BoardShown:
    due = progress.due(transcript)
    members = sitting.election.boards[name].members if name in sitting.election.boards else {}
    lines = []
    for group in transcript.plan.boards[name]:
        rounds = _SHARED if group.shared else (Round.KEY,)
        for one in group.members:
            done = sum(transcript.has(name, one, round_) for round_ in rounds)
            awaited = due.get((name, one))
            member = members.get(one)
            shown = (member.name, member.role) if member else (one, "")
            lines.append(Line(*shown, done, len(rounds), awaited.value if awaited else ""))
    return BoardShown(name, tuple(lines), progress.certificates(transcript, name))


handlers = (ceremony,)
