"""Messages are kept once, whole, for the owner alone, in the order they came."""

from __future__ import annotations

import asyncio
import os
import stat
from dataclasses import replace
from pathlib import Path

from isoloir.hooks import Accepted, Message, Rejected
from isoloir_outbox import OutboxConfig, OutboxNotifier, read_outbox

MESSAGE = Message(
    channel="email",
    recipient="alix.martin@example.org",
    subject="IMPORTANT : vote",
    text="Votre identifiant : ZZXXW66\n",
    key="invite/1",
    sender_name="Administrateur Elections",
    sender_address="ne-pas-repondre@evote.example",
    reply_to="ne-pas-repondre@evote.example",
    election="medecins-2024",
)


async def test_a_message_is_kept_as_it_is(tmp_path: Path) -> None:
    """What was sent is read back, its key left out."""
    config = OutboxConfig(folder=tmp_path / "made" / "outbox")
    answer = await OutboxNotifier().send(config, MESSAGE)
    assert isinstance(answer, Accepted)
    (kept,) = read_outbox(config.folder)
    assert kept.id == answer.id
    assert (kept.recipient, kept.text, kept.channel) == (MESSAGE.recipient, MESSAGE.text, "email")
    assert kept.arrived.tzinfo is not None


async def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    """Folder 0700, file 0600, nothing half-written left behind."""
    config = OutboxConfig(folder=tmp_path / "outbox")
    await OutboxNotifier().send(config, MESSAGE)
    (path,) = config.folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.folder.stat().st_mode) == 0o700


async def test_the_same_key_is_kept_once(tmp_path: Path) -> None:
    """Ten times the same key, at once, and once with another text: one message, the first; another key is another."""
    config, notifier = OutboxConfig(folder=tmp_path), OutboxNotifier()
    answers = await asyncio.gather(*(notifier.send(config, MESSAGE) for _ in range(10)))
    await notifier.send(config, replace(MESSAGE, text="autre"))
    assert len({answer.id for answer in answers if isinstance(answer, Accepted)}) == 1
    assert [kept.text for kept in read_outbox(tmp_path)] == [MESSAGE.text]
    await notifier.send(config, replace(MESSAGE, key="invite/2"))
    assert len(read_outbox(tmp_path)) == 2


async def test_messages_are_in_the_order_they_came(tmp_path: Path) -> None:
    """The order is that of arrival, not that of the names; other files are not messages."""
    config = OutboxConfig(folder=tmp_path)
    for number in range(6):
        answer = await OutboxNotifier().send(config, replace(MESSAGE, key=str(number), subject=str(number)))
        assert isinstance(answer, Accepted)
        os.utime(tmp_path / f"{answer.id}.json", ns=(number, number))
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".half.json").write_text("{")
    assert [kept.subject for kept in read_outbox(tmp_path)] == list("012345")


def test_no_folder_is_no_message(tmp_path: Path) -> None:
    """Before the first message there is nothing."""
    assert read_outbox(tmp_path / "none") == []


async def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    """A file in the folder's place: rejected for now, with a stable code."""
    (tmp_path / "outbox").write_text("")
    answer = await OutboxNotifier().send(OutboxConfig(folder=tmp_path / "outbox"), MESSAGE)
    assert answer == Rejected("outbox_not_writable", permanent=False)


async def test_it_says_that_nothing_is_sent() -> None:
    """The connection test always says so."""
    assert [problem.code for problem in await OutboxNotifier().check(OutboxConfig())] == ["demonstration_only"]


def test_messages_do_not_show_themselves(tmp_path: Path) -> None:
    """Neither recipient nor text is in a representation, which logs may hold."""
    asyncio.run(OutboxNotifier().send(OutboxConfig(folder=tmp_path), MESSAGE))
    (kept,) = read_outbox(tmp_path)
    assert "ZZXXW66" not in repr(kept)
    assert "alix" not in repr(kept)


async def test_an_address_of_several_lines_is_kept(tmp_path: Path) -> None:
    """A letter's address has lines; an e-mail's with a line break is refused for good, and nothing is kept."""
    config, lines = OutboxConfig(folder=tmp_path / "outbox"), "Dr Martin\n1 rue Claire\n75001 Paris"
    assert await OutboxNotifier().send(config, replace(MESSAGE, recipient=lines)) == Rejected(
        "outbox_header", permanent=True
    )
    assert read_outbox(config.folder) == []
    letter = replace(MESSAGE, channel="post", recipient=lines)
    assert isinstance(await OutboxNotifier().send(config, letter), Accepted)
