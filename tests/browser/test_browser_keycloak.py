"""Voters who share a browser, in a real Chromium: in by a real Keycloak's own page, out of both, and no mixing up."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from demo_kit.served import Served, beside
from playwright.sync_api import Page, expect

from isoloir_prosante_connect.keycloak import PASSWORD, Keycloak

from .driving import Voter
from .people import ELECTION, ENGLISH, FRENCH, Elector
from .views import fits, shoot, views

pytestmark = pytest.mark.slow
NOT_ME = {"fr-FR": "Ce n’est pas moi", "en-GB": "This is not me"}
SESSION = "isoloir"


@pytest.fixture(scope="module")
def demo(keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demonstration, with a realm of its own on the Keycloak of the run."""
    with beside(keycloak, tmp_path_factory.mktemp("demo") / "instance") as served:
        yield served


def at_keycloak(demo: Served) -> str:
    """Return the pattern of the addresses of Keycloak's login pages."""
    return f"{demo.wallet.issuer}/**"


def give_password(page: Page, elector: Elector) -> None:
    """Type who one is and the password on Keycloak's page."""
    page.locator("#username").fill(f"8{elector.rpps}")
    page.locator("#password").fill(PASSWORD)
    page.locator("#kc-login").click()


def log_in(voter: Voter, demo: Served, elector: Elector) -> None:
    """Choose the way by Pro Santé Connect; be asked who one is, by Keycloak; then give the ordinal number."""
    voter.begin(voter.words.psc)
    voter.page.wait_for_url(at_keycloak(demo))
    # Whoever is known is named there, and asked for the password alone: here nobody is.
    expect(voter.page.locator("#username")).to_be_visible()
    expect(voter.page.locator("#username")).to_have_value("")
    expect(voter.page.locator("#password")).to_be_visible()
    shoot(voter.page, "keycloak/login")
    give_password(voter.page, elector)
    voter.page.wait_for_url("**/login/step")
    expect(voter.page.locator("header .who")).to_contain_text(elector.display)
    expect(voter.page.get_by_role("link", name=NOT_ME[voter.words.locale])).to_be_visible()
    voter.see(f"ordinal-number-{elector.rpps}")
    voter.give_number(elector.number)
    voter.page.wait_for_url("**/contests")
    expect(voter.page.locator("header .who")).to_contain_text(elector.display)


def identified(page: Page, demo: Served) -> set[str]:
    """Return which cookies stand for somebody, at Keycloak and here."""
    kept = page.context.cookies([f"{demo.wallet.issuer}/", f"{demo.address}{ELECTION}/"])
    return {cookie["name"] for cookie in kept} & {"KEYCLOAK_IDENTITY", "KEYCLOAK_SESSION", SESSION}


