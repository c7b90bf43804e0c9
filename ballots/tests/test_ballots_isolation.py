"""What the distribution may touch: no clock, no database, and a verifier apart from the maker."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import isoloir_ballots

pytestmark = pytest.mark.one_arithmetic

SOURCES = sorted(Path(isoloir_ballots.__file__).parent.rglob("*.py"))
FORBIDDEN = {"time", "datetime", "sqlite3", "socket", "urllib", "http", "random", "isoloir", "logging"}
MAKERS = "isoloir_ballots.ballot", "isoloir_ballots.credentials"


def imported(source: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_pure(source: Path) -> None:
    """No module reads a clock, a database, a network or a weak random generator, nor imports the core.

    But for the bar on the terminal, which says how long it still takes.
    """
    allowed = {"time"} if source.parts[-2:] == ("auditor", "progress.py") else set()
    assert imported(source) & FORBIDDEN == allowed


@pytest.mark.parametrize("module", ["isoloir_ballots.verify", "isoloir_ballots.commands"])
def test_verifier_does_not_load_the_maker(module: str) -> None:
    """Importing the verifier loads nothing that makes ballots; importing the maker, of course, does."""
    script = "import sys, importlib; importlib.import_module(sys.argv[1]); print(*sys.modules)"

    def loaded(name: str) -> set[str]:
        run = subprocess.run(
            [sys.executable, "-c", script, name], capture_output=True, text=True, check=True, timeout=60
        )
        return set(run.stdout.split())

    assert not loaded(module) & set(MAKERS)
    assert set(MAKERS) <= loaded("isoloir_ballots.ballot")
