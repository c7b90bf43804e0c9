"""What the demonstration's outbox kept, as the page shows it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from isoloir_outbox import OutboxMessage, read_outbox

if TYPE_CHECKING:
    from isoloir.instance import Instance


async def messages(instance: Instance) -> list[OutboxMessage]:
    """Return what every election's outbox kept, newest first."""
    uses = (use for one in instance.elections() for use in instance.election(one).notifiers.values())
    folders = {Path(str(use.config["folder"])) for use in uses if use.plugin == "outbox" and "folder" in use.config}
    found = [message for folder in sorted(folders) for message in await asyncio.to_thread(read_outbox, folder)]
    return sorted(found, key=lambda message: message.arrived, reverse=True)
