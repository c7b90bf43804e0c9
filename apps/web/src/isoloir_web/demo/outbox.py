"""What the demonstration's outbox kept, as the pages show it."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING

from isoloir_outbox import OutboxMessage, read_outbox

if TYPE_CHECKING:
    from isoloir.instance import Instance


async def messages(instance: Instance, to: Container[str] | None = None) -> list[OutboxMessage]:
    """Return what every election's outbox kept, newest first; with `to`, what went to one of these addresses."""
    uses = (use for one in instance.elections() for use in instance.election(one).notifiers.values())
    folders = {Path(str(use.config["folder"])) for use in uses if use.plugin == "outbox" and "folder" in use.config}
    found = [message for folder in sorted(folders) for message in await asyncio.to_thread(read_outbox, folder)]
    kept = [message for message in found if to is None or message.recipient in to]
    return sorted(kept, key=lambda message: message.arrived, reverse=True)
