"""The gate and the connections of PostgreSQL: what waits for whom, and what a server that goes away costs."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url
from sqlmodel import select

from isoloir import publication, roll
from isoloir.errors import IsoloirError
from isoloir.login.limits import Counters, Limits
from isoloir.login.sessions import Sessions
from isoloir.store import box_store, lifecycle_store, postgresql, roll_store
from isoloir.store.roll_tables import ContactRow
from isoloir.testing.postgresql import Cluster

pytestmark = pytest.mark.slow
on_postgresql = pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)


@contextmanager
def reading(url: str) -> Iterator[None]:
    """Read the box in a transaction that goes on, as a backup does."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg", username="postgres"))
    with engine.connect() as connection:
        connection.exec_driver_sql("LOCK TABLE box.box_waiting, box.box_published IN ACCESS SHARE MODE")
        yield
        connection.rollback()
    engine.dispose()


async def publish(opened: Any) -> int:
    made = await publication.publish_due(opened.store, opened.election, opened.clock, opened.keys, least=1)
    return sum(one.count for one in made)


async def code_of(work: Any) -> str:
    with pytest.raises(IsoloirError) as raised:
        await work
    return raised.value.code


async def wait_for(raw: Any, number: int) -> None:
    """Return once so many transactions wait for a lock; fail when that never comes."""
    for _ in range(200):
        if raw("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(number,)]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not {number} transactions wait")


async def test_casts_pass_together_and_an_act_alone(open_with: Any) -> None:
    """While an act passes alone a cast waits; when it has ended the cast is written."""
    opened = await open_with(3)
    ballot = await opened.fresh()
    async with opened.store.alone(opened.election.id):
        cast = asyncio.create_task(opened.cast(0, ballot))
        await asyncio.sleep(0.5)
        assert not cast.done()
    assert (await cast).tracker
    assert await publish(opened) == 1


@on_postgresql
async def test_backup_holds_up_the_publication_and_not_the_voters(open_with: Any, database_url: str) -> None:
    """While a backup reads the box the publication waits, casts go on; when it has ended all are published."""
    opened = await open_with(6)
    await opened.cast(0, await opened.fresh())
    with reading(database_url):
        publishing = asyncio.create_task(publish(opened))
        for number in range(1, 4):
            await opened.cast(number, await opened.fresh())
            await asyncio.sleep(0.2)
        assert not publishing.done()
    assert await publishing == 4


