"""What a login asks to be sent. Rendering, encrypting and queueing is the business of whoever is given it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from isoloir.hooks import Channel
from isoloir.roll import RollEntry


@dataclass(frozen=True)
class LoginMessage:
    """One message: ``template.<template>`` filled with `values`, in `locale`.

    `address` overrides the entry's own on that channel (a typed or bound one); empty: the roll's. With `entry`
    `None` it goes the same way (rendered, encrypted) and is then discarded. `supersedes` names what it replaces
    among the voter's waiting messages.
    """

    entry: RollEntry | None = field(repr=False)
    channel: Channel
    address: str = field(repr=False)
    template: str
    values: Mapping[str, str] = field(repr=False)
    locale: str
    supersedes: str | None = None


class SendMessage(Protocol):
    """Takes a message; raises only when it could not be queued."""

    async def __call__(self, message: LoginMessage, /) -> None:
        """Render, encrypt and queue the message; discard it at the end where there is no entry."""
        ...
