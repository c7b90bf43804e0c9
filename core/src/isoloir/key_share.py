"""A board member's key share, in a file that its holder alone keeps, locked by a code that its holder alone knows."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag

from isoloir import code_lock
from isoloir.config.secrets import read_private, write_private
from isoloir.errors import IsoloirError

FORMAT = "isoloir-key-share/2"
WHOSE = ("election", "ceremony", "board", "member", "group")
"""What a share's file says of it to everybody."""


@dataclass(frozen=True)
class KeyShare:
    """A member's share: the seed that all of theirs derives from, and the private key once all have taken part.

    `ceremony` is the one in which it was made; `number` (from 1) and `exponent` are unknown until its end.
    """

    election: str
    ceremony: str
    board: str
    member: str
    group: str
    seed: str = field(repr=False)
    number: int | None = None
    exponent: int | None = field(default=None, repr=False)

    @property
    def complete(self) -> bool:
        """Whether it can decrypt."""
        return self.exponent is not None

    def write(self, path: Path, phrase: str) -> None:
        """Write a new file, its owner's alone; then read it back, before anybody relies on it.

        Raises IsoloirError: ``file_exists``, ``share_code_short``, and what `read` raises.
        """
        try:
            write_private(path, self._locked(phrase))
        except FileExistsError:
            raise IsoloirError("file_exists", file=path.name) from None
        _proved(path, phrase, self)

    def rewrite(self, path: Path, phrase: str) -> None:
        """Put the share in the place of its former file, once the new one is proved readable."""
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        write_private(beside, self._locked(phrase))
        _proved(beside, phrase, self)
        os.replace(beside, path)

    @classmethod
    def read(cls, path: Path, phrase: str) -> KeyShare:
        """Read a share; raises ``share_missing``, ``share_unreadable``, ``share_locked``, ``secret_file_readable``.

        A wrong code and a changed byte cannot be told apart: both are ``share_locked``.
        """
        try:
            return cls._unlocked(json.loads(read_private(path)), phrase)
        except FileNotFoundError:
            raise IsoloirError("share_missing", file=path.name) from None
        except InvalidTag:
            raise IsoloirError("share_locked", file=path.name) from None
        except (ValueError, KeyError, TypeError):
            raise IsoloirError("share_unreadable", file=path.name) from None

    def hidden(self) -> dict[str, Any]:
        """Return what only its holder may read, in plain values."""
        exponent = None if self.exponent is None else str(self.exponent)
        return {"seed": self.seed, "number": self.number, "exponent": exponent}

    @classmethod
    def of(cls, readable: Any, hidden: Any) -> KeyShare:
        """Put a share together from both halves; raises KeyError, TypeError or ValueError for what is none."""
        election, ceremony, board, member, group = (str(readable[name]) for name in WHOSE)
        exponent = None if hidden["exponent"] is None else int(hidden["exponent"])
        return cls(election, ceremony, board, member, group, str(hidden["seed"]), hidden["number"], exponent)

    @classmethod
    def _unlocked(cls, value: Any, phrase: str) -> KeyShare:
        if value["format"] != FORMAT:
            raise ValueError(FORMAT)
        return cls.of(value, code_lock.unlock(value, ("format", *WHOSE), phrase))

    def _locked(self, phrase: str) -> bytes:
        readable = {"format": FORMAT} | {name: getattr(self, name) for name in WHOSE}
        return code_lock.lock(readable, self.hidden(), phrase)


def _proved(path: Path, phrase: str, share: KeyShare) -> None:
    if KeyShare.read(path, phrase) != share:
        raise IsoloirError("share_unreadable", file=path.name)
