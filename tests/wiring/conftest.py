"""What the wiring tests read: every source of the project, and every catalogue of texts."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Member:
    """One distribution: its sources, and whether it has texts of its own only (a plugin) or the core's too."""

    name: str
    source: Path
    plugin: bool

    def catalogues(self, locale: str) -> list[Path]:
        return sorted(self.source.glob(f"*/locales/{locale}/LC_MESSAGES/*.po"))


def members() -> list[Member]:
    folders = {"core": "core", "minutes": "minutes", "web": "apps/web"}
    own = [Member(name, ROOT / folder / "src", False) for name, folder in folders.items()]
    return own + [Member(folder.name, folder / "src", True) for folder in sorted((ROOT / "plugins").iterdir())]


def texts_of(paths: list[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in paths:
        with path.open("rb") as opened:
            for message in read_po(opened):
                if message.id and not message.fuzzy:
                    found[str(message.id)] = str(message.string)
    return found


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def distributions() -> list[Member]:
    found = members()
    assert len(found) >= 8
    return found


@pytest.fixture(scope="session")
def catalogues(distributions: list[Member]) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Member → locale → identifier → text."""
    return {
        member.name: {locale: texts_of(member.catalogues(locale)) for locale in ("fr", "en")}
        for member in distributions
    }


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every file of the project that is, or is about to be, in its history."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    found = [ROOT / name for name in listed if name and (ROOT / name).is_file()]
    assert len(found) > 200
    return found
