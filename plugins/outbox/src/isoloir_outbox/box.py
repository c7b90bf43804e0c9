"""The folder: one JSON file for each message, under the digest of its idempotency key."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from isoloir.hooks import Message

_SUFFIX = ".json"


@dataclass(frozen=True)
class OutboxMessage:
    """One message as it would have reached somebody; `arrived` is when the file was written, in UTC."""

    id: str
    arrived: datetime
    channel: str
    recipient: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    sender_name: str
    sender_address: str
    reply_to: str
    election: str
    locale: str


def keep(folder: Path, message: Message) -> str:
    """Write the message, whole or not at all, readable by the owner alone; return its id.

    The same key again changes nothing. Raises OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = hashlib.sha256(message.key.encode()).hexdigest()[:32]
    values = {key: value for key, value in asdict(message).items() if key != "key"}
    made = folder / f".{name}.{secrets.token_hex(8)}"
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            json.dump(values, opened, ensure_ascii=False, indent=1)
        os.link(made, folder / f"{name}{_SUFFIX}")  # fails where the message is there already
    except FileExistsError:
        pass
    finally:
        made.unlink()
    return name


def read_outbox(folder: Path) -> list[OutboxMessage]:
    """Return the messages in the order they came; none where there is no folder. Half-written files are not seen."""
    if not folder.is_dir():
        return []
    found = [(path.stat().st_mtime_ns, path) for path in folder.iterdir() if _is_message(path)]
    return [_read(path, arrived) for arrived, path in sorted(found)]


def _is_message(path: Path) -> bool:
    return path.suffix == _SUFFIX and not path.name.startswith(".") and path.is_file()


def _read(path: Path, arrived_ns: int) -> OutboxMessage:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return OutboxMessage(id=path.stem, arrived=datetime.fromtimestamp(arrived_ns / 1e9, UTC), **values)
