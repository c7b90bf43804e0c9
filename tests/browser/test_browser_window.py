"""The window of the vote in a real Chromium: before it, a second vote, the close, the grace, after it, the results.

The demonstration's clock is moved by its own page; each test puts it where it needs it.
"""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from .people import ELECTION, ENGLISH

pytestmark = pytest.mark.slow

PHONE_NUMBER = "05 67 31 53 03"


def refused(page: Page, sentence: str, next_step: str) -> None:
    """What happened, what to do next, and whom to call: all on the page, and said first."""
    expect(page.locator("main")).to_contain_text(sentence)
    expect(page.locator("main")).to_contain_text(next_step)
    expect(page.locator("body")).to_contain_text(PHONE_NUMBER)
    expect(page.locator(".note.stop").first).to_be_focused()
    assert page.title().startswith(("Erreur\u202f:", "Error:")), page.title()


def as_the_board_has_it(shown: Locator, counted: dict[str, Any]) -> None:
    """Turnout, blank votes, votes and seats of each list, the seats at the average, the names of the elected."""
    figures = [int(figure) for figure in re.findall(r"\b(\d+)\b(?! ?[%,])", shown.locator(".figures").inner_text())]
    expressed = sum(one["votes"] for one in counted["lists"].values())
    for figure in (counted["poll_book"], counted["entitled"], expressed, counted["blank"]):
        assert figure in figures
    if not expressed:
        expect(shown).to_contain_text("Aucun suffrage exprimé")
        return
    columns = [
        [int(cell.inner_text()) for cell in shown.locator(f"tbody {at}").all()]
        for at in ("td:nth-child(2)", "td.total")
    ]
    lists = sorted(counted["lists"].values(), key=lambda one: -one["votes"])
    assert columns[0] == [one["votes"] for one in lists]
    assert sorted(columns[1]) == sorted(one["seats"] for one in lists)
    averages = [step for step in counted["allocation"]["steps"] if step["step"] == "highest_average"]
    expect(shown.locator("td.won")).to_have_count(len(averages))
    names = re.sub(r"\s+", " ", shown.locator(".elected").inner_text())
    for elected in [name for one in lists for name in one["elected"]]:
        assert elected in names


def test_nobody_votes_before_the_opening(voter, demonstration):
    """The first page says when and what to prepare; a way in that was still on the screen is refused."""
    demonstration().move("open")
    early = voter()
    early.page.goto(f"{ELECTION}/")
    demonstration().move("before")
    early.page.get_by_role("button", name=early.words.psc).click()
    refused(early.page, "Le vote n’est pas encore ouvert.", "Revenez à l’ouverture")
    early.see("refused")
    early.page.goto(f"{ELECTION}/")
    expect(early.page.get_by_role("heading", level=1)).to_contain_text("Le vote ouvre")
    expect(early.page.get_by_role("button")).to_have_count(0)
    early.see("landing")
    early.page.goto(f"{ELECTION}/booth/cspm-ph")
    refused(early.page, "pas identifié(e)", "Identifiez-vous à nouveau")


def test_wrong_numbers_are_refused_with_the_next_step(voter, demonstration, roll):
    """Each wrong number says how many attempts are left and where the right one stands; then comes a pause."""
    demonstration().move("open")
    nadia = voter()
    nadia.begin(nadia.words.psc)
    nadia.page.wait_for_url("**/demo/psc/**")
    nadia.page.get_by_label("numéro RPPS", exact=False).fill(roll["Nadia Cordonnier"].rpps)
    nadia.page.get_by_role("button", name="Se connecter").click()
    nadia.page.wait_for_url("**/login/step")
    for sentence, next_step in [
        ("Il vous reste 4 essais.", "L’assistance peut vous en remettre un nouveau."),
        ("Il vous reste 3 essais.", "Vérifiez le numéro sur votre carte professionnelle."),
        ("Il vous reste 2 essais.", "Vérifiez le numéro sur votre carte professionnelle."),
        ("Il vous reste un seul essai.", "En cas de doute, appelez d’abord l’assistance."),
    ]:
        nadia.give_number("00/00000")
        refused(nadia.page, sentence, next_step)
        expect(nadia.page.get_by_label(nadia.words.number, exact=False)).to_have_value("00/00000")
    nadia.see("last-attempt")
    nadia.give_number("00/00000")
    refused(nadia.page, "Trop de numéros erronés", "appelez l’assistance")
    nadia.see("stopped")


def test_a_second_vote_in_the_same_contest_is_refused(voter, demonstration, roll):
    """Neither the booth opened again nor one left open in another tab lets a second ballot in."""
    demonstration().move("open")
    adele = voter()
    adele.log_in_by_psc(roll["Adèle Dufresne"])
    adele.contests()
    contest = adele.to_vote()[0]
    adele.enter(contest)
    adele.choose(adele.words.blank)
    other = voter(page=adele.page.context.new_page())
    other.enter(contest)
    other.choose("Ensemble à l’hôpital")
    adele.cast()
    tracker = adele.receipt()
    other.cast()
    refused(other.page, "Vous avez déjà voté", "Revenir aux scrutins")
    other.see("second-tab")
    adele.page.goto(f"{ELECTION}/booth/cspm-ph")
    refused(adele.page, "Vous avez déjà voté", "Revenir")
    adele.see("already-voted")
    adele.find(tracker)
    expect(adele.page.locator("main .note.ok")).to_be_visible()


