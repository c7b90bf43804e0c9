"""Correcting a sealed roll from the board's pages: two members, two codes, each line read before it is written."""

from __future__ import annotations

from typing import Any

import pytest
from litestar.testing import AsyncTestClient

from isoloir import lifecycle, roll, roll_correction
from isoloir.config.board import Board
from isoloir.sealing import roll_digest
from isoloir_web.refusals import REFUSAL

E = "/e/essai-2024"
B = f"{E}/board"
COLUMNS = "title;last_name;first_name;email;mobile;rpps;ordinal_number;ordinal_number_kind;college"
LINE = "Dr;Oubliée;Alix;alix@ch.example;;99700000017;75/99;ordinal;ph"

pytestmark = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)


def token(page: Any, action: str) -> str:
    return page.text.split(f'action="{B}/{action}"', 1)[1].split('name="token" value="', 1)[1].split('"', 1)[0]  # type: ignore[no-any-return]


@pytest.fixture
async def two(stage: Any, holder: Any) -> Any:
    """The board's president and secretary, while people vote."""
    await stage.open_vote()
    written = stage.only
    national = written.boards["national"].model_dump()
    national["members"]["secretary"] = {"role": "secretary", "name": "Dr B. Petit"}
    stage.files[written.id] = written.model_copy(update={"boards": {"national": Board.model_validate(national)}})
    return await holder(stage), await holder(stage, "b.petit", member="secretary")


async def propose(client: AsyncTestClient[Any], one: Any, lines: str = f"{COLUMNS}\n{LINE}\n", **typed: str) -> Any:
    form = {"token": token(await client.get(f"{B}/correction"), "correction"), "code": one.code()}
    return await client.post(f"{B}/correction", data={"lines": lines, "why": "Oubli.", **form, **typed})


async def test_two_members_add_a_forgotten_elector(stage: Any, web: Any, two: Any) -> None:
    """One proposes, the other reads the line and confirms; she is on the roll, which is sealed as it is."""
    first, second = two
    async with web(stage) as one, web(stage) as other:
        await first.activate(one)
        await second.activate(other)
        assert f"{B}/correction" in (await one.get(f"{B}/")).text
        shown = await one.get(f"{B}/correction")
        assert "title;last_name;first_name;email;mobile;" in shown.text
        assert 'name="strike"' not in shown.text
        assert (await propose(one, first)).headers["location"] == f"{B}/correction"
        assert f"{B}/correction/confirm" not in (await one.get(f"{B}/correction")).text
        shown = await other.get(f"{B}/correction")
        for told in ("Oubli.", "Dr Alix Oubliée", "99700000017", "Dr A.Martin"):
            assert told in shown.text
        form = {"token": token(shown, "correction/confirm"), "number": "1"}
        wrong = await other.post(f"{B}/correction/confirm", data={**form, "code": "000000"})
        assert wrong.headers[REFUSAL] == "code_refused"
        done = await other.post(f"{B}/correction/confirm", data={**form, "code": second.code()})
        assert done.headers["location"] == f"{B}/integrity"
        again = await other.post(f"{B}/correction/confirm", data={**form, "code": second.code()})
        assert again.headers[REFUSAL] == "correction_gone"
    everybody = await roll.entries(stage.store, stage.only.id)
    assert "Oubliée" in {entry.last_name for entry in everybody}
    seal = await lifecycle.seal_of(stage.store, stage.only.id)
    assert seal is not None
    assert seal.roll == roll_digest(everybody)


async def test_what_cannot_be_read_or_written_proposes_nothing(stage: Any, web: Any, two: Any) -> None:
    """Each mistake is said with its line, and what was typed stays."""
    first, _ = two
    async with web(stage) as one:
        await first.activate(one)
        bad = await propose(one, first, f"{COLUMNS}\n{LINE.replace(';ph', ';nowhere')}\n")
        assert (bad.status_code, bad.headers[REFUSAL]) == (422, "roll_has_errors")
        assert "Ligne 2" in bad.text
        assert "alix@ch.example" in bad.text
        for typed, code in [
            ({"why": " "}, "reason_missing"),
            ({"strike": "yes"}, "correction_unknown"),
            ({"code": "000000"}, "code_refused"),
        ]:
            assert (await propose(one, first, **typed)).headers[REFUSAL] == code
        assert (await propose(one, first, COLUMNS)).headers[REFUSAL] == "roll_has_errors"
    assert await roll_correction.pending(stage.store, stage.keys, stage.only) is None


async def test_before_the_seal_the_roll_is_imported_instead(stage: Any, web: Any, holder: Any) -> None:
    """The page leads back home, and the home page does not offer it."""
    first = await holder(stage)
    async with web(stage) as one:
        await first.activate(one)
        assert (await one.get(f"{B}/correction")).headers["location"] == f"{B}/"
        assert f"{B}/correction" not in (await one.get(f"{B}/")).text
