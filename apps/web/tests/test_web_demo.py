"""The demonstration's page, which no other instance has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from isoloir import lifecycle
from isoloir.commands import main
from isoloir.config.settings import Settings
from isoloir.errors import IsoloirError
from isoloir.hooks import Message
from isoloir.login.bindings import Bindings
from isoloir_outbox.box import keep
from isoloir_prosante_connect.keycloak import Keycloak
from isoloir_web.server import refuse_unsafe
from isoloir_web.trial.keycloak import Realm

BASE = "http://127.0.0.1:8000"
EXAMPLE = Path(__file__).parents[3] / "examples" / "medecins-2024" / "election.toml"


async def test_an_ordinary_instance_has_no_demonstration(stage: Any, web: Any) -> None:
    """Without `demo` its pages are 404 and the clock does not move."""
    await stage.open_vote()
    before = stage.clock.shift
    async with web(stage) as client:
        assert (await client.get("/demo/")).status_code == 404
        moved = await client.post("/demo/clock", data={"election": "essai-2024", "move": "after"})
        assert moved.status_code == 404
        assert "/demo/" not in (await client.get("/e/essai-2024/")).text
    assert stage.clock.shift == before


def keep_in_outbox(stage: Any, folder: Path, *recipients: str) -> None:
    """Make the election's e-mail go to an outbox, and put one message to each recipient into it."""
    use = type(stage.only.factors["psc"])(plugin="outbox", config={"folder": str(folder)})
    stage.files[stage.only.id] = stage.only.model_copy(update={"notifiers": {"email": use}})
    for number, recipient in enumerate(recipients):
        message = Message(
            channel="email",
            recipient=recipient,
            subject=f"Message <{number}>",
            text="Bonjour",
            key=str(number),
            sender_name="Vote",
            sender_address="vote@example.org",
            reply_to="vote@example.org",
            election=stage.only.id,
        )
        keep(folder, message)


async def test_the_demonstration_shows_the_newest_messages_and_no_more(
    demo_stage: Any, web: Any, tmp_path: Path
) -> None:
    """However many were sent, the first page shows the five newest, newest first, and how many there are."""
    keep_in_outbox(demo_stage, tmp_path / "outbox", *(f"alix{number}@example.org" for number in range(9)))
    async with web(demo_stage) as client:
        page = (await client.get("/demo/")).text
    assert re.findall(r"<b>Message &lt;(\d)&gt;", page) == ["8", "7", "6", "5", "4"]
    assert "sur 9" in page


async def test_one_person_has_a_page_with_what_to_type_and_their_own_messages(
    demo_stage: Any, web: Any, tmp_path: Path
) -> None:
    """Identifier, numbers, mobile; the messages to that person's addresses, and nobody else's."""
    first, second = (await demo_stage.voters())[:2]
    keep_in_outbox(demo_stage, tmp_path / "outbox", first.email, second.email)
    async with web(demo_stage) as client:
        own = await client.get(f"/demo/people/essai-2024/{first.id}")
        nobody = await client.get(f"/demo/people/essai-2024/{'0' * 32}")
        elsewhere = await client.get(f"/demo/people/nothing/{first.id}")
    for told in (first.display, first.identifier, first.fields["ordinal_number"], first.mobile, "Message &lt;0&gt;"):
        assert told in own.text
    assert "Message &lt;1&gt;" not in own.text
    assert nobody.status_code == elsewhere.status_code == 404


async def test_a_mobile_typed_while_voting_leads_to_the_persons_page(
    demo_stage: Any, web: Any, tmp_path: Path
) -> None:
    """A text message to a number that the roll does not hold is found on the page of who typed it."""
    entry = (await demo_stage.voters())[0]
    keep_in_outbox(demo_stage, tmp_path / "outbox", "+33612987654")
    address = f"/demo/people/essai-2024/{entry.id}"
    async with web(demo_stage) as client:
        assert "Message &lt;0&gt;" not in (await client.get(address)).text
        await Bindings(demo_stage.store, demo_stage.keys, "essai-2024").bind(entry.id, "sms", "+33612987654", 1)
        assert "Message &lt;0&gt;" in (await client.get(address)).text


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ["Martin", "Martin1", "Martin2", "Martin3"]),
        ("zola", ["Zola"]),
        ("ALIX  zóla", ["Zola"]),
        ("75/3", ["Martin3"]),
        ("alix2@example.org", ["Martin2"]),
        ("martin1 zola", []),
        ("<b>", []),
    ],
)
async def test_people_are_found_by_what_one_knows_of_them(
    demo_stage: Any, web: Any, words: str, found: list[str]
) -> None:
    """Name, number or address, in part, without case and accents; all the words must fit."""
    async with web(demo_stage) as client:
        page = (await client.get("/demo/", params={"who": words})).text
    assert re.findall(r'<a class="card choice".*?<b>Dr Alix (\w+)</b>', page) == found
    assert "<b>\u202f»" not in page


