"""Every page, in French and in English, in every view: desktop, telephone, dark, enlarged.

`make screenshots` writes a picture of each into screenshots/, `make accessibility` what was found into
docs/accessibility.md.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from .driving import go
from .findings import PAGE, pages_told
from .people import ELECTION, LANGUAGES

pytestmark = pytest.mark.slow

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
