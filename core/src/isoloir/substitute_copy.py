"""A substitute's copy of a member's share: the same index, of no use until the election records the replacement.

The copy is locked twice: by a code that the substitute alone knows, and by a release key that the election alone
keeps. CGFP R.211-545: a substitute's share works only when replacing.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag

from isoloir import code_lock
from isoloir.config.secrets import read_private, write_private
from isoloir.errors import IsoloirError
from isoloir.key_share import WHOSE, KeyShare

FORMAT = "isoloir-substitute-copy/1"
RELEASE_FORMAT = "isoloir-release-key/1"
_RELEASE_BYTES = 32
_READABLE = ("format", *WHOSE, "release")


@dataclass(frozen=True)
class Release:
    """The election's half of a copy: a random key, useless without the copy and the substitute's code."""

    ceremony: str
    board: str
    member: str
    key: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """What the copy says of it: SHA-256, hexadecimal."""
        return hashlib.sha256(b"isoloir-release/1|" + self.key).hexdigest()

    def to_json(self) -> dict[str, str]:
        """Return plain values."""
        told = {"ceremony": self.ceremony, "board": self.board, "member": self.member}
        return {"format": RELEASE_FORMAT, **told, "key": code_lock.encode(self.key)}

    @classmethod
    def from_json(cls, value: Any) -> Release:
        """Read them; raises KeyError, TypeError or ValueError for what is none."""
        key = code_lock.decode(value["key"])
        if value["format"] != RELEASE_FORMAT or len(key) != _RELEASE_BYTES:
            raise ValueError(RELEASE_FORMAT)
        return cls(str(value["ceremony"]), str(value["board"]), str(value["member"]), key)

    def write(self, path: Path) -> None:
        """Write a new file, its owner's alone; raises ``file_exists``."""
        _write(path, json.dumps(self.to_json(), indent=1).encode())

    @classmethod
    def read(cls, path: Path) -> Release:
        """Read a file; raises ``release_unreadable``, ``secret_file_readable``."""
        try:
            return cls.from_json(json.loads(read_private(path)))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            raise IsoloirError("release_unreadable", file=path.name) from None


def make(share: KeyShare, path: Path, phrase: str) -> Release:
    """Write a complete share's copy for the substitute, locked by the substitute's code, and read it back.

    Raises IsoloirError: ``share_incomplete``, ``file_exists``, ``share_code_short``.
    """
    if not share.complete:
        raise IsoloirError("share_incomplete", trustee=share.member, board=share.board)
    release = Release(share.ceremony, share.board, share.member, secrets.token_bytes(_RELEASE_BYTES))
    readable = {"format": FORMAT} | {name: getattr(share, name) for name in WHOSE} | {"release": release.digest}
    _write(path, code_lock.lock(readable, share.hidden(), phrase, release.key))
    if take(path, release, phrase) != share:
        raise IsoloirError("share_unreadable", file=path.name)
    return release


def take(path: Path, release: Release, phrase: str) -> KeyShare:
    """Open a copy with the substitute's code and the key that the recorded replacement freed.

    Raises IsoloirError: ``share_missing``, ``share_unreadable``, ``share_locked``, ``secret_file_readable``, and
    ``release_foreign`` for the key of another copy.
    """
    try:
        return _taken(json.loads(read_private(path)), release, phrase, path.name)
    except FileNotFoundError:
        raise IsoloirError("share_missing", file=path.name) from None
    except InvalidTag:
        raise IsoloirError("share_locked", file=path.name) from None
    except (ValueError, KeyError, TypeError):
        raise IsoloirError("share_unreadable", file=path.name) from None


def _taken(value: Any, release: Release, phrase: str, name: str) -> KeyShare:
    if value["format"] != FORMAT:
        raise ValueError(FORMAT)
    if value["release"] != release.digest:
        raise IsoloirError("release_foreign", file=name)
    return KeyShare.of(value, code_lock.unlock(value, _READABLE, phrase, release.key))


def _write(path: Path, content: bytes) -> None:
    try:
        write_private(path, content)
    except FileExistsError:
        raise IsoloirError("file_exists", file=path.name) from None
