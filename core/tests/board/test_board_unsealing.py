"""Unsealing: exactly the sets of members that the rule names open the box, and a wrong decryption is named."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from isoloir import lifecycle, unsealing
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir_ballots import tally
from isoloir_ballots.errors import VerificationError

HOLDERS = ("president", "secretary", "d1", "d2", "d3", "d4")


async def closed(place: Any) -> None:
    await place.opened()
    for number, choice in enumerate(["a", "a", "b", "blank"]):
        await place.vote(number, choice)
    await place.close()


async def test_every_subset_of_the_board_is_tried(place: Any) -> None:
    """Of 64 subsets, exactly those with an officer and two delegates decrypt, all to the same result."""
    await closed(place)
    box = unsealing.boxes_of(place.election, place.archives, "national")["cspm"]
    made = {one: place.decrypted(one).boxes[box.uuid] for one in HOLDERS}
    results = set()
    for size in range(7):
        for present in combinations(HOLDERS, size):
            given = [(HOLDERS.index(one) + 1, made[one]) for one in present]
            officers, delegates = {"president", "secretary"} & {*present}, {"d1", "d2", "d3", "d4"} & {*present}
            if officers and len(delegates) >= 2:
                assert place.election.boards["national"].met(present)
                results.add(tally.result(box.setup, box.total, given))
            else:
                assert not place.election.boards["national"].met(present)
                with pytest.raises(VerificationError, match=r"tally.missing_share"):
                    tally.result(box.setup, box.total, given)
    assert results == {b'{"result":[[1,2,1]]}'}


@pytest.mark.parametrize("members", [("secretary", "d2", "d4"), ("president", "d1", "d3"), HOLDERS])
async def test_a_qualified_set_opens_the_box(place: Any, members: tuple[str, ...]) -> None:
    """A minimal set opens the box, and so do all together; the archive holds no more shares than the rule asks."""
    await closed(place)
    found = (await place.unseal(*members)).contest("cspm")
    assert dict(found.counts.votes) == {"a": 2, "b": 1}
    assert found.counts.blank == 1


@pytest.mark.parametrize("members", [("president", "secretary", "d1"), ("d1", "d2", "d3", "d4"), ("president",)])
async def test_an_unqualified_set_opens_nothing_until_it_is_completed(place: Any, members: tuple[str, ...]) -> None:
    """Too few are told so, what they gave is kept, and the box opens with those who come later."""
    await closed(place)
    with pytest.raises(IsoloirError, match="rule_not_met"):
        await place.unseal(*members)
    assert await lifecycle.state(place.store, "trial") is State.CLOSED
    later = [one for one in ("president", "d1", "d2") if one not in members]
    assert (await place.unseal(*later)).contest("cspm").ballots == 4


async def test_a_wrong_partial_decryption_is_refused_by_name_and_changes_nothing(place: Any) -> None:
    """One member's decryption under another's number, for another board or with a changed proof: refused by name."""
    await closed(place)
    right = place.decrypted("d2")
    other = place.decrypted("d3")
    (uuid,) = right.boxes
    wrong = {
        "partial_foreign": replace(right, number=5),
        "partial_foreign .*d2": replace(right, election="other"),
        "partial_foreign .*nobody": replace(right, member="nobody"),
        "partial_incomplete .*d2.*cspm": replace(right, boxes={}),
        "partial_invalid .*d2": replace(right, boxes=other.boxes),
        "partial_invalid": replace(right, boxes={uuid: right.boxes[uuid] + b" "}),
    }
    for code, given in wrong.items():
        with pytest.raises(IsoloirError, match=code):
            await unsealing.receive(place.store, place.election, place.archives, given)
    assert await unsealing.givers(place.store, place.election, "national") == ()
    assert (await place.unseal()).contest("cspm").counts.votes["a"] == 2


async def test_the_same_partial_decryption_twice_is_kept_once(place: Any) -> None:
    """A member who gives again, after a restart say, changes nothing."""
    await closed(place)
    await place.receive(["d2", "d2", "president", "d2"])
    assert await unsealing.givers(place.store, place.election, "national") == ("d2", "president")


async def test_nothing_is_received_before_the_close(place: Any) -> None:
    """While the vote is open there is no total to decrypt, and none is taken."""
    await closed(place)
    given = place.decrypted("d1")
    async with place.store.write("box") as session:
        from isoloir.store import lifecycle_store

        await lifecycle_store.set_state(session, "trial", "open")
    with pytest.raises(IsoloirError, match="lifecycle_order"):
        await unsealing.receive(place.store, place.election, place.archives, given)
