"""`make bench`: every benchmark of this folder in one run, as a table, docs/benchmarks.md and bench/results.json.

A benchmark is a file of this folder with a title (`TITLE`), a paragraph that says how it measures (its docstring,
from the second line on) and a function `figures(options: Options) -> Iterator[Figure]` (see kit.py).
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from kit import CACHE, ROOT, Figure, Options
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"
Part = dict[str, Any]
"""One benchmark's results: date, machine, scale, figures."""
HEADER = ("", "here", "unit", "peer", "of the peer", "ratio", "quartiles", "goal")


def benchmarks(only: list[str]) -> list[ModuleType]:
    """Every module of the folder that offers figures, by name; or those named."""
    names = only or sorted(path.stem for path in HERE.glob("*.py") if path.stem not in ("run", "kit"))
    modules = [importlib.import_module(name) for name in names]
    return [module for module in modules if hasattr(module, "figures")]


def cells(figure: Figure) -> tuple[str, ...]:
    """One row of a table as texts."""
    spread = figure.ratio_spread or figure.spread
    goal = figure.goal if figure.met is None else f"{figure.goal} {'✓' if figure.met else '✗'}"
    return (
        figure.what,
        number(figure.value),
        figure.unit,
        figure.peer,
        "" if figure.peer_value is None else number(figure.peer_value),
        "" if figure.ratio is None else f"{figure.ratio:.2f} ×",
        "" if spread is None else f"{number(spread[0])} – {number(spread[1])}",
        goal.strip(),
    )


def number(value: float) -> str:
    """Three digits that count, and no more."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> str:
    """On what it ran."""
    model = next(
        (line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine()
    )
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} × {model}, Python {platform.python_version()}, load before the run {load}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.is_file() else []


def page(results: dict[str, Part]) -> str:
    """docs/benchmarks.md."""
    parts = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Medians; what is compared was measured in one run, round by round in turns, so the",
        "ratios count, and the absolute figures are the machine's. The quartiles are those of the ratio where",
        "there is one, else of the value.",
    ]
    for name, part in results.items():
        module = importlib.import_module(name)
        how = (module.__doc__ or "").partition("\n")[2].strip()
        scale = "" if part["scale"] == 1 else f" **A trial at scale {part['scale']:g}**: fewer rounds, voters, lines."
        parts += ["", f"## {module.TITLE}", "", how, "", f"{part['date']}, {part['machine']}.{scale}"]
        parts += ["", f"| {' | '.join(HEADER)} |", "|---" * len(HEADER) + "|"]
        parts += [f"| {' | '.join(cells(Figure(**figure)))} |" for figure in part["figures"]]
    return "\n".join(parts) + "\n"


def measured(module: ModuleType, options: Options, console: Console) -> list[Figure]:
    """Run one benchmark, telling each figure as it comes, and all of them as a table."""
    table = Table(*HEADER, title=module.TITLE, title_justify="left")
    figures = []
    for figure in module.figures(options):
        figures.append(figure)
        table.add_row(*cells(figure))
        print(f"  {' · '.join(cell for cell in cells(figure) if cell)}", file=sys.stderr, flush=True)
    console.print(table)
    return figures


def main() -> int:
    """Run, and put what was found in place of the benchmarks' former figures; returns 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure side by side; see bench/README.md.")
    parser.add_argument(
        "only", nargs="*", metavar="NAME", help="benchmarks by file name; all, and the files, if none"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="fewer voters and rounds below 1")
    asked = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    console = Console(width=max(Console().width, 150))
    missed = False
    for module in benchmarks(asked.only):
        where = machine()
        figures = measured(module, Options(asked.scale), console)
        missed |= any(figure.met is False for figure in figures)
        results: dict[str, Part] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        results[module.__name__] = {
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "machine": where,
            "scale": asked.scale,
            "figures": [asdict(figure) for figure in figures],
        }
        results = dict(sorted(results.items()))
        RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n")
        PAGE.write_text(page(results))
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
