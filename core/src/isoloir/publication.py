"""The public ballot box: it grows by publications, sorted, counted, hashed and signed, each containing the former."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir import audit_log
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.store import acts_store, box_store, lifecycle_store
from isoloir.store.acts_store import Publication
from isoloir.store.engine import Store
from isoloir_ballots.hashing import compact_digest

LEAST_NEW = 10
"""How many new ballots a publication needs, so that each hides among the others."""
EVERY = timedelta(hours=1)
_PURPOSE = "publication/ed25519"


@dataclass(frozen=True, repr=False)
class PublicBox:
    """The public list of one contest as its last publication left it.

    `hash` is the SHA-256 of the sorted trackers, each followed by a line feed; `previous_hash` that of the list
    before, empty for the first. `signature` (Ed25519, hexadecimal) is over `statement`; before any publication
    the list is empty, unsigned and without a time.
    """

    election: str
    contest: str
    trackers: tuple[str, ...]
    number: int
    count: int
    hash: str
    previous_hash: str
    published_at: datetime | None
    public_key: str
    signature: str


def public_key(keys: Keys) -> str:
    """Return the instance's public key for publications: Ed25519, 32 bytes in hexadecimal."""
    return _signer(keys).public_key().public_bytes_raw().hex()


def statement(election_id: str, publication: Publication) -> bytes:
    """Return the canonical JSON that a publication's signature covers (RFC 8032 over these bytes)."""
    covered = {
        "contest": publication.contest,
        "count": publication.count,
        "election": election_id,
        "hash": publication.hash,
        "number": publication.number,
        "previous_hash": publication.previous_hash,
        "published_at": publication.published_at.astimezone(UTC).isoformat(timespec="seconds"),
    }
    return json.dumps(covered, sort_keys=True, separators=(",", ":")).encode()


def is_signed(election_id: str, publication: Publication, key: str) -> bool:
    """Say whether the publication is signed by the owner of that public key (hexadecimal)."""
    try:
        verifier = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        verifier.verify(bytes.fromhex(publication.signature), statement(election_id, publication))
    except (InvalidSignature, ValueError):
        return False
    return True


def hash_of(trackers: Sequence[str]) -> str:
    """Return the hash of a list: SHA-256 of `written`, so of the file that anybody can save."""
    return hashlib.sha256(written(trackers)).hexdigest()


def written(trackers: Sequence[str]) -> bytes:
    """Return a list as a file: sorted trackers, each followed by a line feed."""
    return "".join(f"{tracker}\n" for tracker in sorted(trackers)).encode()


async def publish_due(
    store: Store,
    election: ElectionFile,
    clock: Clock,
    keys: Keys,
    *,
    least: int = LEAST_NEW,
    every: timedelta = EVERY,
) -> tuple[Publication, ...]:
    """Publish every contest that has `least` new ballots and was not published for `every`; nothing unless open.

    Casts wait meanwhile. Afterwards the write-ahead log, which keeps the order of casts, is emptied.
    """
    async with store.read("box") as session:
        if not await _due(session, election, clock, least, every):
            return ()
    return await store.kept(_publish_due(store, election, clock, keys, least, every))


async def _publish_due(
    store: Store, election: ElectionFile, clock: Clock, keys: Keys, least: int, every: timedelta
) -> tuple[Publication, ...]:
    async with store.alone(election.id) as session:
        due = await _due(session, election, clock, least, every)
        made = await _publish(session, election.id, due, clock, keys)
    if made:
        await store.forget_order()
    return made


async def _due(
    session: AsyncSession, election: ElectionFile, clock: Clock, least: int, every: timedelta
) -> list[str]:
    if await lifecycle_store.state(session, election.id) != "open":
        return []
    waiting = await box_store.count_waiting(session, election.id)
    due = []
    for contest in election.contests:
        former = await acts_store.publications(session, election.id, contest.id)
        rested = not former or clock.now() - former[-1].published_at >= every
        if rested and waiting.get(contest.id, 0) >= max(least, 1):
            due.append(contest.id)
    return due


async def publish_last(
    session: AsyncSession, election: ElectionFile, clock: Clock, keys: Keys
) -> tuple[Publication, ...]:
    """Publish whatever waits, and a first list where there is none: part of the freeze, in its transaction."""
    waiting = await box_store.count_waiting(session, election.id)
    due = [
        contest.id
        for contest in election.contests
        if waiting.get(contest.id) or not await acts_store.publications(session, election.id, contest.id)
    ]
    return await _publish(session, election.id, due, clock, keys)


