"""From text to records, one at a time: line ends, delimiter, quotes, and the physical line each record begins on."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from isoloir.errors import IsoloirError

LONGEST_LINE = 20_000
"""Characters; a line beyond is named and passed over without being held."""
_MOST_LINES = 50
_DELIMITERS = (";", ",", "\t")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")


class Record(NamedTuple):
    """One record: the physical line it begins on (from 1), and its cells, or the code of what makes it unreadable."""

    line: int
    cells: list[str]
    fault: str = ""


class _Line(NamedTuple):
    number: int
    text: str
    fault: str = ""


class Table:
    """A file read as text: its delimiter is known at once, its records come one at a time.

    Raises IsoloirError ``roll_file_empty``.
    """

    def __init__(self, file: BinaryIO, codec: str) -> None:
        self._lines = _Lines(file, codec)
        first = next((line for line in self._lines if not _is_blank(line.text) or line.fault), None)
        if first is None:
            raise IsoloirError("roll_file_empty")
        named = _SEPARATOR_LINE.fullmatch(first.text)
        if named and named[1] in _DELIMITERS:
            self.delimiter = named[1]
        else:
            header = _QUOTED.sub("", first.text)
            self.delimiter = max(_DELIMITERS, key=header.count)
            self._lines.put_back([first])

    def records(self) -> Iterator[Record]:
        """Yield the records that are not blank. One that cannot be read has a `fault`, and the next line follows.

        Faults: ``roll_quotes`` (left open, or misplaced), ``roll_line_long``.
        """
        for line in self._lines:
            if line.fault:
                yield Record(line.number, [], line.fault)
            elif '"' in line.text:
                record = self._quoted(line)
                if record.fault or any(cell.strip() for cell in record.cells):
                    yield record
            elif not _is_blank(line.text):
                yield Record(line.number, line.text.split(self.delimiter))

    def _quoted(self, first: _Line) -> Record:
        taken = [first]
        text = first.text
        # An odd number of quotation marks: the cell goes on in the next line.
        while text.count('"') % 2 and len(taken) < _MOST_LINES and len(text) < LONGEST_LINE:
            following = next(self._lines, None)
            if following is None or following.fault:
                if following is not None:
                    self._lines.put_back([following])
                break
            taken.append(following)
            text += "\n" + following.text
        try:
            (cells,) = csv.reader([text], delimiter=self.delimiter, strict=True)
        except (csv.Error, ValueError):
            # Only the first line is lost: what was read after it stands for itself.
            self._lines.put_back(taken[1:])
            return Record(first.number, [], "roll_quotes")
        return Record(first.number, cells)


class _Lines(Iterator[_Line]):
    """Physical lines, ended by LF, CR or both, cleaned of what nobody sees; each may be put back."""

    def __init__(self, file: BinaryIO, codec: str) -> None:
        errors = "replace" if codec.startswith("utf-16") else "surrogateescape"
        self._text = io.TextIOWrapper(file, codec, errors=errors, newline="")
        self._number = 0
        self._again: deque[_Line] = deque()

    def put_back(self, lines: list[_Line]) -> None:
        self._again.extendleft(reversed(lines))

    def __next__(self) -> _Line:
        if self._again:
            return self._again.popleft()
        read = self._text.readline(LONGEST_LINE)
        if not read:
            raise StopIteration
        self._number += 1
        if len(read) >= LONGEST_LINE and read[-1] not in "\r\n":
            while (more := self._text.readline(LONGEST_LINE)) and more[-1] not in "\r\n":
                pass
            return _Line(self._number, "", "roll_line_long")
        text = read.rstrip("\r\n")
        return _Line(self._number, text if text.isascii() else _cleaned(text))


def _is_blank(text: str) -> bool:
    return not text.strip(" ;,\t\"'")


def _cleaned(text: str) -> str:
    """Make blanks plain spaces, compose accents, and drop signs that have no width."""
    return unicodedata.normalize("NFC", _BLANKS.sub(" ", _INVISIBLE.sub("", text)))
