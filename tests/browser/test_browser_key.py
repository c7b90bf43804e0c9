"""The key ceremony in the members' browsers: three people, each in a browser of their own, up to their files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ballot_kit.elections import LISTS, VOTES
from playwright.sync_api import Browser, Page, Route, expect

from isoloir import audit_log
from isoloir.ceremony import hosting
from isoloir.ceremony.documents import Round
from isoloir.key_share import KeyShare
from isoloir.partials import Box, Partials
from isoloir_ballots import ballot, credentials, tally, trustees
from isoloir_ballots.election import Election
from isoloir_ballots.groups import named
from isoloir_ballots.trustees import Entry
from isoloir_ballots.verify import Setup, check_ballot

from .ceremony import GO, PROBLEM, BoardMember, Elsewhere, Hosted, hosted, small_board
from .findings import Findings
from .people import ELECTION, FRENCH, LANGUAGES, Words
from .views import DESKTOP, PHONE, fits, shoot

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
def sit(site: Hosted, sit_at: Callable[..., BoardMember]) -> Callable[..., BoardMember]:
    """Seat a member of the small board."""
    return lambda member: sit_at(site, member)


@pytest.fixture
def sit_at(chromium: Browser, tmp_path: Path, request: Any) -> Iterator[Callable[..., BoardMember]]:
    """Seat a member in a browser of their own; afterwards: no console error, nothing asked of any other host."""
    opened, errors, elsewhere = [], [], []

    def see(page: Page, what: str) -> None:
        for size in (PHONE, DESKTOP):
            page.set_viewport_size(size)
            fits(page)
            shoot(page, f"key/{request.node.name}-{what}-{size['width']}")

    def in_front(site: Hosted, member: str, locale: str = "fr-FR", look: Any = None) -> BoardMember:
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
        seated.page.goto(f"{ELECTION}/board/key")
        return seated

    yield in_front
    for context in opened:
        context.close()
    assert [one for one in errors if "status of 4" not in one] == []
    assert elsewhere == []


def test_a_whole_ceremony(site: Hosted, sit: Callable[..., BoardMember]) -> None:
    """One goes through, one reloads and goes on from the file, one from the sheet: their shares open a box."""
    president, d1, d2 = (sit(member) for member in PEOPLE)

    # The third loses file and code once the first document is there, and goes on from the sheet.
    theirs = d2.begin()
    d2.enter()
    d2.page.get_by_role("button", name="Je n’ai plus que ma feuille").click()
    seed, wrong = d2.seed, ("2" if d2.seed[0] != "2" else "3") + d2.seed[1:]
    for typed, said in (("2222", "22 caractères"), (wrong, "un seul caractère mal lu")):
        d2.page.locator("#seed").fill(typed)
        d2.press("main form .go")
        expect(d2.page.locator(PROBLEM)).to_contain_text(said)
    former = d2.code
    d2.page.locator("#seed").fill(f"{seed[:4]} {seed[4:]}")
    d2.press("main form .go")
    d2.read_code()
    assert d2.code != former
    d2.hand_over(d2.save())

    # A wrong code and somebody else's file are refused in words; nothing is handed over before the proof.
    path = d1.make()
    d1.give(path, "AAAA-BBBB-CCCC-DDDD")
    expect(d1.page.locator(PROBLEM)).to_contain_text("Le code n’ouvre pas ce fichier")
    expect(d1.page.locator(PROBLEM)).to_be_focused()
    d1.give(theirs, former)
    expect(d1.page.locator(PROBLEM)).to_contain_text("d’un autre membre")
    assert {one.member for one in site.transcript().documents} == {"d2"}
    d1.give(path, d1.code.lower().replace("-", " "))
    d1.handed_over()
    d1.page.reload()
    d1.resume(path)
    expect(d1.page.locator("#status")).to_have_text("On attend Alix Martin.")

    president.begin()
    everybody = (president, d1, d2)
    assert len({one.compare() for one in everybody}) == 1
    shares = [one.share(one.complete()) for one in everybody]

    entries = site.do(lambda instance, election: hosting.entries(instance.store, election))["national"]
    assert [list(entry.names) for entry in entries] == [list(PEOPLE)]
    _open_a_box(entries, shares)
    assert president.page.evaluate("localStorage.length + sessionStorage.length") == 0
    lines = site.do(lambda instance, election: audit_log.lines(instance.store, election.id))
    acts = [json.loads(line.details) for line in lines if line.act == "account_acts"]
    assert len({one["account"] for one in acts}) == 3
    assert sorted(one["round"] for one in acts) == sorted(["acknowledgement", "certificate", "contribution"] * 3)


def _open_a_box(entries: Sequence[Entry], shares: Sequence[KeyShare]) -> None:
    """Encrypt a vote for the board's key and open it with the first share and the last."""
    group = named("Ed25519")
    election = Election(
        version=1, description="", name="Essai", group="Ed25519", questions=(LISTS,), uuid="1soLoirTest456",
        public_key=group.serialise(trustees.election_public_key(group, entries)),
    )  # fmt: skip
    code = credentials.from_seed(b"a seed of this test", 0)
    public = credentials.public(group, election.uuid, code)
    listed = credentials.public_credentials_file([(public, 1)])
    setup = Setup.load(election.serialise(), trustees.serialise(group, entries), listed)
    cast = check_ballot(setup, ballot.make(election, code, [VOTES[0][0]]))
    total = tally.encrypted_tally(setup, [cast])
    box = Box(setup, total)
    made = [Partials.make(share, [box]) for share in (shares[0], shares[-1])]
    opened = tally.result(setup, total, [(one.number, one.boxes[box.uuid]) for one in made])
    assert json.loads(opened) == {"result": [VOTES[0][0]]}


