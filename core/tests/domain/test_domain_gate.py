"""The gate and the connections of PostgreSQL: what waits for whom, and what a server that goes away costs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url

from isoloir import publication
from isoloir.errors import IsoloirError
from isoloir.store import lifecycle_store, postgresql
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
    """A box that is held for too long is `gate_busy`: nothing has changed, and afterwards it closes."""
    opened = await open_with(3)
    await opened.cast(0, await opened.fresh())
    monkeypatch.setattr(postgresql, "_GATE_TRIES", 2)
    with reading(database_url):
        assert await code_of(opened.close()) == "gate_busy"
    async with opened.store.read() as session:
        assert await lifecycle_store.state(session, opened.election.id) == "open"
    await opened.close()
    assert (await publication.box(opened.store, opened.election.id, "cspm")).count == 1


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
