"""How long a roll of N lines takes to import, and at which peak of memory: JSON on stdout.

``python bench/roll_import.py [LINES …]`` (100,000 and 1,000,000 when none is named). Each size runs in a process of
its own, through the functions that ``isoloir roll import`` calls; memory is the process's peak resident size, and
beside it the peak of the same process before it read anything.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import big_roll

from isoloir.plugin_set import PluginSet
from isoloir.roll_import import import_roll, read_roll
from isoloir.store.engine import Store

SIZES = (100_000, 1_000_000)


def measure(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """Measure each size in a process of its own; returns for each: lines, seconds, megabytes."""
    found = []
    for size in sizes:
        run = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, __file__, "--one", str(size)], check=True, stdout=subprocess.PIPE, text=True
        )
        found.append(json.loads(run.stdout))
    return found


async def _one(lines: int) -> dict[str, Any]:
    election = big_roll.election()
    checks = PluginSet.load(("ordinal_check",)).roll_checks.values()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "roll.csv"
        big_roll.write(path, lines)
        store = await Store.open(Path(folder) / "isoloir.sqlite3")
        before = _peak()
        used = time.process_time()
        started = time.perf_counter()
        preview = read_roll(path, election, checks)
        read = time.perf_counter()
        assert not preview.errors, preview.error_counts
        done = await import_roll(store, election, preview)
        written = time.perf_counter()
        size = sum(file.stat().st_size for file in Path(folder).glob("isoloir.sqlite3*"))
        await store.close()
        assert done.added == lines
        return {
            "lines": lines,
            "file_megabytes": round(path.stat().st_size / 2**20, 1),
            "seconds": {"read": round(read - started, 2), "write": round(written - read, 2)},
            "processor_seconds": round(time.process_time() - used, 2),
            "lines_per_second": round(lines / (written - started)),
            "peak_megabytes": round(_peak(), 1),
            "peak_megabytes_before": round(before, 1),
            "database_megabytes": round(size / 2**20, 1),
        }


def _peak() -> float:
    # Not ru_maxrss: a process begins with that of the one that started it.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(asyncio.run(_one(int(sys.argv[2])))))
    else:
        print(json.dumps(measure(tuple(map(int, sys.argv[1:])) or SIZES), indent=2))
