"""Guarantee 2 in the 2024 election itself: its file, its plugins, a served Pro Santé Connect, the real queue.

Way by identifier: a voter and a stranger side by side, every page and every statement compared. Way by Pro Santé
Connect: whoever comes back is known to the provider already; here nobody and two voters are compared.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from sqlalchemy import text

from isoloir import roll
from isoloir.hooks import Typed
from isoloir.instance import Instance
from isoloir.login.shown import FormShown, GoTo, LoggedInShown, RefusedShown
from isoloir.roll_import import import_roll, read_roll
from isoloir.store import lifecycle_store
from isoloir.testing import FakeClock
from isoloir_prosante_connect.simulator import RelyingParty, from_roll, log_in, serve_simulator

EXAMPLE = Path(__file__).parents[3] / "examples" / "medecins-2024"
PLUGINS = ["ordinal_check", "outbox", "password_sms", "prosante_connect"]
SECRET = "k7-Une.phrase:de+passe/longue"
HERE = "http://127.0.0.1:8000/e/medecins-2024"


@pytest.fixture
async def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, house: Any, plays: Any) -> AsyncIterator[Any]:
    """Return the example's house: its instance, open, with the first dozen electors of its roll and one twice."""
    monkeypatch.setenv("PSC_SECRET", SECRET)
    made = await house({"unused": plays.at_once(None, x=Typed())})
    lines = (EXAMPLE / "roll.csv").read_bytes().splitlines(keepends=True)[:13]
    # Everybody has a mobile: a stranger is like somebody of the roll drawn by lot, who may be one without.
    lines = [line.replace(b";;", b";06 12 34 00 99;") for line in lines]
    people = [line.decode().split(";") for line in lines[1:]]
    rows = [(person[5], person[0], person[2], person[1]) for person in people]
    clock = FakeClock()
    client = RelyingParty("isoloir", SECRET, (f"{HERE}/login/callback/psc",), (f"{HERE}/goodbye",))
    strangers = [("99709999997", "Dr", "Nul", "Part")]
    with serve_simulator(
        identities=from_roll(rows + strangers), clients=[client], clock=clock, path="/demo/psc"
    ) as simulator:
        written = (EXAMPLE / "election.toml").read_text(encoding="utf-8")
        written = written.replace('preset = "simulator"', f'preset = "simulator", issuer = "{simulator.issuer}"')
        place = tmp_path / "instance" / "elections" / "medecins-2024"
        place.mkdir(parents=True)
        (place / "election.toml").write_text(written, encoding="utf-8")
        settings = f"base_url = 'http://127.0.0.1:8000'\nplugins = {PLUGINS}\n"
        (tmp_path / "instance" / "isoloir.toml").write_text(settings, encoding="utf-8")
        async with Instance.open(tmp_path / "instance", clock=clock) as instance:
            election = instance.election("medecins-2024")
            await import_roll(instance.store, election, read_roll(b"".join(lines), election))
            twice = {"rpps": people[2][5], "ordinal_number": "1/1"}
            await roll.add_entries(
                instance.store,
                election,
                [roll.NewEntry("Dr", "Deux", "Fois", "", "+33612340098", "ph", (), twice, {}, "fr")],
            )
            async with instance.store.write() as writing:
                await lifecycle_store.set_state(writing, election.id, "open")
            queue = instance.send

            async def noted(election: Any, message: Any) -> None:
                made.sent.append(message)
                await queue(election, message)

            monkeypatch.setattr(instance, "send", noted)
            made.election, made.clock, made.people, made.instance = election, clock, people, instance
            made.engine = type(made.engine)(instance.store, instance.sessions, instance.login(election))
            yield made


async def by_name(made: Any, last_name: str) -> roll.RollEntry:
    found = await roll.entries(made.engine.store, made.election.id)
    return next(entry for entry in found if entry.last_name == last_name)


async def test_by_identifier_a_voter_and_a_stranger_see_the_same(example: Any, side_by_side: Any) -> None:
    """Identifier, malformed and wrong numbers, until no try is left, and the wait that follows: all the same."""
    pair = await side_by_side(example, (await by_name(example, example.people[0][1])).identifier)
    rpps = example.people[0][5]
    await pair.both(lambda visitor, name: visitor.begin("password"))
    shown = await pair.fill(identifier="")
    assert shown.step == 1
    shown = await pair.both(lambda visitor, name: visitor.submit(visitor.shown.form, identifier=name))
    assert isinstance(shown, FormShown)
    assert (shown.step, [field.name for field in shown.fields]) == (2, ["rpps", "number"])
    await pair.fill(rpps="", number="1")
    await pair.fill(rpps="123", number="1")
    codes = [(await pair.fill(rpps=rpps, number=f"75/{number}")).codes for number in range(4)]
    assert codes[0] == ("ordinal_mismatch",)
    while isinstance(shown, FormShown):
        shown = await pair.fill(rpps=rpps, number="wrong")
        example.clock.advance(timedelta(minutes=1))
    assert isinstance(shown, RefusedShown)
    assert shown.code == "ordinal_attempts_exhausted"
    for _ in range(5):
        await pair.both(lambda visitor, name: visitor.identify(name, "password"))
        shown = await pair.fill(rpps=rpps, number="wrong")
    await pair.both(lambda visitor, name: visitor.show())


