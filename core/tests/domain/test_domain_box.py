"""Pools, draws and publications: nobody in particular gets a credential, and the public list only grows."""

from __future__ import annotations

import json
import stat
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from isoloir import audit_log, publication, registrar, roll
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.receipt import ballot_receipt, proof_of_vote
from isoloir.store import box_store
from isoloir.store.engine import Store
from isoloir_ballots import credentials
from isoloir_ballots.groups import named


async def code_of(act: Any) -> str:
    with pytest.raises(IsoloirError) as raised:
        await act
    return raised.value.code


async def due(opened: Any, **options: Any) -> list[str]:
    made = await publication.publish_due(opened.store, opened.election, opened.clock, opened.keys, **options)
    return [one.contest for one in made]


async def test_pool_is_roll_and_reserve(
    store: Store, election: ElectionFile, tmp_path: Path, make_elector: Any, raw: Any
) -> None:
    """A pool is one credential an elector and the reserve; publics are sorted, seeds 0600, not in the database."""
    people = [make_elector(n, college="ph" if n < 7 else "pu") for n in range(10)]
    await roll.add_entries(store, election, people)
    told: list[tuple[str, int, int]] = []
    pools = await registrar.make_pools(store, tmp_path / "secrets", election, progress=lambda *now: told.append(now))
    assert {name: (pool.entitled, pool.reserve) for name, pool in pools.items()} == {"cspm": (7, 5), "csn": (10, 5)}
    assert told[-1] == ("csn", 15, 15)
    assert pools["cspm"].uuid != pools["csn"].uuid
    for name, pool in pools.items():
        listed = json.loads(pool.public_credentials)
        assert listed == sorted(set(listed))
        assert len(listed) == pool.size
        seed = registrar.seed_file(tmp_path / "secrets", election.id, name)
        assert stat.S_IMODE(seed.stat().st_mode) == 0o600
        derived = credentials.from_seed(seed.read_bytes(), 3)
        assert credentials.public(named("Ed25519"), pool.uuid, derived) in listed
        kept = str([raw(f"SELECT * FROM {table}") for table in ("box.box_credential", "box.box_setup", "acts.fact")])  # noqa: S608
        assert listed[0] in kept
        assert seed.read_bytes().hex() not in kept
        assert repr(seed.read_bytes())[2:-1] not in kept
    assert await registrar.pools(store, election) == pools


def test_usual_reserve() -> None:
    """Five at least, else two in a hundred."""
    assert [registrar.usual_reserve(n) for n in (0, 10, 250, 251, 100_000)] == [5, 5, 5, 6, 2_000]


async def test_setup_must_fit_its_pool(
    store: Store, election: ElectionFile, tmp_path: Path, make_elector: Any, setups: Any
) -> None:
    """A setup of another contest's uuid, a key that is not the trustees', and broken bytes are refused by clause."""
    await roll.add_entries(store, election, [make_elector(1)])
    made = await setups(store, election, tmp_path)
    cspm = await publication.setup_bytes(store, election.id, "cspm")
    csn = await publication.setup_bytes(store, election.id, "csn")
    bad = ((csn[0], csn[1], "setup.uuid"), (cspm[0], csn[1], "setup.public_key"), (b"{}", b"[]", "setup.election"))
    for election_json, trustees_json, clause in bad:
        with pytest.raises(IsoloirError) as raised:
            await registrar.save_setup(store, election, "cspm", election_json, trustees_json)
        assert (raised.value.code, raised.value.where["clause"]) == ("setup_invalid", clause)
    assert await publication.setup_bytes(store, election.id, "cspm") == cspm
    assert cspm[0] == made["cspm"].serialise()


async def test_draws_are_spread_over_the_unused(open_with: Any) -> None:
    """Draws lend each credential once while others are free; a used one is never drawn, a lent one at need."""
    opened = await open_with(3)
    drawn = [await opened.credential() for _ in range(8)]
    assert len(set(drawn)) == 8
    again = [await opened.credential() for _ in range(40)]
    assert set(again) <= set(drawn)
    assert len(set(again)) > 3
    await opened.cast(0, opened.ballot(drawn[0]))
    for _ in range(40):
        assert await opened.credential() != drawn[0]
    opened.clock.move_to(opened.clock.now() + timedelta(minutes=11))
    fresh = [await opened.credential() for _ in range(7)]
    assert set(fresh) == set(drawn[1:])


