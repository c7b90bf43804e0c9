"""Nothing that an installed plugin registers goes without its contract suite."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from isoloir.plugin_set import HOOKS, PluginSet, installed
from isoloir.testing import EligibilityContract, FactorContract, NotifierContract, RollCheckContract

SUITES: dict[str, tuple[type, str]] = {
    "register_factors": (FactorContract, "factor"),
    "register_eligibility": (EligibilityContract, "check"),
    "register_notifiers": (NotifierContract, "notifier"),
    "register_roll_checks": (RollCheckContract, "roll_check"),
}
"""Each hook: the kit's suite of what it registers, and the fixture that returns the object."""


def registered(name: str) -> Iterator[tuple[str, type]]:
    """Yield hook and class of everything that one plugin registers."""
    plugins = PluginSet.load([name])
    by_hook = (plugins.factors, plugins.eligibility, plugins.notifiers, plugins.roll_checks)
    for hook, objects in zip(SUITES, by_hook, strict=True):
        yield from ((hook, type(one)) for one in objects.values())


def suites(folder: Path) -> Iterator[type]:
    """Yield the classes of a plugin's tests that derive from a suite of the kit."""
    for path in sorted(folder.glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"wiring_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        kit = tuple(contract for contract, _ in SUITES.values())
        yield from (one for one in vars(module).values() if inspect.isclass(one) and issubclass(one, kit))


def covered(found: Iterable[type]) -> set[tuple[str, type]]:
    """Return hook and class of what the suites test: what their fixture returns."""
    tested = set()
    for suite in found:
        for hook, (contract, fixture) in SUITES.items():
            if issubclass(suite, contract) and suite is not contract:
                made: Any = inspect.unwrap(inspect.getattr_static(suite, fixture))
                tested.add((hook, type(made(suite()))))
    return tested


PLUGINS = sorted({point.name for point in installed()})


@pytest.mark.parametrize("name", PLUGINS)
def test_everything_registered_has_its_contract_suite(root: Path, name: str) -> None:
    """Each factor, check, notifier and roll check of the plugin is under its suite in the plugin's own tests."""
    objects = set(registered(name))
    assert objects
    assert objects - covered(suites(root / "plugins" / name / "tests")) == set()


@pytest.mark.parametrize("name", PLUGINS)
def test_the_kit_is_run_unchanged(root: Path, name: str) -> None:
    """No suite of a bundled plugin replaces or leaves out a test of the kit."""
    kit = {one for contract, _ in SUITES.values() for one in dir(contract) if one.startswith("test_")}
    for suite in suites(root / "plugins" / name / "tests"):
        assert suite in {contract for contract, _ in SUITES.values()} or not kit & set(vars(suite))


def test_what_has_no_suite_is_found(root: Path) -> None:
    """The twin: take the suite of the eligibility check away, and that check is named."""
    found = list(suites(root / "plugins/ordinal_check/tests"))
    kept = [one for one in found if not issubclass(one, EligibilityContract)]
    assert [hook for hook, _ in set(registered("ordinal_check")) - covered(kept)] == ["register_eligibility"]


def test_no_kind_and_no_plugin_is_left_out(root: Path) -> None:
    """Every hook of the contract has a suite, and every bundled plugin is installed."""
    assert set(SUITES) == set(HOOKS)
    assert {path.name for path in (root / "plugins").iterdir() if path.is_dir()} <= set(PLUGINS)
