"""One voter's attempt at one branch, as it is kept in the encrypted session."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from isoloir.hooks import Claim, ClaimName
from isoloir.login import claims

IDENTIFIER = -1
"""Where an attempt stands while the core asks for the identifier."""


@dataclass
class Attempt:
    """Everything that is known of an attempt; all of it is JSON.

    `at` counts the branch's factors, from 0. `asked` says that the core asked the identifier: then nothing else
    selects an entry. `shown` is what the voter sees: its kind (form, redirect, wait) and what it needs.
    """

    branch: str
    asked: bool
    at: int
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    entry: str | None = None
    claimed: dict[str, Any] = field(default_factory=dict)
    proved: list[str] = field(default_factory=list)
    display: str | None = None
    state: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    left: dict[str, Any] = field(default_factory=dict)
    """The last state of each factor proved that has a `leave`, for it."""

    @property
    def claims(self) -> dict[ClaimName, Claim]:
        """What has been proved, and the identifier as it was typed."""
        return claims.from_json(self.claimed)

    def show_form(self, form: str, **more: Any) -> None:
        """Remember which form is shown; each showing has a name of its own, so that no page is submitted twice."""
        self.shown = {"kind": "form", "form": form, "nonce": secrets.token_hex(4), **more}

    def show_redirect(self, instance: str, url: str, parameter: str, token: str, until: datetime) -> None:
        """Remember where the voter is sent, and the hash of what must come back."""
        self.shown = {
            "kind": "redirect",
            "instance": instance,
            "url": url,
            "parameter": parameter,
            "token": _digest(token),
            "until": until.isoformat(),
        }

    def takes_back(self, instance: str, given: str | None, now: datetime) -> bool:
        """Say whether that token, for that factor instance, is the one awaited now."""
        if self.shown.get("kind") != "redirect" or "token" not in self.shown:
            return False
        same = hmac.compare_digest(_digest(given or ""), str(self.shown["token"]))
        here = hmac.compare_digest(instance.encode(), str(self.shown["instance"]).encode())
        return same and here and now < datetime.fromisoformat(self.shown["until"])

    def over(self, now: datetime) -> bool:
        """Say whether nothing can come of it: away too long, or come back to a factor that never answered."""
        kind = self.shown.get("kind")
        if kind == "redirect":
            return now >= datetime.fromisoformat(self.shown["until"])
        return kind not in ("form", "wait")

    def consume(self) -> None:
        """Make the token of no further use."""
        self.shown = {"kind": "returned"}

    def show_wait(self, seconds: int, message: str, values: dict[str, str], now: datetime) -> None:
        """Remember until when nothing is asked of the factor."""
        until = (now + timedelta(seconds=seconds)).isoformat()
        self.shown = {"kind": "wait", "until": until, "message": message, "values": values}

    def waited(self, now: datetime) -> bool:
        """Say whether the time that the factor asked for has passed."""
        return now >= datetime.fromisoformat(self.shown["until"])

    def to_json(self) -> dict[str, Any]:
        """Return what goes into the session."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Attempt:
        """Undo `to_json`."""
        return cls(**stored)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
