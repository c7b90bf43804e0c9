"""The telephones of the simulated provider: what rings, what is answered, and what that is worth (CIBA Core 1.0)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from isoloir_prosante_connect.simulator.identities import Identity
from isoloir_prosante_connect.simulator.oauth import OAuthError

if TYPE_CHECKING:
    from isoloir_prosante_connect.simulator.authority import Authority

ANSWERS: Final = ("approve", "refuse", "other_number", "ignore")
"""What the owner of a telephone may do; another number than the site's is refused."""
_AT_MOST: Final = 10_000


@dataclass
class Ring:
    """One approval asked for: `number` is what the telephone shows, `handle` names it on the telephone's page."""

    client_id: str
    identity: Identity
    number: str
    scope: str
    channel: str
    until: datetime
    polled: datetime
    handle: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    answered: str = ""
    answered_at: datetime | None = None


class Telephones:
    """Everybody's telephone. `expires_in` and `interval` are seconds, as the real provider gives them."""

    def __init__(self, authority: Authority) -> None:
        self.expires_in = 120
        self.interval = 1
        self.requests: list[Mapping[str, str]] = []
        """Each request that came, whether or not it rang, but for the client's secret."""
        self._authority = authority
        self._rings: dict[str, Ring] = {}

    def ring(self, client_id: str, form: Mapping[str, str]) -> dict[str, object]:
        """Let a telephone ring (section 7); raises `OAuthError` (section 13)."""
        faults, now = self._authority.faults, self._authority.clock.now()
        self.requests.append({name: value for name, value in form.items() if name != "client_secret"})
        if "openid" not in form.get("scope", "").split():
            raise OAuthError("invalid_scope")
        identity = self._authority.find(form.get("login_hint", ""))
        if identity is None or identity.number != form.get("login_hint") or "ciba_unknown_user" in faults:
            raise OAuthError("unknown_user_id")
        number = form.get("binding_message", "")
        if not number or len(number) > 20:
            raise OAuthError("invalid_binding_message")
        if "ciba_other_number" in faults:
            number = "00"
        if "ciba_other_person" in faults:
            identity = next(one for one in self._authority.identities if one is not identity)
        while len(self._rings) >= _AT_MOST:
            del self._rings[next(iter(self._rings))]
        auth_req_id = secrets.token_urlsafe(24)
        until = now + timedelta(seconds=self.expires_in)
        channel = form.get("channel", "MOBILE")
        earlier = now - timedelta(seconds=self.interval)  # the first poll may come at once
        self._rings[auth_req_id] = Ring(client_id, identity, number, form["scope"], channel, until, earlier)
        answer: dict[str, object] = {
            "auth_req_id": auth_req_id,
            "expires_in": self.expires_in,
            "interval": self.interval,
        }
        if "ciba_no_request_id" in faults:
            del answer["auth_req_id"]
        return answer

    def ringing(self) -> Iterator[Ring]:
        """Yield what rings now, oldest first."""
        now = self._authority.clock.now()
        yield from (ring for ring in self._rings.values() if not ring.answered and now < ring.until)

    def answer(self, handle: str, act: str) -> Ring | None:
        """Do what the owner of a telephone does, one of `ANSWERS`; `None` where nothing rings under that handle."""
        found = next((ring for ring in self.ringing() if ring.handle == handle), None)
        if found is None or act not in ANSWERS:
            return None
        found.answered, found.answered_at = act, self._authority.clock.now()
        return found

    def redeem(self, client_id: str, auth_req_id: str) -> Ring:
        """Return what was approved, once; raises `OAuthError` (section 11)."""
        ring, now = self._rings.get(auth_req_id), self._authority.clock.now()
        if ring is None or ring.client_id != client_id:
            raise OAuthError("invalid_grant")
        early = now - ring.polled < timedelta(seconds=self.interval)
        ring.polled = now
        if early or "ciba_slow_down" in self._authority.faults:
            raise OAuthError("slow_down")
        if now >= ring.until and ring.answered != "approve":
            del self._rings[auth_req_id]
            raise OAuthError("expired_token")
        if ring.answered in ("refuse", "other_number"):
            del self._rings[auth_req_id]
            raise OAuthError("access_denied")
        if ring.answered != "approve":
            raise OAuthError("authorization_pending")
        return self._rings.pop(auth_req_id)
