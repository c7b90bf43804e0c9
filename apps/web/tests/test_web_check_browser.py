"""Cast or check on the real site in a real Chromium: opened, checked by page and command, another cast."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from demo_kit.served import command
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = pytest.mark.slow
ISOLOIR = Path(sys.executable).with_name("isoloir")
CHROMIUM = "/usr/bin/chromium"
SHOTS = os.environ.get("ISOLOIR_SCREENSHOTS")
E = "/e/medecins-2024"

FRENCH = {
    "locale": "fr-FR", "number": "Numéro d’ordre", "continue": "Continuer", "vote": "Voter",
    "review": "Vérifier mon choix",
    "check": "Contrôler ce bulletin", "save": "Enregistrer le fichier", "page": "Ouvrir la page de contrôle",
    "file": "Le fichier de contrôle", "shown": "Le numéro de suivi que l’isoloir vous a montré", "go": "Contrôler",
    "right": "Le calcul est juste. Ce bulletin contient", "same": "celui que vous avez saisi",
    "fresh": "Chiffrer un nouveau bulletin", "cast": "Déposer", "done": "dans l’urne",
}  # fmt: skip
ENGLISH = {
    "locale": "en-GB", "number": "ordinal number", "continue": "Continue", "vote": "Vote",
    "review": "Check my choice",
    "check": "Check this ballot", "save": "Save the file", "page": "Open the checking page", "file": "The check file",
    "shown": "The tracking number that the booth showed you", "go": "Check",
    "right": "The computation is right. This ballot holds", "same": "the one that you typed",
    "fresh": "Encrypt a new ballot",
    "cast": "Cast", "done": "in the ballot box",
}  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A demonstration of its own on a free port: its address and folder."""
    with command(tmp_path_factory.mktemp("check") / "instance") as served:
        yield served.address, served.folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def _tracker(page: Page) -> str:
    return re.sub(r"\s", "", page.locator("code.tracker").first.inner_text())


def _shoot(page: Page, name: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def _log_in(page: Page, words: dict[str, str], person: str, number: str) -> None:
    page.goto(f"{E}/?lang={words['locale'][:2]}")
    page.get_by_role("button", name="Pro Santé Connect").click()
    page.wait_for_url("**/demo/psc/**", timeout=10_000)
    page.get_by_text(person).click()
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/login/step")
    page.get_by_label(words["number"], exact=False).fill(number)
    page.get_by_role("button", name=words["continue"]).click()
    page.wait_for_url("**/contests")
    page.locator("a.go", has_text=words["vote"]).first.click()


@pytest.mark.parametrize(
    ("words", "width", "person", "number", "choice"),
    [
        (FRENCH, 1100, "Alix Martin", "75 10017", "Avenir du soin public"),
        (ENGLISH, 320, "Sacha Laurent", "33/10041", "Université et hôpital vivants"),
    ],
    ids=["french", "english-320"],
)
def test_opened_checked_and_another_cast(
    site: tuple[str, Path], chromium: Browser, tmp_path: Path, words: dict[str, str], width: int, person: str,
    number: str, choice: str,
) -> None:  # fmt: skip
    """Encrypt, check, the page and the command say right, encrypt afresh, cast; only the cast one is in the box."""
    name = words["locale"][:2]
    context = chromium.new_context(
        base_url=site[0], locale=words["locale"], accept_downloads=True, viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    errors: list[str] = []
    posted: list[str] = []
    context.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    _log_in(page, words, person, number)
    page.get_by_text(choice, exact=True).first.click()
    page.get_by_role("button", name=words["review"]).click()
    expect(page.get_by_role("button", name=words["check"])).to_be_visible(timeout=20_000)
    announced = _tracker(page)
    _shoot(page, f"check-{name}-1-review")
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name=words["check"]).click()
    with page.expect_download() as download:
        page.get_by_role("button", name=words["save"]).click()
    file = tmp_path / "check.json"
    download.value.save_as(file)
    _shoot(page, f"check-{name}-2-opened")
    assert posted == []

    with context.expect_page() as opening:
        page.get_by_role("link", name=words["page"]).click()
    checking = opening.value
    checking.get_by_label(words["file"], exact=True).set_input_files(file)
    checking.get_by_label(words["shown"]).fill(announced)
    checking.get_by_role("button", name=words["go"], exact=True).click()
    expect(checking.locator("#result")).to_contain_text(words["right"], timeout=20_000)
    expect(checking.locator("#result")).to_contain_text(words["same"])
    expect(checking.locator(".picked")).to_have_text(choice)
    _shoot(checking, f"check-{name}-3-right")
    checking.close()

    said = subprocess.run(
        [ISOLOIR, "--lang", name, "check-ballot", file, "--tracker", announced], capture_output=True, text=True
    )
    assert said.returncode == 0, said.stdout
    assert choice in said.stdout

    page.get_by_role("button", name=words["fresh"]).click()
    cast = page.get_by_role("button", name=words["cast"])
    expect(page.get_by_role("alert")).to_be_visible(timeout=20_000)
    tracker = _tracker(page)
    assert tracker != announced
    _shoot(page, f"check-{name}-4-fresh")
    cast.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(words["done"], timeout=20_000)
    assert _tracker(page) == tracker
    _shoot(page, f"check-{name}-5-receipt")
    for looked_up, found in ((tracker, True), (announced, False)):
        page.goto(f"{E}/box")
        page.get_by_role("textbox").first.fill(looked_up)
        page.get_by_role("textbox").first.press("Enter")
        expect(page.locator("main .note").first).to_be_visible()
        assert (page.locator("main .note.ok").count() == 1) is found
        assert page.url.endswith("/box")
    assert [one for one in errors if "status of 4" not in one] == []
    context.close()


def test_the_opened_ballot_is_refused_to_who_reads_its_file(site: tuple[str, Path], chromium: Browser) -> None:
    """Another voter, logged in and with the right to vote, cannot cast a ballot of which they have only the file."""
    victim = chromium.new_context(base_url=site[0], locale="fr-FR", accept_downloads=True)
    page = victim.new_page()
    _log_in(page, FRENCH, "Alix Martin", "75 10017")
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name=FRENCH["review"]).click()
    page.get_by_role("button", name=FRENCH["check"]).click()
    with page.expect_download() as download:
        page.get_by_role("button", name=FRENCH["save"]).click()
    text: Any = Path(download.value.path()).read_text("utf-8")
    answer = page.evaluate(
        """async (file) => {
            const { step_token } = await (await fetch(location.pathname + '/setup')).json();
            const said = await fetch(location.pathname + '/ballot', { method: 'POST', body: JSON.parse(file).ballot,
                headers: { 'X-Isoloir-Token': step_token, 'Content-Type': 'application/json' } });
            return [said.status, (await said.json()).code];
        }""",
        text,
    )
    assert answer == [403, "ballot_not_yours"]
    victim.close()
