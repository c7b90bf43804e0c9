"""The built booth in a real Chromium, under its strict policy, against a server that plays the web app."""

from __future__ import annotations

import hashlib
import json
import os
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from isoloir_ballots.opened import check
from isoloir_ballots.verify import Setup, check_ballot

pytestmark = pytest.mark.slow
SHOTS = os.environ.get("BOOTH_SCREENSHOTS")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Booth:
    """One voter's page, the mock behind it, and every console error it made."""

    def __init__(self, browser: Browser, mock: Any, url: str, **context: Any) -> None:
        self.mock, self.url = mock, url
        self.context = browser.new_context(locale="fr-FR", accept_downloads=True, **context)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self) -> Page:
        self.page.goto(self.url)
        return self.page

    def shot(self, name: str) -> None:
        if SHOTS:
            self.page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)

    def to_review(self, list_name: str = "Santé") -> Page:
        page = self.open()
        page.get_by_role("radio", name=list_name).check()
        page.get_by_role("button", name="Vérifier mon choix").click()
        expect(page.locator("#tracker")).to_be_visible()
        return page

    def tracker(self) -> str:
        return "".join(self.page.locator("#tracker span").all_text_contents())


@pytest.fixture
def booth(browser: Browser, mock: Any) -> Iterator[Booth]:
    one = Booth(browser, *mock)
    yield one
    one.context.close()


def _tracker(ballot: bytes) -> str:
    return b64encode(hashlib.sha256(ballot).digest()).decode().rstrip("=")


CREDENTIALS = ["ABCDE-FGHJKL-MNPQR-STUVWX", "23456-789ABC-DEFGH-JKLMNP", "abcde-fghijk-mnopq-rstuvw"]
"""What the mock hands out, in turn from the second."""
CAST = "Déposer mon bulletin dans l’urne"
CHECK = "Contrôler ce bulletin"
FRESH = "Chiffrer un nouveau bulletin"


def test_a_whole_vote(booth: Booth) -> None:
    """Choose, review, tracker first, cast, receipt: the very bytes announced arrive once; the choice goes nowhere."""
    page = booth.open()
    expect(page.get_by_role("heading", level=1)).to_have_text("Quelle liste choisissez-vous\u202f?")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert page.locator("label.list b").all_text_contents()[-1] == "Vote blanc"
    assert page.locator("label.list a, label.list summary").count() == 0
    booth.shot("1-choose")
    page.locator("summary").first.click()
    expect(page.get_by_text("Camille Aubry").first).to_be_visible()
    page.get_by_role("radio", name="Santé").check()
    page.get_by_role("button", name="Vérifier mon choix").click()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.locator(".picked")).to_have_text('Santé & "public"')
    expect(page.locator("#tracker")).to_be_visible()
    assert booth.mock.cast == []
    announced = booth.tracker()
    booth.shot("2-review")
    page.get_by_role("button", name=CAST).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre vote est dans l’urne")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert "Votre vote est dans l’urne" in page.title()
    booth.shot("3-receipt")
    assert len(booth.mock.cast) == 1
    assert booth.tracker() == announced == _tracker(booth.mock.cast[0])
    sent = [body for method, _, body in booth.mock.requests if method == "POST"]
    assert sent == [b"", booth.mock.cast[0]]
    assert page.url == booth.url
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert booth.errors == []


def test_the_ballot_is_one_that_python_accepts(booth: Booth) -> None:
    """With a listed credential, the bytes that the browser sends are valid for isoloir_ballots."""
    case = booth.mock.case
    booth.mock.answers["credential"] = [(200, {"credential": case["ballots"][0]["credential"]})]
    booth.to_review().get_by_role("button", name=CAST).click()
    expect(booth.page.get_by_role("heading", level=1)).to_have_text("Votre vote est dans l’urne")
    setup = Setup.load(*(case[name].encode() for name in ("election", "trustees", "public_credentials")))
    assert check_ballot(setup, booth.mock.cast[0]).tracker == _tracker(booth.mock.cast[0])


