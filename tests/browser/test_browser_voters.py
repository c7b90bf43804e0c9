"""Real voters in a real Chromium: the ways in, two contests each, both papers, the tracker found."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
ISOLOIR = Path(sys.executable).with_name("isoloir")
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Serve a demonstration of its own on a free port; yields its address."""
    folder = tmp_path_factory.mktemp("demo") / "instance"
    server = subprocess.Popen(
        [ISOLOIR, "--lang", "en", "demo", "--port", "0", "--folder", folder],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    address = ""
    for line in server.stdout:
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if found:
            address = found[0]
            break
    assert address, "the demonstration did not start"
    yield address, folder
    server.send_signal(signal.SIGINT)
    server.stdout.close()
    server.wait(20)


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        assert Path(CHROMIUM).exists(), "Chromium is not installed: tools/install-test-programs"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(demo, chromium, request, tmp_path):
    """Open a browser of one's own; afterwards: no console error, nothing asked of any other host."""
    opened, errors, elsewhere = [], [], []

    def open_page(**options) -> Page:
        context = chromium.new_context(accept_downloads=True, base_url=demo[0], **{"locale": "fr-FR", **options})
        page = context.new_page()
        page.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda one: errors.append(str(one)))
        page.on(
            "request",
            lambda one: elsewhere.append(one.url) if not one.url.startswith((demo[0], "data:", "blob:")) else None,
        )
        opened.append(context)
        return page

    yield open_page
    for context in opened:
        context.close()
    assert [one for one in errors if "status of 4" not in one] == []
    assert elsewhere == []


