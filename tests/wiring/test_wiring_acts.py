"""Every act of the audit log is told in words on the board's page, and in the minutes or left out of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from isoloir.texts import Texts, read_catalogues
from isoloir_minutes.collect import ACCOUNTS, NOT_IN_THE_CALENDAR
from isoloir_minutes.view.acts import ACTS

ROOT = Path(__file__).parents[2]
RECORDERS = {"record", "_record", "move", "_act", "_log"}


def acts_of(source: str) -> Iterator[str]:
    """Yield the acts that a source records: the first text given to a function that records."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in RECORDERS:
                texts = [one for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                yield from (str(one.value) for one in texts[:1])


@pytest.fixture(scope="module")
def acts() -> set[str]:
    """Every act in the sources, and the two that stand in variables."""
    sources = [*ROOT.glob("core/src/**/*.py"), *ROOT.glob("apps/web/src/**/*.py"), *ROOT.glob("minutes/src/**/*.py")]
    return {act for path in sources for act in acts_of(path.read_text("utf-8"))} | {"remark_recorded"}


def test_the_scan_finds_acts(acts: set[str]) -> None:
    """The twin: acts of the lifecycle, of accounts, of the seal and of the ceremony are among those found."""
    assert {"sealed", "opened", "account_login", "seal_checked", "seal_drifted", "ceremony_begun"} <= acts


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_every_act_has_words_on_the_boards_page(acts: set[str], locale: str) -> None:
    """No line of the log is shown by its code."""
    texts = Texts(read_catalogues("isoloir_web"))
    assert not [act for act in acts if not texts.has(locale, f"web.board.act.{act}")]


def test_every_act_is_in_the_minutes_or_left_out_on_purpose(acts: set[str]) -> None:
    """No line of the calendar is printed by its code, and no sentence stands for an act that nothing records."""
    assert not {act for act in acts if not act.startswith(ACCOUNTS)} - {*ACTS, *NOT_IN_THE_CALENDAR}
    assert not {*ACTS, *NOT_IN_THE_CALENDAR} - acts