def knows(page: Page, demo: Served) -> bool:
    """Ask Keycloak in a window of the same browser, without a page (``prompt=none``), whether it knows somebody."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).decode().rstrip("=")
    asked = {
        "client_id": "isoloir",
        "response_type": "code",
        "scope": "openid scope_all",
        "redirect_uri": f"{demo.address}{ELECTION}/login/callback/psc",
        "state": "somebody",
        "nonce": "once",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "prompt": "none",
    }
    url = f"{demo.wallet.issuer}/protocol/openid-connect/auth?{urlencode(asked)}"
    answer = page.context.request.get(url, max_redirects=0)
    assert answer.status == 302
    said = parse_qs(urlsplit(answer.headers["location"]).query)
    assert ("code" in said) != (said.get("error") == ["login_required"])
    return "code" in said


@pytest.mark.parametrize("words", [FRENCH, ENGLISH], ids=lambda words: words.locale[:2])
def test_the_demonstration_tells_how_one_logs_in_there(demonstration, roll, words):
    """User name, password and whose clock Keycloak keeps, in both languages, in every view."""
    desk = demonstration(words)
    name = f"keycloak-{words.locale[:2]}"
    desk.person(roll["Alix Martin"])
    expect(desk.page.locator(".to-type")).to_contain_text(PASSWORD)
    for view in views(desk.page):
        fits(desk.page)
        shoot(desk.page, f"{name}/person-{view.name}")
    desk.page.goto("/demo/")
    desk.page.locator(".moves summary").click()
    expect(desk.page.locator(".moves .hint")).to_contain_text("Keycloak")
    for view in views(desk.page):
        fits(desk.page)
        shoot(desk.page, f"{name}/demo-{view.name}")
    desk.page.locator("button[value=open]").click()  # the present: logins there go on
    desk.page.wait_for_url("**/demo/")


def test_two_voters_share_a_browser(voter, demo, roll):
    """The first votes and logs out of both sites; the second is asked for the password, is not the first, votes."""
    alix = voter()
    assert not knows(alix.page, demo)
    log_in(alix, demo, roll["Alix Martin"])
    # Else the same lines below would hold whatever was done.
    assert knows(alix.page, demo)
    assert identified(alix.page, demo) == {"KEYCLOAK_IDENTITY", "KEYCLOAK_SESSION", SESSION}
    alix.vote_everywhere(roll["Alix Martin"], ["Avenir du soin public", alix.words.blank])
    alix.log_out()
    assert identified(alix.page, demo) == set()
    assert not knows(alix.page, demo)
    alix.contests()
    expect(alix.page.locator("main")).to_contain_text("pas identifié(e)")
    camille = voter(page=alix.page)
    log_in(camille, demo, roll["Camille Bernard"])
    expect(camille.page.locator("body")).not_to_contain_text("Alix Martin")
    camille.vote_everywhere(roll["Camille Bernard"], ["Ensemble à l’hôpital", "Blocs ouverts"])
    camille.log_out()
    assert not knows(camille.page, demo)


def test_somebody_else_says_this_is_not_me(voter, demo, roll):
    """After "this is not me" neither site knows the first any more; the next login asks for the password again."""
    dominique = voter(ENGLISH)
    log_in(dominique, demo, roll["Dominique Petit"])
    assert knows(dominique.page, demo)
    dominique.page.get_by_role("link", name="This is not me").click()
    expect(dominique.page.get_by_role("heading", level=1)).to_contain_text("Dominique Petit")
    dominique.see("not-me")
    dominique.page.locator("form button.go").click()
    dominique.page.wait_for_url("**/goodbye**")
    assert not knows(dominique.page, demo)
    sacha = voter(ENGLISH, page=dominique.page)
    log_in(sacha, demo, roll["Sacha Laurent"])
    expect(sacha.page.locator("body")).not_to_contain_text("Dominique")


def test_the_first_leaves_without_logging_out(voter, demo, roll):
    """The second sees whose session it is; were it over, Keycloak asks for the first's password, or who it is."""
    alix = voter()
    log_in(alix, demo, roll["Alix Martin"])
    page = alix.page.context.new_page()
    alix.page.close()
    second = voter(page=page)
    page.goto(f"{ELECTION}/")
    expect(page.locator("main .note")).to_contain_text("Dr Alix Martin")
    expect(page.locator("main").get_by_role("link", name="Ce n’est pas moi")).to_be_visible()
    expect(page.get_by_role("button", name=second.words.psc)).to_have_count(0)  # nobody begins on top of somebody
    second.see("landing-of-somebody-else")
    page.context.clear_cookies(name=SESSION)  # its session is over, Keycloak's goes on
    assert knows(page, demo)
    second.begin(second.words.psc)
    page.wait_for_url(at_keycloak(demo))
    expect(page.locator("#kc-attempted-username")).to_have_value(f"8{roll['Alix Martin'].rpps}")
    expect(page.locator("#username")).to_have_count(0)
    expect(page.locator("#password")).to_have_value("")
    shoot(page, "keycloak/somebody-else")
    page.locator("#password").fill("not-the-password-of-the-first")
    page.locator("#kc-login").click()
    expect(page.locator("#kc-attempted-username")).to_be_visible()
    page.locator("#reset-login").click()
    expect(page.locator("#username")).to_have_value("")
    camille = roll["Camille Bernard"]
    give_password(page, camille)
    page.wait_for_url("**/login/step")
    expect(page.locator("header .who")).to_contain_text(camille.display)
    second.give_number(camille.number)
    page.wait_for_url("**/contests")
    expect(page.locator("body")).not_to_contain_text("Alix Martin")
