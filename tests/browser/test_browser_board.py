"""The board's pages, in French and in English, in every view, and an account from its link to its first page."""

from __future__ import annotations

import json
import re

import pyotp
import pytest
from playwright.sync_api import expect

from .driving import go
from .findings import Findings
from .people import ELECTION, LANGUAGES

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def findings():
    """Findings of its own: docs/accessibility.md tells of voters' pages."""
    return Findings(browser="Chromium")


def board_codes(desk, name):
    """Return what a holder types: name, password, and a code that was not used yet, as the demonstration shows it."""
    desk.page.goto("/demo/board")
    card = desk.page.locator("section.card").filter(has=desk.page.get_by_text(name, exact=True))
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
    acts = ("steps", "ceremony", "rehearsal", "unsealing", "remarks", "minutes", "work")
    for page in (*acts, "turnout", "poll-book", "integrity", "log", "extend", "correction", "password"):
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
