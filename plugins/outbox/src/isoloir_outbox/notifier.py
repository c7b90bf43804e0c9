"""The notifier: whatever it is given, it keeps."""

from __future__ import annotations

import asyncio
import unicodedata
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from isoloir.hooks import Accepted, Message, Notifier, PluginConfig, Problem, Rejected
from isoloir_outbox.box import keep

_BREAKING = frozenset({"Cc", "Zl", "Zp"})
"""Control characters, line and paragraph separators, by their Unicode category."""


class OutboxConfig(PluginConfig):
    """Where the messages are kept."""

    folder: Path = Field(
        default=Path("outbox"),
        description="The folder, made at the first message; relative to where the program was started.",
    )


class OutboxNotifier(Notifier[OutboxConfig]):
    """E-mail, SMS and letters that are shown, not sent. For demonstrations alone."""

    name = "outbox"
    config = OutboxConfig
    channels: ClassVar[frozenset[str]] = frozenset({"email", "sms", "post"})

    async def send(self, config: OutboxConfig, message: Message) -> Accepted | Rejected:
        """Keep the message; a folder that cannot be written now may be later.

        What no real carrier would take, a line break where a header would be, is refused here too: a demonstration
        that passes what an election refuses would be of little use.
        """
        if any(unicodedata.category(sign) in _BREAKING for header in _headers(message) for sign in header):
            return Rejected("outbox_header", permanent=True)
        try:
            return Accepted(await asyncio.to_thread(keep, config.folder, message))
        except OSError:
            return Rejected("outbox_not_writable", permanent=False)

    async def check(self, config: OutboxConfig) -> list[Problem]:
        """Say that nothing is really sent: no reason to stop a demonstration, every reason to stop an election."""
        return [Problem("demonstration_only", {"plugin": self.name}, severe=False)]


def _headers(message: Message) -> tuple[str, ...]:
    """Return what would be one line each; the address of a letter has several."""
    recipient = "" if message.channel == "post" else message.recipient
    return (recipient, message.subject, message.sender_name, message.sender_address, message.reply_to)