def shoot(page, name):
    folder = os.environ.get("ISOLOIR_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def fits(page):
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def vote(page, name, choice, words, *, narrow=False):
    """Go through the booth: choose, encrypt, cast, keep the receipt. Returns the tracker."""
    page.get_by_text(choice, exact=True).first.click()
    shoot(page, f"{name}-choose")
    if narrow:
        fits(page)
    page.get_by_role("button", name=words["check"]).click()
    cast = page.get_by_role("button", name=words["cast"])
    expect(cast).to_be_visible(timeout=20_000)
    shoot(page, f"{name}-review")
    if narrow:
        fits(page)
    cast.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(words["done"], timeout=20_000)
    shoot(page, f"{name}-receipt")
    if narrow:
        fits(page)
    tracker = re.sub(r"\s", "", page.locator("code.tracker").first.inner_text())
    with page.expect_download() as kept:
        page.get_by_role("button", name=words["keep"]).click()
    assert tracker in re.sub(r"<[^>]*>|\s", "", kept.value.path().read_text())
    return tracker


FRENCH = {
    "check": "Vérifier mon choix", "cast": "Déposer", "done": "dans l’urne", "keep": "Enregistrer la preuve",
}  # fmt: skip
ENGLISH = {"check": "Check my choice", "cast": "Cast", "done": "in the ballot box", "keep": "Save"}


def number(page, value):
    page.get_by_label("Numéro d’ordre", exact=False).fill(value)
    page.get_by_role("button", name="Continuer").click()


def test_a_voter_by_pro_sante_connect(visit):
    """Dr Alix Martin: simulated provider, ordinal number, two contests, both papers, the tracker, no second vote."""
    page = visit(viewport={"width": 1100, "height": 900})
    page.goto("/e/medecins-2024/")
    shoot(page, "landing")
    page.get_by_role("button", name="Pro Santé Connect").click()
    page.wait_for_url("**/demo/psc/**", timeout=10_000)
    shoot(page, "psc")
    page.get_by_text("Alix Martin").click()
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/login/step")
    shoot(page, "ordinal")
    number(page, "00 000")
    shoot(page, "refusal")
    expect(page.locator("#errors")).to_be_focused()
    number(page, "75 10017")
    page.wait_for_url("**/contests")
    shoot(page, "contests")
    page.locator("a.go", has_text="Voter").first.click()
    tracker = vote(page, "alix-1", "Avenir du soin public", FRENCH)
    page.goto("/e/medecins-2024/contests")
    page.locator("a.go", has_text="Voter").first.click()
    vote(page, "alix-2", "Vote blanc", FRENCH)
    page.goto("/e/medecins-2024/contests")
    shoot(page, "contests-done")
    page.locator("a[href$='/proof']").first.click()
    expect(page.locator("main")).to_contain_text("Alix Martin")
    assert tracker not in page.content()
    shoot(page, "proof")
    page.goto("/e/medecins-2024/box")
    page.get_by_role("textbox").first.fill(tracker)
    page.get_by_role("textbox").first.press("Enter")
    shoot(page, "box-found")
    assert tracker not in page.url
    expect(page.locator("main .note.ok")).to_be_visible()
    page.goto("/e/medecins-2024/booth/cspm-ph")
    expect(page.locator("main")).to_contain_text("déjà voté", timeout=10_000)
    shoot(page, "already-voted")
    page.goto("/e/medecins-2024/logout")
    page.locator("main button").first.click()
    page.wait_for_url("**/goodbye**", timeout=10_000)
    shoot(page, "goodbye")


def log_in_by_password(page, last_name, rpps, ordinal, mobile, name):
    page.goto("/demo/")
    row = page.get_by_role("row").filter(has_text=rpps)
    expect(row).to_contain_text(last_name)
    identifier = row.locator("code").first.inner_text()
    row.get_by_role("link").click()
    expect(page.locator("#messages ~ article").first).to_contain_text(identifier)
    page.goto("/e/medecins-2024/")
    page.get_by_role("button", name="identifiant").click()
    page.get_by_label("identifiant", exact=False).fill(identifier.lower())
    shoot(page, f"{name}-identifier")
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("RPPS", exact=False).fill(rpps)
    number(page, ordinal)
    expect(page.get_by_role("button", name="Recevoir mon mot de passe")).to_be_visible()
    if page.get_by_label("téléphone portable", exact=False).count():
        page.get_by_label("téléphone portable", exact=False).fill(mobile)
    shoot(page, f"{name}-mobile")
    page.get_by_role("button", name="Recevoir mon mot de passe").click()
    expect(page.get_by_label("Mot de passe", exact=False)).to_be_visible()
    code = sms(page)
    page.get_by_label("Mot de passe", exact=False).fill("12345678" if code != "12345678" else "87654321")
    page.get_by_role("button", name="Continuer").click()
    expect(page.locator("#errors")).to_be_focused()
    page.get_by_label("Mot de passe", exact=False).fill(code)
    shoot(page, f"{name}-password")
    page.get_by_role("button", name="Continuer").click()
    page.wait_for_url("**/contests")


def sms(page):
    """Read the password of the newest text message, in another window."""
    other = page.context.new_page()
    for _ in range(20):
        other.goto("/demo/")
        found = re.search(r"mot de passe est (\d{8})", other.locator("body").inner_text())
        if found:
            shoot(other, "demo-sms")
            other.close()
            return found[1]
        other.wait_for_timeout(500)
    raise AssertionError("no text message came")


def test_a_voter_by_identifier_and_sms(visit):
    """Dr Camille Bernard: identifier, RPPS and ordinal number, a typed mobile, a wrong password first; votes."""
    page = visit(viewport={"width": 1100, "height": 900})
    log_in_by_password(page, "Bernard", "99700000025", "69/10025", "06 12 98 76 54", "camille")
    page.locator("a.go", has_text="Voter").first.click()
    vote(page, "camille", "Ensemble à l’hôpital", FRENCH)


def test_a_voter_with_a_substitute_number(visit):
    """Dr Dominique Petit has no ordinal number: the number of the letter serves in its place, at 320 px."""
    page = visit(viewport={"width": 320, "height": 640})
    page.goto("/demo/")
    shoot(page, "demo")
    page.get_by_role("row").filter(has_text="99700000033").get_by_role("link").click()
    expect(page.locator("main")).to_contain_text("SUB-4F7K-2M")
    letter = page.locator("article").filter(has_text="Votre numéro pour voter")
    expect(letter).to_contain_text("SUB-4F7K-2M")
    log_in_by_password(page, "Petit", "99700000033", "SUB-4F7K-2M", "06 12 34 00 03", "dominique")
    fits(page)
    page.locator("a.go", has_text="Voter").first.click()
    vote(page, "dominique", "Vote blanc", FRENCH, narrow=True)


def test_a_voter_in_english_on_a_narrow_page(visit):
    """Dr Sacha Laurent, in English at 320 px: no page scrolls sideways; two contests."""
    page = visit(viewport={"width": 320, "height": 640}, locale="en-GB")
    page.goto("/e/medecins-2024/?lang=en")
    fits(page)
    shoot(page, "en-landing")
    page.get_by_role("button", name="Pro Santé Connect").click()
    page.wait_for_url("**/demo/psc/**", timeout=10_000)
    page.get_by_text("Sacha Laurent").click()
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/login/step")
    fits(page)
    page.get_by_label("ordinal number", exact=False).fill("33/10041")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/contests")
    fits(page)
    shoot(page, "en-contests")
    for turn, choice in enumerate(("Université et hôpital vivants", "Blank vote")):
        page.goto("/e/medecins-2024/contests")
        page.locator("a.go", has_text="Vote").first.click()
        vote(page, f"en-{turn}", choice, ENGLISH, narrow=True)
