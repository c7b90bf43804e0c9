"""The demonstration's outbox: messages are kept in a folder and shown, not sent."""

from __future__ import annotations

from typing import Any

from isoloir.hooks import Notifier, hookimpl
from isoloir_outbox.box import OutboxMessage, read_outbox
from isoloir_outbox.notifier import OutboxConfig, OutboxNotifier

__all__ = ["OutboxConfig", "OutboxMessage", "OutboxNotifier", "read_outbox", "register_notifiers"]

contract_version = 1


@hookimpl
def register_notifiers() -> list[Notifier[Any]]:
    """Return the notifier `outbox`."""
    return [OutboxNotifier()]