def test_the_papers(booth: Booth) -> None:
    """The saved proof holds the tracker but no voter; copying gives no spaces; the box gets a POST; one sheet."""
    page = booth.to_review()
    page.get_by_role("button", name=CAST).click()
    page.get_by_role("heading", name="Votre vote est dans l’urne").wait_for()
    tracker = booth.tracker()
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#tracker'))")
    assert page.evaluate("getSelection().toString()") == tracker
    with page.expect_download() as download:
        page.get_by_role("button", name="Enregistrer la preuve").click()
    saved = Path(download.value.path()).read_text("utf-8")
    assert tracker in re.sub(r"</?span>", "", saved)
    assert "Commission statutaire nationale" in saved
    assert "Alix" not in saved
    assert "Santé" not in saved
    assert booth.errors == []
    with booth.context.expect_page() as opened:
        page.get_by_role("button", name="Chercher mon bulletin").click()
    opened.value.wait_for_load_state()
    (body,) = [body for method, path, body in booth.mock.requests if (method, path) == ("POST", "/e/essai/box")]
    assert b"token=jeton" in body
    assert tracker not in opened.value.url
    page.emulate_media(media="print")
    assert page.locator(".who").is_hidden()
    assert page.get_by_text("Ce papier ne porte ni votre nom").is_visible()
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1


def test_keyboard_only(booth: Booth) -> None:
    """The whole way with Tab, arrows, Space and Enter alone."""
    page = booth.open()
    page.get_by_role("heading", level=1).wait_for()

    def tab_to(selector: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(selector)

    tab_to("input[type=radio]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.querySelector('input:checked').id") == "list-1"
    tab_to("button.go")
    page.keyboard.press("Enter")
    expect(page.locator("#tracker")).to_be_visible()
    tab_to("#cast")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre vote est dans l’urne")
    assert booth.errors == []


def test_no_choice_made(booth: Booth) -> None:
    """Going on without a choice says so, takes the focus, leads to the first card, and draws no credential."""
    page = booth.open()
    page.get_by_role("button", name="Vérifier mon choix").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("Vous n’avez encore rien choisi.")
    assert page.title().startswith("Erreur\u202f:")
    booth.shot("1-nothing")
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.locator("#list-0")).to_be_focused()
    assert booth.mock.drawn == 0
    assert booth.errors == []


def test_back_keeps_the_choice_and_forgets_the_ballot(booth: Booth) -> None:
    """Browser Back and the link go one step back with the choice kept; the next review draws and encrypts anew."""
    page = booth.to_review()
    first = booth.tracker()
    page.go_back()
    expect(page.get_by_role("radio", name="Santé")).to_be_checked()
    page.get_by_role("button", name="Vérifier mon choix").click()
    expect(page.locator("#tracker")).to_be_visible()
    assert booth.tracker() != first
    page.get_by_role("button", name="Modifier mon choix").click()
    expect(page.get_by_role("radio", name="Santé")).to_be_checked()
    assert booth.mock.drawn == 2
    assert booth.mock.cast == []


def test_leaving_with_an_unsent_ballot_is_asked(booth: Booth) -> None:
    """A reload at step 2 asks first; after the vote it does not."""
    page = booth.to_review()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.evaluate("setTimeout(() => location.reload())")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    page.get_by_role("button", name=CAST).click()
    page.get_by_role("heading", name="Votre vote est dans l’urne").wait_for()
    page.reload()
    assert asked == ["beforeunload"]


@pytest.mark.parametrize("opened_first", [False, True], ids=["sealed", "opened"])
def test_a_reload_begins_again(booth: Booth, opened_first: bool) -> None:
    """A reload that the voter accepts forgets choice and ballot: step 1, nothing ticked; the next vote works."""
    page = booth.to_review()
    first = booth.tracker()
    if opened_first:
        page.get_by_role("button", name=CHECK).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Ce bulletin est ouvert")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_text("étape 1 sur 3")).to_be_visible()
    assert page.locator("input:checked").count() == 0
    page.get_by_role("radio", name="Vote blanc").check()
    page.get_by_role("button", name="Vérifier mon choix").click()
    expect(page.locator("#tracker")).to_be_visible()
    assert booth.tracker() != first
    page.get_by_role("button", name=CAST).click()
    page.get_by_role("heading", name="Votre vote est dans l’urne").wait_for()
    assert (booth.mock.drawn, len(booth.mock.cast)) == (2, 1)
    assert booth.errors == []


