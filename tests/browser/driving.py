"""What a person does on the pages, step by step; every page passed is handed to `look` under a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from .people import ELECTION, Elector, Words

Look = Callable[[Page, str], None]


@dataclass
class Demonstration:
    """The demonstration's own pages: the clock, and what people received. In a window of its own."""

    page: Page
    words: Words

    def move(self, moment: str) -> None:
        """Press one of the clock's buttons: before, open, closing, grace, after."""
        self.page.goto("/demo/")
        self.page.locator(".moves summary").click()
        self.page.locator(f"button[value={moment}]").click()
        self.page.wait_for_url("**/demo/")

    def person(self, elector: Elector) -> str:
        """Find somebody by name and open their page; returns the identifier they were sent."""
        self.page.goto("/demo/")
        self.page.get_by_role("searchbox").fill(elector.name)
        self.page.get_by_role("searchbox").press("Enter")
        self.page.locator(".people a").filter(has_text=elector.display).click()
        expect(self.page.locator(".to-type")).to_contain_text(elector.rpps)
        identifier = self.page.locator(".to-type code").first.inner_text()
        invitation = self.page.locator("details.message").filter(has_text="medicaux 2024").first
        expect(invitation).to_contain_text(identifier)
        return identifier

    def passwords(self) -> list[str]:
        """Reload the person's page; returns the passwords in their messages, newest first."""
        self.page.get_by_role("link", name=re.compile("Recharger|Reload")).click()
        texts = self.page.locator("details.message pre").all_text_contents()
        return [found[1] for found in (re.search(self.words.code_said, text) for text in texts) if found]

    def password(self, already: int = 0) -> str:
        """Wait until one password more than `already` has come; returns the newest."""
        for _ in range(40):
            found = self.passwords()
            if len(found) > already:
                return found[0]
            self.page.wait_for_timeout(250)
        raise AssertionError("no text message came")


