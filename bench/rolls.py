"""Importing a roll.

`roll_import.py` in a process of its own for each size: the file is read, checked and written by what `isoloir roll
import` calls. Memory is the peak of that process beyond what it held before it read anything.
"""

from __future__ import annotations

from collections.abc import Iterator

import roll_import
from kit import Figure, Options

TITLE = "Import of a roll"
SIZES = (100_000, 1_000_000)


def figures(options: Options) -> Iterator[Figure]:
    """See the module."""
    for found in roll_import.measure(tuple(max(1_000, round(size * options.scale)) for size in SIZES)):
        name = f"{found['lines']:,} lines"
        yield Figure(f"{name}: processor", found["processor_seconds"], "s")
        yield Figure(f"{name}: on the clock", sum(found["seconds"].values()), "s")
        yield Figure(f"{name}: memory", found["peak_megabytes"] - found["peak_megabytes_before"], "MB")
