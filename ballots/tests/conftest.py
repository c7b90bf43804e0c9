"""The small elections that most tests use, and belenios-tool."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from ballot_kit import oracles
from ballot_kit.arithmetics import *  # noqa: F403
from ballot_kit.elections import VOTES, Contest, Replay, build

from isoloir_ballots import canonical


@pytest.fixture(scope="session")
def new_contest() -> Callable[..., Contest]:
    return build


@pytest.fixture(scope="session", params=["Ed25519", "BELENIOS-2048"])
def contest(request: pytest.FixtureRequest, arithmetic: str) -> Contest:
    """The same two questions on each group."""
    return build(request.param)


@pytest.fixture(scope="session")
def edwards(arithmetic: str) -> Contest:
    """Two questions on Ed25519 alone, where the group does not matter."""
    return build("Ed25519")


@pytest.fixture(scope="session")
def votes() -> list[list[list[int]]]:
    """Four voters: two for the first list, one blank, one for the third."""
    return VOTES


@pytest.fixture(scope="session")
def ballots(edwards: Contest) -> list[bytes]:
    """The ballots of `votes` in `edwards`."""
    return [edwards.vote(index, answers) for index, answers in enumerate(VOTES)]


@pytest.fixture(scope="session")
def whole(edwards: Contest, ballots: list[bytes]) -> bytes:
    """A whole archive of `edwards`."""
    return edwards.archive(ballots).getvalue()


@pytest.fixture(scope="session")
def replay() -> Callable[[str], Replay]:
    return Replay


@pytest.fixture(scope="session")
def belenios() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run belenios-tool 2.0 in a folder."""
    return partial(oracles.run, oracles.version_2())


@pytest.fixture(scope="session")
def edited() -> Callable[[bytes, Callable[[Any], None]], bytes]:
    """Change a JSON object in place and write it canonically."""

    def edit(data: bytes, change: Callable[[Any], None]) -> bytes:
        value = json.loads(data)
        change(value)
        return canonical.dump(value)

    return edit
