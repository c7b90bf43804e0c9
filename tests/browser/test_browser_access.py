"""Votes without a mouse, on a machine six times slower, and all but the booth without JavaScript."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from .people import ELECTION, ENGLISH, FRENCH
from .views import DESKTOP, PHONE

pytestmark = pytest.mark.slow


class Keyboard:
    """A page used with keys alone: what is wanted is reached by Tab, pressed by Enter or Space."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.mouse.move(0, 0)

    def reach(self, wanted: Locator, key: str = "Tab") -> None:
        """Press Tab until `wanted` has the focus; it is outlined then."""
        expect(wanted).to_be_visible()
        for _ in range(80):
            if wanted.evaluate("one => one === document.activeElement"):
                break
            address = self.page.url
            self.page.keyboard.press(key)
            assert self.page.url == address, "moving the focus led elsewhere"
        drawn = "one => getComputedStyle(one.closest('label.list') || one).outlineStyle"
        assert wanted.evaluate(f"one => one === document.activeElement && ({drawn})(one) !== 'none'")

    def press(self, wanted: Locator, key: str = "Enter") -> None:
        """Reach, and press."""
        self.reach(wanted)
        self.page.keyboard.press(key)

    def button(self, name: str) -> None:
        """Reach a button by its name, and press it."""
        self.press(self.page.get_by_role("button", name=name).first)

    def fill(self, label: str, text: str) -> None:
        """Reach a field by its label, and type; typing sends nothing."""
        field = self.page.get_by_label(label, exact=False)
        self.reach(field)
        address = self.page.url
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        assert self.page.url == address

    def choose(self, choice: str) -> None:
        """Reach the group of choices, and go down it by the arrows to one of them."""
        chosen = self.page.get_by_role("radio", checked=True)
        self.reach(chosen if chosen.count() else self.page.get_by_role("radio").first)
        wanted = self.page.get_by_role("radio", name=choice)
        self.page.keyboard.press("Space")
        for _ in range(20):
            if wanted.is_checked():
                break
            self.page.keyboard.press("ArrowDown")
        expect(wanted).to_be_checked()

    def vote(self, words, choice: str) -> None:
        """From the list of contests to the receipt, changing one's mind once on the way; back to the contests."""
        self.press(self.page.get_by_role("link", name=re.compile(rf"^{words.vote}")).first)
        expect(self.page.get_by_role("heading", level=1)).to_be_focused()
        self.choose(words.blank)
        self.button(words.check)
        expect(self.page.locator("#tracker")).to_be_visible()
        self.button(words.change)
        expect(self.page.get_by_role("radio", name=words.blank)).to_be_checked()
        self.choose(choice)
        self.button(words.check)
        expect(self.page.locator("#tracker")).to_be_visible()
        expect(self.page.locator(".picked")).to_have_text(choice)
        self.button(words.cast)
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(words.done)
        expect(self.page.get_by_role("heading", level=1)).to_be_focused()
        with self.page.expect_download():
            self.button(words.keep)
        self.page.goto(f"{ELECTION}/contests")


def test_a_vote_by_keyboard_alone_by_pro_sante_connect(voter, demonstration, roll):
    """Way in, provider, number, booth, papers, log-out: never a mouse; focus visible, nothing moves by itself."""
    demonstration().move("open")
    words = FRENCH
    keys = Keyboard(voter(words).page)
    keys.page.goto(f"{ELECTION}/")
    keys.page.keyboard.press("Tab")
    skip = keys.page.locator("a.skip")
    expect(skip).to_be_focused()
    keys.page.keyboard.press("Enter")
    expect(keys.page.locator("main")).to_be_focused()
    keys.button(words.psc)
    keys.page.wait_for_url("**/demo/psc/**")
    keys.fill("numéro RPPS", roll["Thaïs Jolivet"].rpps)
    keys.button("Se connecter")
    keys.page.wait_for_url("**/login/step")
    keys.fill(words.number, "00")
    keys.page.keyboard.press("Enter")
    expect(keys.page.locator("#errors")).to_be_focused()
    keys.press(keys.page.locator("#errors a").first)
    expect(keys.page.get_by_label(words.number, exact=False)).to_be_focused()
    keys.fill(words.number, roll["Thaïs Jolivet"].number)
    keys.page.keyboard.press("Enter")
    keys.page.wait_for_url("**/contests")
    keys.vote(words, "Avenir du soin public")
    keys.vote(words, "Ensemble à l’hôpital")
    expect(keys.page.locator(".contest.done")).to_have_count(2)
    keys.button(words.log_out)
    keys.page.wait_for_url("**/goodbye**")


