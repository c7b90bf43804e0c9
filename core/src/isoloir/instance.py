"""An instance: a folder, and everything that runs from it, put together in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx2

from isoloir import notifications, policy
from isoloir.clock import Clock, ShiftedClock, SystemClock
from isoloir.config.election import ElectionFile, PluginUse
from isoloir.config.reading import read_election
from isoloir.config.secrets import Keys, resolve
from isoloir.config.settings import Settings, read_settings
from isoloir.errors import IsoloirError
from isoloir.extension import InForce
from isoloir.hooks import ClientCertificate, Factor, Notifier, PluginConfig
from isoloir.login.login import Login
from isoloir.login.messages import LoginMessage
from isoloir.login.sessions import Sessions
from isoloir.outgoing import make_client
from isoloir.plugin_set import PluginSet
from isoloir.store.engine import Store
from isoloir.texts import Texts, read_catalogues

ELECTIONS = "elections"
FILE = "election.toml"
CLOCK_SHIFT = "clock-shift"


class DemoClock:
    """The clock of a demonstration: its shift lies in a file, so that every process of the instance agrees."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / CLOCK_SHIFT
        self._clock = ShiftedClock(SystemClock())
        self._seen = 0

    def now(self) -> Any:
        """Return the shifted moment, aware, in UTC."""
        try:
            changed = self._file.stat().st_mtime_ns
            if changed != self._seen:
                self._clock.shift = timedelta(seconds=float(self._file.read_text()))
                self._seen = changed
        except (FileNotFoundError, ValueError):
            self._clock.shift = timedelta(0)
        return self._clock.now()

    def move_to(self, moment: Any) -> None:
        """Make `moment` the present, for every process of this instance."""
        self._clock.move_to(moment)
        written = self._file.with_suffix(".new")
        written.write_text(str(self._clock.shift.total_seconds()))
        written.replace(self._file)


