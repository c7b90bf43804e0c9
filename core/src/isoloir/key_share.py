"""A board member's key share, in a file that its holder alone keeps; the server only ever sees the public part."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isoloir.config.secrets import read_private, write_private
from isoloir.errors import IsoloirError
from isoloir_ballots.errors import FormatError, VerificationError
from isoloir_ballots.groups import named
from isoloir_ballots.trustees import KeyPair, Single

FORMAT = "isoloir-key-share/1"
PUBLIC_FORMAT = "isoloir-public-share/1"


@dataclass(frozen=True)
class PublicShare:
    """What the election learns of a share: whose it is, in which board, and the key with its proof."""

    election: str
    board: str
    trustee: str
    group: str
    entry: Single

    def to_json(self) -> dict[str, Any]:
        """Return the share as its file holds it."""
        return {
            "format": PUBLIC_FORMAT,
            "election": self.election,
            "board": self.board,
            "trustee": self.trustee,
            "group": self.group,
            "entry": self.entry.to_json(named(self.group))[1],
        }

    @classmethod
    def from_json(cls, value: Any) -> PublicShare:
        """Read and check a public share; raises IsoloirError ``share_unreadable``, ``share_proof``."""
        share = cls(*_common(value, PUBLIC_FORMAT), _entry(value))
        try:
            share.entry.check(named(share.group))
        except VerificationError:
            raise IsoloirError("share_proof", trustee=share.trustee, board=share.board) from None
        return share


@dataclass(frozen=True)
class KeyShare:
    """A whole share, private key included."""

    public: PublicShare
    secret: int = field(repr=False)

    @classmethod
    def generate(cls, election: str, board: str, trustee: str, group: str) -> KeyShare:
        """Draw a share; the trustee's name goes into the published trustees."""
        pair = KeyPair.generate(named(group), name=trustee)
        return cls(PublicShare(election, board, trustee, group, pair.entry), pair.secret)

    def write(self, path: Path) -> None:
        """Write the share into a new file that its owner alone may read; raises ``file_exists``."""
        value = {**self.public.to_json(), "format": FORMAT, "secret": str(self.secret)}
        try:
            write_private(path, json.dumps(value, indent=1).encode())
        except FileExistsError:
            raise IsoloirError("file_exists", file=path.name) from None

    @classmethod
    def read(cls, path: Path) -> KeyShare:
        """Read a share and prove that it can be used: its private key must give its public key.

        Raises IsoloirError: ``share_missing``, ``share_unreadable``, ``secret_file_readable``.
        """
        try:
            value = json.loads(read_private(path))
            public = PublicShare(*_common(value, FORMAT), _entry(value))
            secret = int(value["secret"])
            group = named(public.group)
            pair = KeyPair.from_secret(group, secret)
        except FileNotFoundError:
            raise IsoloirError("share_missing", file=path.name) from None
        except (ValueError, KeyError, TypeError, FormatError):
            raise IsoloirError("share_unreadable", file=path.name) from None
        if group.serialise(pair.entry.key) != group.serialise(public.entry.key):
            raise IsoloirError("share_unreadable", file=path.name)
        return cls(public, secret)


def read_public_share(path: Path) -> PublicShare:
    """Read a public share; raises IsoloirError ``share_missing``, ``share_unreadable``, ``share_proof``."""
    try:
        return PublicShare.from_json(json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise IsoloirError("share_missing", file=path.name) from None
    except (ValueError, KeyError, TypeError):
        raise IsoloirError("share_unreadable", file=path.name) from None


def _common(value: Any, expected: str) -> tuple[str, str, str, str]:
    if value["format"] != expected:
        raise ValueError(expected)
    election, board, trustee, group = (value[key] for key in ("election", "board", "trustee", "group"))
    if not all(isinstance(text, str) for text in (election, board, trustee, group)):
        raise TypeError(expected)
    return election, board, trustee, group


def _entry(value: Any) -> Single:
    try:
        return Single.from_json(named(value["group"]), value["entry"])
    except (FormatError, KeyError, TypeError):
        raise IsoloirError("share_unreadable", file="-") from None


def matched(board: str, members: Sequence[PublicShare], shares: Sequence[KeyShare]) -> list[KeyShare]:
    """Return the share of each member of a board, in the members' order.

    Raises IsoloirError: ``share_not_given`` (a member's is missing), ``share_foreign`` (another key than the one that
    the election was sealed with).
    """
    given = {share.public.trustee: share for share in shares if share.public.board == board}
    found = []
    for member in members:
        share = given.get(member.trustee)
        if share is None:
            raise IsoloirError("share_not_given", trustee=member.trustee, board=board)
        if share.public.entry.key != member.entry.key or share.public.election != member.election:
            raise IsoloirError("share_foreign", trustee=member.trustee, board=board)
        found.append(share)
    return found
