"""Partial decryptions: what a member makes of a box's total with their share, on their own device, without a network.

The server only ever receives these, with their proofs; a share never leaves its holder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoloir.errors import IsoloirError
from isoloir.key_share import KeyShare
from isoloir_ballots import archive as archives
from isoloir_ballots import tally
from isoloir_ballots.errors import BallotsError
from isoloir_ballots.hashing import hex_digest
from isoloir_ballots.setup import Setup
from isoloir_ballots.verify import check_archive, jobs_for

FORMAT = "isoloir-partial-decryption/2"


@dataclass(frozen=True)
class Box:
    """A closed ballot box, read from its archive: what its ballots are checked against, and their encrypted total."""

    setup: Setup
    total: tally.EncryptedTally

    @property
    def uuid(self) -> str:
        """The Belenios uuid of the box."""
        return self.setup.election.uuid

    @property
    def digest(self) -> str:
        """SHA-256 of the encrypted total, hexadecimal: what a member compares before decrypting anything."""
        return hex_digest(self.total.serialise())

    @classmethod
    def read(cls, path: Path) -> Box:
        """Read an archive's box without verifying it; raises IsoloirError ``tally_missing``, or BallotsError."""
        contents = archives.read(path)
        if contents.encrypted_tally is None:
            raise IsoloirError("tally_missing", file=path.name)
        setup = Setup.load(contents.election, contents.trustees, contents.public_credentials)
        numbers = contents.num_tallied, contents.total_weight
        return cls(setup, tally.EncryptedTally.parse(setup.election, contents.encrypted_tally, *numbers))

    @classmethod
    def verified(cls, path: Path) -> Box:
        """Verify an archive whole, then read its box.

        The total is then the sum of ballots that voters signed, each of valid elements of prime order: nobody can
        have one voter's ballot decrypted as "the total".
        Raises IsoloirError: ``archive_missing``, ``archive_invalid`` (clause), ``tally_missing``.
        """
        if not path.is_file():
            raise IsoloirError("archive_missing", file=path.name)
        try:
            check_archive(path, jobs=jobs_for(path.stat().st_size))
            return cls.read(path)
        except BallotsError as error:
            raise IsoloirError("archive_invalid", file=path.name, clause=error.clause) from None

    def decrypted_by(self, share: KeyShare) -> bytes:
        """Decrypt with one share; raises ``share_incomplete``, ``share_foreign`` (the box has other keys)."""
        if share.exponent is None or share.number is None:
            raise IsoloirError("share_incomplete", trustee=share.member, board=share.board)
        group, keys = self.setup.group, self.setup.verification_keys
        if not 1 <= share.number <= len(keys) or keys[share.number - 1] != group.generator_power(share.exponent):
            raise IsoloirError("share_foreign", trustee=share.member, board=share.board)
        return tally.partial_decryption(group, share.exponent, self.setup.election.fingerprint, self.total)


@dataclass(frozen=True)
class Partials:
    """One member's partial decryptions, by the Belenios uuid of the box; `number` is the member's, from 1."""

    election: str
    board: str
    member: str
    number: int
    boxes: Mapping[str, bytes]

    @classmethod
    def make(cls, share: KeyShare, boxes: Sequence[Box]) -> Partials:
        """Decrypt these boxes with one share; raises as `Box.decrypted_by`."""
        made = {box.uuid: box.decrypted_by(share) for box in boxes}
        return cls(share.election, share.board, share.member, share.number or 0, made)

    def write(self, path: Path) -> None:
        """Write a new file; raises ``file_exists``."""
        try:
            with path.open("xb") as opened:
                opened.write(self.to_bytes())
        except FileExistsError:
            raise IsoloirError("file_exists", file=path.name) from None

    def to_bytes(self) -> bytes:
        """Return the content of a file."""
        value = {
            "format": FORMAT,
            "election": self.election,
            "board": self.board,
            "member": self.member,
            "number": self.number,
            "boxes": {uuid: data.decode("ascii") for uuid, data in self.boxes.items()},
        }
        return json.dumps(value, indent=1).encode()

    @classmethod
    def read(cls, path: Path) -> Partials:
        """Read a file; raises ``partial_unreadable``. What it holds is checked where it is used."""
        try:
            content = path.read_bytes()
        except OSError:
            raise IsoloirError("partial_unreadable", file=path.name) from None
        return cls.parse(content, path.name)

    @classmethod
    def parse(cls, content: bytes, name: str) -> Partials:
        """Read the content of a file called `name`; raises ``partial_unreadable``."""
        try:
            return cls.from_json(json.loads(content))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise IsoloirError("partial_unreadable", file=name) from None

    @classmethod
    def from_json(cls, value: Any) -> Partials:
        """Read plain values; raises KeyError, TypeError, ValueError or AttributeError for what is none."""
        if value["format"] != FORMAT:
            raise ValueError(FORMAT)
        boxes = {str(uuid): str(data).encode("ascii") for uuid, data in value["boxes"].items()}
        return cls(str(value["election"]), str(value["board"]), str(value["member"]), int(value["number"]), boxes)
