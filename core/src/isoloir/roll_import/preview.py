"""What importing a file would do, line by line. Nothing is written; memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.hooks import RollCheck
from isoloir.roll import NewEntry
from isoloir.roll_import import encodings
from isoloir.roll_import.encodings import Source
from isoloir.roll_import.findings import Findings, LineError, LineWarning, Told
from isoloir.roll_import.reading import Reading
from isoloir.roll_import.records import Table
from isoloir.roll_import.spool import Spool

Progress = Callable[[int, int], None]
"""Called with how much is done (bytes read, or entries written) and how much there is."""
_STEP = 2_000


@dataclass(frozen=True)
class Preview:
    """Everything that an import would do. With one error, nothing can be imported.

    `errors` and `warnings` are the first by line; `error_counts` and `warning_counts` have all, by code. `samples`
    are the first names beyond ASCII, for a person to look at where the encoding was guessed.
    """

    entries: Spool[NewEntry] = field(repr=False)
    errors: tuple[LineError, ...]
    warnings: tuple[LineWarning, ...]
    error_counts: Mapping[str, int]
    warning_counts: Mapping[str, int]
    lines: int
    delimiter: str
    encoding: str
    samples: tuple[str, ...] = field(repr=False)
    colleges: Mapping[str, int]
    contests: Mapping[str, int]
    identified: bool
    """Whether the file has a column of identifiers, as an export with them has."""

    @property
    def guessed(self) -> bool:
        """Whether nothing in the file says its encoding, and it is not UTF-8."""
        return self.encoding not in ("utf-8", "utf-8-sig", "utf-16")


def read_roll(
    data: Source,
    election: ElectionFile,
    roll_checks: Iterable[RollCheck] = (),
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    told: Told | None = None,
    progress: Progress | None = None,
) -> Preview:
    """Read a roll: CSV in UTF-8, UTF-16 or Windows-1252, ``;``, ``,`` or tab, header in French or English.

    `columns` maps further headers; `encoding` overrules what the file looks like; `told` hears of every finding,
    however many there are. Never raises for what the file holds: that is in `errors`.
    """
    findings = Findings(told)
    reading = Reading(election, tuple(roll_checks), findings, columns)
    delimiter = codec = ""
    try:
        with encodings.opened(data) as file:
            codec = encoding or encodings.detect(file)
            table = Table(file, codec)
            delimiter = table.delimiter
            _read(table, reading, file, progress)
            if not reading.lines and not findings.error_counts:
                findings.error(0, "", "roll_file_empty", {})
    except IsoloirError as error:
        findings.error(0, "", error.code, error.where)
    reading.finish()
    return Preview(
        reading.entries,
        findings.errors,
        findings.warnings,
        dict(findings.error_counts),
        dict(findings.warning_counts),
        reading.lines,
        delimiter,
        codec,
        tuple(reading.samples),
        dict(reading.colleges),
        dict(reading.contests),
        reading.identified,
    )


def _read(table: Table, reading: Reading, file: BinaryIO, progress: Progress | None) -> None:
    size = 0
    if progress:
        here = file.tell()
        size = file.seek(0, 2)
        file.seek(here)
    records = table.records()
    first = next(records, None)
    if first is None or not reading.header(first):
        return
    for number, record in enumerate(records):
        reading.line(record)
        if progress and not number % _STEP:
            progress(file.tell(), size)
    if progress:
        progress(size, size)