async def test_exhausted_pool_says_so(open_with: Any) -> None:
    """When every credential has a ballot, the draw is refused; with one left it is drawn."""
    opened = await open_with(3)
    drawn = [await opened.credential() for _ in range(8)]
    async with opened.store.write("box") as session:
        from isoloir.store.base import insert_absent
        from isoloir.store.box_tables import WaitingRow

        group, uuid = named("Ed25519"), opened.ballots_election["cspm"].uuid
        rows = [
            {"election": opened.election.id, "contest": "cspm", "tracker": f"t{n}", "ballot": b"x"}
            | {"credential": credentials.public(group, uuid, one)}
            for n, one in enumerate(drawn)
        ]
        await insert_absent(session, WaitingRow, rows[:-1])
    assert await opened.credential() == drawn[-1]
    async with opened.store.write("box") as session:
        await insert_absent(session, WaitingRow, rows[-1:])
    assert await code_of(opened.credential()) == "credentials_exhausted"
    assert await code_of(opened.credential("none")) == "contest_unknown"


async def test_draws_are_uniform(open_with: Any) -> None:
    """Over many first draws every credential of the pool comes up, none far more often than the others."""
    opened = await open_with(3)
    found: Counter[str] = Counter()
    for _ in range(320):
        await opened.store.leases.clear(opened.election.id)
        found[await opened.credential()] += 1
    assert len(found) == 8
    assert max(found.values()) < 3 * 40  # forty each expected; beyond this once in 10^20


async def test_draw_counts_no_pool(open_with: Any) -> None:
    """A pool's size is its last number's: of each contest its own, none of an unknown one; a draw counts nothing."""
    opened = await open_with(3)
    async with opened.store.read("box") as session:
        sizes = await box_store.pool_sizes(session, opened.election.id)
        told = {name: await box_store.pool_size(session, opened.election.id, name) for name in (*sizes, "none")}
    assert told == {**sizes, "none": 0}
    assert sizes["cspm"] == 8
    said: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *others: Any) -> None:
        said.append(statement.lower())

    for one in opened.store.engines:
        event.listen(one.sync_engine, "before_cursor_execute", note)
    await opened.credential()
    assert any("max(" in one and "box_credential" in one for one in said)
    assert not [one for one in said if "count(" in one]


