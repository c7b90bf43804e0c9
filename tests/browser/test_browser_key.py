"""The key ceremony in the members' browsers: three people, each in a browser of their own, from login to their files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from isoloir import audit_log
from isoloir.ceremony import hosting
from isoloir_ballots import trustees

from .ceremony import GO, PROBLEM, SECOND, BoardMember, Hosted, hosted, small_board
from .findings import Findings
from .people import ELECTION, LANGUAGES, Words
from .views import DESKTOP, fits, shoot

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

PEOPLE = {
    "president": ("president", "Alix Martin"),
    "d1": ("delegate", "Camille Aubry"),
    "d2": ("delegate", "Dominique Bellanger"),
}


@pytest.fixture(scope="module")
def findings() -> Findings:
    """Findings of its own: docs/accessibility.md tells of voters' pages."""
    return Findings(browser="Chromium")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Hosted]:
    """A board of three, any two of whom open the box."""
    source = small_board(tmp_path, PEOPLE, [{"at_least": 2, "of": "members"}])
    with hosted(tmp_path / "instance", source) as served:
        yield served


@pytest.fixture
def sit(site: Hosted, chromium: Browser, tmp_path: Path, request: Any) -> Iterator[Callable[..., BoardMember]]:
    """Seat a member in a browser of their own; afterwards: no console error, nothing asked of any other host."""
    opened, errors, elsewhere = [], [], []

    def see(page: Page, what: str) -> None:
        fits(page)
        shoot(page, f"key/{request.node.name}-{what}")

    def in_front(member: str, locale: str = "fr-FR", look: Any = None) -> BoardMember:
        context = chromium.new_context(accept_downloads=True, base_url=site.address, locale=locale, viewport=DESKTOP)
        context.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
        context.on("weberror", lambda one: errors.append(str(one.error)))
        context.on(
            "request",
            lambda one: (
                elsewhere.append(one.url) if not one.url.startswith((site.address, "data:", "blob:")) else None
            ),
        )
        opened.append(context)
        folder = tmp_path / member
        folder.mkdir(exist_ok=True)
        seated = BoardMember(context.new_page(), site.known[member], folder, look or see)
        seated.log_in()
        seated.enter()
        return seated

    yield in_front
    for context in opened:
        context.close()
    assert [one for one in errors if "status of 4" not in one] == []
    assert elsewhere == []


def test_a_whole_ceremony(site: Hosted, sit: Callable[..., BoardMember]) -> None:
    """One goes through, one reloads and goes on from the file, one from the sheet: their shares make the board's key."""
    president, d1, d2 = (sit(member) for member in PEOPLE)
    first = {"president": president.begin()}

    # A wrong code and somebody else's file are refused in words; nothing is handed over before the proof.
    first["d1"] = d1.make()
    d1.give(first["d1"], "AAAA-BBBB-CCCC-DDDD")
    expect(d1.page.locator(PROBLEM)).to_contain_text("Le code n’ouvre pas ce fichier")
    expect(d1.page.locator(PROBLEM)).to_be_focused()
    d1.see("wrong-code")
    d1.give(first["president"], president.code)
    expect(d1.page.locator(PROBLEM)).to_contain_text("d’un autre membre")
    begun = site.do(lambda instance, election: hosting.transcript(instance.store, election))
    assert {one.member for one in begun.documents} == {"president"}
    d1.give(first["d1"], d1.code.lower().replace("-", " "))
    d1.handed_over()
    d1.page.reload()
    d1.resume(first["d1"])
    expect(d1.page.locator("#status")).to_have_text("On attend Dominique Bellanger.")

    # The third loses file and code once the first document is there, and goes on from the sheet.
    d2.begin()
    d2.enter()
    d2.page.get_by_role("button", name="Je n’ai plus que ma feuille").click()
    seed, wrong = d2.seed, ("2" if d2.seed[0] != "2" else "3") + d2.seed[1:]
    for typed, said in (("2222", "22 caractères"), (wrong, "un seul caractère mal lu")):
        d2.page.locator("#seed").fill(typed)
        d2.press("main form .go")
        expect(d2.page.locator(PROBLEM)).to_contain_text(said)
    d2.page.locator("#seed").fill(f"{seed[:4]} {seed[4:]}")
    d2.press("main form .go")
    d2.read_code()
    if d2.page.locator(GO).inner_text() == "Enregistrer le fichier" and "provisoire" in d2.page.inner_text("main"):
        d2.hand_over(d2.save())
        d2.compare()
    files = {"d2": d2.complete()}

    digests = {president.compare(), d1.compare()}
    assert len(digests) == 1
    files |= {"president": president.complete(), "d1": d1.complete()}

    made = site.do(lambda instance, election: hosting.entries(instance.store, election))["national"]
    assert [list(entry.names) for entry in made] == [list(PEOPLE)]
    public = [key for entry in made for key in entry.verification_keys]
    for one in (president, d1, d2):
        share = one.share(files[one.known.member])
        assert share.complete
        assert public[share.number - 1] == _group().generator_power(share.exponent)
    assert one.page.evaluate("localStorage.length + sessionStorage.length") == 0
    lines = site.do(lambda instance, election: audit_log.lines(instance.store, election.id))
    acts = [json.loads(line.details) for line in lines if line.act == "account_acts"]
    assert len({one["account"] for one in acts}) == 3
    assert sorted(one["round"] for one in acts) == sorted(["acknowledgement", "certificate", "contribution"] * 3)


def _group() -> Any:
    from isoloir_ballots.groups import named

    return named("Ed25519")