@on_postgresql
async def test_endless_backup_refuses_the_freeze_by_code(
    open_with: Any, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A box that is held beyond the patience is `gate_busy`: nothing has changed, and afterwards it closes."""
    opened = await open_with(3)
    await opened.cast(0, await opened.fresh())
    monkeypatch.setattr(postgresql, "_GATE_PATIENCE", 1)
    with reading(database_url):
        assert await code_of(opened.close()) == "gate_busy"
    async with opened.store.read() as session:
        assert await lifecycle_store.state(session, opened.election.id) == "open"
    await opened.close()
    assert (await publication.box(opened.store, opened.election.id, "cspm")).count == 1


def test_documents_tell_the_patience() -> None:
    """Both documents say a minute, and a minute it is."""
    docs = next(one for one in Path(__file__).parents if (one / "docs").is_dir()) / "docs"
    operator = (docs / "postgresql.md").read_text()
    decision = next((docs / "decisions").glob("0007-*")).read_text()
    assert postgresql._GATE_PATIENCE == 60
    assert "dure plus d’une minute, la clôture répond `gate_busy`" in operator
    assert "for a minute in all" in decision


@on_postgresql
async def test_ballot_is_found_while_a_publication_passes(open_with: Any, raw: Any) -> None:
    """Who looks for a ballot in the middle of its publication waits and finds it; an unknown tracker is not found."""
    opened = await open_with(3)
    receipt = await opened.cast(0, await opened.fresh())
    asked = (receipt.tracker, "unknown")
    async with opened.store.alone(opened.election.id) as session:
        await box_store.publish_waiting(session, opened.election.id, ["cspm"])
        finding = [
            asyncio.create_task(publication.find(opened.store, opened.election.id, tracker)) for tracker in asked
        ]
        await wait_for(raw, 2)
        assert not any(one.done() for one in finding)
    assert await asyncio.gather(*finding) == ["cspm", None]


@on_postgresql
async def test_credential_of_a_ballot_being_published_is_not_drawn(
    open_with: Any, raw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draw that meets a publication sees the ballots that it publishes: their credentials are used."""
    opened = await open_with(3)
    ballot = await opened.fresh()
    used = json.loads(ballot)["credential"]
    await opened.cast(0, ballot)
    async with opened.store.read("box") as session:
        number = (await box_store.pool(session, opened.election.id, "cspm")).index(used)

    async def before(*_: Any) -> set[int]:
        return set()  # the leases were looked at before the publication began

    monkeypatch.setattr(opened.store.leases, "lent", before)
    with monkeypatch.context() as always:
        always.setattr(secrets, "randbelow", lambda _: number)
        async with opened.store.alone(opened.election.id) as session:
            await box_store.publish_waiting(session, opened.election.id, ["cspm"])
            drawing = asyncio.create_task(opened.credential())
            await wait_for(raw, 1)
        drawn = await drawing
    assert json.loads(opened.ballot(drawn))["credential"] != used


@on_postgresql
async def test_roll_being_written_stalls_nobody(open_with: Any, raw: Any) -> None:
    """While a roll is written sessions start, are saved and read, failures are counted; that roll alone waits."""
    opened = await open_with(1)
    sessions = Sessions(opened.store, opened.keys, opened.clock)
    counters = Counters(opened.store, opened.keys, opened.clock, opened.election.id, Limits())
    async with opened.store.write(roll_of="another-2024") as importing:
        importing.add(ContactRow(election="another-2024", entry="a", email="x", mobile="", locale="fr"))
        await importing.flush()
        async with asyncio.timeout(20):
            session = await sessions.start("fr")
            assert await sessions.save(session)
            assert await sessions.load(session.handle)
            assert await counters.fail("tries", "typed") == 4
            async with opened.store.write(roll_of=opened.election.id) as other:
                await roll_store.count(other, opened.election.id)

        async def second() -> int:
            async with opened.store.write(roll_of="another-2024") as later:
                return len((await later.exec(select(ContactRow).where(ContactRow.entry == "a"))).all())

        waiting = asyncio.create_task(second())
        await wait_for(raw, 1)
        assert not waiting.done()
    assert await waiting == 1  # it sees what the first one wrote


@on_postgresql
async def test_import_takes_the_turn_of_its_roll(store: Any, election: Any, make_elector: Any, raw: Any) -> None:
    """Putting electors on the roll waits for whoever writes that roll, and for nobody who writes another part."""
    async with store.write():
        assert await roll.add_entries(store, election, [make_elector(1)]) == 1
    async with store.write(roll_of=election.id):
        adding = asyncio.create_task(roll.add_entries(store, election, [make_elector(2)]))
        await wait_for(raw, 1)
        assert not adding.done()
    assert await adding == 1


@on_postgresql
async def test_kept_lease_tells_no_moment(open_with: Any, raw: Any) -> None:
    """A lease in the table ends on a full minute, ten to eleven minutes after the draw."""
    opened = await open_with(1)
    before = opened.clock.now()
    await opened.credential()
    [(until,)] = raw("SELECT until FROM box.box_lease")
    assert (until.second, until.microsecond) == (0, 0)
    assert timedelta(minutes=10) <= until - before <= timedelta(minutes=11, seconds=30)


@on_postgresql
async def test_cut_connections_are_opened_anew(open_with: Any, raw: Any) -> None:
    """Every connection cut between two requests: the next ones read, write and cast as if nothing had been."""
    opened = await open_with(3)
    ballot = await opened.fresh()
    cut = raw("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'isoloir'")
    assert cut[0][0] >= 3
    assert (await opened.cast(0, ballot)).tracker
    assert await publish(opened) == 1


@on_postgresql
async def test_server_away_and_back(open_with: Any, postgresql: Cluster) -> None:
    """Away, everything is refused as `storage_unavailable`; back, the same ballot is cast once, nothing is lost."""
    opened = await open_with(3)
    first = await opened.cast(0, await opened.fresh())
    ballot = await opened.fresh(1)
    postgresql.stop(kill=True)
    try:
        assert await code_of(opened.cast(1, ballot)) == "storage_unavailable"
        assert await code_of(opened.credential()) == "storage_unavailable"
        assert await code_of(publish(opened)) == "storage_unavailable"
    finally:
        postgresql.start()
    receipts = {first.tracker, *[(await opened.cast(1, ballot)).tracker for _ in range(2)]}
    assert await publish(opened) == len(receipts) == 2
    assert set((await publication.box(opened.store, opened.election.id, "cspm")).trackers) == receipts
