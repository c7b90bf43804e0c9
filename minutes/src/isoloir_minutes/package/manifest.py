"""What a package says of itself: each file's digest and size; and where things lie in it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from isoloir.errors import IsoloirError

FORMAT: Final = "isoloir-package/1"
MANIFEST = "manifest.json"
READ_ME = "LISEZMOI.txt"

PAPERS = "papers"
BOXES = "boxes"
REHEARSALS = "rehearsals"
CODE = "system/code"
DISTRIBUTIONS = "system/distributions.json"
ELECTION = "election/election.json"
ELECTION_SOURCE = "election/election.toml"
ROLL = "roll/roll.jsonl"
LOG = "log/audit-log.jsonl"
PUBLICATIONS = "publications"

_NAME = re.compile(r"(?!\.\.?(?:/|$))[A-Za-z0-9._@+=,-]+(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._@+=,-]+)*")
_CHUNK = 2**20

_closed = with_config(ConfigDict(extra="forbid", hide_input_in_errors=True))


@_closed
@dataclass(frozen=True)
class Entry:
    """A file of the package: SHA-256, hexadecimal, and size in bytes."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]


@_closed
@dataclass(frozen=True)
class Manifest:
    """Every file of a package but the manifest, by its path."""

    election: str
    files: Mapping[str, Entry]
    format: Literal["isoloir-package/1"] = FORMAT

    def to_bytes(self) -> bytes:
        """Return the manifest's file."""
        told = {
            "format": self.format,
            "election": self.election,
            "files": {name: vars(self.files[name]) for name in sorted(self.files)},
        }
        return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


_ADAPTER = TypeAdapter(Manifest)


def read_manifest(raw: bytes) -> Manifest:
    """Read a manifest; raises IsoloirError ``package_unreadable``."""
    try:
        found = _ADAPTER.validate_json(raw, strict=True)
    except ValidationError:
        raise IsoloirError("package_unreadable") from None
    if not all(is_name(name) for name in found.files):
        raise IsoloirError("package_unreadable")
    return found


def is_name(name: str) -> bool:
    """Say whether a path is one that a package may hold: relative, downwards, of plain signs."""
    return bool(_NAME.fullmatch(name))


def entry_of(source: Path | bytes) -> Entry:
    """Return the entry of a file or of bytes."""
    if isinstance(source, bytes):
        return Entry(hashlib.sha256(source).hexdigest(), len(source))
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return Entry(digest.hexdigest(), size)