def test_a_taken_credential(booth: Booth) -> None:
    """The ballot is encrypted again under another credential, its new tracker shown, and the voter asked again."""
    booth.mock.answers["ballot"] = [(409, {"code": "credential_taken", "sentence": "…", "remedy": "…"})]
    page = booth.to_review()
    first = booth.tracker()
    page.get_by_role("button", name=CAST).click()
    expect(page.get_by_role("alert")).to_contain_text("chiffré à nouveau")
    booth.shot("2-taken")
    assert booth.tracker() != first
    assert (booth.mock.drawn, booth.mock.cast) == (2, [])
    page.get_by_role("button", name=CAST).click()
    page.get_by_role("heading", name="Votre vote est dans l’urne").wait_for()
    assert json.loads(booth.mock.cast[0])["signature"]["hash"]


def test_a_lost_answer(booth: Booth) -> None:
    """When the answer is lost the same bytes are sent again; meanwhile the choice cannot be changed, even by Back."""
    booth.mock.answers["ballot"] = [None]
    page = booth.to_review()
    page.get_by_role("button", name=CAST).click()
    expect(page.get_by_role("alert")).to_contain_text("n’est peut-être pas encore arrivé")
    booth.shot("2-lost")
    assert page.get_by_role("button", name="Modifier mon choix").count() == 0
    page.go_back()
    expect(page.locator("#tracker")).to_be_visible()
    page.get_by_role("button", name="Réessayer").click()
    page.get_by_role("heading", name="Votre vote est dans l’urne").wait_for()
    assert len(set(booth.mock.cast)) == 1
    assert len(booth.mock.cast) >= 2
    assert booth.mock.drawn == 1


def test_an_expired_session(booth: Booth) -> None:
    """A session that expired says that nothing was cast and leads to the login; nothing of the choice stays."""
    said = {"code": "session_expired", "sentence": "Votre session a expiré.", "remedy": ""}
    booth.mock.answers["ballot"] = [(401, said)]
    page = booth.to_review()
    page.get_by_role("button", name=CAST).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre session a expiré")
    booth.shot("expired")
    assert "Santé" not in page.content()
    page.get_by_role("link", name="M’identifier à nouveau").click()
    page.wait_for_url("**/e/essai")


def _save(page: Page, label: str) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=label).click()
    assert download.value.suggested_filename.endswith("csn.json")
    return Path(download.value.path())


def test_cast_or_check(booth: Booth) -> None:
    """One main button casts; the other opens the ballot: its file is right, and another is cast in its place."""
    page = booth.to_review()
    assert page.locator(".go:not(.plain, .second)").all_text_contents() == [CAST]
    announced = booth.tracker()
    booth.shot("2-doubt")
    page.get_by_role("button", name=CHECK).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ce bulletin est ouvert")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.locator(".picked")).to_have_text('Santé & "public"')
    assert booth.tracker() == announced
    assert page.get_by_role("button", name=CAST).count() == 0
    booth.shot("2-opened")
    file = _save(page, "Enregistrer le fichier")
    finding = check(file.read_bytes(), shown=announced)
    assert finding.questions[0].answers == ('Santé & "public"',)
    sent = [request[:2] for request in booth.mock.requests if request[0] == "POST"]
    assert sent == [("POST", "/e/essai/booth/csn/credential")]
    page.get_by_role("button", name=FRESH).click()
    expect(page.get_by_role("alert")).to_contain_text("Un nouveau bulletin est chiffré.")
    expect(page.locator(".picked")).to_have_text('Santé & "public"')
    second = booth.tracker()
    assert second != announced
    booth.shot("2-fresh")
    page.get_by_role("button", name=CAST).click()
    page.get_by_role("heading", name="Votre vote est dans l’urne").wait_for()
    assert booth.tracker() == second == _tracker(booth.mock.cast[0])
    opened = json.loads(json.loads(file.read_text("utf-8"))["ballot"])
    assert json.loads(booth.mock.cast[0])["credential"] != opened["credential"]
    assert booth.mock.shown == [CREDENTIALS[2]]
    assert booth.errors == []


