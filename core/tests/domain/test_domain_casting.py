"""Casting: one ballot and one poll-book entry, together or not at all, whatever happens at the same time."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import timedelta
from typing import Any

import pytest

from isoloir import casting, lifecycle, poll_book, publication
from isoloir.casting import Voter
from isoloir.errors import IsoloirError
from isoloir.store import box_store, poll_book_store


async def counts(opened: Any, contest_id: str = "cspm") -> tuple[int, int]:
    """Return how many ballots and how many poll-book entries there are."""
    async with opened.store.read("box") as session:
        waiting = (await box_store.count_waiting(session, "essai-2024")).get(contest_id, 0)
        published = len(await box_store.trackers(session, "essai-2024", contest_id))
        marked = (await poll_book_store.voted(session, "essai-2024")).get(contest_id, 0)
    return waiting + published, marked


async def outcomes(*casts: Any) -> list[str]:
    """Run casts at once; return `cast` or the code of each refusal, sorted."""
    done = await asyncio.gather(*casts, return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException) and not isinstance(result, IsoloirError):
            raise result
    return sorted(result.code if isinstance(result, IsoloirError) else "cast" for result in done)


async def refusal(cast: Any) -> IsoloirError:
    with pytest.raises(IsoloirError) as raised:
        await cast
    return raised.value


async def test_cast_writes_ballot_and_poll_book(open_with: Any) -> None:
    """A cast gives the tracker of the bytes, marks the hour and no finer time, and the box finds the tracker."""
    opened = await open_with()
    ballot = await opened.fresh()
    receipt = await opened.cast(0, ballot)
    marks = await poll_book.marked(opened.store, opened.election, opened.voters[0].entry_id)
    assert {contest: hour.isoformat() for contest, hour in marks.items()} == {"cspm": "2024-06-11T09:00:00+00:00"}
    assert await publication.find(opened.store, "essai-2024", receipt.tracker) == "cspm"
    assert await publication.find(opened.store, "essai-2024", receipt.tracker[:-1]) is None
    assert await counts(opened) == (1, 1)
    turnout = await poll_book.turnout(opened.store, opened.election)
    assert turnout == {"cspm": poll_book.Turnout(12, 1), "csn": poll_book.Turnout(12, 0)}


async def test_double_cast_at_once(open_with: Any) -> None:
    """Of eight different ballots that one voter casts at once, exactly one is written; another voter still casts."""
    opened = await open_with()
    ballots = [await opened.fresh(n % 3) for n in range(8)]
    told = await outcomes(*(opened.cast(0, ballot) for ballot in ballots))
    assert told == ["already_voted"] * 7 + ["cast"]
    assert await counts(opened) == (1, 1)
    await opened.cast(1, await opened.fresh())
    assert await counts(opened) == (2, 2)


async def test_credential_serves_once(open_with: Any) -> None:
    """Two voters at once with one credential: one casts, the other is told to draw again and is not marked."""
    opened = await open_with()
    credential = await opened.credential()
    told = await outcomes(*(opened.cast(n, opened.ballot(credential, n)) for n in range(2)))
    assert told == ["cast", "credential_taken"]
    assert await counts(opened) == (1, 1)
    loser = 1 if await poll_book.marked(opened.store, opened.election, opened.voters[0].entry_id) else 0
    await opened.cast(loser, await opened.fresh())
    assert await counts(opened) == (2, 2)


async def test_credential_of_a_published_ballot_is_taken(open_with: Any) -> None:
    """A credential stays used when its ballot has moved to the published list."""
    opened = await open_with()
    credential = await opened.credential()
    await opened.cast(0, opened.ballot(credential))
    assert len(await publication.publish_due(opened.store, opened.election, opened.clock, opened.keys, least=1)) == 1
    assert (await refusal(opened.cast(1, opened.ballot(credential, 1)))).code == "credential_taken"
    assert await counts(opened) == (1, 1)


async def test_same_bytes_again_return_the_same_receipt(open_with: Any) -> None:
    """A repeated cast, at once, after publication and after the freeze, gives the same receipt and writes nothing."""
    opened = await open_with()
    ballot = await opened.fresh()
    receipts = await asyncio.gather(*(opened.cast(0, ballot) for _ in range(5)))
    await publication.publish_due(opened.store, opened.election, opened.clock, opened.keys, least=1)
    receipts.append(await opened.cast(0, ballot))
    await opened.close()
    receipts.append(await opened.cast(0, ballot))
    assert len({receipt.tracker for receipt in receipts}) == 1
    assert await counts(opened) == (1, 1)


async def test_second_vote_is_refused_but_in_another_contest(open_with: Any) -> None:
    """A second vote in the same contest is refused; the voter's other contest is open to them."""
    opened = await open_with()
    await opened.cast(0, await opened.fresh())
    assert (await refusal(opened.cast(0, await opened.fresh(1)))).code == "already_voted"
    await opened.cast(0, await opened.fresh(1, "csn"), "csn")
    assert (await counts(opened), await counts(opened, "csn")) == ((1, 1), (1, 1))