@pytest.mark.parametrize(
    ("move", "phase"),
    [("before", "BEFORE"), ("open", "OPEN"), ("closing", "OPEN"), ("grace", "GRACE"), ("after", "ENDED")],
)
async def test_the_clock_moves_to_each_moment_of_the_window(demo_stage: Any, web: Any, move: str, phase: str) -> None:
    """Each button leads to its phase."""
    await demo_stage.open_vote()
    async with web(demo_stage) as client:
        answer = await client.post("/demo/clock", data={"election": "essai-2024", "move": move})
    assert answer.status_code == 303
    assert (await lifecycle.phase(demo_stage.store, demo_stage.only, demo_stage.clock)).name == phase


@pytest.mark.parametrize("form", [{}, {"election": "essai-2024", "move": "x"}, {"election": "x", "move": "open"}])
async def test_the_clock_does_not_move_elsewhere(demo_stage: Any, web: Any, form: dict[str, str]) -> None:
    """Unknown moments and elections are refused."""
    before = demo_stage.clock.shift
    async with web(demo_stage) as client:
        assert (await client.post("/demo/clock", data=form)).status_code in (404, 422)
    assert demo_stage.clock.shift == before == before + timedelta(0)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "vote.example"])  # noqa: S104
def test_a_demonstration_is_not_served_to_others(host: str) -> None:
    """A demonstration or a debugging instance listens on loopback alone."""
    for settings in (Settings(demo=True), Settings(debug=True)):
        with pytest.raises(IsoloirError) as refused:
            refuse_unsafe(settings, host)
        assert refused.value.code == "serve_unsafe_host"
    refuse_unsafe(Settings(), host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_demonstration_is_served_on_this_machine(host: str) -> None:
    """Loopback is where a demonstration belongs."""
    refuse_unsafe(Settings(demo=True), host)


async def test_a_demonstration_says_how_one_logs_in_at_its_provider(demo_stage: Any, web: Any) -> None:
    """The simulator, a real Keycloak with user name and password, or nothing where no such provider is used."""
    entry = (await demo_stage.voters())[0]
    here = f"/demo/people/{demo_stage.only.id}/{entry.id}?lang=en"
    ordinal = demo_stage.only.factors["ordinal"]

    async def told(**factors: dict[str, Any]) -> tuple[str, str]:
        made = {
            name: type(ordinal)(plugin=f"prosante_connect{'_ecps' if name == 'ecps' else ''}", config=config)
            for name, config in factors.items()
        }
        demo_stage.files[demo_stage.only.id] = demo_stage.only.model_copy(
            update={"factors": {"ordinal": ordinal, **made}}
        )
        async with web(demo_stage) as client:
            return (await client.get("/demo/?lang=en")).text, (await client.get(here)).text

    simulated, real = {"issuer": f"{BASE}/demo/psc"}, {"issuer": "http://127.0.0.1:4711/realms/esante-wallet"}
    for page in await told():
        assert "Pro Santé Connect:" not in page
        assert "Keycloak" not in page
    for page in await told(psc=simulated, ecps=simulated):
        assert "Keycloak" not in page
        assert "e-CPS app" not in page
    assert "it is simulated" in page
    first, person = await told(psc=real)
    assert "carte-et-code" in first
    assert "real time" in first
    assert f"<code>8{entry.fields['rpps']}</code>" in person
    assert "<code>carte-et-code</code>" in person
    for page in (first, person):
        assert "simulated" not in page
        assert "e-CPS app" not in page
    assert "no telephone rings" in (await told(psc=real, ecps=real))[1]


def test_keycloak_is_stopped_where_the_demonstration_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A roll that cannot be read ends the command with its refusal, and Keycloak with it."""
    heard: list[str] = []

    @contextmanager
    def realm(home: Path) -> Iterator[Realm]:
        heard.append("started")
        try:
            yield Realm(Keycloak(tmp_path, "http://127.0.0.1:9", "https://127.0.0.1:9", "", 0, "", ""))
        finally:
            heard.append("stopped")

    monkeypatch.setattr("isoloir_web.trial.keycloak.realm", realm)
    (tmp_path / "keycloak" / "lib").mkdir(parents=True)
    (tmp_path / "roll.csv").write_text("no roll\n")
    options = ["--identity", "keycloak", "--keycloak", str(tmp_path / "keycloak"), "--port", "0"]
    command = ["--lang", "en", "demo", str(EXAMPLE), "--roll", str(tmp_path / "roll.csv"), *options]
    ran = CliRunner().invoke(main, [*command, "--folder", str(tmp_path / "demo")])
    assert ran.exit_code == 1
    assert "Starting a real Keycloak" in ran.output
    assert heard == ["started", "stopped"]


@pytest.mark.parametrize("command", [["demo", str(EXAMPLE)], ["simulate", str(EXAMPLE)]])
def test_a_keycloak_that_is_not_there_is_asked_for(command: list[str], tmp_path: Path) -> None:
    """Both commands refuse before anything is made, and name the program that installs it."""
    options = ["--identity", "keycloak", "--keycloak", str(tmp_path / "nowhere")]
    ran = CliRunner().invoke(main, ["--lang", "en", *command, *options])
    assert ran.exit_code == 1
    assert "keycloak_missing" in ran.output
    assert "tools/install-keycloak" in ran.output
