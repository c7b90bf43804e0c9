"""Small secrets of a flow, or of a factor instance and an entry or a typed text: encrypted, with an expiry."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from isoloir.clock import Clock
from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.hooks import Entry, Secrets
from isoloir.store import login_store
from isoloir.store.engine import Store


class StoredSecrets:
    """The secrets of one scope. `inside` is the election and factor instance, under which entries have theirs.

    None of this scope outlasts `until`, where there is an end; those of entries and typed texts may.

    Scopes are kept as HMAC, so that a typed text (an RPPS, say) is not kept at all.
    """

    def __init__(
        self, store: Store, keys: Keys, clock: Clock, inside: str, whose: str, until: datetime | None = None
    ) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._inside = inside
        self._until = until
        self._scope = keys.mac("login-secret-scope", f"{inside}/{whose}")

    async def put(self, name: str, value: str, lasts: timedelta) -> None:
        """Keep `value` for that long, or until the scope's end; a former one is gone."""
        sealed = self._keys.encrypt(self._purpose(name), value.encode())
        expires = self._clock.now() + lasts
        if self._until is not None:
            expires = min(expires, self._until)
        await self._store.whole(
            lambda writing: login_store.put_secret(writing, self._scope, name, sealed, expires), beside=True
        )

    async def get(self, name: str) -> str | None:
        """Return the value, or `None` when there is none or it has expired."""
        async with self._store.read() as reading:
            return self._opened(name, await login_store.get_secret(reading, self._scope, name, self._clock.now()))

    async def delete_if(self, name: str, value: str) -> bool:
        """Delete the secret if it still has that value; true for exactly one caller."""
        return await self._store.kept(self._delete_if(name, value))

    async def _delete_if(self, name: str, value: str) -> bool:
        async with self._store.write() as writing:
            kept = self._opened(name, await login_store.get_secret(writing, self._scope, name, self._clock.now()))
            if kept is None or not hmac.compare_digest(kept.encode(), value.encode()):
                return False
            await login_store.delete_secret(writing, self._scope, name)
            return True

    def of(self, subject: Entry | str) -> Secrets:
        """Return the secrets of that entry or typed text; there is nothing to ask for without either."""
        if not isinstance(subject, Entry | str):
            raise TypeError("secrets.of needs an entry or a typed text")
        whose = f"entry/{subject.handle}" if isinstance(subject, Entry) else f"typed/{subject}"
        return StoredSecrets(self._store, self._keys, self._clock, self._inside, whose)

    def _opened(self, name: str, sealed: bytes | None) -> str | None:
        if sealed is None:
            return None
        try:
            return self._keys.decrypt(self._purpose(name), sealed).decode()
        except IsoloirError:
            return None

    def _purpose(self, name: str) -> str:
        return f"login-secret/{self._scope}/{name}"
