"""Tests of a folder, once for each library that may compute: its conftest imports all of this module.

Tests of what belenios-tool says, and those marked `one_arithmetic`, run once: they do not ask what we compute with.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator

import pytest

from isoloir_ballots.groups import PLAIN, named

__all__ = ["arithmetic", "pytest_generate_tests", "settle"]

_NAMES = ["libsodium"]
if importlib.util.find_spec("isoloir_ballots_fast") or shutil.which("cargo"):
    # Where cargo is, `make install` builds isoloir-ballots-fast: its absence fails the tests.
    _NAMES.append("curve25519-dalek")


def settle(arithmetic: str) -> None:
    """Compute with that library in this process: a server that forks processes may have begun under another."""
    os.environ[PLAIN] = "1" if arithmetic == "libsodium" else ""
    named.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def arithmetic(request: pytest.FixtureRequest) -> Iterator[str]:
    """The library that multiplies on Ed25519, in this process and in those that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PLAIN, "1" if request.param == "libsodium" else "")
        named.cache_clear()
        assert named("Ed25519").arithmetic == request.param, "isoloir-ballots-fast is not installed: `make install`"
        yield request.param
    named.cache_clear()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    asked_once = (
        "belenios" in metafunc.definition.nodeid
        or "oracle" in metafunc.function.__name__
        or metafunc.definition.get_closest_marker("one_arithmetic")
    )
    metafunc.parametrize("arithmetic", _NAMES[-1:] if asked_once else _NAMES, indirect=True, scope="session")
