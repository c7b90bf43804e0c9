"""Records of a `.bel` archive: old-style tar headers with fixed fields, bodies padded to 512 bytes, no end mark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from isoloir_ballots import canonical
from isoloir_ballots.errors import FormatError, VerificationError
from isoloir_ballots.hashing import hex_digest

BLOCK = 512
MAX_TIMESTAMP = 8**11 - 1
MAX_RECORD_BYTES = 2**30
"""Beyond any list of credentials that one contest needs; keeps a bad size from filling the memory."""
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
    """A body and what its name says: `kind` is `data` or `event`."""

    kind: str
    digest: str
    body: bytes


def _fail(clause: str, detail: str) -> VerificationError:
    return VerificationError(clause, detail)


class RecordReader:
    """Reads records one after the other, and refuses every byte that the writer would not write.

    Clauses: `archive.truncated`, `archive.trailing`, `archive.header`, `archive.hash`, `archive.padding`,
    `archive.size`. `offset` and `size` are in bytes.
    """

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self.size = size
        self.offset = 0
        self.timestamp = self._read_opening()

    def _read(self, length: int) -> bytes:
        if length > self.size - self.offset:
            raise _fail("archive.truncated", f"The archive ends within a record (byte {self.size}).")
        data = self._stream.read(length)
        if len(data) != length:
            raise _fail("archive.truncated", "The archive could not be read to its end.")
        self.offset += length
        return data

    def _next(self) -> tuple[bytes, str, bytes]:
        """Header block, name, body; the header is not yet compared but for its size."""
        start = self.offset
        head = self._read(BLOCK)
        if not any(head):
            raise _fail("archive.trailing", f"At byte {start}: zero blocks, which this format does not end with.")
        if not _NAME.match(head[:100]):
            raise _fail("archive.header", f"At byte {start}: not the name of a record of this format.")
        size = head[124:135]
        if not re.fullmatch(rb"[0-7]{11}", size):
            raise _fail("archive.header", f"At byte {start}: the size is not eleven octal digits.")
        length = int(size, 8)
        if length > MAX_RECORD_BYTES:
            raise _fail("archive.size", f"At byte {start}: a record is larger than this format needs.")
        body = self._read(length)
        if any(self._read(-length % BLOCK)):
            raise _fail("archive.padding", f"After the record at byte {start}: the padding is not zero.")
        return head, head[:100].rstrip(b"\0").decode(), body

    def _read_opening(self) -> int:
        head, name, body = self._next()
        if name != "BELENIOS":
            raise _fail("archive.header", "The first record is not “BELENIOS”.")
        try:
            value = canonical.fields(
                canonical.load_canonical(body), ("version", "timestamp"), what="The opening record"
            )
            if value["version"] != 1:
                raise _fail("archive.version", "Only version 1 of archives is known.")
            text = canonical.text(value["timestamp"], what="The timestamp")
            timestamp = canonical.decimal(text, limit=MAX_TIMESTAMP + 1, what="The timestamp")
        except FormatError as error:
            raise _fail("archive.header", error.detail) from error
        if opening(timestamp) != head + body + bytes(-len(body) % BLOCK):
            raise _fail("archive.header", "The opening record is not written as the format has it.")
        return timestamp

    def __iter__(self) -> Iterator[Record]:
        while self.offset < self.size:
            start = self.offset
            head, name, body = self._next()
            if name == "BELENIOS":
                raise _fail("archive.order", f"At byte {start}: a second opening record.")
            if head != header_block(name, len(body), self.timestamp):
                raise _fail("archive.header", f"At byte {start}: the header is not as the format has it.")
            digest, kind, _ = name.split(".")
            if hex_digest(body) != digest:
                raise _fail("archive.hash", f"At byte {start}: the name is not the digest of the content.")
            yield Record(kind, digest, body)
