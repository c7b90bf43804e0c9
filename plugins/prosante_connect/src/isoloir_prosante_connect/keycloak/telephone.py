"""The e-CPS telephone of a professional: it rings when a login is asked for, and its owner answers or does not.

It speaks Keycloak's HTTP authentication channel for CIBA: Keycloak rings at the exchange that runs beside it
(`keeper.Exchange`), and is answered at its callback with the token that came with the ring.
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2

from isoloir_prosante_connect.keycloak.wallet import Wallet

_PAUSE = 0.05


@dataclass(frozen=True)
class Ring:
    """One login asked for: `number` is what the screen of the site shows, to be compared by the owner."""

    number: str
    scope: str
    acr_values: str
    authorization: str = field(repr=False)


class NoRing(Exception):
    """The telephone did not ring."""


@dataclass
class Telephone:
    """The telephone of one professional of a realm: `approve`, `refuse`, `cancel`, or let it ring."""

    wallet: Wallet
    owner: str
    """The national identifier."""
    http: httpx2.AsyncClient

    async def rings(self) -> list[Ring]:
        """Return what rings now, oldest first."""
        heard = (await self.http.get(self.wallet.keycloak.exchange)).json()
        return [
            Ring(one.get("binding_message") or "", one.get("scope") or "", one.get("acr_values") or "",
                 one["authorization"])
            for one in heard
            if one.get("login_hint") == self.owner and _realm(one["authorization"]) == self.wallet.realm
        ]  # fmt: skip

    async def wait(self, seconds: float = 10) -> Ring:
        """Wait until it rings; raises `NoRing`."""
        until = time.monotonic() + seconds
        while True:
            heard = await self.rings()
            if heard:
                return heard[0]
            if time.monotonic() > until:
                raise NoRing(self.owner)
            await asyncio.sleep(_PAUSE)

    async def approve(self) -> Ring:
        """Confirm by the e-CPS code."""
        return await self._answer("SUCCEED")

    async def refuse(self) -> Ring:
        """Say that it was not oneself who asked."""
        return await self._answer("UNAUTHORIZED")

    async def cancel(self) -> Ring:
        """Close the application."""
        return await self._answer("CANCELLED")

    async def ignore(self) -> Ring:
        """Let it ring."""
        return await self._silence(await self.wait())

    async def _answer(self, status: Literal["SUCCEED", "UNAUTHORIZED", "CANCELLED"]) -> Ring:
        ring = await self.wait()
        answer = await self.http.post(
            f"{self.wallet.ciba_endpoint}/callback",
            json={"status": status},
            headers={"authorization": ring.authorization},
        )
        answer.raise_for_status()
        return await self._silence(ring)

    async def _silence(self, ring: Ring) -> Ring:
        await self.http.delete(self.wallet.keycloak.exchange, headers={"authorization": ring.authorization})
        return ring


def _realm(authorization: str) -> str:
    """Return the realm of the token that came with a ring: one exchange serves all of a Keycloak."""
    claims = authorization.removeprefix("Bearer ").split(".")[1]
    read: dict[str, Any] = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return str(read.get("iss")).rpartition("/")[2]