def test_a_vote_by_keyboard_alone_by_password(voter, demonstration, roll):
    """The other way in, in English and on a narrow page."""
    desk = demonstration(ENGLISH)
    desk.move("open")
    elector, words = roll["Loïc Lamotte"], ENGLISH
    identifier = desk.person(elector)
    keys = Keyboard(voter(words, viewport=PHONE).page)
    keys.page.goto(f"{ELECTION}/")
    keys.button(words.password)
    keys.fill(words.identifier, identifier)
    keys.page.keyboard.press("Enter")
    keys.fill("RPPS", elector.rpps)
    keys.fill(words.number, elector.number)
    keys.button(words.go_on)
    keys.button(words.send_me)
    expect(keys.page.get_by_label(words.code, exact=False)).to_be_visible()
    keys.fill(words.code, desk.password())
    keys.button(words.go_on)
    keys.page.wait_for_url("**/contests")
    keys.vote(words, "Praticiens des territoires")


def test_without_javascript_all_but_the_booth(voter, demonstration, roll):
    """Login by each way, contests, box, results, log-out; the booth says what to do, in both languages."""
    desk = demonstration()
    desk.move("open")
    elector = roll["Élise Farges"]
    elise = voter(java_script_enabled=False)
    elise.log_in_by_password(elector, desk, mobile="06 12 98 76 56", wrong="12345678")
    assert len(elise.to_vote()) == 2
    elise.page.get_by_role("link", name=elise.words.vote).first.click()
    expect(elise.page.locator("#without-script")).to_contain_text("Activez JavaScript pour voter")
    expect(elise.page.locator("#without-script")).to_contain_text("Turn on JavaScript to vote")
    expect(elise.page.locator("#opening")).to_be_hidden()
    elise.see("booth-without-javascript")
    elise.find("A" * 43)
    expect(elise.page.locator("main .note")).to_contain_text("Aucun bulletin ne porte ce numéro")
    elise.contests()
    elise.page.get_by_role("button", name="voter plus tard").click()
    elise.page.wait_for_url("**/goodbye**")
    sacha = voter(ENGLISH, java_script_enabled=False)
    sacha.log_in_by_psc(roll["Sacha Laurent"], wrong="00")
    assert len(sacha.to_vote()) == 2
    sacha.page.goto(f"{ELECTION}/results")
    expect(sacha.page.get_by_role("heading", level=1)).to_contain_text("not known yet")


def test_the_booth_on_a_machine_six_times_slower(voter, demonstration, findings, roll):
    """It says what it is doing while it works, answers meanwhile, and the vote arrives."""
    demonstration().move("open")
    slow = voter(viewport=DESKTOP)
    slow.log_in_by_psc(roll["Renée Pagès"])
    slow.contests()
    session = slow.page.context.new_cdp_session(slow.page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    started = time.perf_counter()
    slow.page.get_by_role("link", name=slow.words.vote).first.click()
    expect(slow.page.get_by_role("radio").first).to_be_visible()
    shown = time.perf_counter()
    slow.page.get_by_text(slow.words.blank, exact=True).click()
    slow.page.evaluate(
        """() => { window.said = []; new MutationObserver(() => {
          const status = document.querySelector('[role=status]');
          if (status && status.textContent && said.at(-1) !== status.textContent) said.push(status.textContent);
        }).observe(document.getElementById('booth'), {childList: true, subtree: true, characterData: true}); }"""
    )
    slow.page.get_by_role("button", name=slow.words.check).click()
    asked = time.perf_counter()
    expect(slow.page.get_by_role("button", name=slow.words.cast)).to_be_visible()
    expect(slow.page.locator("#tracker")).to_be_visible()
    encrypted = time.perf_counter()
    slow.cast()
    slow.receipt()
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    said = slow.page.evaluate("said")
    assert any("chiffré dans ce navigateur" in one for one in said), said
    assert any("Dépôt en cours" in one for one in said), said
    findings.milliseconds = {
        "to the choices": 1000 * (shown - started),
        "from “check” to the encrypted ballot": 1000 * (encrypted - asked),
    }