async def test_by_identifier_the_voter_gets_in_and_the_stranger_does_not(example: Any, side_by_side: Any) -> None:
    """Twin: with the right numbers the voter alone goes on, to the password that was queued, and in."""
    pair = await side_by_side(example, (await by_name(example, example.people[0][1])).identifier)
    rpps, number = example.people[0][5:7]
    await pair.both(lambda visitor, name: visitor.identify(name, "password"))
    with pytest.raises(AssertionError):
        await pair.fill(rpps=rpps, number=number)
    shown = pair.hit.shown
    assert [field.name for field in shown.fields] == []
    await pair.hit.submit(shown.form)
    shown = await pair.hit.submit(pair.hit.shown.form, password=example.sent[0].values["code"])
    assert isinstance(shown, LoggedInShown)
    assert shown.voter.entry_id == (await by_name(example, example.people[0][1])).id
    assert isinstance((await pair.miss.submit(pair.miss.shown.form, rpps=rpps, number=number)), FormShown)


async def test_where_the_password_comes_first_it_is_the_same_too(example: Any, side_by_side: Any) -> None:
    """The way turned round: a masked mobile, a message (the stranger's is discarded), wrong passwords, sent again."""
    changed = example.election.model_dump()
    changed["factors"]["sms"]["config"] = {"mobile": "roll", "resend_seconds": 30, "profile": "cheapest"}
    changed["policy"]["any"][1]["all"] = ["sms", "ordinal"]
    election = type(example.election).model_validate(changed)
    example.engine.login = example.instance.login(election)
    pair = await side_by_side(example, (await by_name(example, example.people[0][1])).identifier)
    shown = await pair.both(lambda visitor, name: visitor.identify(name, "password"))
    assert "••" in str(shown)
    await pair.both(lambda visitor, name: visitor.submit(visitor.shown.form))
    for _ in range(2):
        assert (await pair.fill(password="AAAA-AAAA")).fields[0].error
    await pair.both(lambda visitor, name: visitor.submit(visitor.shown.also[0][0]))
    example.clock.advance(timedelta(minutes=1))
    await pair.both(lambda visitor, name: visitor.submit(visitor.shown.also[0][0]))
    for _ in range(4):
        await pair.fill(password="BBBB-BBBB")
    async with example.engine.store.read() as reading:
        rows = (await reading.exec(text("SELECT entry FROM message WHERE template = 'password'"))).all()
    assert rows
    assert {entry for (entry,) in rows} == {(await by_name(example, example.people[0][1])).id}


async def come_back(visitor: Any, rpps: str) -> Any:
    assert isinstance(visitor.shown, GoTo)
    async with httpx2.AsyncClient(trust_env=False) as browser:
        back = await log_in(browser, visitor.shown.url, f"8{rpps}")
    return await visitor.come_back("psc", **dict(parse_qsl(urlsplit(back).query)))


async def test_by_pro_sante_connect_nobody_and_two_are_the_same(example: Any, refused: Any) -> None:
    """A card whose RPPS nobody has, and one that two entries have: the same page, word for word, and no form."""
    pages = []
    for rpps in ("99709999997", example.people[2][5]):
        visitor = await example.visitor()
        await visitor.begin("psc")
        pages.append(await come_back(visitor, rpps))
        assert await visitor.voter() is None
    refused(pages[0], "not_recognised")
    assert pages[0] == pages[1]


async def test_by_pro_sante_connect_one_goes_on_and_in(example: Any) -> None:
    """Twin: one entry is asked the ordinal number alone, and is in."""
    visitor = await example.visitor()
    await visitor.begin("psc")
    shown = await come_back(visitor, example.people[0][5])
    assert isinstance(shown, FormShown)
    assert [field.name for field in shown.fields] == ["number"]
    shown = await visitor.submit(shown.form, number=example.people[0][6])
    assert isinstance(shown, LoggedInShown)
    assert shown.voter.branch == "psc"
