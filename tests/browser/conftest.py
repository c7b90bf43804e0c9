"""Fixtures: a demonstration of the module's own on a free port, a real Chromium, and people in front of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .driving import Demonstration, Look, Voter
from .findings import Findings
from .people import FRENCH, ROOT, Elector, Words, electors
from .views import DESKTOP, fits, shoot

ISOLOIR = Path(sys.executable).with_name("isoloir")
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

expect.set_options(timeout=20_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where to write what was found."""
    parser.addoption("--accessibility-page", type=Path, help="Write what was found as a Markdown page.")


@dataclass(frozen=True)
class Served:
    """A demonstration that runs: its address and its instance's folder."""

    address: str
    folder: Path

    def wait(self, minutes: int) -> None:
        """Let minutes pass, for every process of the instance."""
        shift = self.folder / "clock-shift"
        later = shift.with_suffix(".later")
        later.write_text(str(float(shift.read_text()) + 60 * minutes))
        later.replace(shift)

    def isoloir(self, *arguments: str | Path) -> str:
        """Run a command on the instance; returns what it prints."""
        command = [ISOLOIR, "--lang", "en", "--instance", self.folder, *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close_and_count(self) -> None:
        """Be the board: close, and tally with everybody's share."""
        self.isoloir("election", "close", "medecins-2024")
        shares = [part for share in sorted(self.folder.glob("board/*.json")) for part in ("--share", share)]
        self.isoloir("tally", "run", "medecins-2024", *shares)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("demo") / "instance"
    server = subprocess.Popen(
        [ISOLOIR, "--lang", "en", "demo", "--port", "0", "--folder", folder],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert server.stdout is not None
    found = next((line for line in server.stdout if "http://127.0.0.1:" in line), "")
    address = re.search(r"http://127\.0\.0\.1:\d+", found)
    assert address, "the demonstration did not start"
    yield Served(address[0], folder)
    server.send_signal(signal.SIGINT)
    server.stdout.close()
    server.wait(60)


@pytest.fixture(scope="module")
def chromium(findings: Findings) -> Iterator[Browser]:
    # For one module: as long as it is open its loop runs, and nothing asynchronous can be tested beside it.
    with sync_playwright() as playwright:
        assert Path(CHROMIUM).exists(), "Chromium is not installed: tools/install-test-programs"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        findings.browser = f"Chromium {browser.version}"
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def findings(request: pytest.FixtureRequest) -> Iterator[Findings]:
    """Keep what is found on every page, and write it where the command line says."""
    found = Findings(browser="Chromium")
    yield found
    page = request.config.getoption("--accessibility-page", default=None)
    if page is not None:
        found.write(page)


@pytest.fixture(scope="session")
def roll() -> dict[str, Elector]:
    return electors()


@pytest.fixture
def visit(demo: Served, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a browser of one's own; afterwards: no console error, nothing asked of any other host."""
    opened, errors, elsewhere = [], [], []

    def open_page(**options: Any) -> Page:
        context = chromium.new_context(
            accept_downloads=True, base_url=demo.address, **{"viewport": DESKTOP, **options}
        )
        context.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
        context.on("weberror", lambda one: errors.append(str(one.error)))
        context.on(
            "request",
            lambda one: (
                elsewhere.append(one.url) if not one.url.startswith((demo.address, "data:", "blob:")) else None
            ),
        )
        opened.append(context)
        return context.new_page()

    yield open_page
    for context in opened:
        context.close()
    # A refusal has a status of its own, and the browser's console says so.
    assert [one for one in errors if "status of 4" not in one] == []
    assert elsewhere == []


@pytest.fixture
def voter(visit: Callable[..., Page], request: pytest.FixtureRequest) -> Callable[..., Voter]:
    """Put somebody in front of the pages; `look` is what is done with each page passed (fits, and a screenshot)."""
    name = request.node.name.removeprefix("test_")

    def in_front(
        words: Words = FRENCH, look: Look | None = None, *, page: Page | None = None, **options: Any
    ) -> Voter:
        def see(page: Page, what: str) -> None:
            fits(page)
            shoot(page, f"{name}/{what}")

        return Voter(page or visit(**{"locale": words.locale, **options}), words, look or see)

    return in_front


@pytest.fixture
def demonstration(visit: Callable[..., Page]) -> Callable[..., Demonstration]:
    """Open the demonstration's pages in a window of their own."""
    return lambda words=FRENCH, **options: Demonstration(visit(**{"locale": words.locale, **options}), words)
