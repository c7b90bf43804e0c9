"""A small election, its store and its roll, for the tests of the domain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from isoloir import roll
from isoloir.clock import ShiftedClock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.store.engine import Store

OPENS = datetime(2024, 6, 11, 7, 0, tzinfo=UTC)


def two(text: str) -> dict[str, str]:
    return {"fr": text, "en": text}


def contest(contest_id: str, *colleges: str) -> dict[str, Any]:
    return {
        "id": contest_id,
        "title": two(contest_id),
        "colleges": list(colleges),
        "board": "national",
        "seats": 3,
        "lists": [{"id": f"list-{n}", "name": f"Liste {n}", "candidates": ["A", "B", "C"]} for n in range(3)],
    }


def small_election(**changes: Any) -> ElectionFile:
    return ElectionFile.model_validate(
        {
            "id": "essai-2024",
            "title": two("Essai"),
            "window": {"opens": datetime(2024, 6, 11, 9), "closes": datetime(2024, 6, 18, 17)},  # noqa: DTZ001
            "help_line": {"phone": "05 67 31 53 03", "hours": two("8 h")},
            "sender": {"name": "Vote", "address": "vote@example.org", "subject": two("Vote")},
            "roll": {
                "fields": {
                    "rpps": {"key": True, "normalise": "digits"},
                    "ordinal_number": {"normalise": "alphanumeric", "secret": True, "kinds": ["ordinal", "post"]},
                }
            },
            "identifiers": {"length": 7},
            "colleges": {"ph": two("PH"), "pu": two("PU")},
            "boards": {"national": {"trustees": ["president"]}},
            "contests": [contest("cspm", "ph"), contest("csn", "ph", "pu")],
            "factors": {"ordinal": {"plugin": "ordinal_check"}},
            "policy": {"any": [{"id": "b", "label": two("B"), "all": ["ordinal"]}]},
        }
        | changes
    )


def elector(number: int, **changes: Any) -> roll.NewEntry:
    values: dict[str, Any] = {
        "civility": "Dr",
        "last_name": f"Martin{number}",
        "first_name": "Alix",
        "email": f"alix{number}@example.org",
        "mobile": "+33612345678",
        "college": "ph",
        "fields": {"rpps": f"1000{number:07}", "ordinal_number": f"75/{number}"},
        "kinds": {"ordinal_number": "ordinal"},
    }
    return roll.NewEntry(**(values | changes))


@pytest.fixture
def election() -> ElectionFile:
    return small_election()


@pytest.fixture
def clock() -> ShiftedClock:
    clock = ShiftedClock()
    clock.move_to(OPENS + timedelta(hours=2, minutes=20))
    return clock


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys.open(tmp_path)


@pytest.fixture
def make_elector() -> Any:
    return elector


@pytest.fixture
def make_election() -> Any:
    return small_election


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{tmp_path}/isoloir.sqlite3")
    yield store
    await store.close()
