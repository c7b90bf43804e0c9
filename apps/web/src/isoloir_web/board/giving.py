"""What members decrypted with their shares: who has given, and taking a file from the account of its own member."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from isoloir import unsealing
from isoloir.config.election import Contest
from isoloir.errors import IsoloirError
from isoloir.partials import Partials
from isoloir_web import waiting
from isoloir_web.board.rights import Sitting
from isoloir_web.waiting import BoxRead

GIVEN_BYTES = 4_000_000
"""The largest file that is read: some 1 kB for each list of each contest."""


@dataclass(frozen=True)
class Giver:
    """One holder of a share: board, id and name, and whether what they decrypted is there."""

    board: str
    member: str
    name: str
    role: str
    given: bool


@dataclass(frozen=True)
class BoxShown:
    """One closed box as its page shows it: where its archive is downloaded, and what to compare."""

    contest: Contest
    address: str
    read: BoxRead

    @property
    def grouped(self) -> str:
        """The digest of the total in fours, as the trustee's program shows it."""
        return " ".join(self.read.digest[at : at + 4] for at in range(0, len(self.read.digest), 4))


async def rehearsed(sitting: Sitting) -> list[Giver]:
    """Return who has decrypted the scratch boxes of the rehearsal under way."""
    instance, election = sitting.house.instance, sitting.election
    begun = await waiting.rehearsal_waiting(instance, election)
    return _givers(sitting, begun.given if begun else {})


async def tallied(sitting: Sitting) -> list[Giver]:
    """Return who has decrypted the closed boxes."""
    store, election = sitting.house.instance.store, sitting.election
    given = {name: await unsealing.givers(store, election, name) for name in election.boards}
    return _givers(sitting, given)


def mine(sitting: Sitting, givers: list[Giver]) -> Giver | None:
    """Return the holder whose account is logged in, or `None`."""
    account = sitting.account
    return next((one for one in givers if (one.board, one.member) == (account.board, account.member)), None)


def shown(sitting: Sitting, read: Mapping[str, BoxRead], address: str) -> list[BoxShown]:
    """Return the boxes that this account may look into; `address` has a place for the contest's id."""
    base = f"/e/{sitting.election.id}"
    return [
        BoxShown(contest, f"{base}{address.format(contest=contest.id)}", read[contest.id])
        for contest in sitting.contests
        if contest.id in read
    ]


async def take(sitting: Sitting, what: str, form: Mapping[str, str], files: Mapping[str, bytes]) -> None:
    """Take one file, or the text pasted in its place, for the `rehearsal` or the `tally`.

    Raises IsoloirError: ``partial_none`` (neither, or several), ``partial_unreadable``, ``partial_not_yours``, and
    as `rehearsal.receive` and `unsealing.receive` do.
    """
    given = _read(form.get("text", "").strip().encode(), list(files.values()))
    account, instance, election = sitting.account, sitting.house.instance, sitting.election
    if (given.board, given.member) != (account.board, account.member):
        raise IsoloirError("partial_not_yours")
    digest = hashlib.sha256(b"".join(data for _, data in sorted(given.boxes.items()))).hexdigest()
    await sitting.house.accounts.record(election, "partials_given", account.id, what=what, sha256=digest)
    if what == "rehearsal":
        await waiting.receive_rehearsal(instance, election, given)
    else:
        await unsealing.receive(instance.store, election, instance.archives_folder, given)


def _read(text: bytes, files: list[bytes]) -> Partials:
    given = [one for one in (text, *files) if one]
    if len(given) != 1:
        raise IsoloirError("partial_none")
    try:
        return Partials.from_json(json.loads(given[0]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise IsoloirError("partial_unreadable", file="JSON") from None


def _givers(sitting: Sitting, given: Mapping[str, tuple[str, ...]]) -> list[Giver]:
    used = {contest.board for contest in sitting.election.contests}
    return [
        Giver(name, member, board.members[member].name, board.members[member].role, member in given.get(name, ()))
        for name, board in sitting.election.boards.items()
        if name in used
        for member in board.holders
    ]
