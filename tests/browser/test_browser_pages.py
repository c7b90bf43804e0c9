"""Every page, in French and in English, in every view: desktop, telephone, dark, enlarged.

`make screenshots` writes a picture of each into screenshots/, `make accessibility` what was found into
docs/accessibility.md.
"""

from __future__ import annotations

import json
import re

import pyotp
import pytest
from playwright.sync_api import Page, Route, expect

from .audit import assert_focus_goes_through, assert_named, assert_nothing_cut, axe, enlarged, spaced
from .findings import PAGE, pages_told
from .people import ELECTION, ENGLISH, FRENCH
from .views import fits, shoot, views

pytestmark = pytest.mark.slow

LANGUAGES = pytest.mark.parametrize("words", [FRENCH, ENGLISH], ids=["fr", "en"])
WHO = {
    "fr": {
        "psc": "Alix Martin",
        "password": "Camille Bernard",
        "unlucky": "Nadia Cordonnier",
        "late": "Thaïs Jolivet",
    },
    "en": {"psc": "Sacha Laurent", "password": "Élise Farges", "unlucky": "Michel Dufresne", "late": "Cécile Poirel"},
}
MOBILE = {"fr": "06 12 98 76 54", "en": "06 12 98 76 55"}  # a number serves one voter


@pytest.fixture
def look(words, findings):
    """Look at a page in every view, and ask of it what is asked of every page; nothing grave may be found."""
    locale = words.locale[:2]

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
        for view in views(page):
            fits(page)
            shoot(page, f"{locale}/{name}-{view.name}")
            if view.name in ("desktop", "phone", "dark"):
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


def go(who, name, path):
    who.page.goto(path)
    if "/booth/" in path:
        expect(who.page.locator("#notice")).to_be_visible()
    who.see(name)


def held_back(route: Route) -> None:
    """Take the page that leads on by itself, without its leading on, so that it can be looked at."""
    answer = route.fetch()
    route.fulfill(response=answer, body=re.sub(r'<meta http-equiv="refresh"[^>]*>', "", answer.text()))


@LANGUAGES
def test_public_pages(someone, demonstration, words):
    """What everybody sees while the vote is open, the demonstration's own pages, and addresses that lead nowhere."""
    demonstration().move("open")
    who = someone()
    for name, path in {
        "home": "/",
        "landing": f"{ELECTION}/",
        "box": f"{ELECTION}/box",
        "published-none": f"{ELECTION}/box/cspm-contractuels",
        "results-not-yet": f"{ELECTION}/results",
        "accessibility": f"{ELECTION}/accessibility",
        "not-found": f"{ELECTION}/nothing",
        "not-found-anywhere": "/nothing",
        "not-logged-in": f"{ELECTION}/contests",
        "booth-not-logged-in": f"{ELECTION}/booth/cspm-ph",
        "goodbye": f"{ELECTION}/goodbye",
        "demo": "/demo/",
        "demo-found": "/demo/?who=dufresne",
        "demo-found-none": "/demo/?who=xyz",
    }.items():
        go(who, name, path)
    who.page.goto("/demo/")
    who.page.locator(".people a").first.click()
    who.see("demo-person")
    for name, typed in {"box-empty": "", "box-malformed": "abc", "box-missing": "A" * 43}.items():
        who.page.goto(f"{ELECTION}/box")
        who.page.locator("#tracker").fill(typed)
        who.page.locator("#tracker").press("Enter")
        expect(who.page.locator("#errors")).to_be_focused()
        who.see(name)


def look_at_check_page(who):
    """Keep the opened ballot's file, and give it to the page that checks it: rightly, wrongly, and cut short."""
    tracker = re.sub(r"\s", "", who.page.locator("code.tracker").first.inner_text())
    with who.page.expect_download() as kept:
        who.page.get_by_role("button", name=who.words.save_file).click()
    text = kept.value.path().read_text(encoding="utf-8")
    with who.page.context.expect_page() as opening:
        who.page.get_by_role("link", name=who.words.check_page).click()
    page = opening.value
    field = page.locator("#file")
    expect(field).to_be_visible()
    who.look(page, "check")
    for name, given, shown in (("right", text, tracker), ("other", text, "A" * 43), ("unreadable", text[:99], "")):
        field.set_input_files({"name": "check.json", "mimeType": "application/json", "buffer": given.encode()})
        page.locator("#shown").fill(shown)
        page.locator("button.go").click()
        expect(page.locator("#result .note").first).to_be_visible(timeout=20_000)
        who.look(page, f"check-{name}")
    page.close()


