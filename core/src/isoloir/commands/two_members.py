"""Acts that two members of a board decide together, named on the command line."""

from __future__ import annotations

import click

from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError

by_option = click.option(
    "--by", required=True, metavar="BOARD/MEMBER", help="Who proposes it, by the ids of the file."
)
with_option = click.option(
    "--with", "confirmed", required=True, metavar="BOARD/MEMBER", help="Who confirms it: another member."
)


def two_members(election: ElectionFile, by: str, confirmed: str, refusal: str) -> None:
    """Raise IsoloirError ``remark_member_unknown`` unless both sit on a board, `refusal` for one named twice."""
    seated = {f"{name}/{member}" for name, board in election.boards.items() for member in board.members}
    if not {by, confirmed} <= seated:
        raise IsoloirError("remark_member_unknown", election=election.id)
    if by == confirmed:
        raise IsoloirError(refusal, election=election.id)