def test_checking_as_often_as_one_wishes(booth: Booth) -> None:
    """Each check opens another ballot under another credential; Back from one keeps the choice, which may change."""
    page = booth.to_review()
    trackers = []
    for _ in range(3):
        page.get_by_role("button", name=CHECK).click()
        trackers.append(booth.tracker())
        page.get_by_role("button", name=FRESH).click()
        expect(page.get_by_role("button", name=CAST)).to_be_enabled()
        expect(page.locator("#tracker")).to_be_visible()
    assert len({*trackers, booth.tracker()}) == 4
    assert booth.mock.drawn == 4
    page.get_by_role("button", name=CHECK).click()
    page.go_back()
    expect(page.get_by_role("radio", name="Santé")).to_be_checked()
    page.get_by_role("radio", name="Vote blanc").check()
    page.get_by_role("button", name="Vérifier mon choix").click()
    expect(page.locator("#tracker")).to_be_visible()
    page.get_by_role("button", name=CHECK).click()
    finding = check(_save(page, "Enregistrer le fichier").read_bytes())
    assert finding.questions[0].blank
    page.get_by_role("button", name="Modifier mon choix").click()
    expect(page.get_by_role("radio", name="Vote blanc")).to_be_checked()
    assert booth.mock.cast == []
    assert booth.errors == []


def test_a_ballot_that_was_sent_is_not_opened(booth: Booth) -> None:
    """Once sent, even if the answer is lost or a refusal, a ballot cannot be opened any more; a redrawn one can."""
    page = booth.to_review()
    booth.mock.answers["ballot"] = [None]
    page.get_by_role("button", name=CAST).click()
    expect(page.get_by_role("alert")).to_contain_text("n’est peut-être pas encore arrivé")
    assert page.get_by_role("button", name=CHECK).count() == 0
    booth.mock.answers["ballot"] = [
        (409, {"code": "frozen", "sentence": "L’urne est en pause.", "remedy": "Attendez."})
    ]
    page.get_by_role("button", name="Réessayer").click()
    expect(page.get_by_role("alert")).to_contain_text("L’urne est en pause.")
    assert page.get_by_role("button", name=CHECK).count() == 0
    booth.mock.answers["ballot"] = [(409, {"code": "credential_taken", "sentence": "…", "remedy": "…"})]
    page.get_by_role("button", name="Réessayer").click()
    expect(page.get_by_role("alert")).to_contain_text("chiffré à nouveau")
    expect(page.get_by_role("button", name=CHECK)).to_be_visible()


def test_the_copied_check_and_a_refused_clipboard(booth: Booth) -> None:
    """Copying gives the very file; where the browser forbids it, a sentence says to save it."""
    page = booth.to_review()
    page.get_by_role("button", name=CHECK).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ce bulletin est ouvert")
    page.evaluate("() => { navigator.clipboard.writeText = async (text) => { window.copied = text; }; }")
    page.get_by_role("button", name="Copier le contenu").click()
    expect(page.locator("#said")).to_contain_text("Le contenu est copié")
    assert page.evaluate("window.copied") == _save(page, "Enregistrer le fichier").read_text("utf-8")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    page.get_by_role("button", name="Copier le contenu").click()
    expect(page.locator("#said")).to_contain_text("ne permet pas de copier")
    assert booth.errors == []


@pytest.fixture
def opened(booth: Booth) -> tuple[Path, str]:
    """A check file that the booth saved, and the tracker that it had shown before."""
    page = booth.to_review()
    shown = booth.tracker()
    page.get_by_role("button", name=CHECK).click()
    return _save(page, "Enregistrer le fichier"), shown