@LANGUAGES
def test_each_page(tmp_path: Path, sit_at: Any, look: Any, words: Words) -> None:
    """Every page of the ceremony in every view, while the two others take part elsewhere."""
    source = small_board(tmp_path, PEOPLE, [{"at_least": 2, "of": "members"}])
    with hosted(tmp_path / "instance", source, begun=False) as site:
        # English is looked at for its width alone: everything else is the same page.
        every = (lambda page, name: look(page, f"key-{name}")) if words is FRENCH else None
        one = sit_at(site, "president", words.locale, every)
        expect(one.page.locator("#status")).to_be_visible()
        one.see("not-begun")
        site.do(lambda instance, election: hosting.begin(instance.store, election, instance.clock))
        expect(one.page.locator(GO)).to_be_visible()
        path = one.make()
        one.give(path, "AAAA-BBBB-CCCC-DDDD")
        expect(one.page.locator(PROBLEM)).to_be_focused()
        one.see("wrong-code")
        one.hand_over(path)
        one.see("together")
        one.enter()
        one.see("begun")
        one.page.locator("main button.link").last.click()
        one.see("paper")
        one.page.locator("main button.link").last.click()
        one.press()
        one.see("open")
        one.give(path, one.code)
        others = [Elsewhere(site, member) for member in ("d1", "d2")]
        for round_ in (Round.CERTIFICATE, Round.CONTRIBUTION, Round.ACKNOWLEDGEMENT):
            site.wait(one.page, "president", round_)
            for other in others:
                other.act()
        one.compare()
        one.complete()


def test_a_cheat_stops_the_ceremony(site: Hosted, sit: Callable[..., BoardMember]) -> None:
    """Who was cheated complains without being asked; the page says who it was, and that nothing is lost."""
    one, others = sit("president"), [Elsewhere(site, "d1"), Elsewhere(site, "d2", cheats="president")]
    one.begin()
    for _ in range(2):
        for other in others:
            other.act()
    expect(one.page.locator(PROBLEM)).to_contain_text("Dominique Bellanger a remis une part fausse")
    expect(one.page.locator(PROBLEM)).to_contain_text("Rien n’est perdu")
    one.see("cheated")
    assert site.transcript().has("national", "president", Round.COMPLAINT)
    site.do(lambda instance, election: hosting.restart(instance.store, election, instance.clock, "Une part fausse."))
    one.enter()
    assert one.heading() == "Faites votre fragment de la clé de l’urne"


def test_what_the_server_changed_is_seen(site: Hosted, sit: Callable[..., BoardMember]) -> None:
    """A document that is not what its member handed over is named, and nothing more is handed over."""
    one = sit("president")
    other = Elsewhere(site, "d1")
    other.act()

    def changed(route: Route) -> None:
        answer = route.fetch(headers={**route.request.headers, "if-none-match": ""})
        told = answer.json()
        for document in told["documents"]:
            if document["member"] == "d1":
                document["body"]["bound"]["response"] = "1"
        route.fulfill(response=answer, json=told)

    one.page.route("**/key/transcript", changed)
    path = one.make()
    one.give(path, one.code)
    expect(one.page.locator(PROBLEM)).to_contain_text("Ce que le serveur montre de Camille Aubry ne se vérifie pas")
    expect(one.page.locator(PROBLEM)).to_contain_text("dkg.bound")
    one.see("changed")
    assert {document.member for document in site.transcript().documents} == {"d1"}


def test_a_restart_and_an_ended_session_are_said(site: Hosted, sit: Callable[..., BoardMember]) -> None:
    """Begun again, the page asks for a new share; logged out elsewhere, it says that the file is still good."""
    one = sit("president")
    path = one.begin()
    site.do(lambda instance, election: hosting.restart(instance.store, election, instance.clock, "Un essai."))
    expect(one.page.locator(PROBLEM)).to_contain_text("L’organisateur a recommencé la cérémonie")
    one.see("restarted")
    one.press()
    one.page.locator("main button.link").first.click()
    one.give(path, one.code)
    expect(one.page.locator(PROBLEM)).to_contain_text("de cette cérémonie")
    one.enter()
    one.begin()
    one.page.context.clear_cookies()
    expect(one.page.locator(PROBLEM)).to_contain_text("Votre session a pris fin")
    one.see("ended")