async def test_lent_a_moment_ago_is_drawn_again(open_with: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another booth took between the look and the taking is not handed out as long as another one is free."""
    opened = await open_with(3)
    lent = [await opened.credential() for _ in range(7)]

    async def blind(*_: Any) -> set[int]:
        return set()

    monkeypatch.setattr(opened.store.leases, "lent", blind)
    last = await opened.credential()
    assert last not in lent
    assert await opened.credential() in {*lent, last}  # all are lent: one of them serves again


async def test_unused_are_those_without_a_ballot(open_with: Any) -> None:
    """Neither waiting nor published ballots leave their credentials unused, and another contest's do not count."""
    opened = await open_with(6)
    everything = set(range(11))

    async def unused() -> set[int]:
        async with opened.store.read("box") as session:
            return set(await box_store.unused(session, opened.election.id, "cspm"))

    assert await unused() == everything
    await opened.cast(0, await opened.fresh(0, "csn"), "csn")
    assert await unused() == everything
    ballots = [await opened.fresh() for _ in range(2)]
    async with opened.store.read("box") as session:
        pool = await box_store.pool(session, opened.election.id, "cspm")
    numbers = [pool.index(json.loads(ballot)["credential"]) for ballot in ballots]
    await opened.cast(0, ballots[0])
    assert set(await due(opened, least=1)) == {"csn", "cspm"}
    await opened.cast(1, ballots[1])
    assert await unused() == everything - set(numbers)


async def test_missing_seed_is_told(open_with: Any) -> None:
    """Without its seed a contest cannot draw, and the other one can."""
    opened = await open_with(3)
    registrar.destroy_seed(opened.folder / "secrets", opened.election.id, "cspm")
    assert await code_of(opened.credential()) == "seed_missing"
    assert await opened.credential("csn")


async def test_publication_needs_ten_and_its_hour(open_with: Any) -> None:
    """Nine new ballots are not published, ten are; then ten more, and not before the hour is over."""
    opened = await open_with(30)
    receipts = [await opened.cast(n, await opened.fresh(n % 3)) for n in range(9)]
    assert await due(opened) == []
    assert (await publication.box(opened.store, opened.election.id, "cspm")).trackers == ()
    assert await publication.find(opened.store, opened.election.id, receipts[0].tracker) == "cspm"
    receipts.append(await opened.cast(9, await opened.fresh()))
    assert await due(opened) == ["cspm"]
    first = await publication.box(opened.store, opened.election.id, "cspm")
    assert first.trackers == tuple(sorted(receipt.tracker for receipt in receipts))
    for number in range(10, 20):
        await opened.cast(number, await opened.fresh())
    opened.clock.move_to(opened.clock.now() + timedelta(minutes=58))
    assert await due(opened) == []
    opened.clock.move_to(opened.clock.now() + timedelta(minutes=3))
    assert await due(opened) == ["cspm"]
    second = await publication.box(opened.store, opened.election.id, "cspm")
    assert (second.number, second.count, second.previous_hash) == (2, 20, first.hash)
    assert set(first.trackers) < set(second.trackers)
    assert list(second.trackers) == sorted(second.trackers)
    assert second.hash == publication.hash_of(second.trackers)


async def test_publications_are_signed_chained_and_logged(open_with: Any) -> None:
    """Each publication verifies under the instance's key and no other; a changed count, hash or time does not."""
    opened = await open_with(12)
    for number in range(3):
        await opened.cast(number, await opened.fresh())
    assert await due(opened, least=1) == ["cspm"]
    await opened.close()
    first, *_ = made = await publication.publications(opened.store, opened.election.id, "cspm")
    key = publication.public_key(opened.keys)
    assert [one.number for one in made] == [1]
    assert first.public_key == key
    assert publication.is_signed(opened.election.id, first, key)
    for changed in (
        replace(first, count=4),
        replace(first, hash="0" * 64),
        replace(first, number=2),
        replace(first, contest="csn"),
        replace(first, published_at=first.published_at + timedelta(seconds=1)),
        replace(first, signature=""),
    ):
        assert not publication.is_signed(opened.election.id, changed, key)
    assert not publication.is_signed("another", first, key)
    assert not publication.is_signed(opened.election.id, first, "00" * 32)
    lines = [line for line in await audit_log.lines(opened.store, opened.election.id) if line.act == "box_published"]
    assert next(json.loads(line.details)["hash"] for line in lines) == first.hash


async def test_freeze_publishes_the_rest(open_with: Any) -> None:
    """The freeze publishes the few that waited, and an empty list where nobody voted."""
    opened = await open_with(5)
    receipt = await opened.cast(0, await opened.fresh())
    assert await due(opened) == []
    assert await code_of(anext(publication.ballots(opened.store, opened.election.id, "cspm"))) == "box_not_frozen"
    await opened.close()
    assert (await publication.box(opened.store, opened.election.id, "cspm")).trackers == (receipt.tracker,)
    empty = await publication.box(opened.store, opened.election.id, "csn")
    assert (empty.count, empty.number, empty.hash) == (0, 1, publication.hash_of(()))
    assert [ballot async for ballot in publication.ballots(opened.store, opened.election.id, "csn")] == []
    assert await due(opened, least=1) == []


async def test_frozen_ballots_come_sorted_by_tracker(open_with: Any) -> None:
    """The ballots of the frozen box are the exact bytes cast, in the order of their trackers."""
    opened = await open_with(8)
    cast = {}
    for number in range(8):
        ballot = await opened.fresh(number % 4)
        cast[(await opened.cast(number, ballot)).tracker] = ballot
    await opened.close()
    found = [ballot async for ballot in publication.ballots(opened.store, opened.election.id, "cspm")]
    assert found == [cast[tracker] for tracker in sorted(cast)]


async def test_find_is_exact(open_with: Any) -> None:
    """A tracker is found whole, in its election; a part, a pattern, another case or election finds nothing."""
    opened = await open_with(3)
    tracker = (await opened.cast(0, await opened.fresh())).tracker
    for wrong in ("", "%", tracker[:-1], tracker + "A", tracker.swapcase(), "' OR 1=1 --", "_" * 43, f"{tracker}\0"):
        assert await publication.find(opened.store, opened.election.id, wrong) is None
    assert await publication.find(opened.store, "another", tracker) is None
    assert await publication.find(opened.store, opened.election.id, f" {tracker}\n") == "cspm"


async def test_two_papers_share_nothing(open_with: Any) -> None:
    """The proof has voter and hour in legal time and no tracker; the receipt has the tracker, no voter, no time."""
    opened = await open_with(1)
    receipt = await opened.cast(0, await opened.fresh())
    (entry,) = await roll.entries(opened.store, opened.election.id)
    contest = opened.election.contest("cspm")
    proof = proof_of_vote(opened.election, entry, contest, opened.clock.now())
    paper = ballot_receipt(opened.election, contest, receipt.tracker)
    assert proof.hour.isoformat() == "2024-06-11T11:00:00+02:00"
    assert proof.voter == "Dr Alix Martin0"
    assert set(vars(proof)) & set(vars(paper)) == {"election", "contest"}
    assert receipt.tracker not in repr(proof) + repr(paper) + str(vars(proof))
    assert "Martin" not in str(vars(paper))