async def _publish(
    session: AsyncSession, election_id: str, contests: Sequence[str], clock: Clock, keys: Keys
) -> tuple[Publication, ...]:
    made = []
    if contests:
        await box_store.publish_waiting(session, election_id, contests)
    for contest_id in contests:
        former = await acts_store.publications(session, election_id, contest_id)
        trackers = await box_store.trackers(session, election_id, contest_id)
        signer = _signer(keys)
        unsigned = Publication(
            contest=contest_id,
            number=former[-1].number + 1 if former else 1,
            count=len(trackers),
            hash=hash_of(trackers),
            previous_hash=former[-1].hash if former else "",
            published_at=clock.now().astimezone(UTC).replace(microsecond=0),
            public_key=signer.public_key().public_bytes_raw().hex(),
            signature="",
        )
        signature = signer.sign(statement(election_id, unsigned)).hex()
        publication = Publication(**(vars(unsigned) | {"signature": signature}))
        await acts_store.add_publication(session, election_id, publication)
        details = {
            name: getattr(publication, name) for name in ("contest", "number", "count", "hash", "previous_hash")
        }
        await audit_log.record(session, election_id, "box_published", details, clock)
        made.append(publication)
    return tuple(made)


async def find(store: Store, election_id: str, tracker: str) -> str | None:
    """Return the contest whose box holds the ballot of exactly this tracker, published or not yet, or `None`."""
    if "\0" in tracker:
        return None  # no text to PostgreSQL
    async with store.read("box") as session:
        await box_store.stand_still(session)
        return await box_store.find(session, election_id, tracker.strip())


async def box(store: Store, election_id: str, contest_id: str) -> PublicBox:
    """Return the public list of a contest."""
    async with store.read("box") as session:
        made = await acts_store.publications(session, election_id, contest_id)
        trackers = await box_store.trackers(session, election_id, contest_id)
    if not made:
        return PublicBox(election_id, contest_id, (), 0, 0, hash_of(()), "", None, "", "")
    last = made[-1]
    return PublicBox(
        election=election_id,
        contest=contest_id,
        trackers=tuple(trackers),
        number=last.number,
        count=last.count,
        hash=last.hash,
        previous_hash=last.previous_hash,
        published_at=last.published_at,
        public_key=last.public_key,
        signature=last.signature,
    )


async def publications(store: Store, election_id: str, contest_id: str) -> list[Publication]:
    """Return every publication of a contest, the oldest first."""
    async with store.read("box") as session:
        return await acts_store.publications(session, election_id, contest_id)


async def setup_bytes(store: Store, election_id: str, contest_id: str) -> tuple[bytes, bytes, bytes]:
    """Return ``election.json``, ``trustees.json`` and ``public_credentials.json`` of a contest, to the byte.

    Raises `IsoloirError` `setup_missing` before the keys are made.
    """
    async with store.read("box") as session:
        files = await box_store.setup(session, election_id, contest_id)
    if files is None:
        raise IsoloirError("setup_missing", election=election_id, contest=contest_id)
    return files.election, files.trustees, files.public_credentials


async def fingerprints(store: Store, election_id: str) -> dict[str, str]:
    """Return the fingerprint of each contest that has its keys: what its ballots, papers and archive name.

    SHA-256 of ``election.json`` in base 64 without padding: 43 characters (φ of the Belenios specification).
    """
    async with store.read("box") as session:
        files = await box_store.election_files(session, election_id)
    return {contest: compact_digest(file) for contest, file in files.items()}


async def ballots(store: Store, election_id: str, contest_id: str) -> AsyncIterator[bytes]:
    """Yield the ballots of a frozen box in the order of their trackers; raises `box_not_frozen` before."""
    async with store.read("box") as session:
        state = await lifecycle_store.state(session, election_id)
        if state in lifecycle_store.BEFORE_OPENING or state == "open":
            raise IsoloirError("box_not_frozen", election=election_id)
        async for ballot in box_store.ballots(session, election_id, contest_id):
            yield ballot


def _signer(keys: Keys) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keys.derive(_PURPOSE))


__all__: Sequence[str] = [
    "EVERY",
    "LEAST_NEW",
    "PublicBox",
    "Publication",
    "ballots",
    "box",
    "find",
    "fingerprints",
    "hash_of",
    "is_signed",
    "public_key",
    "publications",
    "publish_due",
    "publish_last",
    "setup_bytes",
    "statement",
    "written",
]
