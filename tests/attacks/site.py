"""The whole site in this process: an instance, two open elections, the application, and browsers before it."""

from __future__ import annotations

import logging
import random
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import tomlkit
from rehearsal_kit import in_short
from sqlalchemy import delete

from isoloir import roll
from isoloir.clock import ShiftedClock
from isoloir.config.secrets import write_private
from isoloir.instance import ELECTIONS, FILE, Instance
from isoloir.store.login_tables import FailureRow
from isoloir_openid_connect.provider import Provider as Described
from isoloir_web.app import create_app
from isoloir_web.trial import people as invented
from isoloir_web.trial.browsing import Browser, Shown
from isoloir_web.trial.folder import write_instance
from isoloir_web.trial.preparation import open_vote, prepare

from .noes import Noes
from .people import ELECTOR, TWICE, number
from .providers import SECRET, Provider
from .wire import Wire

ROOT = Path(__file__).parents[2]
BASE = "http://127.0.0.1:8000"
HERE, ELSEWHERE = "medecins-2024", "medecins-2025"
"""The election that is attacked, and another one of the same instance."""
INSTANCE = "psc"
CALLBACKS = tuple(f"{BASE}/e/{election}/login/callback/{INSTANCE}" for election in (HERE, ELSEWHERE))
_SOURCE = ROOT / "examples" / "medecins-2024" / "election.toml"
_SESSION = "isoloir"
_LONG = 20
_within: ContextVar[bool] = ContextVar("within the site", default=False)


class _Heard(logging.Handler):
    """Keeps what is logged while the site is at work, and nothing of what the browsers log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if _within.get():
            self.lines.append(f"{record.getMessage()} {record.__dict__}")


@dataclass
class Site:
    """The site, its provider, and everybody who came while a case was tried."""

    instance: Instance
    provider: Provider
    wire: Wire
    clock: ShiftedClock
    app: Any
    heard: _Heard
    noes: Noes
    entries: dict[str, list[roll.RollEntry]]
    """Of each election, the roll by places."""
    visitors: list[Visitor] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    """What was answered to them: each page with its headers."""
    used: set[str] = field(default_factory=set)
    """Codes and tokens that were about, none of which may be told."""

    def visitor(self, *, honest: bool = False) -> Visitor:
        """Open a browser; an `honest` one may be logged in when all is over."""
        made = Visitor(self, honest)
        self.visitors.append(made)
        return made

    async def is_in(self, handle: str) -> bool:
        """Whether that handle of a session is let in to either election."""
        async with Browser(BASE, transport=httpx2.ASGITransport(self.app)) as browser:
            browser.http.headers["cookie"] = f"{_SESSION}={handle}"
            answers = [await browser.http.get(f"/e/{one}/contests") for one in (HERE, ELSEWHERE)]
        return any(answer.headers.get("isoloir-refusal") != "not_logged_in" for answer in answers)

    async def clear(self) -> None:
        """Forget who came, mend what was broken."""
        for visitor in self.visitors:
            await visitor.close()
        self.visitors.clear()
        self.pages.clear()
        self.used.clear()
        self.wire.mend()
        self.wire.secrets.clear()
        self.provider.fail()
        self.clock.shift = timedelta(0)
        self.heard.lines.clear()
        # What was counted under a moved clock would slow everybody down under the right one.
        async with self.instance.store.write() as writing:
            await (await writing.connection()).execute(delete(FailureRow))
        factor: Any = self.instance.plugins.factors[self.provider.factor()["plugin"]]
        factor._provider = Described()  # another worker, which remembers nothing of an unsound provider


class Visitor:
    """Somebody before a browser, at the site and at the provider."""

    def __init__(self, site: Site, honest: bool) -> None:
        self.site = site
        self.honest = honest
        self.handles: list[str] = []
        self.here = Browser(BASE, transport=httpx2.ASGITransport(site.app))
        self.here.http.event_hooks = {"request": [], "response": [self._note]}
        self.there = site.provider.browser()

    async def close(self) -> None:
        """Close the browser."""
        await self.here.http.aclose()
        await self.there.aclose()

    async def _note(self, answer: httpx2.Response) -> None:
        await answer.aread()
        self.site.pages.append(f"{answer.headers} {answer.text}")
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, rest = cookie.partition("=")
            handle = rest.partition(";")[0]
            if name == _SESSION and handle:
                self.handles.append(handle)

    def wear(self, handle: str) -> None:
        """Take a session's cookie over, as somebody who planted or stole it."""
        self.here.http.cookies.set(_SESSION, handle, domain="127.0.0.1")
        self.handles.append(handle)

    async def begin(self, election: str = HERE) -> str:
        """Choose Pro Santé Connect; the address at the provider that the site sends to."""
        shown = await self.start(election)
        assert shown.onward, shown
        return shown.onward

    async def start(self, election: str = HERE) -> Shown:
        """Choose Pro Santé Connect; what the site shows."""
        return await self.here.post(f"/e/{election}/login", {"branch": "psc"})

    async def go(self, url: str, who: str) -> dict[str, str]:
        """Log in at the provider; what it sends back with the browser. Raises TurnedAway."""
        back = await self.site.provider.log_in(self.there, url, who)
        params = dict(parse_qsl(urlsplit(back).query))
        self.site.used |= {params[name] for name in ("code",) if len(params.get(name, "")) > _LONG}
        return params

    async def come_back(self, params: Mapping[str, str], election: str = HERE, instance: str = INSTANCE) -> Shown:
        """Bring that to the address of the return."""
        return await self.here.get(f"/e/{election}/login/callback/{instance}?{urlencode(params)}")

    async def finish(self, shown: Shown, place: int = ELECTOR, election: str = HERE) -> Shown:
        """Answer what the site asks then, as somebody who knows that elector's number; what it shows in the end."""
        form = shown.asking("number")
        if form is None or shown.codes:
            return shown
        return await self.here.send(form, number=self.site.entries[election][place].fields["ordinal_number"])

    async def log_in(self, who: str | None = None, place: int = ELECTOR) -> Shown:
        """The whole way in, as anybody goes it."""
        params = await self.go(await self.begin(), who or number(place))
        return await self.finish(await self.come_back(params), place)

    async def is_in(self) -> bool:
        """Whether any session that this browser ever had is let in."""
        return any([await self.site.is_in(handle) for handle in dict.fromkeys(self.handles)])