def _checking(browser: Browser, url: str, **context: Any) -> tuple[Page, list[str], list[str]]:
    page = browser.new_context(**{"locale": "fr-FR", **context}).new_page()
    errors: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    return page, errors, asked


@pytest.mark.parametrize("saved", [False, True], ids=["served", "saved on a disk"])
def test_the_checking_page(
    browser: Browser, booth: Booth, opened: tuple[Path, str], tmp_path: Path, saved: bool
) -> None:
    """Served or saved, it names choice and tracker from a file or a paste, refuses altered ones, asks nothing."""
    file, shown = opened
    url = booth.url.split("/e/")[0] + "/check"
    page, errors, asked = _checking(browser, url, offline=False)
    if saved:
        with page.expect_download() as download:
            page.get_by_role("link", name="Enregistrer cette page").click()
        download.value.save_as(tmp_path / "controle.html")
        page.context.close()
        page, errors, asked = _checking(browser, (tmp_path / "controle.html").as_uri(), offline=True)
    go = page.get_by_role("button", name="Contrôler", exact=True)
    go.click()
    expect(page.locator("#result")).to_contain_text("Choisissez le fichier de contrôle")
    page.get_by_label("Le fichier de contrôle").set_input_files(file)
    page.get_by_label("Le numéro de suivi que l’isoloir vous a montré").fill(f" {shown[:9]} {shown[9:]} ")
    go.click()
    expect(page.locator("#result")).to_contain_text("Le calcul est juste. Ce bulletin contient")
    expect(page.locator("#result")).to_be_focused()
    expect(page.locator(".picked")).to_have_text('Santé & "public"')
    expect(page.locator("#result")).to_contain_text("celui que vous avez saisi")
    assert "".join(page.locator("#tracker span").all_text_contents()) == shown
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"check-right-{saved}.png"), full_page=True)
    page.get_by_label("Le numéro de suivi que l’isoloir vous a montré").fill(shown[::-1])
    assert page.locator(".picked").count() == 0
    go.click()
    expect(page.get_by_role("alert")).to_contain_text("Le numéro de suivi n’est pas celui de ce bulletin.")
    page.get_by_label("Le numéro de suivi que l’isoloir vous a montré").fill("")
    content = json.loads(file.read_text("utf-8"))
    row = content["answers"][0]["choices"]
    row[:] = [0] * (len(row) - 1) + [1] if not row[-1] else [1] + [0] * (len(row) - 1)
    page.get_by_label("Ou son contenu, collé ici").fill(json.dumps(content))
    go.click()
    expect(page.get_by_role("alert")).to_contain_text("ne contient pas le choix annoncé")
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"check-wrong-{saved}.png"), full_page=True)
    page.get_by_label("Ou son contenu, collé ici").fill(file.read_text("utf-8"))
    go.click()
    expect(page.locator("#result")).to_contain_text("Comparez-le avec celui que l’isoloir vous a montré")
    page.get_by_role("button", name="English").click()
    expect(page.locator("#result")).to_contain_text("The computation is right. This ballot holds")
    page.get_by_label("Or its content, pasted here").fill("bonjour")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("This is no check file")
    blocked = page.evaluate("fetch('/e/essai/booth/csn/setup').then(() => 'asked', () => 'refused')")
    assert blocked == "refused"
    assert [one for one in asked if not one.startswith("data:")] == [page.url]
    assert [one for one in errors if "connect-src" not in one and "Fetch API" not in one] == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_checking_page_in_english_on_a_small_screen(
    browser: Browser, booth: Booth, opened: tuple[Path, str], scheme: Any
) -> None:
    """At 320 px in English nothing scrolls sideways, and every target is 44 px high."""
    url = booth.url.split("/e/")[0] + "/check"
    small = {"width": 320, "height": 640}
    page, errors, _ = _checking(browser, url, locale="en-GB", viewport=small, color_scheme=scheme)
    expect(page.get_by_role("heading", level=1)).to_have_text("Check a ballot")
    page.get_by_label("The check file").set_input_files(opened[0])
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator(".picked")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    low = "[...document.querySelectorAll('button,input,textarea,a[href]')].filter(e => e.offsetHeight < 44).length"
    assert page.evaluate(low) == 0
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"check-small-{scheme}.png"), full_page=True)
    assert errors == []
    page.context.close()


