"""Fixtures: a demonstration of the module's own on a free port, a real Chromium, and people in front of it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from demo_kit.served import Served, command
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .audit import assert_focus_goes_through, assert_named, assert_nothing_cut, axe, enlarged, spaced
from .driving import Demonstration, Look, Voter
from .findings import Findings
from .people import ELECTION, FRENCH, Elector, Words, electors
from .views import DESKTOP, NARROW, fits, shoot, views

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

expect.set_options(timeout=20_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where to write what was found."""
    parser.addoption("--accessibility-page", type=Path, help="Write what was found as a Markdown page.")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with command(tmp_path_factory.mktemp("demo") / "instance") as served:
        yield served


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
    known = [demo.address, *([demo.wallet.keycloak.url] if demo.wallet else [])]

    def open_page(**options: Any) -> Page:
        context = chromium.new_context(
            accept_downloads=True, base_url=demo.address, **{"viewport": DESKTOP, **options}
        )
        context.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
        context.on("weberror", lambda one: errors.append(str(one.error)))
        context.on(
            "request",
            lambda one: elsewhere.append(one.url) if not one.url.startswith((*known, "data:", "blob:")) else None,
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


@pytest.fixture
def look(words, findings, request):
    """Look at a page in every view, and ask of it what is asked of every page; nothing grave may be found.

    Colours, zoom and paper are the same in both languages: where neither pictures nor the page of findings are
    wanted, they are looked at in French alone.
    """
    locale = words.locale[:2]
    wanted = request.config.getoption("--accessibility-page", default=None) or os.environ.get("ISOLOIR_SCREENSHOTS")
    whole = bool(wanted) or locale == "fr"

    def at(page: Page, name: str) -> None:
        if locale in findings.pages.get(name, ()):
            return
        findings.pages.setdefault(name, set()).add(locale)
        # The simulated provider speaks French alone.
        assert page.locator("html").get_attribute("lang") == locale or "/demo/psc/" in page.url
        assert page.title()
        said = page.inner_text("body")
        assert not re.search(r"\{\w+\}", said), "a place that nothing filled"
        assert "05 67 31 53 03" in said or ELECTION not in page.url
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        findings.controls += assert_named(page)
        for view in views(page) if whole else views(page, NARROW):
            fits(page)
            shoot(page, f"{locale}/{name}-{view.name}")
            if view.name in (("desktop", "phone", "dark") if whole else ("phone",)):
                heard = axe(page, contrast_alone=view.name == "dark")
                findings.runs += 1
                findings.passed.update(heard.passed)
                findings.faults += [(f"{name}, {locale}, {view.name}", fault) for fault in heard.faults]
            if view.name in ("desktop", "phone"):
                with spaced(page):
                    fits(page)
                    assert_nothing_cut(page)
            if view.name == "desktop":
                with enlarged(page):
                    fits(page)
                    assert_nothing_cut(page)
        findings.stops += assert_focus_goes_through(page)

    before = len(findings.grave)
    yield at
    assert findings.grave[before:] == []


@pytest.fixture
def someone(voter, words, look):
    return lambda **options: voter(words, look, **options)
