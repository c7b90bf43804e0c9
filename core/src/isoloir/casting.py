"""Casting a ballot: checked outside, then written with its poll-book entry in one transaction, or not at all."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from isoloir.clock import Clock
from isoloir.config.election import Contest, ElectionFile
from isoloir.errors import IsoloirError
from isoloir.poll_book import hour_of
from isoloir.store import box_store
from isoloir.store.cast_store import Ballot, Outcome
from isoloir.store.engine import Store
from isoloir_ballots import canonical, credentials
from isoloir_ballots.errors import BallotsError
from isoloir_ballots.hashing import tracker as tracker_of
from isoloir_ballots.verify import CheckedBallot, Setup, check_ballot

_log = logging.getLogger(__name__)

WEIGHT = 1
"""The weight of every voter's ballot."""
_FIXED_BYTES = 8_192
_BYTES_A_CHOICE = 4_096
_KEPT_SETUPS = 64

_CODES = {
    Outcome.ALREADY_VOTED: "already_voted",
    Outcome.CREDENTIAL_TAKEN: "credential_taken",
    Outcome.NOT_ENTITLED: "not_in_contest",
    Outcome.NOT_OPEN: "election_not_open",
    Outcome.FROZEN: "box_frozen",
}


@dataclass(frozen=True)
class Voter:
    """Who casts: an entry of an election's roll, and when they were fully authenticated (aware)."""

    entry_id: str = field(repr=False)
    election_id: str
    authenticated_at: datetime


@dataclass(frozen=True)
class CastReceipt:
    """That the box holds the ballot of this tracker."""

    tracker: str = field(repr=False)


class Verifier:
    """Checks ballots in threads, a few at once; keeps the setups it has parsed, with their tables."""

    def __init__(self, at_once: int = 2) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._setups: OrderedDict[str, Setup] = OrderedDict()
        self._loading = asyncio.Lock()

    async def check(self, store: Store, election_id: str, contest_id: str, ballot: bytes) -> CheckedBallot:
        """Check everything about one ballot but whether its credential is used.

        Raises `IsoloirError`: `ballot_invalid` with the clause of `isoloir_ballots.verify`, `setup_missing`.
        """
        setup = await self.setup(store, election_id, contest_id)
        clause = "ballot.unreadable"
        try:
            async with self._places:
                return await asyncio.to_thread(check_ballot, setup, ballot)
        except BallotsError as error:
            clause = error.clause
        except Exception as error:
            _log.error("a ballot check broke: %s", type(error).__name__)
        raise IsoloirError("ballot_invalid", contest=contest_id, clause=clause)

    async def setup(self, store: Store, election_id: str, contest_id: str) -> Setup:
        """Return a contest's parsed setup; raises `setup_missing`."""
        async with store.read("box") as session:
            digest = (await box_store.setup_digests(session, election_id)).get(contest_id)
        if digest is None:
            raise IsoloirError("setup_missing", election=election_id, contest=contest_id)
        async with self._loading:
            if digest not in self._setups:
                self._setups[digest] = await self._load(store, election_id, contest_id)
                while len(self._setups) > _KEPT_SETUPS:
                    self._setups.popitem(last=False)
            self._setups.move_to_end(digest)
            return self._setups[digest]

    async def _load(self, store: Store, election_id: str, contest_id: str) -> Setup:
        async with store.read("box") as session:
            files = await box_store.setup(session, election_id, contest_id)
        if files is None:
            raise IsoloirError("setup_missing", election=election_id, contest=contest_id)
        try:
            return await asyncio.to_thread(Setup.load, files.election, files.trustees, files.public_credentials)
        except BallotsError as error:
            raise IsoloirError(
                "setup_invalid", election=election_id, contest=contest_id, clause=error.clause
            ) from None