def test_the_checking_page_without_javascript(browser: Browser, booth: Booth) -> None:
    """Without JavaScript the checking page says what to do, in both languages."""
    url = booth.url.split("/e/")[0] + "/check"
    page, _, _ = _checking(browser, url, java_script_enabled=False)
    expect(page.locator("main")).to_contain_text("il lui faut JavaScript")
    expect(page.locator("main")).to_contain_text("it needs JavaScript")
    page.context.close()


@pytest.mark.parametrize("code", ["already_voted", "election_closed", "box_frozen"])
def test_a_refusal_for_good_leads_to_the_contests(booth: Booth, code: str) -> None:
    """What a second sending cannot change is said with its remedy and the help line; nothing offers to try again."""
    booth.mock.answers["ballot"] = [(409, {"code": code, "sentence": "C’est non.", "remedy": "Voyez vos scrutins."})]
    page = booth.to_review()
    page.get_by_role("button", name=CAST).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre bulletin n’a pas été déposé")
    expect(page.get_by_role("alert")).to_contain_text("C’est non.")
    expect(page.get_by_role("alert")).to_contain_text("Voyez vos scrutins.")
    expect(page.locator("main")).to_contain_text("05 67 31 53 03")
    assert page.get_by_role("link", name="Revenir aux scrutins").get_attribute("href") == "/e/essai/contests"
    assert page.get_by_role("button", name="Réessayer").count() == 0
    booth.shot(f"2-{code}")


def test_another_refusal_keeps_the_choice(booth: Booth) -> None:
    """The server's own sentence and remedy are shown with the help line; trying again sends the same ballot."""
    booth.mock.answers["ballot"] = [
        (409, {"code": "frozen", "sentence": "L’urne est en pause.", "remedy": "Attendez."})
    ]
    page = booth.to_review()
    tracker = booth.tracker()
    page.get_by_role("button", name=CAST).click()
    expect(page.get_by_role("alert")).to_contain_text("L’urne est en pause.")
    expect(page.get_by_role("alert")).to_contain_text("05 67 31 53 03")
    page.get_by_role("button", name="Réessayer").click()
    page.get_by_role("heading", name="Votre vote est dans l’urne").wait_for()
    assert booth.tracker() == tracker


def test_another_tracker_is_never_a_receipt(booth: Booth) -> None:
    """If the server answers with another tracker, the page does not say that the vote is in the box."""
    other = {"tracker": "A" * 43, "remaining": [], "logout": "/e/essai/logout"}
    booth.mock.answers["ballot"] = [(200, other)]
    page = booth.to_review()
    tracker = booth.tracker()
    page.get_by_role("button", name=CAST).click()
    expect(page.get_by_role("alert")).to_contain_text("un autre numéro de suivi")
    assert booth.tracker() == tracker
    assert page.get_by_text("Votre vote est dans l’urne").count() == 0


@pytest.mark.parametrize(
    "change", [{"lists": []}, {"blank": False}, {"election_json": "{}"}, {"swap": True}], ids=lambda c: next(iter(c))
)
def test_what_cannot_be_believed_keeps_the_booth_closed(booth: Booth, change: dict[str, Any]) -> None:
    """A setup whose lists, blank vote, names or election do not fit together is refused; no credential is drawn."""
    if "swap" in change:
        lists = booth.mock.setup("fr")["lists"]
        lists[0]["answer"], lists[1]["answer"] = lists[1]["answer"], lists[0]["answer"]
        change = {"lists": lists}
    booth.mock.changes = change
    page = booth.open()
    expect(page.get_by_role("alert")).to_contain_text("l’isoloir reste fermé")
    assert page.locator("input").count() == 0
    assert booth.mock.drawn == 0


