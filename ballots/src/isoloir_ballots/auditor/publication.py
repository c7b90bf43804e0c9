"""An earlier publication of the ballot box: the list of trackers that everybody could save while voting went on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from isoloir_ballots.errors import VerificationError

MAX_BYTES = 2**28
"""Six million trackers."""
_LIST = re.compile(rb"(?:[0-9A-Za-z+/]{43}\n)*+")


@dataclass(frozen=True)
class Publication:
    """Trackers, sorted and each once; `sha256` of the file is the hash under which the list was published."""

    trackers: tuple[str, ...]
    sha256: str

    @classmethod
    def read(cls, path: str | Path) -> Publication:
        """Read a list: one tracker a line, sorted, each ended by a line feed.

        Raises VerificationError `publication.unreadable` for anything else.
        """
        try:
            with Path(path).open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise VerificationError("publication.unreadable", "The earlier list cannot be read.") from error
        if len(data) > MAX_BYTES or not _LIST.fullmatch(data):
            raise VerificationError("publication.unreadable", "The earlier list is not one tracker a line.")
        trackers = tuple(data.decode("ascii").split("\n")[:-1])
        if any(a >= b for a, b in pairwise(trackers)):
            raise VerificationError("publication.unreadable", "The earlier list is not sorted, or names one twice.")
        return cls(trackers, hashlib.sha256(data).hexdigest())

    def check(self, box: Collection[str]) -> None:
        """Refuse a box that lacks a ballot of this list: VerificationError `publication.missing`."""
        held = frozenset(box)
        missing = [tracker for tracker in self.trackers if tracker not in held]
        if missing:
            raise VerificationError(
                "publication.missing", f"Ballots of the earlier list that are not in the box: {len(missing)}."
            ).at(tracker=missing[0][:8])
