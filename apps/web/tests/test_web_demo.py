"""The demonstration's page, which no other instance has."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from isoloir import lifecycle
from isoloir.config.settings import Settings
from isoloir.errors import IsoloirError
from isoloir.hooks import Message
from isoloir_outbox.box import keep
from isoloir_web.server import refuse_unsafe


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


async def test_the_demonstration_shows_people_and_messages_newest_first(
    demo_stage: Any, web: Any, tmp_path: Path
) -> None:
    """Whom to vote as with what to type, and what they received; one person's messages alone on demand."""
    folder = tmp_path / "outbox"
    (use,) = [
        demo_stage.only.model_copy(
            update={
                "notifiers": {
                    "email": type(demo_stage.only.factors["psc"])(plugin="outbox", config={"folder": str(folder)})
                }
            }
        )
    ]
    demo_stage.files[use.id] = use
    for number in range(2):
        message = Message(
            channel="email",
            recipient=f"alix{number}@example.org",
            subject=f"Message <{number}>",
            text="Bonjour",
            key=str(number),
            sender_name="Vote",
            sender_address="vote@example.org",
            reply_to="vote@example.org",
            election=use.id,
        )
        keep(folder, message)
    first = (await demo_stage.voters())[0]
    async with web(demo_stage) as client:
        page = (await client.get("/demo/")).text
        own = (await client.get("/demo/", params={"to": first.id})).text
    assert page.index("Message &lt;1&gt;") < page.index("Message &lt;0&gt;")
    assert first.identifier in page
    assert first.fields["ordinal_number"] in page
    assert "Message &lt;0&gt;" in own
    assert "Message &lt;1&gt;" not in own


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
