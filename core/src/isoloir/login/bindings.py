"""Mobiles that voters typed, bound to them at first use; changed only at the help desk."""

from __future__ import annotations

import hmac
from contextlib import suppress

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.hooks import Channel
from isoloir.store import login_store
from isoloir.store.engine import Store


class Bindings:
    """The bound addresses of one election."""

    def __init__(self, store: Store, keys: Keys, election_id: str) -> None:
        self._store = store
        self._keys = keys
        self._election = election_id

    async def of(self, entry_id: str, channel: Channel) -> str:
        """Return the address bound to an entry; empty when there is none."""
        async with self._store.read() as reading:
            return (await self.read(reading, entry_id)).get(channel, "")

    async def read(self, reading: AsyncSession, entry_id: str) -> dict[str, str]:
        """Return the addresses bound to an entry, by channel, in the caller's transaction."""
        found: dict[str, str] = {}
        for channel, sealed in (await login_store.all_bound(reading, self._election, entry_id)).items():
            with suppress(IsoloirError):  # made under another master key: as good as none
                found[channel] = self._keys.decrypt(self._purpose(entry_id, channel), sealed).decode()
        return found

    async def bind(self, entry_id: str, channel: Channel, address: str, serves: int) -> tuple[str | None, bool]:
        """Bind; return the code of a refusal (or `None`), and whether it is bound only now."""
        return await self._store.kept(self._bind(entry_id, channel, address, serves))

    async def _bind(self, entry_id: str, channel: Channel, address: str, serves: int) -> tuple[str | None, bool]:
        digest = self._keys.mac("login-binding", f"{self._election}/{channel}/{address}")
        async with self._store.write() as writing:
            found = await login_store.bound(writing, self._election, entry_id, channel)
            if found is not None:
                same = hmac.compare_digest(found[0], digest)
                return (None if same else "address_bound"), False
            if await login_store.served(writing, self._election, channel, digest) >= serves:
                return "address_shared", False
            sealed = self._keys.encrypt(self._purpose(entry_id, channel), address.encode())
            await login_store.bind(writing, self._election, entry_id, channel, digest, sealed)
        return None, True

    async def release(self, entry_id: str, channel: Channel) -> bool:
        """Undo a binding, an act of the help desk; say whether there was one."""
        async with self._store.write() as writing:
            return await login_store.unbind(writing, self._election, entry_id, channel)

    def _purpose(self, entry_id: str, channel: str) -> str:
        return f"login-binding/{self._election}/{entry_id}/{channel}"
