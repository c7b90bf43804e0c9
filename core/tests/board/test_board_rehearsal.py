"""The rehearsal: no election opens before its real shares, every one of them, have opened a box."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rehearsal_kit

from isoloir import lifecycle, registrar, rehearsal
from isoloir.ceremony import hosting
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir.partials import Box, Partials
from isoloir.rehearsal import Drill, Played
from isoloir_ballots import trustees
from isoloir_ballots.groups import named

ALL = ("president", "secretary", "d1", "d2", "d3", "d4")


async def test_a_rehearsal_opens_without_each_member_and_refuses_what_is_damaged(place: Any) -> None:
    """With every share given, the box opens without any one of them; a damaged decryption of each is refused."""
    await place.sealed()
    held = await place.rehearse()
    (contest,) = held.contests
    assert held.passed
    assert set(contest.without) == set(contest.refused) == set(contest.unreadable) == set(ALL)
    assert contest.votes == {"a": 1, "b": 1, "blank": 1}
    assert held.proved == {"national": tuple(sorted(ALL))}


async def test_a_minimal_rehearsal_opens_without_nobody(place: Any) -> None:
    """Twin: with just enough shares nobody can be done without, and the record says so."""
    await place.sealed()
    held = await place.rehearse("president", "d1", "d3")
    assert held.passed
    assert held.contests[0].without == ()


@pytest.mark.parametrize("members", [("president", "secretary", "d1"), ("d1", "d2", "d3", "d4"), ("secretary",)])
async def test_an_unqualified_set_rehearses_nothing(place: Any, members: tuple[str, ...]) -> None:
    """Two officers and a delegate, or delegates alone, open nothing; the state and the record stay."""
    await place.sealed()
    with pytest.raises(IsoloirError, match="rule_not_met"):
        await place.rehearse(*members)
    assert await lifecycle.state(place.store, "trial") is State.SEALED


async def test_no_opening_without_a_rehearsal(place: Any) -> None:
    """`open` refuses a sealed election that was not rehearsed (rehearsal_missing), and passes once it was."""
    await place.sealed()
    with pytest.raises(IsoloirError, match="rehearsal_missing"):
        await place.open()
    await place.rehearse()
    await place.open()


async def test_no_opening_while_a_share_never_served(place: Any) -> None:
    """A share that no rehearsal has seen keeps the election shut, by name; a second rehearsal with it opens."""
    await place.sealed()
    await place.rehearse(*ALL[:-1])
    with pytest.raises(IsoloirError, match=r"share_unproved .*d4"):
        await place.open()
    await place.rehearse("president", "d1", "d4")
    await place.open()


async def test_a_change_of_the_system_voids_the_rehearsal(place: Any) -> None:
    """After a change of the election file `open` refuses (rehearsal_outdated)."""
    await place.sealed()
    await place.rehearse()
    title = place.election.title.model_copy(update={"fr": "Autre"})
    place.election = place.election.model_copy(update={"title": title})
    with pytest.raises(IsoloirError, match="rehearsal_outdated"):
        await place.open()


async def test_once_open_real_shares_are_refused_for_a_rehearsal(place: Any) -> None:
    """An open election is not rehearsed any more: neither begun, nor given to, nor finished."""
    await place.opened()
    with pytest.raises(IsoloirError, match="already_open"):
        await place.rehearse()
    with pytest.raises(IsoloirError, match="already_open"):
        await rehearsal.receive(
            place.store, place.election, place.rehearsals, Partials("trial", "national", "d1", 3, {})
        )
    with pytest.raises(IsoloirError, match="already_open"):
        await rehearsal_kit.finish(place.store, place.election, place.plugins, place.rehearsals, place.clock)


async def test_rehearsal_before_the_seal_is_refused(place: Any) -> None:
    """There is nothing to rehearse before the election is sealed."""
    await place.keyed()
    with pytest.raises(IsoloirError, match="not_sealed"):
        await place.rehearse()


async def test_what_a_rehearsal_decrypted_is_of_no_use_in_the_real_box(place: Any) -> None:
    """The partial decryptions of a rehearsal are refused for the real box: it has another uuid."""
    await place.sealed()
    paths = await rehearsal_kit.begin(place.store, place.election, place.rehearsals, place.clock)
    made = {one: Partials.make(share, [Box.read(paths["cspm"])]) for one, share in place.shares.items()}
    for given in made.values():
        await rehearsal.receive(place.store, place.election, place.rehearsals, given)
    await rehearsal_kit.finish(place.store, place.election, place.plugins, place.rehearsals, place.clock)
    await place.open()
    await place.close()
    real = place.decrypted("d1")
    ((uuid, _),) = real.boxes.items()
    ((_, data),) = made["d1"].boxes.items()
    for given, code in ((made["d1"], "partial_incomplete"), (replace(real, boxes={uuid: data}), "partial_invalid")):
        place.decrypted = lambda _, given=given: given
        with pytest.raises(IsoloirError, match=code):
            await place.receive(["d1"])


async def test_a_rehearsal_goes_on_where_it_was_cut_off(place: Any) -> None:
    """Shares given before a stop are not asked again; what was begun anew forgets them."""
    await place.sealed()
    paths = await rehearsal_kit.begin(place.store, place.election, place.rehearsals, place.clock)
    here = (place.store, place.election, place.rehearsals)
    for one in ("president", "d1"):
        await rehearsal.receive(*here, Partials.make(place.shares[one], [Box.read(paths["cspm"])]))
    await rehearsal.receive(*here, Partials.make(place.shares["d2"], [Box.read(paths["cspm"])]))
    held = await rehearsal_kit.finish(place.store, place.election, place.plugins, place.rehearsals, place.clock)
    assert held.proved == {"national": ("d1", "d2", "president")}
    with pytest.raises(IsoloirError, match="rehearsal_not_begun"):
        await rehearsal_kit.finish(place.store, place.election, place.plugins, place.rehearsals, place.clock)


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        ({"cast": {"cspm": {"a": 2, "b": 1, "blank": 0}}}, "rehearsal_incomplete"),
        ({"cast": {"cspm": {"a": 2, "b": 1, "blank": 1}}}, "rehearsal_incomplete"),
        ({"cast": {}}, "rehearsal_incomplete"),
    ],
)
async def test_a_box_without_every_choice_is_no_rehearsal(place: Any, spoilt: dict[str, Any], code: str) -> None:
    """A choice that nobody made, and another number of ballots than the box holds, are refused at the beginning."""
    await place.sealed()
    with pytest.raises(IsoloirError, match=code):
        await rehearsal_kit.begin(place.store, place.election, place.rehearsals, place.clock, **spoilt)
    with pytest.raises(IsoloirError, match="rehearsal_not_begun"):
        await rehearsal.begun(place.store, place.election)


async def test_a_box_of_other_keys_or_lists_is_no_rehearsal(place: Any) -> None:
    """Archives of another board, or asking another question, are refused; those of the election are taken."""
    await place.sealed()
    election, here = place.election, (place.rehearsals / "made", place.clock)
    entries = (await hosting.entries(place.store, election))["national"]
    (contest,) = election.contests
    foreign = (trustees.KeyPair.generate(named(election.group)).entry,)
    fewer = contest.model_copy(update={"blank": False})
    good = rehearsal_kit.scratch_box(election, contest, entries, *here)
    wrong = [
        rehearsal_kit.scratch_box(election, contest, foreign, *here),
        rehearsal_kit.scratch_box(election, fewer, entries, *here),
    ]
    played = rehearsal_kit.played_of(election)
    for path in wrong:
        with pytest.raises(IsoloirError, match="rehearsal_box_foreign"):
            await rehearsal.begin(place.store, election, place.rehearsals, played, {"cspm": path}, "x")
    await rehearsal.begin(place.store, election, place.rehearsals, played, {"cspm": good}, "x")


async def test_the_real_box_serves_no_rehearsal(place: Any) -> None:
    """Its archive is described otherwise and has the real uuid: no share is asked for it before its time."""
    await place.opened()
    await place.vote(0, "a")
    real = (await place.close())["cspm"]
    entries = (await hosting.entries(place.store, place.election))["national"]
    pool = (await registrar.pools(place.store, place.election))["cspm"]
    with pytest.raises(IsoloirError, match="rehearsal_box_foreign"):
        rehearsal._demand_scratch(
            place.election, place.election.contests[0], Box.read(real), entries, {"uuid": pool.uuid}
        )


async def test_a_drill_that_went_wrong_fails_the_rehearsal(place: Any) -> None:
    """A mistake that was let pass: the election stays shut; and what nobody voted in is no rehearsal."""
    spoilt = {"drills": (Drill("wrong_code", "x", (), held=False),)}
    assert not Played({"cspm": {}}, {"x": 1}, (), {}, ()).held
    await place.sealed()
    paths = await rehearsal_kit.begin(place.store, place.election, place.rehearsals, place.clock, **spoilt)
    await give(place, paths)
    here = (place.store, place.election, place.plugins, place.rehearsals, place.clock)
    assert not (await rehearsal_kit.finish(*here)).passed
    with pytest.raises(IsoloirError, match="rehearsal_failed"):
        await place.open()


@pytest.mark.parametrize("spoilt", [{"fault": "counts_differ"}, {"seats": {}}])
async def test_a_scratch_election_that_does_not_end_fails_the_rehearsal(place: Any, spoilt: dict[str, Any]) -> None:
    """Without seats, or stopped on the way, it has failed; its twin passes."""
    await place.sealed()
    here = (place.store, place.election, place.plugins, place.rehearsals, place.clock)
    for changes in (spoilt, {}):
        await give(place, await rehearsal_kit.begin(place.store, place.election, place.rehearsals, place.clock))
        assert (await rehearsal_kit.finish(*here, **changes)).passed is (not changes)


async def give(place: Any, paths: dict[str, Path]) -> None:
    for share in place.shares.values():
        given = Partials.make(share, [Box.read(paths["cspm"])])
        await rehearsal.receive(place.store, place.election, place.rehearsals, given)
