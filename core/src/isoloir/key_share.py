"""A board member's key share, in a file that its holder alone keeps, locked by a code that its holder alone knows."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from isoloir.config.secrets import read_private, write_private
from isoloir.errors import IsoloirError

FORMAT = "isoloir-key-share/2"
SHORTEST_CODE = 8
"""The code locks a file that its holder keeps; a thief of the file can try codes at leisure, hence the slow hash."""
ITERATIONS = 600_000
"""PBKDF2-HMAC-SHA256, which browsers have too (OWASP, Password Storage Cheat Sheet)."""
_KDF = "PBKDF2-SHA256"
_WHOSE = ("election", "ceremony", "board", "member", "group")
_OPEN_FIELDS = ("format", *_WHOSE, "kdf", "nonce")


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

    @classmethod
    def _unlocked(cls, value: Any, phrase: str) -> KeyShare:
        opened = {name: value[name] for name in _OPEN_FIELDS}
        kdf, iterations = opened["kdf"], int(opened["kdf"]["iterations"])
        # A file with a cheaper hash, or one that never ends, is not of our making.
        if (opened["format"], kdf["name"]) != (FORMAT, _KDF) or not ITERATIONS <= iterations <= 100 * ITERATIONS:
            raise ValueError(FORMAT)
        cipher = AESGCM(_key(phrase, _decode(kdf["salt"]), iterations))
        hidden = json.loads(cipher.decrypt(_decode(opened["nonce"]), _decode(value["locked"]), _canonical(opened)))
        exponent = None if hidden["exponent"] is None else int(hidden["exponent"])
        election, ceremony, board, member, group = (str(opened[name]) for name in _WHOSE)
        return cls(election, ceremony, board, member, group, str(hidden["seed"]), hidden["number"], exponent)

    def _locked(self, phrase: str) -> bytes:
        if len(phrase) < SHORTEST_CODE:
            raise IsoloirError("share_code_short", least=SHORTEST_CODE)
        salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        opened: dict[str, Any] = {
            "format": FORMAT,
            "election": self.election,
            "ceremony": self.ceremony,
            "board": self.board,
            "member": self.member,
            "group": self.group,
            "kdf": {"name": _KDF, "iterations": ITERATIONS, "salt": _encode(salt)},
            "nonce": _encode(nonce),
        }
        exponent = None if self.exponent is None else str(self.exponent)
        plain = _canonical({"seed": self.seed, "number": self.number, "exponent": exponent})
        locked = AESGCM(_key(phrase, salt, ITERATIONS)).encrypt(nonce, plain, _canonical(opened))
        return json.dumps({**opened, "locked": _encode(locked)}, indent=1).encode()


def _proved(path: Path, phrase: str, share: KeyShare) -> None:
    if KeyShare.read(path, phrase) != share:
        raise IsoloirError("share_unreadable", file=path.name)


def _key(phrase: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", phrase.encode(), salt, iterations, 32)


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
