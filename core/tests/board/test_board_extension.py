"""A later close: proposed by one, confirmed by another, known to every process, and no box is frozen before it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from isoloir import audit_log, extension, lifecycle, sealing
from isoloir.errors import IsoloirError
from isoloir.lifecycle import Phase

LATER = timedelta(hours=3)


async def refusal(place: Any, **changes: Any) -> str:
    given = {"by": "account-1", "closes": place.election.window.closes + LATER, "reason": "Panne.", **changes}
    with pytest.raises(IsoloirError) as caught:
        await extension.propose(place.store, place.election, place.clock, **given)
    return caught.value.code


async def extend(place: Any, closes: datetime) -> None:
    here = (place.store, place.election, place.clock)
    made = await extension.propose(*here, by="account-1", closes=closes, reason=" Panne. ")
    await extension.confirm(*here, by="account-2", number=made.number)


async def test_nothing_changes_before_another_member_confirms(place: Any) -> None:
    """The proposal alone moves nothing; its author cannot confirm it; another can, once."""
    await place.opened()
    here, closes = (place.store, place.election, place.clock), place.election.window.closes + LATER
    made = await extension.propose(*here, by="account-1", closes=closes, reason="Panne.")
    assert await extension.everywhere(place.store) == {}
    assert await extension.pending(place.store, place.election) == made
    for by, number, code in [
        ("account-1", made.number, "extension_alone"),
        ("account-2", made.number + 1, "extension_gone"),
        ("account-2", 0, "extension_gone"),
    ]:
        with pytest.raises(IsoloirError, match=code):
            await extension.confirm(*here, by=by, number=number)
    await extension.confirm(*here, by="account-2", number=made.number)
    assert await extension.everywhere(place.store) == {"trial": closes}
    assert await extension.why(place.store, place.election) == "Panne."
    assert await extension.pending(place.store, place.election) is None
    with pytest.raises(IsoloirError, match="extension_gone"):
        await extension.confirm(*here, by="account-3", number=made.number)
    acts = [(one.act, json.loads(one.details)) for one in await audit_log.lines(place.store, "trial")][-2:]
    assert [act for act, _ in acts] == ["extension_proposed", "extended"]
    assert (acts[1][1]["account"], acts[1][1]["proposed_by"]) == ("account-2", "account-1")


async def test_a_later_proposal_takes_the_place_of_the_former(place: Any) -> None:
    """Who confirms the former is told that it is gone: nobody confirms what they did not read."""
    await place.opened()
    here, closes = (place.store, place.election, place.clock), place.election.window.closes
    first = await extension.propose(*here, by="account-1", closes=closes + LATER, reason="Panne.")
    second = await extension.propose(*here, by="account-3", closes=closes + 2 * LATER, reason="Autre panne.")
    with pytest.raises(IsoloirError, match="extension_gone"):
        await extension.confirm(*here, by="account-2", number=first.number)
    await extension.confirm(*here, by="account-1", number=second.number)
    assert await extension.everywhere(place.store) == {"trial": closes + 2 * LATER}


async def test_only_an_open_vote_is_extended_and_only_later(place: Any) -> None:
    """No reason, too long a one, no later close, one too late, a vote not open or about to close: refused."""
    assert await refusal(place) == "extension_not_now"
    await place.opened()
    closes = place.election.window.closes
    assert await refusal(place, reason="  ") == "reason_missing"
    assert await refusal(place, reason="x" * 501) == "reason_too_long"
    assert await refusal(place, closes=closes) == "extension_too_short"
    assert await refusal(place, closes=closes + extension.LONGEST + timedelta(minutes=1)) == "extension_too_long"
    place.clock.move_to(closes - extension.LAST_MOMENT + timedelta(seconds=1))
    assert await refusal(place) == "extension_not_now"
    place.clock.move_to(closes - extension.LAST_MOMENT - timedelta(seconds=5))
    await extend(place, closes + LATER)
    place.clock.move_to(closes + timedelta(minutes=5))
    await extend(place, closes + 2 * LATER)
    assert (await extension.everywhere(place.store))["trial"] == closes + 2 * LATER


async def test_people_vote_and_the_box_freezes_by_the_window_in_force(place: Any) -> None:
    """A vote is taken after the sealed grace, and a process that has not learnt of it freezes nothing."""
    await place.opened()
    written = place.election
    await extend(place, written.window.closes + LATER)
    extended = written.extended_to(written.window.closes + LATER)
    place.clock.move_to(written.window.grace_ends + timedelta(minutes=1))
    assert lifecycle.phase_of(lifecycle.State.OPEN, written, place.clock) is Phase.ENDED
    assert lifecycle.phase_of(lifecycle.State.OPEN, extended, place.clock) is Phase.OPEN
    for one in (written, extended):
        with pytest.raises(IsoloirError, match="grace_not_over"):
            await lifecycle.close(place.store, one, place.clock, place.keys, place.secrets)
    place.election = extended
    await place.vote(0, "a")
    await place.close()
    results = await place.unseal()
    assert results.contest("cspm").counts.votes == {"a": 1, "b": 0}


async def test_the_seal_covers_the_file_and_not_the_extension(place: Any) -> None:
    """An extended election is sealed as its file is; another change of the window is not."""
    written = place.election
    extended = written.extended_to(written.window.closes + LATER)
    assert (written.is_extended, extended.is_extended) == (False, True)
    assert sealing.election_file(extended) == sealing.election_file(written)
    again = extended.extended_to(written.window.closes + 2 * LATER)
    assert sealing.election_file(again) == sealing.election_file(written)
    window = written.window.model_copy(update={"closes": written.window.closes + LATER})
    assert sealing.election_file(written.model_copy(update={"window": window})) != sealing.election_file(written)


async def test_another_process_learns_of_it_within_seconds(place: Any) -> None:
    """What one process records the next knows after two seconds, asked no oftener; an election keeps its object."""
    await place.opened()
    seconds = 0.0
    windows = extension.InForce(place.store, lambda: seconds)
    await windows.learn(at_once=False)
    assert windows.applied(place.election) is place.election
    closes = place.election.window.closes + LATER
    await extend(place, closes)
    seconds = extension.InForce.EVERY / 2
    await windows.learn(at_once=False)
    assert windows.applied(place.election) is place.election
    seconds = extension.InForce.EVERY
    await windows.learn(at_once=False)
    applied = windows.applied(place.election)
    assert applied.window.closes == closes
    assert windows.applied(place.election) is applied
    await windows.learn()
    assert windows.applied(place.election) is applied
