"""Real voters in a real Chromium: the ways in, two contests each, both papers, the tracker found."""

import pytest
from playwright.sync_api import expect

from .people import ENGLISH
from .views import PHONE

pytestmark = pytest.mark.slow


def test_a_voter_by_pro_sante_connect(voter, roll):
    """Dr Alix Martin: a wrong number first, two contests, both papers, both trackers found, the way out."""
    alix = voter()
    alix.log_in_by_psc(roll["Alix Martin"], wrong="00 000")
    trackers = alix.vote_everywhere(roll["Alix Martin"], ["Avenir du soin public", alix.words.blank])
    assert len(set(trackers)) == 2
    for tracker in trackers:
        alix.find(tracker)
        expect(alix.page.locator("main .note.ok")).to_contain_text("dans l’urne")
        alix.see("box-found")
    alix.log_out()
    alix.contests()
    expect(alix.page.locator("main")).to_contain_text("pas identifié(e)")


def test_a_voter_by_identifier_and_sms(voter, demonstration, roll):
    """Dr Camille Bernard: identifier, numbers, a typed mobile, a wrong password, the right one; two contests."""
    camille = voter()
    elector = roll["Camille Bernard"]
    camille.log_in_by_password(elector, demonstration(), mobile="06 12 98 76 54", wrong="12345678")
    camille.vote_everywhere(elector, ["Ensemble à l’hôpital", "Blocs ouverts"])


def test_a_voter_with_a_substitute_number(voter, demonstration, roll):
    """Dr Dominique Petit has no ordinal number: the number of the letter serves in its place, at 320 px."""
    elector = roll["Dominique Petit"]
    desk = demonstration(viewport=PHONE)
    desk.person(elector)
    letter = desk.page.locator("details.message").filter(has_text="Votre numéro pour voter")
    expect(letter).to_contain_text(elector.number)
    dominique = voter(viewport=PHONE)
    dominique.log_in_by_password(elector, desk)
    dominique.vote_everywhere(elector, [dominique.words.blank, "Médecine générale et gériatrie"])


def test_a_voter_in_english_on_a_narrow_page(voter, roll):
    """Dr Sacha Laurent, of another college, in English at 320 px: no page scrolls sideways; two contests."""
    sacha = voter(ENGLISH, viewport=PHONE)
    sacha.log_in_by_psc(roll["Sacha Laurent"])
    first, _ = sacha.vote_everywhere(roll["Sacha Laurent"], ["Université et hôpital vivants", sacha.words.blank])
    sacha.find(first)
    expect(sacha.page.locator("main .note.ok")).to_contain_text("is in the box")
    assert sacha.page.locator("html").get_attribute("lang") == "en"
