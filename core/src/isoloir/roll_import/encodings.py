"""In which encoding a file is written: Unicode where it can be, Windows-1252 where it cannot."""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import BinaryIO

from isoloir.errors import IsoloirError

Source = bytes | Path
"""A file to read, or what it holds."""

CHOICES = ("utf-8", "windows-1252", "utf-16", "iso-8859-15", "mac-roman")
"""What an organiser may name, when the preview shows wrong accents."""
MOST_BYTES = 2 * 1024**3
_MARKS = (
    (codecs.BOM_UTF32_LE, ""),
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20


def opened(source: Source) -> BinaryIO:
    """Open a source for reading; raises IsoloirError ``roll_file_too_large``, ``roll_file_unreadable``."""
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        if source.stat().st_size > MOST_BYTES:
            raise IsoloirError("roll_file_too_large", limit=MOST_BYTES // 2**20)
        return source.open("rb")
    except OSError as error:
        raise IsoloirError("roll_file_unreadable", failure=type(error).__name__) from None


def detect(file: BinaryIO) -> str:
    """Return the codec of a file, from its beginning; leaves it at its beginning.

    A byte-order mark decides; then zeros in every other place (UTF-16 without a mark); then UTF-8, unless more of
    the lines that are not ASCII break it than keep to it: those are Windows-1252. Raises IsoloirError
    ``roll_encoding_unknown`` for UTF-32.
    """
    start = file.read(4096)
    file.seek(0)
    for mark, codec in _MARKS:
        if start.startswith(mark):
            if not codec:
                raise IsoloirError("roll_encoding_unknown")
            return codec
    even, odd = start[0::2], start[1::2]
    if odd and odd.count(0) * 2 > len(odd) and even.count(0) * 8 < len(even):
        return "utf-16-le"
    if even and even.count(0) * 2 > len(even) and odd.count(0) * 8 < len(odd):
        return "utf-16-be"
    kept, broken = _counted(file)
    file.seek(0)
    return "windows-1252" if broken > kept else "utf-8"


def _counted(file: BinaryIO) -> tuple[int, int]:
    """Count the lines beyond ASCII that are UTF-8, and those that are not."""
    kept = broken = 0
    rest = b""
    while chunk := file.read(_CHUNK):
        text = rest + chunk
        # A line cut by the end of a chunk is counted with the next one; one without end, as it comes.
        end = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1 or len(text)
        rest = text[end:]
        good, bad = _kept_and_broken(text[:end])
        kept, broken = kept + good, broken + bad
    good, bad = _kept_and_broken(rest)
    return kept + good, broken + bad


def _kept_and_broken(text: bytes) -> tuple[int, int]:
    found = [line for line in text.splitlines() if not line.isascii()]
    broken = sum(not _is_utf_8(line) for line in found)
    return len(found) - broken, broken


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
