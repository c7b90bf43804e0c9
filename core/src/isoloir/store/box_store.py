"""The ballot box in the database: setups, pools, ballots waiting and published."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, column, func, insert, not_, table
from sqlalchemy import select as sql_select
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.store.base import BOX
from isoloir.store.box_tables import CredentialRow, PublishedRow, SetupRow, WaitingRow

_PAGE = 500
_COLUMNS = ("election", "contest", "tracker", "credential", "ballot")
_RESTING = table("box_resting", *(column(name) for name in _COLUMNS), schema=BOX)
"""On PostgreSQL: what goes on waiting, while a publication empties the table it waits in."""


@dataclass(frozen=True)
class SetupFiles:
    """The three files of a setup, to the byte, and the SHA-256 that stands for them."""

    digest: str
    election: bytes = field(repr=False)
    trustees: bytes = field(repr=False)
    public_credentials: bytes = field(repr=False)


async def put_setup(
    session: AsyncSession, election_id: str, contest_id: str, election: bytes, trustees: bytes, credentials: bytes
) -> str:
    """Keep a contest's setup in place of a former one; return its digest."""
    digest = hashlib.sha256(
        b"".join(hashlib.sha256(part).digest() for part in (election, trustees, credentials))
    ).hexdigest()
    await session.merge(
        SetupRow(
            election=election_id,
            contest=contest_id,
            digest=digest,
            election_json=election,
            trustees_json=trustees,
            public_credentials_json=credentials,
        )
    )
    await session.flush()
    return digest


async def setup_digests(session: AsyncSession, election_id: str) -> dict[str, str]:
    """Return the digests of the setups there are, by contest."""
    query = select(SetupRow.contest, SetupRow.digest).where(SetupRow.election == election_id)
    return dict((await session.exec(query)).all())


async def setup(session: AsyncSession, election_id: str, contest_id: str) -> SetupFiles | None:
    """Return a contest's setup, or `None`."""
    row = await session.get(SetupRow, (election_id, contest_id))
    if row is None:
        return None
    return SetupFiles(row.digest, row.election_json, row.trustees_json, row.public_credentials_json)


async def election_files(session: AsyncSession, election_id: str) -> dict[str, bytes]:
    """Return ``election.json`` of the contests that have one, by contest."""
    query = select(SetupRow.contest, SetupRow.election_json).where(SetupRow.election == election_id)
    return dict((await session.exec(query)).all())


async def put_pool(session: AsyncSession, election_id: str, contest_id: str, publics: Sequence[str]) -> None:
    """Keep the public halves of a pool, numbered from 0, in place of a former pool."""
    connection = await session.connection()
    await session.exec(
        delete(CredentialRow).where(
            col(CredentialRow.election) == election_id, col(CredentialRow.contest) == contest_id
        )
    )
    rows = [
        {"election": election_id, "contest": contest_id, "number": number, "public": public}
        for number, public in enumerate(publics)
    ]
    if rows:
        await connection.execute(insert(CredentialRow), rows)


async def pool(session: AsyncSession, election_id: str, contest_id: str) -> list[str]:
    """Return the public halves of a pool, by number."""
    query = (
        select(CredentialRow.public)
        .where(CredentialRow.election == election_id, CredentialRow.contest == contest_id)
        .order_by(col(CredentialRow.number))
    )
    return list(await session.exec(query))


async def pool_sizes(session: AsyncSession, election_id: str) -> dict[str, int]:
    """Return how many credentials each contest's pool has."""
    query = (
        select(CredentialRow.contest, func.count())
        .where(CredentialRow.election == election_id)
        .group_by(col(CredentialRow.contest))
    )
    return dict((await session.exec(query)).all())


async def pool_size(session: AsyncSession, election_id: str, contest_id: str) -> int:
    """Return how many credentials a contest's pool has: by its last number, without counting them."""
    query = select(func.max(CredentialRow.number)).where(
        CredentialRow.election == election_id, CredentialRow.contest == contest_id
    )
    last = (await session.exec(query)).one()
    return 0 if last is None else last + 1


async def forget_setups(session: AsyncSession, election_id: str) -> None:
    """Remove every setup and pool of an election whose seal is broken."""
    await session.exec(delete(SetupRow).where(col(SetupRow.election) == election_id))
    await session.exec(delete(CredentialRow).where(col(CredentialRow.election) == election_id))


async def is_unused(session: AsyncSession, election_id: str, contest_id: str, number: int) -> bool:
    """Say whether no ballot in the box is under the credential of that number."""
    public = (
        await session.exec(
            select(CredentialRow.public).where(
                CredentialRow.election == election_id,
                CredentialRow.contest == contest_id,
                CredentialRow.number == number,
            )
        )
    ).first()
    return public is not None and not await is_used(session, election_id, contest_id, public)


async def is_used(session: AsyncSession, election_id: str, contest_id: str, credential: str) -> bool:
    """Say whether a ballot of this contest, waiting or published, is under this credential."""
    for row in (WaitingRow, PublishedRow):
        query = select(row.credential).where(
            row.election == election_id, row.contest == contest_id, row.credential == credential
        )
        if (await session.exec(query)).first() is not None:
            return True
    return False