async def test_cast_during_the_freeze(open_with: Any) -> None:
    """Casts around the freeze are either wholly in the frozen box or refused; nothing is written after it."""
    opened = await open_with(20)
    window = opened.election.window
    ballots = [await opened.fresh(n % 3) for n in range(20)]
    opened.clock.move_to(window.grace_ends - timedelta(seconds=30))
    for voter in opened.voters[:3]:
        assert voter.authenticated_at < window.closes

    async def late(number: int) -> Any:
        for _ in range(3 * number):
            await asyncio.sleep(0)
        return await opened.cast(number, ballots[number])

    async def freeze() -> None:
        while (await counts(opened))[0] < 5:  # noqa: ASYNC110 - what is awaited is in the database
            await asyncio.sleep(0.002)
        opened.clock.move_to(window.grace_ends)
        await lifecycle.close(opened.store, opened.election, opened.clock, opened.keys, opened.folder / "secrets")

    casts = [asyncio.create_task(late(number)) for number in range(20)]
    await freeze()
    told = await outcomes(*casts)
    frozen = (await publication.box(opened.store, "essai-2024", "cspm")).count
    assert told.count("cast") == frozen >= 5
    assert set(told) - {"cast"} <= {"box_frozen", "election_closed"}
    assert await counts(opened) == (frozen, frozen)
    for number, task in enumerate(casts):
        if task.exception() is not None:
            assert (await refusal(opened.cast(number, ballots[number]))).code == "box_frozen"


