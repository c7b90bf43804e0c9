"""What benchmarks share: figures, rounds that interleave what is compared, processor time, the peers."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "bench"


@dataclass(frozen=True)
class Options:
    """What the runner was asked for: `scale` 1 is the whole, 0.05 a trial."""

    scale: float = 1.0

    def rounds(self, number: int) -> int:
        """That many rounds at scale 1, fewer below, but seven if there are that many."""
        return max(min(number, 7), round(number * self.scale))


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    `value` in `unit` is the median over the rounds, `spread` its lower and upper quartile. With a peer, `ratio` is
    the median of (peer / ours) or (ours / peer), round by round, so that above 1 is better for us. `goal` is what
    was asked for, `met` whether it is so; None where nothing was asked.
    """

    what: str
    value: float
    unit: str
    spread: tuple[float, float] | None = None
    peer: str = ""
    peer_value: float | None = None
    ratio: float | None = None
    ratio_spread: tuple[float, float] | None = None
    goal: str = ""
    met: bool | None = None


def quartiles(values: list[float]) -> tuple[float, float] | None:
    """The lower and upper quartile; None of a single value."""
    if len(values) == 1:
        return None
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def figure(what: str, values: list[float], unit: str, *, goal: str = "", below: float | None = None) -> Figure:
    """A figure on its own, perhaps with a goal to stay below."""
    middle = statistics.median(values)
    return Figure(what, middle, unit, quartiles(values), goal=goal, met=None if below is None else middle < below)


def against(
    what: str, ours: list[float], unit: str, peer: str, theirs: list[float], *, least: float | None = None
) -> Figure:
    """Two times of the same rounds, and their ratio; `least` is how many times as fast as the peer it should be."""
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    middle = statistics.median(ratios)
    return Figure(
        what,
        statistics.median(ours),
        unit,
        quartiles(ours),
        peer,
        statistics.median(theirs),
        middle,
        quartiles(ratios),
        goal="" if least is None else f"≥ {least} ×",
        met=None if least is None else middle >= least,
    )


def interleaved(rounds: int, timers: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Call every timer once in each round, one after the other; each returns what it measured."""
    found: dict[str, list[float]] = {name: [] for name in timers}
    for _ in range(rounds):
        for name, timer in timers.items():
            found[name].append(timer())
    return found


def processor(work: Callable[[], object]) -> float:
    """Seconds of processor time that `work` takes in this process: what else the machine does hardly matters."""
    before = time.process_time()
    work()
    return time.process_time() - before


def elapsed(work: Callable[[], object]) -> float:
    """Seconds on the clock."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def child_processor(command: list[str], folder: Path) -> float:
    """Seconds of processor time (user and system) of another program; it must succeed."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    child(command, folder)
    return spent() - before


def child(command: list[str], folder: Path) -> bytes:
    """What another program says; it must succeed."""
    told = {"BELENIOS_USE_URANDOM": "1"}
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, env=told).stdout  # noqa: S603


def belenios3() -> str:
    """The path of belenios-tool 3.0; AssertionError where it is not unpacked."""
    tool = ROOT / ".cache" / "belenios-3" / "belenios-tool"
    assert tool.is_file(), "belenios-tool 3.0 is not unpacked: tools/install-test-programs does it"
    return str(tool)
