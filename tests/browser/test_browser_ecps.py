"""The approval on the telephone in a real Chromium: the page that waits, in French, wide and narrow, and in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tomlkit
from demo_kit.served import EXAMPLE, Served, command
from playwright.sync_api import expect

from .people import ELECTION
from .views import PHONE, fits, shoot, views

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A demonstration whose election offers the telephone as a third way in: what the plugin's README says."""
    source = tmp_path_factory.mktemp("ecps")
    election = tomlkit.parse((EXAMPLE / "election.toml").read_text("utf-8"))
    election["factors"]["ecps"] = {"plugin": "prosante_connect_ecps", "config": election["factors"]["psc"]["config"]}
    way = {"id": "ecps", "label": {"fr": "Avec l’application e-CPS", "en": "With the e-CPS app"}}
    election["policy"]["any"].append({**way, "all": ["ecps", "ordinal"]})
    (source / "election.toml").write_text(tomlkit.dumps(election), "utf-8")
    with command(source / "instance", source / "election.toml", "--roll", EXAMPLE / "roll.csv") as served:
        yield served


@pytest.mark.parametrize("java_script_enabled", [False, True])
def test_a_login_is_approved_on_the_telephone(voter, visit, roll, java_script_enabled):
    """The number is the same on both, the page goes on by itself once it is approved, and asks the ordinal number."""
    elector = roll["Alix Martin" if java_script_enabled else "Camille Bernard"]
    name = f"ecps-{'with' if java_script_enabled else 'without'}-script"
    alix = voter(java_script_enabled=java_script_enabled)
    alix.begin("Avec l’application e-CPS")
    alix.page.get_by_label("Numéro RPPS").fill(f"{elector.rpps[:6]} {elector.rpps[6:]}")
    shoot(alix.page, f"{name}/number")
    alix.page.get_by_role("button", name="Envoyer la demande").click()
    expect(alix.page.get_by_role("heading", level=1)).to_have_text("Approuvez sur votre téléphone")
    number = alix.page.locator(".figure").inner_text()
    telephone = visit(locale="fr-FR", viewport=PHONE)
    telephone.goto("/demo/psc/wallet/telephones")
    card = telephone.locator("form.card").filter(has_text=elector.name)
    expect(card.locator(".number")).to_have_text(number)
    fits(telephone)
    shoot(telephone, f"{name}/telephone")
    for view in views(alix.page):
        fits(alix.page)
        shoot(alix.page, f"{name}/wait-{view.name}")
    card.get_by_role("button", name="Approuver").click()
    expect(telephone.get_by_role("heading", level=1)).to_have_text("C’est fait")
    field = alix.page.get_by_label(alix.words.number, exact=False)  # the page reads itself anew
    expect(field).to_be_visible()
    alix.give_number(elector.number)
    alix.page.wait_for_url("**/contests")
    expect(alix.page.locator("body")).to_contain_text(elector.display)


def test_another_number_on_the_telephone_is_refused(voter, visit, roll):
    """Refused because the number differs: the page says that this was right, and no other window rang meanwhile."""
    elector = roll["Dominique Petit"]
    first, second = voter(viewport=PHONE), voter()
    for window in (first, second):
        window.page.goto(f"{ELECTION}/")
        window.page.get_by_role("button", name="Avec l’application e-CPS").click()
        window.page.get_by_label("Numéro RPPS").fill(elector.rpps)
        window.page.get_by_role("button", name="Envoyer la demande").click()
    expect(second.page.locator("#errors")).to_contain_text("déjà en cours")
    second.see("in-flight")
    telephone = visit(locale="fr-FR")
    telephone.goto("/demo/psc/wallet/telephones")
    telephone.locator("form.card").filter(has_text=elector.name).get_by_role(
        "button", name="Ce n’est pas ce nombre"
    ).click()
    expect(first.page.locator("main")).to_contain_text("refusée sur le téléphone")
    expect(first.page.locator("main")).to_contain_text("vous avez bien fait")
    first.see("refused")