async def test_cast_that_reaches_the_store_after_the_freeze(open_with: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cast checked before the freeze and written after it is refused inside its own transaction."""
    opened = await open_with()
    ballot = await opened.fresh()
    check, checked = opened.verifier.check, asyncio.Event()
    go = asyncio.Event()

    async def slow(*arguments: Any) -> Any:
        result = await check(*arguments)
        checked.set()
        await go.wait()
        return result

    monkeypatch.setattr(opened.verifier, "check", slow)
    task = asyncio.create_task(opened.cast(0, ballot))
    await checked.wait()
    await opened.close()
    go.set()
    assert (await refusal(task)).code == "box_frozen"
    assert await counts(opened) == (0, 0)


async def test_cast_during_publication(open_with: Any) -> None:
    """Publications in the middle of many casts lose no ballot and let no credential serve twice."""
    opened = await open_with(24)
    credentials = [await opened.credential() for _ in range(12)]
    ballots = [opened.ballot(credentials[n // 2], n % 3) for n in range(24)]
    casts = [asyncio.create_task(opened.cast(n, ballots[n])) for n in range(24)]

    async def publish() -> list[int]:
        made: list[int] = []
        while not all(task.done() for task in casts):
            done = await publication.publish_due(
                opened.store, opened.election, opened.clock, opened.keys, least=1, every=timedelta(0)
            )
            made += [one.count for one in done]
            await asyncio.sleep(0)
        return made

    made = await publish()
    assert made
    assert 1 <= made[0] <= 12
    assert await outcomes(*casts) == ["cast"] * 12 + ["credential_taken"] * 12
    assert await counts(opened) == (12, 12)


async def test_cancelled_request_does_not_stop_a_cast(open_with: Any) -> None:
    """Requests cancelled at any moment leave both rows or none, and never the write lock held."""
    opened = await open_with(12)
    ballots = [await opened.fresh(n % 3) for n in range(12)]
    for number, ballot in enumerate(ballots):
        task = asyncio.create_task(opened.cast(number, ballot))
        for _ in range(number * 4):
            await asyncio.sleep(0.0005)
        task.cancel()
        await asyncio.wait([task])
    async with asyncio.timeout(15):
        await opened.store.settle()
        written, entries = await counts(opened)
        assert written == entries
        for number, ballot in enumerate(ballots):
            await opened.cast(number, ballot)
    assert await counts(opened) == (12, 12)


async def test_not_entitled_are_refused(open_with: Any) -> None:
    """An entry of another college, of another election, or of none, cannot cast; nothing is written."""
    opened = await open_with()
    ballot = await opened.fresh()
    stranger = Voter("0" * 32, "essai-2024", opened.clock.now())
    foreign = Voter(opened.voters[0].entry_id, "other", opened.clock.now())
    opened.voters += [stranger, foreign]
    assert (await refusal(opened.cast(-2, ballot))).code == "not_in_contest"
    assert (await refusal(opened.cast(-1, ballot))).code == "not_in_contest"
    assert (await refusal(opened.cast(0, ballot, "nothing"))).code == "contest_unknown"
    assert await counts(opened) == (0, 0)
    await opened.cast(0, ballot)


async def test_hours_of_the_window(open_with: Any) -> None:
    """Too early, in time, in the grace with an earlier login, in the grace with a late one, after the grace."""
    opened = await open_with()
    window = opened.election.window
    entry = opened.voters[0].entry_id

    def at(now: Any, authenticated: Any) -> str | None:
        return casting.may_cast_at(opened.election, authenticated, now)

    second = timedelta(seconds=1)
    assert at(window.opens - second, window.opens - second) == "election_not_open"
    assert at(window.opens, window.opens) is None
    assert at(window.closes - second, window.closes - second) is None
    assert at(window.closes, window.closes - second) is None
    assert at(window.closes, window.closes) == "election_closed"
    assert at(window.grace_ends - second, window.closes - second) is None
    assert at(window.grace_ends, window.closes - second) == "election_closed"
    ballot = await opened.fresh()
    opened.clock.move_to(window.closes + second)
    opened.voters += [Voter(entry, "essai-2024", window.closes), Voter(entry, "essai-2024", window.closes - second)]
    assert (await refusal(opened.cast(-2, ballot))).code == "election_closed"
    await opened.cast(-1, ballot)


@pytest.mark.parametrize(
    ("spoil", "clause"),
    [
        (lambda data: b"", "ballot.json"),
        (lambda data: b"{", "ballot.json"),
        (lambda data: b"[" * 9_000, ""),
        (lambda data: b"\xff\xfe", "ballot.json"),
        (lambda data: b"{}", "ballot.shape"),
        (lambda data: data + b"\n", ""),
        (lambda data: data.replace(b'"alpha":"', b'"alpha":"0', 1), ""),
        (lambda data: json.dumps(json.loads(data)).encode(), "ballot.canonical"),
        (lambda data: _swapped(data), ""),
    ],
)
async def test_spoilt_ballots_are_refused(open_with: Any, spoil: Any, clause: str) -> None:
    """Whatever is not a valid ballot of this contest is refused by clause and writes nothing; the sound one casts."""
    opened = await open_with(2)
    ballot = await opened.fresh()
    error = await refusal(opened.cast(0, spoil(ballot)))
    assert error.code == "ballot_invalid"
    assert str(error.where["clause"]).startswith(clause or "ballot.")
    assert await counts(opened) == (0, 0)
    await opened.cast(0, ballot)
    assert await counts(opened) == (1, 1)


def _swapped(data: bytes) -> bytes:
    value = json.loads(data)
    choices = value["answers"][0]["choices"]
    choices[0], choices[1] = choices[1], choices[0]
    return json.dumps(value, separators=(",", ":")).encode()


async def test_ballot_of_another_contest_is_refused(open_with: Any) -> None:
    """A valid ballot of one contest is nothing in another, even for a voter of both."""
    opened = await open_with(2)
    ballot = await opened.fresh(0, "csn")
    assert (await refusal(opened.cast(0, ballot, "cspm"))).code == "ballot_invalid"
    await opened.cast(0, ballot, "csn")


async def test_huge_ballots_are_refused_unread(open_with: Any) -> None:
    """A ballot beyond the limit is refused before anything reads it; the limit leaves room for a real one."""
    opened = await open_with(2)
    contest = opened.election.contest("cspm")
    error = await refusal(opened.cast(0, b"x" * (casting.largest(contest) + 1)))
    assert error.code == "ballot_too_large"
    assert len(await opened.fresh()) * 2 < casting.largest(contest)


async def test_nothing_of_a_vote_is_told(open_with: Any, caplog: pytest.LogCaptureFixture) -> None:
    """No tracker, credential or voter in any log, error or repr, through casts, refusals and a publication."""
    for name in (None, "aiosqlite", "psycopg", "sqlalchemy.engine.Engine", "sqlalchemy.pool", "isoloir"):
        caplog.set_level(logging.DEBUG, name)
    opened = await open_with(3)
    credential = await opened.credential()
    ballot = opened.ballot(credential)
    caplog.clear()
    receipt = await opened.cast(0, ballot)
    told = [repr(receipt), repr(opened.voters[0])]
    for attempt in (
        opened.cast(1, opened.ballot(credential, 1)),
        opened.cast(0, opened.ballot(credential, 2)),
        opened.cast(1, _swapped(ballot)),
    ):
        error = await refusal(attempt)
        told += [str(error), repr(error), str(error.__cause__), repr(error.__context__)]
    await publication.publish_due(opened.store, opened.election, opened.clock, opened.keys, least=1)
    told.append(repr(await publication.box(opened.store, "essai-2024", "cspm")))
    public = json.loads(ballot)["credential"]
    everything = caplog.text + "".join(told)
    assert everything
    for secret in (receipt.tracker, credential, public, opened.voters[0].entry_id, opened.voters[1].entry_id):
        assert secret not in everything