async def cast(
    store: Store,
    election: ElectionFile,
    voter: Voter,
    contest_id: str,
    ballot: bytes,
    clock: Clock,
    verifier: Verifier,
    *,
    demand: Callable[[], Awaitable[None]] | None = None,
) -> CastReceipt:
    """Cast a ballot for a voter: box and poll book in one transaction, which a cancelled request does not stop.

    The same bytes again, for a marked voter, return the same receipt, at whatever hour: it says only that the box
    holds them. An answer may be lost in the last second of the vote; whoever then sends the same again must not be
    told that nothing was cast. Of any other ballot `demand` is asked first, which raises to refuse.
    Raises `IsoloirError`, having written nothing: `contest_unknown`, `election_not_open`, `election_closed`
    (too late for this voter), `box_frozen`, `not_in_contest`, `already_voted`, `ballot_too_large`,
    `ballot_invalid` (clause), `credential_taken` (draw and encrypt again), `storage_unavailable`.
    """
    try:
        contest = election.contest(contest_id)
    except KeyError:
        raise IsoloirError("contest_unknown", election=election.id) from None
    if voter.election_id != election.id:
        raise IsoloirError("not_in_contest", election=election.id, contest=contest_id)
    if len(ballot) > largest(contest):
        raise IsoloirError("ballot_too_large", contest=contest_id, limit=largest(contest))
    tracker = tracker_of(ballot)
    hindrance = await store.standing(election.id, contest_id, voter.entry_id, tracker)
    if hindrance is Outcome.HELD:
        return CastReceipt(tracker)
    if demand is not None:
        await demand()
    if hindrance is not None:
        raise _refusal(hindrance, election, contest)
    _check_time(election, voter, clock.now())
    checked = await verifier.check(store, election.id, contest_id, ballot)
    if checked.weight != WEIGHT:
        raise IsoloirError("ballot_invalid", contest=contest_id, clause="ballot.weight")
    kept = Ballot(ballot, checked.tracker, checked.credential)
    hour = hour_of(clock.now())
    outcome = await store.kept(store.cast(election.id, contest_id, voter.entry_id, hour, kept))
    if outcome not in (Outcome.CAST, Outcome.HELD):
        raise _refusal(outcome, election, contest)
    return CastReceipt(checked.tracker)


async def require_maker(
    store: Store, election: ElectionFile, contest_id: str, ballot: bytes, private: str, verifier: Verifier
) -> None:
    """Refuse a ballot unless `private` is the credential that signed it.

    A ballot that its voter opened to check it is validly signed and known to all who have its check file; its private
    credential is not. Raises `IsoloirError` `ballot_not_yours`, `setup_missing`. What names no credential passes: the
    casting says what is wrong with it.
    """
    if len(ballot) > largest(election.contest(contest_id)):
        return
    try:
        value = canonical.load(ballot)
        named = canonical.text(value["credential"], what="The credential") if isinstance(value, dict) else None
    except (BallotsError, KeyError):
        return
    setup = await verifier.setup(store, election.id, contest_id)
    try:
        signer = credentials.public(setup.group, setup.election.uuid, private)
    except BallotsError:
        signer = ""
    if named is not None and not hmac.compare_digest(signer.encode(), named.encode("utf-8", "surrogatepass")):
        raise IsoloirError("ballot_not_yours", election=election.id, contest=contest_id)


def may_cast_at(election: ElectionFile, authenticated_at: datetime, now: datetime) -> str | None:
    """Return `None` when a voter authenticated at that moment may cast now, else the code of the refusal.

    The grace after the close belongs to those who were fully authenticated before it.
    """
    window = election.window
    if now < window.opens:
        return "election_not_open"
    if now >= window.grace_ends or (now >= window.closes and authenticated_at >= window.closes):
        return "election_closed"
    return None


def _check_time(election: ElectionFile, voter: Voter, now: datetime) -> None:
    code = may_cast_at(election, voter.authenticated_at, now)
    if code is not None:
        raise IsoloirError(code, election=election.id)


def largest(contest: Contest) -> int:
    """Return how many bytes a ballot of this contest may have, in any group, with room to spare."""
    return _FIXED_BYTES + _BYTES_A_CHOICE * (len(contest.lists) + 1)


def _refusal(outcome: Outcome, election: ElectionFile, contest: Contest) -> IsoloirError:
    return IsoloirError(_CODES[outcome], election=election.id, contest=contest.id)
