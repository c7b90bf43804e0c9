"""An instance's folder, made from an election's file: settings, the file adapted to this machine, secrets."""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import tomlkit

from isoloir.config.secrets import FOLDER as SECRETS
from isoloir.config.secrets import write_private
from isoloir.config.settings import is_loopback
from isoloir.hooks import ENTRY_POINTS
from isoloir.instance import ELECTIONS, FILE

CLIENT_ID = "isoloir"
SIMULATED = "/demo/psc"
"""Where the simulated Pro Santé Connect is mounted."""
PSC_FACTORS = frozenset({"prosante_connect", "prosante_connect_ecps"})
"""The factors that ask the simulated provider; one plugin registers both."""
BROKERED = frozenset({"prosante_connect"})
"""Those of them that may ask it through a broker."""
_SECRET_FILE = "psc-simulator"  # noqa: S105  # a file's name


@dataclass(frozen=True)
class Trial:
    """What was written: the instance's folder, the election in it, and where messages are kept."""

    folder: Path
    election_id: str
    outbox: Path
    base_url: str
    issuer: str
    """Of the provider that stands for Pro Santé Connect."""

    @property
    def simulated(self) -> bool:
        """Whether that is the simulator, mounted on this very instance."""
        return self.issuer == f"{self.base_url}{SIMULATED}"

    @property
    def board(self) -> Path:
        """Where the trial's board keeps its key shares; a real board's never lie on the server."""
        return self.folder / "board"

    @property
    def client_secret(self) -> str:
        """The secret between this instance and the simulated provider."""
        return (self.folder / SECRETS / _SECRET_FILE).read_text()


def write_instance(
    folder: Path,
    source: Path,
    *,
    base_url: str,
    opens: datetime | None = None,
    closes: datetime | None = None,
    group: str | None = None,
    demo: bool = True,
    channels: Iterable[str] = ("email", "sms", "post"),
    database: str | None = None,
    issuer: str | None = None,
    broker: str | None = None,
) -> Trial:
    """Write an instance that runs a copy of the election file `source` on this machine.

    The copy differs in its window (aware moments, legal time of its zone) and the group where they are given, its
    notifiers (an outbox, for these `channels`) and the address of the simulated Pro Santé Connect; it is marked as a
    test. `issuer` is that of a Keycloak's realm on this machine, in the simulator's place; `broker` that of another,
    which brokers it.
    """
    document = tomlkit.parse(source.read_text(encoding="utf-8"))
    election_id = str(document["id"])
    outbox = folder / "outbox"
    window = {"opens": opens, "closes": closes}
    _adapt(document, base_url, window, outbox, channels, group, issuer, broker)
    place = folder / ELECTIONS / election_id
    place.mkdir(parents=True)
    outbox.mkdir(mode=0o700)
    (place / FILE).write_text(tomlkit.dumps(document), encoding="utf-8")
    write_private(folder / SECRETS / _SECRET_FILE, secrets.token_urlsafe(32).encode())
    plugins = sorted({point.name for point in entry_points(group=ENTRY_POINTS)} & _named(document))
    settings = {"base_url": base_url, "demo": demo, "plugins": plugins}
    if database is not None:
        settings["database"] = database
    (folder / "isoloir.toml").write_text(tomlkit.dumps(settings), encoding="utf-8")
    return Trial(folder, election_id, outbox, base_url, issuer or f"{base_url}{SIMULATED}")


def _adapt(
    document: Any,
    base_url: str,
    moments: Mapping[str, datetime | None],
    outbox: Path,
    channels: Iterable[str],
    group: str | None,
    issuer: str | None,
    broker: str | None,
) -> None:
    document["test"] = True
    if group:
        document["group"] = group
    window = document["window"]
    zone = ZoneInfo(str(window.get("zone", "Europe/Paris")))
    for name, moment in moments.items():
        if moment is not None:
            window[name] = moment.astimezone(zone).replace(microsecond=0, tzinfo=None)
    document["notifiers"] = {channel: {"plugin": "outbox", "config": {"folder": str(outbox)}} for channel in channels}
    for factor in document["factors"].values():
        config = factor.get("config", {})
        if factor["plugin"] in PSC_FACTORS:
            kept = ("minimum_acr", "prompt_login", "max_age", "channel")
            asked: dict[str, Any] = {"issuer": issuer or f"{base_url}{SIMULATED}"}
            if broker and factor["plugin"] in BROKERED:
                asked = {"issuer": broker, "broker": {}}
            elif issuer:  # a stock Keycloak describes itself at the usual path, which is not Pro Santé Connect's
                asked["discovery_url"] = f"{issuer}/.well-known/openid-configuration"
            factor["config"] = {
                **{key: value for key, value in config.unwrap().items() if key in kept},
                "preset": "simulator" if is_loopback(base_url) else "prod",
                **asked,
                "client_id": CLIENT_ID,
                "client_secret": {"file": _SECRET_FILE},
                "post_logout_url": f"{base_url}/e/{document['id']}/goodbye",
            }


def _named(document: Any) -> set[str]:
    read = tomllib.loads(tomlkit.dumps(document))
    uses = [*read["factors"].values(), *read.get("eligibility", ()), *read["notifiers"].values()]
    named = {use["plugin"] for use in uses}
    return named | {"prosante_connect"} if named & PSC_FACTORS else named
