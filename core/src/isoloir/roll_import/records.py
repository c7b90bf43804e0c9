"""From bytes to records: encoding, delimiter, quotes, and on which physical line each record begins."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from isoloir.errors import IsoloirError

MOST_BYTES = 512 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_DELIMITERS = (";", ",", "\t")
_LONGEST_CELL = 10_000


@dataclass(frozen=True)
class Record:
    """One record: the physical line it begins on (from 1) and its cells."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """A file read as text: its records come one at a time."""

    text: str
    delimiter: str
    encoding: str

    def records(self) -> Iterator[Record]:
        """Yield the records that are not empty; raises IsoloirError ``roll_quotes`` for quotes left open."""
        csv.field_size_limit(_LONGEST_CELL)
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter, strict=True)
        begins = 1
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield Record(begins, cells)
                begins = reader.line_num + 1
        except csv.Error:
            raise IsoloirError("roll_quotes", line=begins) from None


def table(data: bytes) -> Table:
    """Read a file: UTF-8 with or without a byte-order mark; the delimiter is the one of the header.

    Raises IsoloirError: ``roll_file_too_large``, ``roll_file_empty``, ``roll_encoding``, ``roll_control_character``
    (with the line).
    """
    if len(data) > MOST_BYTES:
        raise IsoloirError("roll_file_too_large", limit=MOST_BYTES // 2**20)
    encoding = "utf-8-sig" if data.startswith(_BOM) else "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        # `from None`: the decoding error carries the file's bytes.
        raise IsoloirError("roll_encoding", line=data.count(b"\n", 0, error.start) + 1) from None
    if not text.strip():
        raise IsoloirError("roll_file_empty")
    for number, line in enumerate(text.split("\n"), 1):
        if any(ord(sign) < 32 and sign not in "\t\r" for sign in line):
            raise IsoloirError("roll_control_character", line=number)
    header = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header.count)
    return Table(text, delimiter, encoding)
