"""The board's whole way, without web or login: ceremony, seal, rehearsal, opening, ballots, close, unsealing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from isoloir import board, lifecycle, unsealing
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir_ballots.verify import check_archive


@pytest.mark.parametrize("choices", [[], ["a"], ["a", "a", "b", "blank"], ["blank"] * 5])
async def test_what_was_cast_comes_out(place: Any, choices: list[str]) -> None:
    """Zero ballots, one, several and only blanks: poll book, ballots and votes agree, the archive verifies."""
    await place.opened()
    for number, choice in enumerate(choices):
        await place.vote(number, choice)
    paths = await place.close()
    found = (await place.unseal()).contest("cspm")
    assert (found.entitled, found.poll_book, found.ballots) == (5, len(choices), len(choices))
    assert found.counts.blank == choices.count("blank")
    assert dict(found.counts.votes) == {"a": choices.count("a"), "b": choices.count("b")}
    assert check_archive(paths["cspm"]).ballots == len(choices)
    again = await unsealing.results(place.store, place.election)
    assert again is not None
    assert again.contest("cspm") == found
    assert await lifecycle.state(place.store, "trial") is State.TALLIED


async def test_no_close_before_the_grace_is_over(place: Any) -> None:
    """The freeze waits for the voters who were logged in at the close."""
    await place.opened()
    place.clock.move_to(place.election.window.closes + timedelta(minutes=29))
    with pytest.raises(IsoloirError, match="grace_not_over"):
        await board.close_vote(place.store, place.election, place.clock, place.keys, place.secrets, place.archives)


async def test_closing_twice_is_harmless(place: Any) -> None:
    """A close that was cut off is finished by running it again; the archive keeps its bytes."""
    await place.opened()
    await place.vote(0, "a")
    first = (await place.close())["cspm"].read_bytes()
    assert (await place.close())["cspm"].read_bytes() == first
    with pytest.raises(IsoloirError, match="box_frozen"):
        await place.vote(1, "a")


async def test_a_tie_waits_for_the_boards_lot(place: Any) -> None:
    """Equal lists for the last seat: no result until the board's lot is given; then as drawn, and recorded."""
    contests = [{**place.election.contests[0].model_dump(), "seats": 1}]
    place.election = type(place.election).model_validate({**place.election.model_dump(), "contests": contests})
    await place.opened()
    await place.vote(0, "a")
    await place.vote(1, "b")
    await place.close()
    with pytest.raises(IsoloirError, match="tie_needs_lot"):
        await place.unseal()
    assert await lifecycle.state(place.store, "trial") is State.CLOSED
    found = (await place.unseal(lots={"cspm": ["b"]})).contest("cspm")
    assert dict(found.allocation.seats) == {"a": 0, "b": 1}
    assert found.elected == {"a": (), "b": ("B1",)}
