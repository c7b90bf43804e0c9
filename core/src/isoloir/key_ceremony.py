"""The key ceremony: the public shares of every board become the keys of its contests' boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from isoloir import counting, registrar
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.key_share import PublicShare
from isoloir.store import lifecycle_store
from isoloir.store.engine import Store
from isoloir_ballots import trustees
from isoloir_ballots.groups import named

_FACT = "boards"


async def make_keys(
    store: Store,
    election: ElectionFile,
    shares: Sequence[PublicShare],
    keys_folder: Path,
    progress: registrar.Progress | None = None,
) -> None:
    """Make each contest's pool of credentials and its setup from the public shares of its board.

    Raises IsoloirError: ``share_not_given``, ``share_twice``, ``share_foreign`` (another election, board or group),
    ``share_unexpected`` (of nobody on the board), and what the registrar refuses.
    """
    boards = {board: _of_board(election, board, shares) for board in election.boards}
    expected = {(board, trustee) for board, members in election.boards.items() for trustee in members.members}
    for share in shares:
        if (share.board, share.trustee) not in expected:
            raise IsoloirError("share_unexpected", trustee=share.trustee, board=share.board)
    pools = await registrar.make_pools(store, keys_folder, election, progress=progress)
    group = named(election.group)
    for contest in election.contests:
        entries = [share.entry for share in boards[contest.board]]
        keyed = counting.belenios_election(election, contest, pools[contest.id].uuid, entries)
        await registrar.save_setup(store, election, contest.id, keyed.serialise(), trustees.serialise(group, entries))
    async with store.write("box") as session:
        public = {board: [share.to_json() for share in members] for board, members in boards.items()}
        await lifecycle_store.put_fact(session, election.id, _FACT, public)


async def boards(store: Store, election: ElectionFile) -> Mapping[str, Sequence[PublicShare]]:
    """Return the public shares of every board, in the order of its members; raises ``keys_missing`` before."""
    async with store.read() as session:
        fact = await lifecycle_store.get_fact(session, election.id, _FACT)
    if fact is None:
        raise IsoloirError("keys_missing", election=election.id)
    return {board: [PublicShare.from_json(share) for share in members] for board, members in fact.items()}


def trustees_files(election: ElectionFile, members: Mapping[str, Sequence[PublicShare]]) -> dict[str, bytes]:
    """Return each board's trustees as its archives publish them."""
    group = named(election.group)
    return {board: trustees.serialise(group, [share.entry for share in shares]) for board, shares in members.items()}


def _of_board(election: ElectionFile, board: str, shares: Sequence[PublicShare]) -> list[PublicShare]:
    members = []
    for trustee in election.boards[board].members:
        given = [share for share in shares if (share.board, share.trustee) == (board, trustee)]
        if not given:
            raise IsoloirError("share_not_given", trustee=trustee, board=board)
        if len(given) > 1:
            raise IsoloirError("share_twice", trustee=trustee, board=board)
        if given[0].election != election.id or given[0].group != election.group:
            raise IsoloirError("share_foreign", trustee=trustee, board=board)
        members.append(given[0])
    return members