def test_the_grace_belongs_to_those_logged_in_before_the_close(voter, demonstration, roll):
    """Logged in before the close, one votes in the 30 minutes after it; half logged in, or not at all, not."""
    clock = demonstration()
    clock.move("closing")
    elise, half, nobody = voter(), voter(), voter()
    elise.log_in_by_psc(roll["Élise Farges"])
    half.begin(half.words.psc)
    half.page.wait_for_url("**/demo/psc/**")
    half.page.get_by_label("numéro RPPS", exact=False).fill(roll["Élise Lamotte"].rpps)
    half.page.get_by_role("button", name="Se connecter").click()
    half.page.wait_for_url("**/login/step")
    nobody.page.goto(f"{ELECTION}/")
    clock.move("grace")
    elise.contests()
    expect(elise.page.locator("main .note")).to_contain_text("vous pouvez finir jusqu’au")
    elise.vote_everywhere(roll["Élise Farges"], [elise.words.blank] * 2)
    half.give_number(roll["Élise Lamotte"].number)
    refused(half.page, "Le vote est clos", "identifié avant la clôture, appelez l’assistance")
    half.see("too-late")
    expect(half.page.get_by_role("button")).to_have_count(0)
    half.page.goto(f"{ELECTION}/booth/cspm-hu")
    refused(half.page, "pas identifié(e)", "Identifiez-vous à nouveau")
    nobody.page.get_by_role("button", name=nobody.words.psc).click()
    refused(nobody.page, "Le vote est terminé", "Il n’est plus possible de voter")
    nobody.see("refused")
    nobody.page.goto(f"{ELECTION}/")
    expect(nobody.page.get_by_role("button")).to_have_count(0)
    nobody.see("landing")


def test_nobody_votes_after_the_grace(voter, demonstration, demo, roll):
    """A ballot already encrypted is refused once the grace is over, and the contests say so."""
    clock = demonstration()
    clock.move("closing")
    cecile = voter(ENGLISH)
    cecile.log_in_by_psc(roll["Cécile Poirel"])
    clock.move("grace")
    demo.wait(13)
    cecile.contests()
    cecile.enter(cecile.to_vote()[0])
    cecile.choose(cecile.words.blank)
    expect(cecile.page.locator("#cast:not([aria-disabled])")).to_be_visible(timeout=30_000)  # encrypted
    demo.wait(17)
    cecile.cast()
    refused(cecile.page, "Voting is closed.", "no longer possible to vote")
    cecile.see("cast-too-late")
    cecile.page.on("dialog", lambda dialog: dialog.accept())  # the booth asks before a ballot is left behind
    cecile.contests()
    expect(cecile.page.locator("main")).to_contain_text("Voting is closed.")
    assert cecile.to_vote() == []
    cecile.see("contests-closed")
    cecile.page.goto(f"{ELECTION}/results")
    expect(cecile.page.get_by_role("heading", level=1)).to_contain_text("not known yet")


def test_the_results_after_close_and_tally(voter, demonstration, demo, roll):
    """Votes, turnout, seats with their arithmetic and the elected, as the board's command line has them."""
    clock = demonstration()
    clock.move("open")
    trackers = {}
    for name, choice in {
        "Alix Martin": "Avenir du soin public",
        "Dominique Petit": "Ensemble à l’hôpital",
        "Thaïs Jolivet": "Avenir du soin public",
    }.items():
        one = voter()
        one.log_in_by_psc(roll[name])
        trackers[name] = one.vote_everywhere(roll[name], [choice, one.words.blank])
    clock.move("after")
    demo.close_and_count()
    told = json.loads(demo.isoloir("tally", "show", "medecins-2024", "--json"))["contests"]
    anybody = voter()
    anybody.page.goto(f"{ELECTION}/")
    anybody.see("landing")
    anybody.page.get_by_role("link", name="résultats").first.click()
    anybody.see("results")
    for contest, counted in told.items():
        as_the_board_has_it(anybody.page.locator(f"#{contest}"), counted)
    first = anybody.page.locator("#cspm-ph")
    expect(first).to_contain_text("Quotient électoral")
    expect(first).to_contain_text("plus forte moyenne")
    anybody.find(trackers["Alix Martin"][0])
    expect(anybody.page.locator("main .note.ok")).to_contain_text("praticiens hospitaliers")
    anybody.page.goto(f"{ELECTION}/box/cspm-ph")
    expect(anybody.page.locator(".trackers")).to_contain_text(trackers["Dominique Petit"][0])
    anybody.see("published")
    anybody.page.goto(f"{ELECTION}/box")
    with anybody.page.expect_download() as archive:
        anybody.page.locator("a[href$='cspm-ph/archive.bel']").click()
    assert "VERIFIED" in demo.isoloir("verify", archive.value.path())
