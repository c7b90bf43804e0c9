from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlmodel import select

from isoloir.clock import ShiftedClock, SystemClock
from isoloir.config.secrets import Keys
from isoloir.hooks import Accepted, Message, NoConfig, Notifier, Rejected, Unknown
from isoloir.notifications import DeliveryReport, Rendered, deliver, queue
from isoloir.store import message_store
from isoloir.store.message_tables import MessageRow


class Carrier(Notifier[NoConfig]):
    """Answers as it is told, and keeps what it was given."""

    name = "carrier"
    config = NoConfig
    channels = frozenset({"email", "sms"})

    def __init__(self, *answers):
        self.answers = list(answers)
        self.given: list[Message] = []

    async def send(self, config, message):
        self.given.append(message)
        answer = self.answers.pop(0) if self.answers else Accepted("1")
        if isinstance(answer, Exception):
            raise answer
        return answer


ELECTION = SimpleNamespace(
    id="trial", sender=SimpleNamespace(name="Board", address="board@vote.example"), reply_to="board@vote.example"
)


def message(key="k", **more):
    given = {
        "template": "password", "channel": "sms", "recipient": "+33612345678", "subject": "", "text": "CODE WX4711",
        "locale": "fr", "key": key, "entry": "e1", **more,
    }  # fmt: skip
    return Rendered(**given)


@pytest.fixture
async def post(tmp_path, store):
    clock = ShiftedClock(SystemClock())
    clock.move_to(datetime(2024, 6, 11, 9, tzinfo=UTC))
    return SimpleNamespace(store=store, keys=Keys.open(tmp_path), clock=clock, folder=tmp_path)


async def put(post, *messages):
    return await queue(post.store, post.keys, ELECTION, post.clock, messages)


async def carry(post, carrier):
    return await deliver(post.store, post.keys, ELECTION, {"sms": (carrier, NoConfig())}, post.clock)


async def test_a_message_is_carried_once(post):
    """A queued message is handed over whole, once, and its key is never taken twice."""
    carrier = Carrier()
    assert await put(post, message()) == 1
    assert (await carry(post, carrier)).accepted == 1
    assert await put(post, message()) == 0
    assert (await carry(post, carrier)).accepted == 0
    assert [(given.recipient, given.text, given.key) for given in carrier.given] == [
        ("+33612345678", "CODE WX4711", "k")
    ]


async def test_the_queue_keeps_no_body_in_clear_and_none_after_acceptance(post):
    """While it waits the body is encrypted; once accepted there is none (secure_delete overwrites it)."""
    await put(post, message())
    async with post.store.read() as session:
        waiting = (await session.exec(select(MessageRow))).one()
        assert waiting.body
        assert b"WX4711" not in waiting.body
    await carry(post, Carrier())
    async with post.store.read() as session:
        assert (await session.exec(select(MessageRow))).one().body == b""


async def test_a_temporary_rejection_is_tried_again_later_and_only_later(post):
    """After a temporary rejection nothing is tried at once; later it is, under the same key."""
    carrier = Carrier(Rejected("busy", permanent=False))
    await put(post, message())
    assert (await carry(post, carrier)).retried == 1
    assert await carry(post, carrier) == DeliveryReport()
    post.clock.shift += timedelta(minutes=3)
    assert (await carry(post, carrier)).accepted == 1
    assert {given.key for given in carrier.given} == {"k"}
    assert len(carrier.given) == 2


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Rejected("nobody", permanent=True), "failed"),
        (Unknown("no_answer"), "unknown"),
        (RuntimeError("CODE WX4711"), "unknown"),
    ],
)
async def test_what_is_final_or_unknown_is_never_tried_again(post, answer, outcome, caplog):
    """A permanent rejection, an unknown outcome and an exception end the message; the log quotes none of it."""
    carrier = Carrier(answer)
    await put(post, message())
    assert getattr(await carry(post, carrier), outcome) == 1
    post.clock.shift += timedelta(days=1)
    await carry(post, carrier)
    assert len(carrier.given) == 1
    assert "WX4711" not in caplog.text


async def hours(post):
    async with post.store.read() as session:
        found = (await session.exec(select(MessageRow.state, MessageRow.due))).all()
    return {(state, (due.minute, due.second, due.microsecond) == (0, 0, 0)) for state, due in found}


@pytest.mark.parametrize(
    ("answer", "state"),
    [(Accepted("1"), "sent"), (Rejected("nobody", permanent=True), "failed"), (Unknown("no_answer"), "unknown")],
)
async def test_what_is_over_keeps_the_hour_alone(post, answer, state):
    """Whatever became of a message, its row tells the hour; the twin: while it waits it tells the second."""
    post.clock.shift += timedelta(minutes=17, seconds=5)
    await put(post, message())
    assert await hours(post) == {("waiting", False)}
    await carry(post, Carrier(Rejected("busy", permanent=False), answer))
    assert await hours(post) == {("waiting", False)}
    post.clock.shift += timedelta(minutes=3)
    await carry(post, Carrier(answer))
    assert await hours(post) == {(state, True)}


async def test_what_a_sender_left_behind_keeps_the_hour_alone(post):
    """A message that became unknown, its sender being gone, tells the hour; the twin: claimed, it tells more."""
    post.clock.shift += timedelta(minutes=17, seconds=5)
    await put(post, message())
    async with post.store.write() as session:
        await message_store.claim(session, "trial", post.clock.now(), post.clock.now() + timedelta(minutes=2), 10)
    assert await hours(post) == {("sending", False)}
    post.clock.shift += timedelta(minutes=5)
    await carry(post, Carrier())
    assert await hours(post) == {("unknown", True)}


async def test_a_newer_password_drops_the_one_that_waits(post):
    """What supersedes a waiting message of the same voter drops it, and no other voter's."""
    await put(post, message("old", supersedes="pw"), message("other", entry="e2", supersedes="pw"))
    await put(post, message("new", supersedes="pw"))
    carrier = Carrier()
    await carry(post, carrier)
    assert sorted(given.key for given in carrier.given) == ["new", "other"]


async def test_a_sender_that_died_leaves_unknown_messages_behind(post):
    """What another sender took and never answered for is shown as unknown, not sent a second time."""
    await put(post, message())
    async with post.store.write() as session:
        await message_store.claim(session, "trial", post.clock.now(), post.clock.now() + timedelta(minutes=2), 10)
    carrier = Carrier()
    assert (await carry(post, carrier)).unknown == 0
    post.clock.shift += timedelta(minutes=5)
    assert (await carry(post, carrier)).unknown == 1
    assert carrier.given == []


async def test_a_message_to_nobody_takes_the_same_way_and_leaves_nothing(post):
    """A discarded message is never carried and leaves no row; its twin that is not discarded is carried."""
    await queue(post.store, post.keys, ELECTION, post.clock, [message("ghost")], discard=True)
    async with post.store.read() as session:
        assert (await session.exec(select(MessageRow))).all() == []
    carrier = Carrier()
    assert await carry(post, carrier) == DeliveryReport()
    await put(post, message("ghost"))
    assert (await carry(post, carrier)).accepted == 1
