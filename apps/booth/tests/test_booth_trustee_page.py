"""The trustee's page in a real Chromium, opened from a disk, without a network."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from ballot_kit.elections import VOTES, Contest, build
from playwright.sync_api import Browser, Page, expect, sync_playwright

from isoloir.key_share import KeyShare
from isoloir.partials import Box, Partials
from isoloir_ballots import tally
from isoloir_ballots.verify import check_archive

pytestmark = pytest.mark.slow
PAGE = Path(__file__).resolve().parents[2] / "web/src/isoloir_web/static/booth/trustee.html"
SHOTS = os.environ.get("BOOTH_SCREENSHOTS")
CODE = "une phrase à moi"
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WORDS = {
    "fr-FR": ("Ouvrir mon fragment", "Contrôler les urnes", "Déchiffrer ces totaux", "Enregistrer le fichier"),
    "en-GB": ("Open my share", "Check the boxes", "Decrypt these totals", "Save the file"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def contest() -> Contest:
    return build("Ed25519")


@pytest.fixture(scope="module")
def share(contest: Contest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("share") / "d1.json"
    KeyShare("essai", "c1", "national", "d1", "Ed25519", "2" * 22, 1, contest.keys[0].secret).write(path, CODE)
    return path


@pytest.fixture(scope="module")
def boxes(contest: Contest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A closed box, and the same with one voter's ballot in the place of the total."""
    folder = tmp_path_factory.mktemp("boxes")
    ballots = [contest.vote(index, answers) for index, answers in enumerate(VOTES)]

    def forged(kind: str, value: Any) -> Any:
        return [] if kind == "shares" else (value[0], 4, 4) if kind == "tally" else value

    good, bad = folder / "urne.bel", folder / "piège.bel"
    until = "PartialDecryption"
    contest.archive(ballots, good, until=until, change=lambda kind, value: [] if kind == "shares" else value)
    contest.archive(ballots, bad, until=until, counted=ballots[:1], change=forged)
    return good, bad


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open the page from the disk; afterwards: no console error, and no request but for the file itself."""
    contexts, errors, asked = [], [], []

    def open_page(language: str, width: int = 1200, **options: Any) -> Page:
        context = browser.new_context(
            locale=language, viewport={"width": width, "height": 800}, accept_downloads=True, **options
        )
        context.set_offline(True)
        contexts.append(context)
        context.on("request", lambda one: asked.append(one.url))
        context.on("console", lambda one: errors.append(one.text) if one.type in ("error", "warning") else None)
        context.on("weberror", lambda one: errors.append(str(one.error)))
        page = context.new_page()
        page.goto(PAGE.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
    assert {url for url in asked if not url.startswith(("data:", "blob:"))} == {PAGE.as_uri()}


def _look(page: Page, name: str) -> None:
    """Nothing sideways, nothing that axe refuses, one heading that has the focus or the refusal that has it."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", RULES)
    assert [(one["id"], [node["html"][:100] for node in one["nodes"]]) for one in found["violations"]] == []
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def _decrypt(page: Page, language: str, share: Path, box: Path, digest: str, look: Callable[[str], None]) -> str:
    """All four steps, with what people do wrong at each; returns the file saved."""
    open_, check, decrypt, save = WORDS[language]
    look("share")
    page.locator("#share").set_input_files(share)
    page.get_by_role("button", name=open_).click()
    expect(page.locator("#problem")).to_be_focused()
    page.locator("#code").fill("un autre code")
    page.get_by_role("button", name=open_).click()
    expect(page.locator("#problem")).to_contain_text("share.locked")
    assert page.locator("#code").input_value() == ""
    assert page.evaluate("document.querySelector('#share').files.length") == 1
    look("wrong-code")
    page.locator("#code").fill(CODE)
    page.get_by_role("button", name=open_).click()
    expect(page.locator("#archives")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    look("archives")
    page.locator("#archives").set_input_files(box)
    page.get_by_role("button", name=check).click()
    expect(page.locator("#typed-0")).to_be_visible()
    shown = "".join(page.locator(".tracker > span:not(.missing)").all_text_contents())
    assert shown == digest[:-16]
    assert digest[-16:] not in page.locator("main").inner_text().replace(" ", "")
    page.get_by_role("button", name=decrypt).click()
    expect(page.locator("#problem")).to_be_focused()
    page.locator("#typed-0").fill(digest[:8])
    page.get_by_role("button", name=decrypt).click()
    expect(page.locator("#problem")).to_be_focused()
    look("confirm")
    page.locator("#typed-0").fill(f"{digest[-16:-12].upper()} {digest[-12:]}")
    page.get_by_role("button", name=decrypt).click()
    expect(page.locator("#text")).to_be_visible()
    look("done")
    with page.expect_download() as download:
        page.get_by_role("button", name=save).click()
    saved = Path(download.value.path()).read_text("utf-8")
    assert page.locator("#text").input_value() == saved
    return saved


@pytest.mark.parametrize("width", [1200, 320])
@pytest.mark.parametrize("language", ["fr-FR", "en-GB"])
def test_a_trustee_decrypts_on_a_disk_without_a_network(
    opened: Any, share: Path, boxes: tuple[Path, Path], language: str, width: int
) -> None:
    """Share, archive, comparison, file: Python accepts what is saved; each page fits, and axe refuses nothing."""
    page = opened(language, width)
    digest = check_archive(boxes[0]).total_digest
    assert digest is not None
    saved = _decrypt(page, language, share, boxes[0], digest, lambda name: _look(page, f"{language}-{width}-{name}"))
    partials = Partials.from_json(json.loads(saved))
    box = Box.read(boxes[0])
    assert tally.check_partial_decryption(box.setup, box.total, 1, partials.boxes[box.uuid])
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_it_holds_in_the_dark(opened: Any, share: Path) -> None:
    """Contrasts hold in dark colours."""
    page = opened("fr-FR", color_scheme="dark")
    page.locator("#share").set_input_files(share)
    page.locator("#code").fill("un autre code")
    page.get_by_role("button", name=WORDS["fr-FR"][0]).click()
    expect(page.locator("#problem")).to_be_visible()
    _look(page, "dark")


def test_one_voters_ballot_is_refused_and_the_share_kept(opened: Any, share: Path, boxes: tuple[Path, Path]) -> None:
    """A box whose total is one ballot is named with its file; the good one can be chosen next, without the code."""
    page = opened("fr-FR")
    page.locator("#share").set_input_files(share)
    page.locator("#code").fill(CODE)
    page.keyboard.press("Enter")
    page.locator("#archives").set_input_files(boxes[1])
    page.get_by_role("button", name="Contrôler les urnes").click()
    expect(page.locator("#problem")).to_contain_text("le bulletin d’une seule personne")
    expect(page.locator("#problem")).to_contain_text("piège.bel")
    expect(page.locator("#problem")).to_contain_text("tally.encrypted")
    _look(page, "refused")
    page.locator("#archives").set_input_files([boxes[0], boxes[0]])
    page.get_by_role("button", name="Contrôler les urnes").click()
    expect(page.locator("#problem")).to_contain_text("deux fois")
    page.locator("#archives").set_input_files(boxes[0])
    page.get_by_role("button", name="Contrôler les urnes").click()
    expect(page.locator("#typed-0")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is it the same total?")
    page.get_by_role("button", name="Start again").click()
    expect(page.locator("#code")).to_have_value("")
    expect(page.locator("#archives")).to_have_count(0)


def test_leaving_the_page_forgets_the_share(opened: Any, share: Path) -> None:
    """After `pagehide` (which may keep the page for the “back” button) it asks for share and code again."""
    page = opened("fr-FR")
    page.locator("#share").set_input_files(share)
    page.locator("#code").fill(CODE)
    page.keyboard.press("Enter")
    expect(page.locator("#archives")).to_be_visible()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    expect(page.locator("#code")).to_be_visible()
    assert page.evaluate("document.querySelector('#share').files.length") == 0


def test_keyboard_only(opened: Any, share: Path, boxes: tuple[Path, Path]) -> None:
    """From the pasted share to the file by Tab and Enter alone; choosing files is the system's own dialogue."""
    page = opened("fr-FR")

    def tab_to(selector: str) -> None:
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} was not reached")

    tab_to("#paste")
    page.keyboard.insert_text(share.read_text("utf-8"))
    tab_to("#code")
    page.keyboard.type(CODE)
    page.keyboard.press("Enter")
    expect(page.locator("#archives")).to_be_visible()
    tab_to("#archives")
    page.locator("#archives").set_input_files(boxes[0])
    tab_to(".go")
    page.keyboard.press("Enter")
    expect(page.locator("#typed-0")).to_be_visible()
    tab_to("#typed-0")
    page.keyboard.type(str(check_archive(boxes[0]).total_digest)[-16:])
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_be_visible()


def test_what_an_archive_says_cannot_become_markup(opened: Any, tmp_path: Path) -> None:
    """Names with markup and with characters that turn the reading order are shown as text, and run nothing."""
    contest = build("Ed25519", name="<img src=x onerror=alert(1)>\u202eessai")
    path = tmp_path / "d1.json"
    KeyShare("essai", "c1", "<b>x", "d1", "Ed25519", "2" * 22, 1, contest.keys[0].secret).write(path, CODE)
    box = tmp_path / "box.bel"
    contest.archive(
        [contest.vote(0, VOTES[0])], box, until="PartialDecryption",
        change=lambda kind, value: [] if kind == "shares" else value,
    )  # fmt: skip
    page = opened("fr-FR")
    page.locator("#share").set_input_files(path)
    page.locator("#code").fill(CODE)
    page.keyboard.press("Enter")
    page.locator("#archives").set_input_files(box)
    page.locator(".go").click()
    expect(page.locator("dd").first).to_have_text("<img src=x onerror=alert(1)>\ufffdessai")
    assert page.locator("main img, main b").count() == 0