@dataclass
class Voter:
    """Somebody in front of the voting pages."""

    page: Page
    words: Words
    look: Look

    def see(self, name: str) -> None:
        """Look at the page that is shown."""
        self.look(self.page, name)

    def begin(self, branch: str) -> None:
        """Go to the first page and choose a way in."""
        self.page.goto(f"{ELECTION}/")
        self.see("landing")
        self.page.get_by_role("button", name=branch).click()

    def go_on(self) -> None:
        """Press the form's main button."""
        self.page.get_by_role("button", name=self.words.go_on).click()

    def give_number(self, number: str) -> None:
        """Type the ordinal or substitute number, and go on."""
        self.page.get_by_label(self.words.number, exact=False).fill(number)
        self.go_on()

    def log_in_by_psc(self, elector: Elector, *, wrong: str = "") -> None:
        """The simulated provider, then the ordinal number; `wrong` is typed first."""
        self.begin(self.words.psc)
        self.page.wait_for_url("**/demo/psc/**")
        self.see("psc")
        suggested = self.page.get_by_text(elector.name, exact=True)
        if suggested.count():
            suggested.click()
        else:
            self.page.get_by_label("numéro RPPS", exact=False).fill(elector.rpps)
        self.page.get_by_role("button", name="Se connecter").click()
        self.page.wait_for_url("**/login/step")
        self.see("ordinal-number")
        if wrong:
            self.give_number(wrong)
            expect(self.page.locator("#errors")).to_be_focused()
            self.see("wrong-number")
        self.give_number(elector.number)
        self.page.wait_for_url("**/contests")

    def log_in_by_password(self, elector: Elector, demo: Demonstration, *, mobile: str = "", wrong: str = "") -> None:
        """Identifier, RPPS and number, the mobile where the roll has none, the password; `wrong` is typed first."""
        identifier = demo.person(elector)
        self.begin(self.words.password)
        self.page.get_by_label(self.words.identifier, exact=False).fill(identifier.lower())
        self.see("identifier")
        self.go_on()
        self.page.get_by_label("RPPS", exact=False).fill(elector.rpps)
        self.see("numbers")
        self.give_number(elector.number)
        send = self.page.get_by_role("button", name=self.words.send_me)
        expect(send).to_be_visible()
        if mobile:
            self.page.get_by_label(self.words.mobile, exact=False).fill(mobile)
        self.see("mobile-to-type" if mobile else "mobile-of-roll")
        send.click()
        field = self.page.get_by_label(self.words.code, exact=False)
        expect(field).to_be_visible()
        self.see("password")
        code = demo.password()
        if wrong:
            field.fill(wrong if wrong != code else wrong[::-1])
            self.go_on()
            expect(self.page.locator("#errors")).to_be_focused()
            self.see("wrong-password")
        field.fill(code)
        self.go_on()
        self.page.wait_for_url("**/contests")

    def contests(self) -> None:
        """Go to the list of contests."""
        self.page.goto(f"{ELECTION}/contests")

    def to_vote(self) -> list[str]:
        """Return the titles of the contests that are left, as the list of contests shows them."""
        return self.page.locator(".contest:has(a.go) h2").all_inner_texts()

    def enter(self, contest: str) -> None:
        """Enter the booth of a contest from the list of contests."""
        self.contests()
        card = self.page.locator(".contest").filter(has_text=contest)
        card.get_by_role("link", name=self.words.vote).click()
        expect(self.page.get_by_role("radio").first).to_be_visible(timeout=10_000)

    def choose(self, choice: str) -> None:
        """Choose, and have the ballot encrypted."""
        self.page.get_by_text(choice, exact=True).first.click()
        self.see("booth-choose")
        self.page.get_by_role("button", name=self.words.check).click()
        expect(self.page.get_by_role("button", name=self.words.cast)).to_be_visible(timeout=20_000)
        self.see("booth-review")

    def cast(self) -> None:
        """Cast the ballot that is shown."""
        self.page.get_by_role("button", name=self.words.cast).click()

    def receipt(self) -> str:
        """Read the receipt and keep it as a file; returns the tracker."""
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(self.words.done)
        self.see("receipt")
        tracker = re.sub(r"\s", "", self.page.locator("code.tracker").first.inner_text())
        with self.page.expect_download() as kept:
            self.page.get_by_role("button", name=self.words.keep).click()
        paper = re.sub(r"<[^>]*>|\s", "", kept.value.path().read_text())
        assert tracker in paper
        return tracker

    def proof(self, contest: str, elector: Elector) -> str:
        """Open the proof of vote of a contest; returns what it says."""
        self.contests()
        self.page.locator(".contest").filter(has_text=contest).locator("a[href$='/proof']").click()
        expect(self.page.locator("main")).to_contain_text(elector.display)
        self.see("proof-of-vote")
        return self.page.locator("main").inner_text()

    def vote_everywhere(self, elector: Elector, choices: list[str]) -> list[str]:
        """Vote in every contest that is left, one choice for each, and keep both papers; returns the trackers."""
        self.contests()
        self.see("contests")
        left = self.to_vote()
        assert len(left) == len(choices)
        trackers = []
        for contest, choice in zip(left, choices, strict=True):
            self.enter(contest)
            self.choose(choice)
            self.cast()
            trackers.append(self.receipt())
            said = self.proof(contest, elector)
            assert contest in said
            assert trackers[-1] not in re.sub(r"\s", "", said)
        self.contests()
        self.see("contests-done")
        assert self.to_vote() == []
        return trackers

    def find(self, tracker: str) -> None:
        """Look a tracker up in the public box, as it stands on the paper: in groups of four."""
        self.page.goto(f"{ELECTION}/box")
        self.see("box")
        self.page.locator("#tracker").fill(" ".join(re.findall(".{1,4}", tracker)))
        self.page.locator("#tracker").press("Enter")
        expect(self.page.locator("main .note")).to_be_visible()
        assert tracker not in self.page.url

    def log_out(self) -> None:
        """Leave, of the provider too."""
        self.contests()
        self.page.get_by_role("button", name=self.words.log_out).click()
        self.page.wait_for_url("**/goodbye**")
        self.see("goodbye")


def go(who, name, path):
    who.page.goto(path)
    if "/booth/" in path:
        expect(who.page.locator("#notice")).to_be_visible()
    who.see(name)
