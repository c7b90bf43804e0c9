"""A notifier whose carrier is a folder."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field

from isoloir.hooks import Accepted, Message, Notifier, PluginConfig, Problem, Rejected, Unknown


class SampleFolder(PluginConfig):
    """Where the carrier is."""

    folder: Path = Field(description="The folder.")


class SampleNotifier(Notifier[SampleFolder]):
    """Writes e-mails into a folder."""

    name = "sample_notifier"
    config = SampleFolder
    channels = frozenset({"email"})

    async def send(self, config: SampleFolder, message: Message) -> Accepted | Rejected | Unknown:
        if message.channel != "email":
            return Rejected("sample_channel", permanent=True)
        headers = (message.recipient, message.subject, message.sender_name, message.reply_to)
        if any("\n" in header or "\r" in header for header in headers):
            return Rejected("sample_header", permanent=True)
        number = len(list(config.folder.glob("*"))) if config.folder.is_dir() else 0
        try:
            written = json.dumps([message.recipient, message.subject, message.text])
            (config.folder / f"{number:03}").write_text(written)
        except OSError:
            return Rejected("sample_away", permanent=False)
        return Accepted(str(number))

    async def poll(self, config: SampleFolder, ids: Sequence[str]) -> Mapping[str, str]:
        return {one: "delivered" for one in ids if (config.folder / one).exists()}

    async def check(self, config: SampleFolder) -> list[Problem]:
        return [] if config.folder.is_dir() else [Problem("sample_away")]
