"""Ballots made by the booth's code are valid for isoloir_ballots; the committed build is what its sources make."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from isoloir_ballots.errors import BallotsError
from isoloir_ballots.verify import Setup, check_ballot

BOOTH = Path(__file__).resolve().parents[1]
BUILT = BOOTH.parent / "web" / "src" / "isoloir_web" / "static" / "booth"
CASES = json.loads((BOOTH.parents[1] / "tests/vectors/ed25519-ballots.json").read_text("utf-8"))["cases"]


def _setup(case: dict[str, Any]) -> Setup:
    return Setup.load(*(case[name].encode() for name in ("election", "trustees", "public_credentials")))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_python_accepts_the_booths_ballots(case: dict[str, Any], make_ballot: Any, choices_of: Any) -> None:
    """Every ballot that the booth makes with fresh randomness is valid for the Python verifier, one per choice."""
    setup = _setup(case)
    for vector in case["ballots"]:
        made = make_ballot(case["election"], vector["credential"], choices_of(case, vector["choices"]))
        assert made.decode() != vector["ballot"]
        assert check_ballot(setup, made).credential == vector["public_credential"]


def test_python_refuses_a_changed_ballot_of_the_booth(make_ballot: Any) -> None:
    """The same verifier refuses the booth's ballot when one digit of it changes: the test above can fail."""
    case = CASES[0]
    made = make_ballot(case["election"], case["ballots"][0]["credential"], [[0]]).decode()
    at = made.index('"response":"') + len('"response":"') + 5
    changed = made[:at] + str((int(made[at]) + 1) % 10) + made[at + 1 :]
    with pytest.raises(BallotsError):
        check_ballot(_setup(case), changed.encode())


def test_the_booths_page_is_light() -> None:
    """All that the booth's page loads is under 60 kB compressed, and so is each other page."""
    booth = [BUILT / name for name in ("index.html", "support.js", "booth.js", "booth.css")]
    weights = {file.name: len(gzip.compress(file.read_bytes())) for file in [*booth, BUILT.parent / "isoloir.css"]}
    assert sum(weights.values()) < 60_000, weights
    key = [BUILT / name for name in ("key.html", "key.js", "key.css")]
    assert sum(len(gzip.compress(file.read_bytes())) for file in key) < 60_000
    for name in ("check.html", "trustee.html"):
        assert len(gzip.compress((BUILT / name).read_bytes())) < 60_000


@pytest.mark.slow
def test_the_committed_build_is_what_the_sources_make(tmp_path: Path, run_node: Any) -> None:
    """`npm ci && npm run build` in a copy gives the committed files, byte for byte, and no others."""
    copy = tmp_path / "booth"
    shutil.copytree(BOOTH, copy, ignore=shutil.ignore_patterns("node_modules", "tests", "__pycache__"))
    run_node("npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", folder=copy)
    run_node("npm", "run", "build", "--", str(tmp_path / "out"), folder=copy)
    made = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    assert made == {file.name: file.read_bytes() for file in BUILT.iterdir()}


@pytest.mark.slow
def test_the_booths_own_checks_pass(run_node: Any, booth_folder: Path) -> None:
    """Types hold and the booth's unit tests pass, under the environment's Node."""
    run_node("npm", "run", "check", folder=booth_folder)
