"""Writing an archive: each call adds whole groups of records, or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from isoloir_ballots.errors import FormatError
from isoloir_ballots.hashing import hex_digest

from . import events
from .events import Event
from .reader import opened
from .records import data_record, event_record, opening


class Archive:
    """An archive that grows by events, in the order that the format forces (else FormatError `archive.order`).

    With a path, each call writes a copy beside the file, forces it to disk and puts it in its place: whoever
    reads finds the archive before or after the call. Without, it is kept in memory (`getvalue`).
    """

    def __init__(self, path: Path | None, timestamp: int, last: Event | None, memory: bytes = b"") -> None:
        self.path = path
        self.timestamp = timestamp
        self._last = last
        self._memory = memory

    @classmethod
    def create(
        cls,
        path: str | Path | None,
        election: bytes,
        trustees: bytes,
        public_credentials: bytes,
        timestamp: int,
    ) -> Archive:
        """Begin an archive with its setup. `timestamp` is whole seconds since 1970, said of every record.

        The three files are the exact bytes of `Election.serialise`, `trustees.serialise` and
        `public_credentials_file`. Raises FileExistsError rather than replace a file.
        """
        files = (election, trustees, public_credentials)
        if any(data.endswith(b"\n") for data in files):
            raise FormatError("archive.newline", "Data are recorded without a trailing newline.")
        archive = cls(Path(path) if path is not None else None, timestamp, None)
        if archive.path is not None and archive.path.exists():
            raise FileExistsError(f"{archive.path.name} exists already.")
        archive._append(
            [(events.SETUP, [*files, events.setup_data(*files)])],
            before=opening(timestamp),
        )
        return archive

    @classmethod
    def open(cls, path: str | Path) -> Archive:
        """Go on with an archive on disk. Raises VerificationError if its form is broken."""
        last: Event | None = None
        with opened(path) as steps:
            for step in steps:
                last = step.event
            return cls(Path(path), steps.timestamp, last)

    @property
    def stage(self) -> str:
        """The type of the last event."""
        return self._last.type if self._last else ""

    def getvalue(self) -> bytes:
        """The bytes of the archive so far."""
        return self._memory if self.path is None else self.path.read_bytes()

    def add_ballots(self, ballots: Iterable[bytes]) -> None:
        """Add ballots in the order given, which is published: sort them by tracker, never by time."""
        self._append([(events.BALLOT, [ballot]) for ballot in ballots])

    def end_ballots(self) -> None:
        """Close the ballot box."""
        self._append([(events.END_BALLOTS, [])])

    def encrypted_tally(self, encrypted_tally: bytes, num_tallied: int, total_weight: int) -> None:
        """Add the homomorphic sum of all ballots."""
        sized = events.sized_encrypted_tally(encrypted_tally, num_tallied, total_weight)
        self._append([(events.ENCRYPTED_TALLY, [encrypted_tally, sized])])

    def partial_decryption(self, owner: int, partial_decryption: bytes) -> None:
        """Add the share of one trustee, numbered from 1 as in the trustees file."""
        self._append([(events.PARTIAL_DECRYPTION, [partial_decryption, events.owned(owner, partial_decryption)])])

    def result(self, result: bytes) -> None:
        """Add the counts. Nothing may follow."""
        self._append([(events.RESULT, [result])])

    def _append(self, steps: list[tuple[str, list[bytes]]], before: bytes = b"") -> None:
        last = self._last
        parts = [before]
        for event_type, data in steps:
            events.follow(last.type if last else None, event_type)
            parts += [data_record(body, self.timestamp) for body in data]
            last = Event(
                parent=last.digest if last else None,
                height=last.height + 1 if last else 0,
                type=event_type,
                payload=hex_digest(data[-1]) if data else None,
            )
            parts.append(event_record(last.serialise(), self.timestamp))
        self._write(b"".join(parts))
        self._last = last

    def _write(self, data: bytes) -> None:
        if self.path is None:
            self._memory += data
            return
        descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                if self.path.exists():
                    with self.path.open("rb") as former:
                        shutil.copyfileobj(former, stream, 2**20)
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
