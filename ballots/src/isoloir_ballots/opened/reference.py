"""The election that a check is held against: a published `election.json`, or an archive with its ballot box."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from isoloir_ballots import archive
from isoloir_ballots.archive import events
from isoloir_ballots.election import Election
from isoloir_ballots.errors import FormatError, VerificationError
from isoloir_ballots.hashing import tracker
from isoloir_ballots.setup import Setup


@dataclass(frozen=True)
class Reference:
    """A published election; `setup` and the trackers of the ballot box if it came as an archive."""

    election: Election
    setup: Setup | None = None
    trackers: frozenset[str] = frozenset()

    @classmethod
    def read(cls, path: str | Path) -> Reference:
        """Read `election.json` or an archive (told apart by how they begin).

        Raises VerificationError: `check.reference` (unreadable, or no election), and the clauses of archives and
        setups.
        """
        try:
            with Path(path).open("rb") as stream:
                begins = stream.read(1)
                if begins == b"{":
                    return cls(Election.parse(begins + stream.read(2**26)))
            return cls._from_archive(path)
        except OSError as error:
            raise VerificationError("check.reference", "The file of the election cannot be read.") from error
        except FormatError as error:
            raise VerificationError("check.reference", error.detail) from error

    @classmethod
    def _from_archive(cls, path: str | Path) -> Reference:
        setup: Setup | None = None
        trackers = set()
        with archive.opened(path) as steps:
            for step in steps:
                if step.event.type == events.SETUP:
                    setup = Setup.load(*step.data)
                elif step.event.type == events.BALLOT:
                    trackers.add(tracker(step.data[0]))
        if setup is None:
            raise VerificationError("check.reference", "The archive has no setup.")
        return cls(setup.election, setup, frozenset(trackers))