def test_already_voted_at_the_door(booth: Booth) -> None:
    """A refusal of the setup is shown with its remedy and the way back."""
    said = {"code": "already_voted", "sentence": "Vous avez déjà voté.", "remedy": "Voyez votre attestation."}
    booth.mock.answers["setup"] = [(409, said)]
    page = booth.open()
    expect(page.get_by_role("alert")).to_contain_text("Vous avez déjà voté.")
    expect(page.get_by_role("alert")).to_contain_text("Voyez votre attestation.")


def test_a_preview_casts_nothing(booth: Booth) -> None:
    """A preview shows a tracker but asks the server for no credential and offers no casting."""
    booth.mock.changes = {"preview": True}
    page = booth.to_review()
    assert page.get_by_role("button", name=CAST).count() == 0
    assert [m for m, _, _ in booth.mock.requests if m == "POST"] == []


def test_several_answers(booth: Booth) -> None:
    """Several lists: too many is said, blank and lists exclude each other, the ballot is valid."""
    case = booth.mock.case = booth.mock.cases[2]
    booth.mock.answers["credential"] = [(200, {"credential": case["ballots"][0]["credential"]})]
    page = booth.open()
    for name in "ABC":
        page.get_by_role("checkbox", name=name, exact=True).check()
    page.get_by_role("button", name="Vérifier mon choix").click()
    expect(page.get_by_role("alert")).to_contain_text("Vous avez coché 3 listes.")
    page.get_by_role("checkbox", name="Vote blanc").check()
    expect(page.locator("input:checked")).to_have_count(1)
    page.get_by_role("checkbox", name="C", exact=True).check()
    expect(page.locator("input:checked")).to_have_count(1)
    page.get_by_role("checkbox", name="A", exact=True).check()
    page.get_by_role("button", name="Vérifier mon choix").click()
    expect(page.locator(".picked")).to_have_text(["C", "A"])
    page.get_by_role("button", name=CAST).click()
    page.get_by_role("heading", name="Votre vote est dans l’urne").wait_for()
    setup = Setup.load(*(case[name].encode() for name in ("election", "trustees", "public_credentials")))
    check_ballot(setup, booth.mock.cast[0])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_english_on_a_small_screen(browser: Browser, mock: Any, scheme: Any) -> None:
    """At 320 px in English nothing scrolls sideways at any step, and every target is 44 px high or more."""
    booth = Booth(browser, *mock, viewport={"width": 320, "height": 640}, color_scheme=scheme)
    page = booth.open()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Which list do you choose?")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    steps = [("Check my choice", "2"), ("Cast my ballot", "3")]
    page.get_by_role("radio", name="Blank vote").check()
    for n in range(3):
        booth.shot(f"small-{scheme}-{n + 1}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        small = page.evaluate(
            "[...document.querySelectorAll('button,summary,a[href],label.list')].filter(e => e.offsetHeight"
            " && e.offsetHeight < 44 && !e.closest('#foot > span')).map(e => e.textContent)"
        )
        assert small == []
        if n < 2:
            page.get_by_role("button", name=steps[n][0]).click()
            page.get_by_text(f"step {steps[n][1]} of 3").wait_for()
            page.locator("#tracker").wait_for()
    assert booth.errors == []
    booth.context.close()


def test_a_browser_too_old_is_told_so(browser: Browser, mock: Any) -> None:
    """Without BigInt a plain sentence stands with the help line's number, and nothing else is asked of the server."""
    booth = Booth(browser, *mock)
    booth.page.add_init_script("delete globalThis.BigInt")
    page = booth.open()
    expect(page.get_by_role("alert")).to_contain_text("trop ancien")
    expect(page.get_by_role("link", name="05 67 31 53 03")).to_be_visible()
    assert booth.mock.drawn == 0
    booth.context.close()


def test_without_javascript(browser: Browser, mock: Any) -> None:
    """Without JavaScript the page says what to do."""
    booth = Booth(browser, *mock, java_script_enabled=False)
    expect(booth.open().get_by_text("Activez JavaScript pour voter")).to_be_visible()
    booth.context.close()
