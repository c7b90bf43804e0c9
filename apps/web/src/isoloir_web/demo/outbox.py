"""What the demonstration's outbox kept, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isoloir.instance import Instance


@dataclass(frozen=True)
class Shown:
    """One message that a voter received."""

    channel: str
    recipient: str
    subject: str
    text: str
    sender_name: str
    sender_address: str
    reply_to: str
    sent: datetime | None


async def messages(instance: Instance) -> list[Shown]:
    """Return what was sent, newest first."""
    return []