@LANGUAGES
def test_a_vote_by_pro_sante_connect(someone, demonstration, words, roll):
    """From the way in to the goodbye, with the errors on the way."""
    demonstration().move("open")
    who, elector = someone(), roll[WHO[words.locale[:2]]["psc"]]
    who.page.route("**/login", held_back)
    who.begin(words.psc)
    who.see("go-on")
    who.page.unroute("**/login")
    who.page.locator("a.go").first.click()
    who.page.get_by_label("numéro RPPS", exact=False).fill("1")
    who.page.get_by_role("button", name="Se connecter").click()
    who.see("psc-unknown")
    who.page.get_by_role("button", name="Annuler").click()
    expect(who.page.locator("#errors")).to_be_focused()
    who.see("psc-cancelled")
    who.log_in_by_psc(elector, wrong="00/00")
    go(who, "landing-logged-in", f"{ELECTION}/")
    go(who, "not-me", f"{ELECTION}/not-me")
    go(who, "log-out", f"{ELECTION}/logout")
    who.contests()
    who.enter(who.to_vote()[0])
    who.page.get_by_role("button", name=words.check).click()
    expect(who.page.locator("#notice")).to_be_focused()
    who.see("booth-nothing-chosen")
    who.page.locator("details.more summary").first.click()
    who.see("booth-candidates")
    choice = who.page.locator("label.list b").first.inner_text()
    who.choose(choice)
    who.page.locator("#check").click()
    expect(who.page.locator("#open-ballot")).to_be_visible()
    who.see("booth-opened")
    look_at_check_page(who)
    who.page.on("dialog", lambda dialog: dialog.accept())  # the booth asks before a ballot is left behind
    tracker, _ = who.vote_everywhere(elector, [choice, words.blank])
    go(who, "booth-already-voted", f"{ELECTION}/booth/{'cspm-ph' if elector.college == 'ph' else 'cspm-hu'}")
    who.find(tracker)
    who.see("box-found")
    who.log_out()


@LANGUAGES
def test_logins_by_password_and_refused_ones(someone, demonstration, words, roll):
    """Identifier, numbers, mobile and password, each with its error; and numbers wrong too often."""
    desk = demonstration(words)
    desk.move("open")
    who, names = someone(), WHO[words.locale[:2]]
    who.begin(words.password)
    who.go_on()
    who.see("identifier-missing")
    who.log_in_by_password(roll[names["password"]], desk, mobile=MOBILE[words.locale[:2]], wrong="12345678")
    unlucky = someone()
    unlucky.begin(words.psc)
    unlucky.page.get_by_label("numéro RPPS", exact=False).fill(roll[names["unlucky"]].rpps)
    unlucky.page.get_by_role("button", name="Se connecter").click()
    unlucky.page.wait_for_url("**/login/step")
    for _ in range(5):
        unlucky.give_number("00/00")
        expect(unlucky.page.locator("#errors")).to_be_focused()
    unlucky.see("wrong-too-often")


@LANGUAGES
def test_outside_the_window(someone, demonstration, words, roll):
    """Before the opening, in the grace, and after it: first page, contests, booth."""
    clock, late = demonstration(), roll[WHO[words.locale[:2]]["late"]]
    clock.move("before")
    who = someone()
    go(who, "landing-before", f"{ELECTION}/")
    clock.move("closing")
    who.log_in_by_psc(late)
    anybody = someone()
    anybody.page.goto(f"{ELECTION}/")
    clock.move("grace")
    anybody.page.get_by_role("button", name=words.psc).click()
    anybody.see("refused-closed")
    go(anybody, "landing-grace", f"{ELECTION}/")
    go(who, "contests-grace", f"{ELECTION}/contests")
    clock.move("closing")
    who.contests()
    who.enter(who.to_vote()[0])
    who.choose(words.blank)
    expect(who.page.locator("#cast:not([aria-disabled])")).to_be_visible(timeout=30_000)  # encrypted
    clock.move("after")
    who.cast()
    expect(who.page.locator("#notice")).to_be_focused()
    who.see("booth-refused")
    go(anybody, "landing-ended", f"{ELECTION}/")
    go(anybody, "home-ended", "/")