async def unused(session: AsyncSession, election_id: str, contest_id: str) -> list[int]:
    """Return the numbers of every credential without a ballot."""
    taken = [
        select(row.credential).where(
            row.election == election_id, row.contest == contest_id, row.credential == CredentialRow.public
        )
        for row in (WaitingRow, PublishedRow)
    ]
    query = select(CredentialRow.number).where(
        CredentialRow.election == election_id,
        CredentialRow.contest == contest_id,
        *(not_(used.exists()) for used in taken),
    )
    return list(await session.exec(query))


async def holds(session: AsyncSession, election_id: str, contest_id: str, tracker: str) -> bool:
    """Say whether this contest's box holds the ballot of that tracker."""
    return await find(session, election_id, tracker) == contest_id


async def find(session: AsyncSession, election_id: str, tracker: str) -> str | None:
    """Return the contest whose box holds the ballot of exactly that tracker, or `None`.

    Both tables are always asked.
    """
    waiting = (
        await session.exec(
            select(WaitingRow.contest).where(WaitingRow.election == election_id, WaitingRow.tracker == tracker)
        )
    ).first()
    # Asked by the whole key, which begins with the contest: a published tracker is found without a further index.
    published = (
        await session.exec(
            select(PublishedRow.contest).where(
                PublishedRow.election == election_id,
                col(PublishedRow.contest).in_(select(SetupRow.contest).where(SetupRow.election == election_id)),
                PublishedRow.tracker == tracker,
            )
        )
    ).first()
    return waiting or published


async def stand_still(session: AsyncSession) -> None:
    """Let no publication pass while this reading session lasts; the first thing that it asks, or of no use.

    On PostgreSQL a statement fixes the moment it sees before it waits for a publication to end: the truncated ballots
    would be gone, and the published ones not there yet. This one waits without fixing anything.
    """
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql("LOCK TABLE box.box_waiting IN ACCESS SHARE MODE")


async def count_waiting(session: AsyncSession, election_id: str) -> dict[str, int]:
    """Return how many ballots wait to be published, by contest."""
    query = (
        select(WaitingRow.contest, func.count())
        .where(WaitingRow.election == election_id)
        .group_by(col(WaitingRow.contest))
    )
    return dict((await session.exec(query)).all())


async def count(session: AsyncSession, election_id: str) -> dict[str, int]:
    """Return how many ballots the boxes hold, waiting or published, by contest; none where a box is empty."""
    found: dict[str, int] = {}
    for row in (WaitingRow, PublishedRow):
        query = select(row.contest, func.count()).where(row.election == election_id).group_by(col(row.contest))
        for contest, number in (await session.exec(query)).all():
            found[contest] = found.get(contest, 0) + number
    return found


async def publish_waiting(session: AsyncSession, election_id: str, contests: Sequence[str]) -> None:
    """Write the waiting ballots of contests into the published ones in the order of trackers, and remove them there.

    Never an UPDATE, and on PostgreSQL no DELETE: a row keeps traces of when it was first written, and a deleted one
    stays in its page. What goes on waiting is written anew, sorted too.
    """
    connection = await session.connection()
    mine = (col(WaitingRow.election) == election_id) & col(WaitingRow.contest).in_(contests)
    await connection.execute(insert(PublishedRow).from_select(_COLUMNS, _sorted(mine)))
    if connection.dialect.name != "postgresql":
        await session.exec(delete(WaitingRow).where(mine))
        return
    await connection.execute(insert(_RESTING).from_select(_COLUMNS, _sorted(not_(mine))))
    await connection.exec_driver_sql("TRUNCATE box.box_waiting")
    resting = sql_select(*(_RESTING.c[name] for name in _COLUMNS)).order_by(_RESTING.c.tracker)
    await connection.execute(insert(WaitingRow).from_select(_COLUMNS, resting))
    await connection.exec_driver_sql("TRUNCATE box.box_resting")


def _sorted(which: ColumnElement[bool]) -> Select[Any]:
    columns = (getattr(WaitingRow, name) for name in _COLUMNS)
    return sql_select(*columns).where(which).order_by(col(WaitingRow.tracker))


async def trackers(session: AsyncSession, election_id: str, contest_id: str) -> list[str]:
    """Return the published trackers of a contest, sorted."""
    query = (
        select(PublishedRow.tracker)
        .where(PublishedRow.election == election_id, PublishedRow.contest == contest_id)
        .order_by(col(PublishedRow.tracker))
    )
    return list(await session.exec(query))


async def ballots(session: AsyncSession, election_id: str, contest_id: str) -> AsyncIterator[bytes]:
    """Yield the published ballots of a contest in the order of their trackers, a page in memory at a time."""
    after = ""
    while True:
        query = (
            select(PublishedRow.tracker, PublishedRow.ballot)
            .where(
                PublishedRow.election == election_id,
                PublishedRow.contest == contest_id,
                PublishedRow.tracker > after,
            )
            .order_by(col(PublishedRow.tracker))
            .limit(_PAGE)
        )
        page = (await session.exec(query)).all()
        for _, ballot in page:
            yield ballot
        if len(page) < _PAGE:
            return
        after = page[-1][0]
