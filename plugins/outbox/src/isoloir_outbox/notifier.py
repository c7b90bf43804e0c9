"""The notifier: whatever it is given, it keeps."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from isoloir.hooks import Accepted, Message, Notifier, PluginConfig, Problem, Rejected
from isoloir_outbox.box import keep


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
        """Keep the message; a folder that cannot be written now may be later."""
        try:
            return Accepted(await asyncio.to_thread(keep, config.folder, message))
        except OSError:
            return Rejected("outbox_not_writable", permanent=False)

    async def check(self, config: OutboxConfig) -> list[Problem]:
        """Say that nothing is really sent: no reason to stop a demonstration, every reason to stop an election."""
        return [Problem("demonstration_only", {"plugin": self.name}, severe=False)]