def board_codes(desk, name):
    """Return what a holder types: name, password, and a code that was not used yet, as the demonstration shows it."""
    desk.page.goto("/demo/board")
    card = desk.page.locator("section.card").filter(has_text=re.compile(rf"\b{name}\b"))
    for _ in range(70):
        found = card.locator("code").all_inner_texts()
        if len(found) == 3:
            return found
        desk.page.wait_for_timeout(500)
        desk.page.reload()
    raise AssertionError("no code came")


@LANGUAGES
def test_the_board(demo, someone, demonstration, words):
    """The board: login and its refusal, each page, the seal checked on demand; and an account that comes to life."""
    locale = words.locale[:2]
    desk = demonstration(words)
    desk.move("open")
    desk.page.goto("/demo/board")
    who = someone()
    who.look(desk.page, "demo-board")
    go(who, "board-not-logged-in", f"{ELECTION}/board/log")
    go(who, "board-login", f"{ELECTION}/board/login")
    name, password, code = board_codes(desk, "president" if locale == "fr" else "secretary")
    for typed in ("wrong", password):
        for field, value in (("name", name), ("password", typed), ("code", code)):
            who.page.locator(f"#f-{field}").fill(value)
        who.page.locator("main button.go").click()
        if typed != password:
            expect(who.page.locator("#errors")).to_be_focused()
            who.see("board-login-refused")
    who.page.wait_for_url("**/board/")
    who.see("board-home")
    for page in ("turnout", "poll-book", "integrity", "log", "password"):
        go(who, f"board-{page}", f"{ELECTION}/board/{page}")
    who.page.goto(f"{ELECTION}/board/poll-book")
    who.page.locator("#begins").fill("ma")
    who.page.locator("#begins").press("Enter")
    who.see("board-poll-book-found")
    who.page.goto(f"{ELECTION}/board/integrity")
    who.page.locator("main button.go").click()
    expect(who.page.locator(".state.ok")).to_have_count(2)
    who.see("board-integrity-holds")
    name = f"support-{locale}"
    command = ["account", "new", "medecins-2024", name, "--role", "support", "--display", "Camille Roy"]
    made = json.loads(demo.isoloir(*command, "--email", f"{name}@example.org", "--locale", locale, "--json"))
    sent = [json.loads(path.read_text()) for path in sorted((demo.folder / "outbox").glob("*.json"))]
    link = next(
        found[0] for one in sent if name in str(one) and (found := re.search(r"/e/\S+/activate/[\w-]+", str(one)))
    )
    new = someone()
    go(new, "board-activate", link)
    for field in ("activation", "chosen", "again"):
        new.page.locator(f"#f-{field}").fill(made["code"] if field == "activation" else "huit chevaux sous la pluie")
    new.page.locator("main button.go").click()
    new.page.wait_for_url("**/second-factor")
    new.see("board-second-factor")
    secret = new.page.locator("dd.code").inner_text().replace(" ", "")
    new.page.locator("#f-code").fill(pyotp.TOTP(secret).now())
    new.page.locator("main button.go").click()
    new.page.wait_for_url("**/codes")
    expect(new.page.locator(".recovery code")).to_have_count(10)
    new.see("board-codes")
    new.page.locator("main button.go").click()
    new.page.wait_for_url("**/board/")
    new.see("board-support")
    new.page.locator("button.link").click()
    new.page.wait_for_url("**/board/login")
    go(new, "board-link-used", link)


@pytest.fixture(scope="module")
def counted(demo, chromium):
    """Close and count: the last thing that happens to this module's election."""
    page = chromium.new_page(base_url=demo.address)
    page.goto("/demo/")
    page.locator(".moves summary").click()
    page.locator("button[value=after]").click()
    page.wait_for_url("**/demo/")
    page.context.close()
    demo.close_and_count()


@LANGUAGES
def test_after_the_count(counted, someone, words):
    """First page, box with what was published, results."""
    who = someone()
    go(who, "landing-counted", f"{ELECTION}/")
    go(who, "box-counted", f"{ELECTION}/box")
    go(who, "published", f"{ELECTION}/box/cspm-ph")
    go(who, "results", f"{ELECTION}/results")


def test_the_page_of_findings_names_every_page(findings, request):
    """docs/accessibility.md claims no fewer pages than there are; `make accessibility` writes it again."""
    if request.config.getoption("--accessibility-page", default=None) is None:
        assert set(findings.pages) <= pages_told(PAGE.read_text(encoding="utf-8"))
