"""Reading an archive: the records, as the events order them and byte for byte as they would be written again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isoloir_ballots import canonical
from isoloir_ballots.errors import FormatError, VerificationError
from isoloir_ballots.setup import MAX_WEIGHT

from . import events
from .events import Event
from .records import Record, RecordReader

_PAYLOADS = {
    events.SETUP: 4,
    events.BALLOT: 1,
    events.END_BALLOTS: 0,
    events.ENCRYPTED_TALLY: 2,
    events.PARTIAL_DECRYPTION: 2,
    events.RESULT: 1,
}
"""How many data records stand before each event; the last of them is what the event names."""


_SMALL = 4096
"""Events and their own payloads (digests, numbers)."""
_SETUP_SIZES = (4 * 2**20, 4 * 2**20, 2**28, _SMALL)
"""Election, trustees, public credentials (four million on Ed25519), setup data."""
LARGEST_DATA = 32 * 2**20
"""Every other record, unless the reader of the steps lowers it (`Steps.largest`)."""


@dataclass(frozen=True)
class Step:
    """One event and its data, in the order of the archive.

    `data`: Setup (election, trustees, public credentials); Ballot (ballot,); EncryptedTally (tally,);
    PartialDecryption (share,); Result (result,). `numbers`: EncryptedTally (ballots, weight);
    PartialDecryption (owner,).
    """

    event: Event
    data: tuple[bytes, ...]
    numbers: tuple[int, ...] = ()
    offset: int = 0


@dataclass
class Contents:
    """A whole archive in memory, not yet verified beyond its form."""

    timestamp: int
    head: str = ""
    last: str | None = None
    height: int = -1
    election: bytes = b""
    trustees: bytes = b""
    public_credentials: bytes = b""
    ballots: list[bytes] = field(default_factory=list)
    encrypted_tally: bytes | None = None
    num_tallied: int = 0
    total_weight: int = 0
    partial_decryptions: list[tuple[int, bytes]] = field(default_factory=list)
    result: bytes | None = None

    def take(self, step: Step) -> None:
        """Add one step."""
        self.last, self.head, self.height = step.event.type, step.event.digest, step.event.height
        match step.event.type:
            case events.SETUP:
                self.election, self.trustees, self.public_credentials = step.data
            case events.BALLOT:
                self.ballots += step.data
            case events.ENCRYPTED_TALLY:
                (self.encrypted_tally,) = step.data
                self.num_tallied, self.total_weight = step.numbers
            case events.PARTIAL_DECRYPTION:
                self.partial_decryptions.append((step.numbers[0], step.data[0]))
            case events.RESULT:
                (self.result,) = step.data


class Steps:
    """Iterates over the steps of an open archive; `size` (bytes), `timestamp`, and `largest`.

    `largest`: the most bytes that a data record after the setup may have. Whoever reads may lower it once the
    election is known, so that no file can make it hold more than the election needs.
    """

    def __init__(self, reader: RecordReader) -> None:
        self._reader = reader
        self.size = reader.size
        self.timestamp = reader.timestamp
        self.largest = LARGEST_DATA

    def sha256(self) -> str:
        """The digest of the file as read so far, in hexadecimal; after the last step, of the whole file."""
        return self._reader.sha256()

    def __iter__(self) -> Iterator[Step]:
        waiting: list[Record] = []
        last: Event | None = None

        def largest(kind: str) -> int:
            if kind == "event":
                return _SMALL
            return self.largest if last else _SETUP_SIZES[min(len(waiting), len(_SETUP_SIZES) - 1)]

        for record in self._reader.records(largest):
            if record.kind == "data":
                waiting.append(record)
                if len(waiting) > max(_PAYLOADS.values()):
                    raise VerificationError("archive.order", "More data than any event needs.")
                continue
            try:
                step = _step(record, waiting, last, self._reader.offset)
            except FormatError as error:
                clause = error.clause if error.clause.startswith("archive.") else "archive.event"
                raise VerificationError(clause, error.detail).at(byte=record.offset) from error
            waiting, last = [], step.event
            yield step
        if waiting:
            raise VerificationError("archive.truncated", "The archive ends with data that no event names.")
        if last is None:
            raise VerificationError("archive.truncated", "The archive ends before its setup.")


def _step(record: Record, waiting: list[Record], last: Event | None, offset: int) -> Step:
    value = canonical.fields(
        canonical.load_canonical(record.body), ("height", "type"), ("parent", "payload"), what="An event"
    )
    event = Event(
        parent=_optional_text(value, "parent"),
        height=canonical.integer(value["height"], what="An event's height"),
        type=canonical.text(value["type"], what="An event's type"),
        payload=_optional_text(value, "payload"),
    )
    if event.serialise() != record.body:
        raise FormatError("archive.event", "An event is not in its canonical serialisation.")
    if event.type not in _PAYLOADS:
        raise FormatError("archive.order", "An event is of a type that this format does not have here.")
    events.follow(last.type if last else None, event.type)
    if (event.parent, event.height) != ((last.digest, last.height + 1) if last else (None, 0)):
        raise FormatError("archive.chain", f"Event {event.height} is not chained to the one before it.")
    if len(waiting) != _PAYLOADS[event.type]:
        raise FormatError("archive.order", f"The data before a “{event.type}” event are not its own.")
    if event.payload != (waiting[-1].digest if waiting else None):
        raise FormatError("archive.order", f"A “{event.type}” event does not name the data before it.")
    bodies = tuple(item.body for item in waiting)
    match event.type:
        case events.SETUP:
            if events.setup_data(*bodies[:3]) != bodies[3]:
                raise FormatError("archive.order", "The setup does not name the data before it.")
            return Step(event, bodies[:3], offset=offset)
        case events.ENCRYPTED_TALLY:
            sized = _object(bodies[1], ("num_tallied", "total_weight", "encrypted_tally"))
            number = canonical.integer(sized["num_tallied"], what="The number of ballots")
            weight = canonical.read_count(sized["total_weight"], limit=MAX_WEIGHT, what="The total weight")
            if events.sized_encrypted_tally(bodies[0], number, weight) != bodies[1]:
                raise FormatError("archive.order", "The sized tally does not name the tally before it.")
            return Step(event, bodies[:1], (number, weight), offset)
        case events.PARTIAL_DECRYPTION:
            owner = canonical.integer(_object(bodies[1], ("owner", "payload"))["owner"], what="An owner")
            if events.owned(owner, bodies[0]) != bodies[1]:
                raise FormatError("archive.order", "A decryption's owner does not name the share before it.")
            return Step(event, bodies[:1], (owner,), offset)
        case _:
            return Step(event, bodies, offset=offset)


def _optional_text(value: dict[str, Any], key: str) -> str | None:
    return canonical.text(value[key], what=f"An event's {key}") if key in value else None


def _object(body: bytes, keys: tuple[str, ...]) -> dict[str, Any]:
    return canonical.fields(canonical.load_canonical(body), keys, what="The payload of an event")


@contextmanager
def opened(source: str | Path | bytes) -> Iterator[Steps]:
    """The steps of an archive file, or of one in memory; read as they are asked for.

    Raises VerificationError with a clause `archive.…`; OSError for a file that cannot be opened.
    """
    if isinstance(source, bytes):
        yield Steps(RecordReader(io.BytesIO(source), len(source)))
        return
    with Path(source).open("rb") as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        yield Steps(RecordReader(stream, size))


def read(source: str | Path | bytes) -> Contents:
    """Read a whole archive. Its form is checked, what it says is not: see `isoloir_ballots.verify`."""
    with opened(source) as steps:
        contents = Contents(steps.timestamp)
        for step in steps:
            contents.take(step)
    return contents
