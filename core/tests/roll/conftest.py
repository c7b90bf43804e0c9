"""A small election and its store, for the tests of rolls."""

from datetime import timedelta

import pytest

from isoloir.clock import SystemClock
from isoloir.config.election import ElectionFile


def both(text):
    return {"fr": text, "en": text}


def contest(name, college):
    return {
        "id": name, "title": both(name), "colleges": [college], "board": "b", "seats": 1,
        "lists": [{"id": "a", "name": "A", "candidates": ["A1"]}],
    }  # fmt: skip


@pytest.fixture
def election():
    return ElectionFile.model_validate(
        {
            "id": "trial",
            "title": both("Essai"),
            "window": {"opens": SystemClock().now(), "closes": SystemClock().now() + timedelta(days=2)},
            "help_line": {"phone": "01 02 03 04 05", "hours": both("9-17")},
            "sender": {"name": "Bureau", "address": "bureau@vote.example", "subject": both("Vote")},
            "roll": {
                "fields": {
                    "rpps": {"key": True, "normalise": "digits"},
                    "ordinal_number": {
                        "normalise": "alphanumeric", "secret": True, "kinds": ["ordinal", "substitute"]
                    },
                }
            },
            "colleges": {"ph": both("PH"), "hu": both("HU")},
            "boards": {"b": {"members": {"president": {"role": "president", "name": "Alix Martin"}}}},
            "contests": [contest("cspm", "ph"), contest("csn", "ph"), contest("hu", "hu")],
            "factors": {"x": {"plugin": "x"}},
            "policy": {"any": [{"id": "x", "label": both("X"), "all": ["x"]}]},
        }
    )  # fmt: skip