@asynccontextmanager
async def open_site(provider: Provider, noes: Noes) -> AsyncIterator[Site]:
    """Make the instance and open both elections at that provider, until the block ends."""
    clock, wire, heard = ShiftedClock(), Wire(), _Heard()
    with tempfile.TemporaryDirectory(prefix="isoloir-attacks-") as name:
        folder = Path(name) / "instance"
        _write(folder, provider)
        async with Instance.open(folder, clock=clock) as instance:
            browser, instance.http = instance.http, httpx2.AsyncClient(transport=wire, timeout=8)
            await browser.aclose()
            entries = {election: await _opened(instance, election) for election in (HERE, ELSEWHERE)}
            application = create_app(instance)

            async def listening(scope: Any, receive: Any, send: Any) -> None:
                inside = _within.set(True)
                noes.begin()
                try:
                    await application(scope, receive, send)
                finally:
                    _within.reset(inside)

            logger = logging.getLogger()
            level = logger.level
            logger.addHandler(heard)
            logger.setLevel(logging.DEBUG)
            try:
                yield Site(instance, provider, wire, clock, listening, heard, noes, entries)
            finally:
                logger.removeHandler(heard)
                logger.setLevel(level)
                await instance.http.aclose()


def _write(folder: Path, provider: Provider) -> None:
    now = datetime.now(UTC)
    document: Any = tomlkit.parse(_SOURCE.read_text("utf-8"))
    document["factors"][INSTANCE] = provider.factor()
    source = folder.with_suffix(".toml")
    source.write_text(tomlkit.dumps(document), "utf-8")
    trial = write_instance(
        folder, source, base_url=BASE, opens=now - timedelta(hours=1), closes=now + timedelta(days=2),
        group="Ed25519", demo=False,
    )  # fmt: skip
    write_private(folder / "secrets" / "provider", SECRET.encode())
    document = tomlkit.parse((folder / ELECTIONS / trial.election_id / FILE).read_text("utf-8"))
    for election in (HERE, ELSEWHERE):
        document["id"] = election
        document["factors"][INSTANCE] = provider.factor()
        document["factors"][INSTANCE]["config"]["post_logout_url"] = f"{BASE}/e/{election}/goodbye"
        file = folder / ELECTIONS / election / FILE
        file.parent.mkdir(exist_ok=True)
        file.write_text(tomlkit.dumps(document), "utf-8")


async def _opened(instance: Instance, name: str) -> list[roll.RollEntry]:
    """Lead an election to its opening; one elector is then on the roll twice, which an import would have refused."""
    election = instance.election(name)
    people = invented.people(election, 4, random.Random(1))
    board = instance.folder / "board" / name
    await prepare(instance, election, invented.as_csv(people), board, lambda _: None, in_short)
    await open_vote(instance, election)
    entries = sorted(await roll.entries(instance.store, name), key=lambda one: one.fields["rpps"])
    known = {one.name for one in fields(roll.NewEntry)}
    again = {key: getattr(entries[TWICE], key) for key in known if hasattr(entries[TWICE], key)}
    async with instance.store.write(roll_of=name) as writing:
        await roll.write_entries(writing, election, roll.made(election, [roll.NewEntry(**again)]))
    return entries