class Instance:
    """Settings, keys, store, plugins, texts and elections of one folder. Made by `open`."""

    def __init__(
        self, folder: Path, settings: Settings, keys: Keys, store: Store, plugins: PluginSet, clock: Clock
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.keys = keys
        self.store = store
        self.plugins = plugins
        self.clock = clock
        self.texts = Texts(read_catalogues("isoloir"), plugins.catalogue)
        self.sessions = Sessions(store, keys, clock)
        self.http = make_client()
        self._certified: dict[ClientCertificate, httpx2.AsyncClient] = {}
        self._elections: dict[str, tuple[int, ElectionFile]] = {}
        self.windows = InForce(store)
        self._logins: dict[str, tuple[ElectionFile, Login]] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path, *, clock: Clock | None = None) -> AsyncIterator[Instance]:
        """Open the instance of a folder; raises IsoloirError for whatever would be unsafe or is missing."""
        folder = folder.resolve()
        settings = read_settings(folder)
        async with AsyncExitStack() as stack:
            keys = Keys.open(folder)
            plugins = PluginSet.load(settings.plugins)
            store = await Store.open(settings.database)
            stack.push_async_callback(store.close)
            chosen = clock or (DemoClock(folder) if settings.demo else SystemClock())
            instance = cls(folder, settings, keys, store, plugins, chosen)
            stack.push_async_callback(instance._close_clients)
            await instance.windows.learn()
            yield instance

    def client_with(self, certificate: ClientCertificate, factor: str) -> httpx2.AsyncClient:
        """Return the client that shows that certificate; one for each, however often a login is made anew."""
        if certificate not in self._certified:
            self._certified[certificate] = make_client(certificate, factor)
        return self._certified[certificate]

    async def _close_clients(self) -> None:
        for client in (self.http, *self._certified.values()):
            await client.aclose()

    @property
    def secrets_folder(self) -> Path:
        """Where seeds and other secret files lie."""
        return self.folder / "secrets"

    @property
    def archives_folder(self) -> Path:
        """Where archives are published."""
        return self.folder / "archives"

    def elections(self) -> list[str]:
        """Return the ids of the elections of this instance, sorted."""
        found = (self.folder / ELECTIONS).glob(f"*/{FILE}")
        return sorted(path.parent.name for path in found)

    def election(self, election_id: str) -> ElectionFile:
        """Return an election, extended as this process has learnt; read again when its file has changed.

        Raises ``election_unknown``.
        """
        if election_id not in self.elections():
            raise IsoloirError("election_unknown", election=election_id[:64])
        path = self.folder / ELECTIONS / election_id / FILE
        changed = path.stat().st_mtime_ns
        known = self._elections.get(election_id)
        if known is None or known[0] != changed:
            read = read_election(path, self.plugins)
            if read.id != election_id:
                raise IsoloirError("election_folder", election=read.id, folder=election_id)
            known = self._elections[election_id] = (changed, read)
        return self.windows.applied(known[1])

    def texts_of(self, election: ElectionFile) -> Texts:
        """Return the texts, the election's own in front."""
        return self.texts.overridden(dict(election.texts))

    def config_of(self, registered: Any, use: PluginUse) -> PluginConfig:
        """Return the configuration of a factor, check or notifier as this election writes it, secrets resolved."""
        config: PluginConfig = registered.config.model_validate(resolve(use.config, self.folder))
        return config

    def factors_of(self, election: ElectionFile) -> dict[str, tuple[Factor[Any], PluginConfig]]:
        """Return the election's factor instances by name, with their configurations."""
        found = {}
        for name, use in election.factors.items():
            factor = self.plugins.factors[use.plugin]
            found[name] = (factor, self.config_of(factor, use))
        return found

    def carriers_of(self, election: ElectionFile) -> notifications.Carriers:
        """Return the election's notifiers by channel, with their configurations."""
        found: dict[str, tuple[Notifier[Any], PluginConfig]] = {}
        for channel, use in election.notifiers.items():
            notifier = self.plugins.notifiers[use.plugin]
            found[channel] = (notifier, self.config_of(notifier, use))
        return found

    def login(self, election: ElectionFile) -> Login:
        """Return the login of an election; made anew when its file has changed."""
        known = self._logins.get(election.id)
        if known is None or known[0] is not election:
            login = Login(
                self.store,
                election,
                self.plugins,
                self.texts_of(election),
                self.keys,
                self.clock,
                self.http,
                self.settings.base_url,
                self.sessions,
                partial(self.send, election),
                folder=self.folder,
                client_with=self.client_with,
            )
            known = self._logins[election.id] = (election, login)
        return known[1]

    async def send(self, election: ElectionFile, message: LoginMessage) -> None:
        """Render and queue what a login sends; to nobody, it goes the same way and is discarded."""
        entry = message.entry
        own = {"email": entry.email, "sms": entry.mobile}.get(message.channel) if entry else None
        rendered = notifications.render(
            election,
            self.texts_of(election),
            message.template,
            {"voter": entry.display if entry else "", **message.values},
            channel=message.channel,
            recipient=message.address or own or "",
            locale=message.locale,
            key=f"login/{token_hex(16)}",
            entry=entry.id if entry else "",
            supersedes=message.supersedes or "",
            base_url=self.settings.base_url,
        )
        await notifications.queue(
            self.store, self.keys, election, self.clock, [rendered], discard=not (entry and rendered.recipient)
        )

    def branches_with_identifier(self, election: ElectionFile) -> frozenset[str]:
        """Return the branches in which the core asks for the identifier."""
        vouchings = {name: factor.vouches(config) for name, (factor, config) in self.factors_of(election).items()}
        return frozenset(
            branch.id
            for branch in election.policy.any
            if policy.asks_identifier(branch, vouchings, election.roll.fields)
        )

    async def deliver(self, election: ElectionFile) -> notifications.DeliveryReport:
        """Hand what is due to the election's carriers."""
        return await notifications.deliver(self.store, self.keys, election, self.carriers_of(election), self.clock)

    async def invite(self, election: ElectionFile) -> notifications.Invited:
        """Queue the invitations and letters of an election, each once."""
        return await notifications.invite(
            self.store,
            self.keys,
            election,
            self.texts_of(election),
            self.clock,
            base_url=self.settings.base_url,
            with_identifier=self.branches_with_identifier(election),
        )
