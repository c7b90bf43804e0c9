"""Records of a `.bel` archive: old-style tar headers with fixed fields, bodies padded to 512 bytes, no end mark."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from isoloir_ballots import canonical
from isoloir_ballots.errors import FormatError, Place, VerificationError
from isoloir_ballots.hashing import hex_digest

BLOCK = 512
MAX_TIMESTAMP = 8**11 - 1
_OPENING_BYTES = 4096
_NAME = re.compile(rb"BELENIOS\x00*\Z|[0-9a-f]{64}\.(?:data|event)\.json\x00*\Z")


def header_block(name: str, size: int, timestamp: int) -> bytes:
    """The 512 bytes before a body."""
    block = bytearray(BLOCK)
    block[0 : len(name)] = name.encode()
    block[100:108] = b"0000644\0"
    block[108:116] = b"0000000\0"
    block[116:124] = b"0000000\0"
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"%011o\0" % timestamp
    block[148:156] = b" " * 8
    block[156:157] = b"0"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def record(name: str, body: bytes, timestamp: int) -> bytes:
    """A whole record, padded."""
    return header_block(name, len(body), timestamp) + body + bytes(-len(body) % BLOCK)


def opening(timestamp: int) -> bytes:
    """The first record of an archive. Raises FormatError `archive.timestamp` for a time that tar cannot say."""
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        raise FormatError("archive.timestamp", "The timestamp must be whole seconds since 1970.")
    return record("BELENIOS", canonical.dump({"version": 1, "timestamp": str(timestamp)}), timestamp)


def data_record(body: bytes, timestamp: int) -> bytes:
    """A record of data, named by its digest."""
    return record(f"{hex_digest(body)}.data.json", body, timestamp)


def event_record(body: bytes, timestamp: int) -> bytes:
    """A record of an event, named by its digest."""
    return record(f"{hex_digest(body)}.event.json", body, timestamp)


@dataclass(frozen=True)
class Record:
    """A body, what its name says (`kind` is `data` or `event`), and where its header begins."""

    kind: str
    digest: str
    body: bytes
    offset: int


def _fail(clause: str, detail: str, byte: int | None = None) -> VerificationError:
    return VerificationError(clause, detail, Place(byte=byte))


class RecordReader:
    """Reads records one after the other, and refuses every byte that the writer would not write.

    Clauses: `archive.truncated`, `archive.trailing`, `archive.header`, `archive.hash`, `archive.padding`,
    `archive.size`. `offset` and `size` are in bytes.
    """

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._sha256 = hashlib.sha256()
        self.size = size
        self.offset = 0
        self.timestamp = self._read_opening()

    def sha256(self) -> str:
        """The digest of all that was read so far, in hexadecimal."""
        return self._sha256.hexdigest()

    def _read(self, length: int) -> bytes:
        if length > self.size - self.offset:
            raise _fail("archive.truncated", f"The archive ends within a record (byte {self.size}).", self.size)
        data = self._stream.read(length)
        if len(data) != length:
            raise _fail("archive.truncated", "The archive could not be read to its end.", self.offset)
        self.offset += length
        self._sha256.update(data)
        return data

    def _next(self, largest: Callable[[str], int]) -> tuple[bytes, str, bytes]:
        """Header block, name, body; the header is not yet compared but for its size."""
        start = self.offset
        head = self._read(BLOCK)
        if not any(head):
            raise _fail("archive.trailing", "Zero blocks, which this format does not end with.", start)
        if not _NAME.match(head[:100]):
            raise _fail("archive.header", "Not the name of a record of this format.", start)
        name = head[:100].rstrip(b"\0").decode()
        size = head[124:135]
        if not re.fullmatch(rb"[0-7]{11}", size):
            raise _fail("archive.header", "The size is not eleven octal digits.", start)
        length = int(size, 8)
        if length > largest(name.split(".")[1] if "." in name else name):
            raise _fail("archive.size", "A record is larger than any that may stand here.", start)
        body = self._read(length)
        if any(self._read(-length % BLOCK)):
            raise _fail("archive.padding", "The padding after a record is not zero.", start)
        return head, name, body

    def _read_opening(self) -> int:
        head, name, body = self._next(lambda _: _OPENING_BYTES)
        if name != "BELENIOS":
            raise _fail("archive.header", "The first record is not “BELENIOS”.", 0)
        try:
            value = canonical.fields(
                canonical.load_canonical(body), ("version", "timestamp"), what="The opening record"
            )
            if value["version"] != 1:
                raise _fail("archive.version", "Only version 1 of archives is known.", 0)
            text = canonical.text(value["timestamp"], what="The timestamp")
            timestamp = canonical.decimal(text, limit=MAX_TIMESTAMP + 1, what="The timestamp")
        except FormatError as error:
            raise _fail("archive.header", error.detail, 0) from error
        if opening(timestamp) != head + body + bytes(-len(body) % BLOCK):
            raise _fail("archive.header", "The opening record is not written as the format has it.", 0)
        return timestamp

    def records(self, largest: Callable[[str], int]) -> Iterator[Record]:
        """Each record after the opening; `largest(kind)` says how many bytes the next body may have.

        A body is read only if it has no more: the size that a header announces cannot fill the memory.
        """
        while self.offset < self.size:
            start = self.offset
            head, name, body = self._next(largest)
            if name == "BELENIOS":
                raise _fail("archive.order", "A second opening record.", start)
            if head != header_block(name, len(body), self.timestamp):
                raise _fail("archive.header", "The header is not as the format has it.", start)
            digest, kind, _ = name.split(".")
            if hex_digest(body) != digest:
                raise _fail("archive.hash", "The name is not the digest of the content.", start)
            yield Record(kind, digest, body, start)
