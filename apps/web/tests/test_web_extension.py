"""Extending the vote from the board's pages: two members, two codes, and every voter's page says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from litestar.testing import AsyncTestClient

from isoloir import extension
from isoloir.config.board import Board
from isoloir_web.refusals import REFUSAL

E = "/e/essai-2024"
B = f"{E}/board"

pytestmark = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)


def token(page: Any, action: str) -> str:
    return page.text.split(f'action="{B}/{action}"', 1)[1].split('name="token" value="', 1)[1].split('"', 1)[0]  # type: ignore[no-any-return]


def proposal(stage: Any, **changes: str) -> dict[str, str]:
    closes = (stage.only.window.closes + timedelta(hours=5)).astimezone(ZoneInfo("Europe/Paris"))
    return {"day": f"{closes:%Y-%m-%d}", "hour": f"{closes:%H:%M}", "reason": "Panne d’une heure."} | changes


async def propose(client: AsyncTestClient[Any], one: Any, stage: Any, **changes: str) -> Any:
    form = {"token": token(await client.get(f"{B}/extend"), "extend"), "code": one.code()}
    return await client.post(f"{B}/extend", data={**form, **proposal(stage, **changes)})


async def test_two_members_extend_the_vote(stage: Any, web: Any, holder: Any) -> None:
    """One proposes, the other reads it and confirms; then the close is later on every page, with the reason."""
    await stage.open_vote()
    written = stage.only
    national = written.boards["national"].model_dump()
    national["members"]["secretary"] = {"role": "secretary", "name": "Dr B. Petit"}
    two = {"national": Board.model_validate(national)}
    stage.files[written.id] = written = written.model_copy(update={"boards": two})
    first = await holder(stage)
    second = await holder(stage, "b.petit", member="secretary")
    async with web(stage) as one, web(stage) as other, web(stage) as voter:
        await first.activate(one)
        await second.activate(other)
        assert f"{B}/extend" in (await one.get(f"{B}/")).text
        assert (await propose(one, first, stage)).headers["location"] == f"{B}/extend"
        own = await one.get(f"{B}/extend")
        assert f"{B}/extend/confirm" not in own.text
        assert "Panne d’une heure." not in (await voter.get(f"{E}/")).text
        shown = await other.get(f"{B}/extend")
        assert "Panne d’une heure." in shown.text
        assert "Dr A.Martin" in shown.text
        form = {"token": token(shown, "extend/confirm"), "number": "1"}
        wrong = await other.post(f"{B}/extend/confirm", data={**form, "code": "000000"})
        assert wrong.headers[REFUSAL] == "code_refused"
        done = await other.post(f"{B}/extend/confirm", data={**form, "code": second.code()})
        assert done.headers["location"] == f"{B}/"
        page = (await voter.get(f"{E}/")).text
        assert "Le vote est prolongé" in page
        assert "Panne d’une heure." in page
        again = await other.post(f"{B}/extend/confirm", data={**form, "code": second.code()})
        assert again.headers[REFUSAL] == "extension_gone"
    closes = stage.only.window.closes
    assert stage.election(stage.only.id).window.closes == (closes + timedelta(hours=5)).replace(
        second=0, microsecond=0
    )


async def test_what_cannot_be_read_or_proved_proposes_nothing(stage: Any, web: Any, holder: Any) -> None:
    """A day or hour that is none, a wrong code, no reason, an earlier close: said in words; what was typed stays."""
    await stage.open_vote()
    first = await holder(stage)
    async with web(stage) as one:
        await first.activate(one)
        for changes, code in [
            ({"day": "demain"}, "moment_unreadable"),
            ({"hour": "25:00"}, "moment_unreadable"),
            ({"reason": " "}, "reason_missing"),
            ({"day": "01/01/2020"}, "extension_too_short"),
        ]:
            refused = await propose(one, first, stage, **changes)
            assert (refused.status_code, refused.headers[REFUSAL]) == (422, code)
            assert code == "reason_missing" or "Panne d’une heure." in refused.text
        form = {"token": token(await one.get(f"{B}/extend"), "extend"), "code": "000000"}
        assert (await one.post(f"{B}/extend", data={**form, **proposal(stage)})).headers[REFUSAL] == "code_refused"
    assert await extension.pending(stage.store, stage.only) is None


async def test_before_the_vote_there_is_nothing_to_extend(stage: Any, web: Any, holder: Any) -> None:
    """The page leads back home, and the home page does not offer it."""
    first = await holder(stage)
    async with web(stage) as one:
        await first.activate(one)
        assert (await one.get(f"{B}/extend")).headers["location"] == f"{B}/"
        assert f"{B}/extend" not in (await one.get(f"{B}/")).text
