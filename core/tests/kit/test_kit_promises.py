"""The kit is held to its word: a plugin that breaks one promise fails in the test that names that promise.

`sample/` keeps every promise; each line of `breaches.py` breaks one. Every broken copy gets a name of its own, and
one pytest inside this one runs the whole sample, and of each broken copy the test that must fail.
"""

from __future__ import annotations

import inspect
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from isoloir import notifications, testing
from isoloir.config.reading import read_election
from isoloir.testing.texts import COMMON_PLACES

from .breaches import BREACHES, CHECK, CODE, NOTIFIER, PROVIDER, ROLL, Breach

SAMPLE = Path(__file__).parent / "sample"
SETTINGS = "[pytest]\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
ALONE = ["-p", "no:cacheprovider", "-p", "no:socket", "-p", "no:xdist", "-p", "no:terminal", "-p", "no:playwright"]
CONTRACTS = {
    CODE: testing.FactorContract,
    PROVIDER: testing.FactorContract,
    CHECK: testing.EligibilityContract,
    NOTIFIER: testing.NotifierContract,
    ROLL: testing.RollCheckContract,
}


class Recorder:
    """What became of each test: empty where it passed, else what its author reads."""

    def __init__(self) -> None:
        self.told: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = report.longreprtext if report.failed else ""
        self.told[report.nodeid] = self.told.get(report.nodeid, "") + told
        assert not report.skipped


def write_copy(folder: Path, name: str, breach: Breach | None) -> None:
    """Write the sample under another name, broken in one place."""
    shutil.copytree(SAMPLE, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    if breach is not None:
        path = folder / name / breach.file
        text = path.read_text("utf-8")
        for old, new in ((breach.old, breach.new), *breach.also):
            assert text.count(old) == 1, f"{breach.test}: {old!r} stands {text.count(old)} times in {breach.file}"
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
    suite = folder / name / "suite.py"
    suite.rename(folder / f"test_{name}.py")
    suite = folder / f"test_{name}.py"
    suite.write_text(suite.read_text("utf-8").replace("from sample.", f"from {name}."), "utf-8")


def node(number: int, breach: Breach) -> str:
    return f"test_sample_{number}.py::{breach.suite}::test_{breach.test}"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Run everything once, in this process."""
    folder = tmp_path_factory.mktemp("kit")
    (folder / "pytest.ini").write_text(SETTINGS)
    write_copy(folder, "sample_whole", None)
    for number, breach in enumerate(BREACHES):
        write_copy(folder, f"sample_{number}", breach)
    nodes = ["test_sample_whole.py", *(node(number, breach) for number, breach in enumerate(BREACHES))]
    recorder = Recorder()
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        pytest.main(
            ["-c", str(folder / "pytest.ini"), "--rootdir", str(folder), "--basetemp", str(folder / "temp"), *ALONE]
            + [str(folder / one) for one in nodes],
            plugins=[recorder],
        )
        yield recorder.told
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if name.startswith(("sample_", "test_sample_")):
                del sys.modules[name]


def promises(contract: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(contract, inspect.isfunction) if name.startswith("test_")}


@pytest.mark.parametrize("suite", CONTRACTS)
def test_what_keeps_every_promise_passes(told: Mapping[str, str], suite: str) -> None:
    """The twin: the unbroken sample passes every test of the kit, and none is left out."""
    passed = {one.rpartition("::")[2] for one in told if one.startswith(f"test_sample_whole.py::{suite}::")}
    assert passed == promises(CONTRACTS[suite])
    assert {one: why for one, why in told.items() if one.startswith("test_sample_whole.py") and why} == {}


@pytest.mark.parametrize(
    ("number", "breach"),
    list(enumerate(BREACHES)),
    ids=[f"{number}-{breach.test}-{breach.says[:30]}" for number, breach in enumerate(BREACHES)],
)
def test_a_broken_promise_is_named(told: Mapping[str, str], number: int, breach: Breach) -> None:
    """The test that names the promise fails, with the words that tell the author what is wrong."""
    assert breach.says in told[node(number, breach)]


@pytest.mark.parametrize(("number", "breach"), list(enumerate(BREACHES)))
def test_an_author_is_told_what_to_do(told: Mapping[str, str], number: int, breach: Breach) -> None:
    """Every failure is an arrow with what to do, or one sentence about the use of the kit; never a bare assertion."""
    text = told[node(number, breach)]
    assert "→ " in text or "The kit is not used rightly: " in text


def test_every_promise_has_its_breach() -> None:
    """There is no test in the kit that no bad plugin was seen to fail."""
    broken = {(CONTRACTS[breach.suite], f"test_{breach.test}") for breach in BREACHES}
    shared = (
        promises(testing.FactorContract) & promises(testing.NotifierContract) & promises(testing.EligibilityContract)
    )
    for contract in set(CONTRACTS.values()):
        lacking = {one for one in promises(contract) if (contract, one) not in broken}
        assert lacking <= {one for one in shared if one.startswith("test_configuration")}, contract


def test_the_kit_knows_the_places_that_the_core_fills() -> None:
    """What the kit takes for filled by the core is what the core fills."""
    example = Path(__file__).parents[3] / "examples/medecins-2024/election.toml"
    election = read_election(example)
    assert set(notifications.common_values(election, "fr")) == COMMON_PLACES
