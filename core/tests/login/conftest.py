"""A small election on a real store, factors that play what a test wrote, and visitors who walk the login engine.

`house` makes the election; a `Visitor` is one browser: it keeps the cookie's handle, presents it anew at each
request, as the web does, and remembers what it was shown.
"""

from __future__ import annotations

import inspect
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import make_url

from isoloir import roll
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.hooks import (
    Allowed,
    Asserted,
    Claim,
    Compared,
    Delivered,
    EligibilityCheck,
    Event,
    Factor,
    FactorForm,
    Form,
    NoConfig,
    Proved,
    Redirect,
    Return,
    Start,
    Step,
    Submit,
    Typed,
    Vouching,
    Wait,
    asked,
    hookimpl,
)
from isoloir.login.limits import Limits
from isoloir.login.login import Login
from isoloir.login.messages import LoginMessage
from isoloir.login.sessions import Sessions
from isoloir.login.shown import FormShown, GoTo, RefusedShown, Shown
from isoloir.plugin_set import PluginSet
from isoloir.store import lifecycle_store
from isoloir.store.engine import Store
from isoloir.testing import FakeClock
from isoloir.testing.postgresql import BINARIES
from isoloir.texts import Texts, read_catalogues

BASE = "http://127.0.0.1:8000"
PROVIDER = "https://provider.example/authorise"


class Ask(FactorForm):
    """One field that may be shown again, and one that may not."""

    answer: str = asked(max_length=40)
    secret: str = asked(input="password", keep=False, min_length=4, max_length=40)


class Again(FactorForm):
    """A secondary button."""


Play = Callable[[Any, Event], "Step | Awaitable[Step] | object"]


class Scripted(Factor[NoConfig]):
    """A factor that plays what the test wrote, and notes each event with the flow that came with it."""

    config = NoConfig
    forms: ClassVar[tuple[type[FactorForm], ...]] = (Ask, Again)

    def __init__(self, play: Play, leaves: Play | None = None, **vouches: Vouching) -> None:
        self.name = ""  # type: ignore[misc]
        self.play = play
        self.leaves = leaves
        self.vouched = vouches
        self.seen: list[tuple[Any, Event]] = []

    def vouches(self, config: NoConfig) -> Mapping[str, Vouching]:
        return self.vouched

    async def advance(self, config: NoConfig, flow: Any, event: Event) -> Any:
        self.seen.append((flow, event))
        return await _played(self.play(flow, event))

    async def leave(self, config: NoConfig, flow: Any) -> Any:
        return None if self.leaves is None else await _played(self.leaves(flow, Start()))

    @property
    def events(self) -> list[str]:
        return [type(event).__name__ for _, event in self.seen]


async def _played(answer: Any) -> Any:
    return await answer if inspect.isawaitable(answer) else answer


class ScriptedCheck(EligibilityCheck[NoConfig]):
    """An eligibility check that plays what the test wrote: a function of (voter, claims, contest)."""

    config = NoConfig

    def __init__(self, play: Callable[..., Any]) -> None:
        self.name = ""  # type: ignore[misc]
        self.play = play
        self.seen: list[Mapping[str, Claim]] = []

    async def check(self, config: NoConfig, voter: Any, claims: Mapping[str, Claim], contest: Any) -> Any:
        self.seen.append(dict(claims))
        return await _played(self.play(voter, claims, contest))


class Plays:
    """The pieces that tests script with. Each function makes a factor."""

    Ask, Again, Form, Redirect, Wait = Ask, Again, Form, Redirect, Wait
    soon = timedelta(minutes=5)
    Scripted = Scripted
    ScriptedCheck = ScriptedCheck

    @staticmethod
    def asks(claims: Mapping[str, Claim], *, display: str | None = None, **vouches: Vouching) -> Scripted:
        """Ask once, then prove these claims, whatever is answered; declared as claimed unless said otherwise."""
        declared = vouches or {name: claim.by for name, claim in claims.items()}
        return Scripted(
            lambda flow, event: Proved(claims, display) if isinstance(event, Submit) else Form(Ask), **declared
        )

    @staticmethod
    def at_once(step: Any, **vouches: Vouching) -> Scripted:
        """Answer the first event with that step."""
        return Scripted(lambda flow, event: step, **vouches)

    @staticmethod
    def compares(name: str = "ordinal_number") -> Scripted:
        """Ask, compare with the entry; what differs is shown again with an error, and counted."""

        async def play(flow: Any, event: Event) -> Step:
            if not isinstance(event, Submit):
                return Form(Ask)
            if flow.matches(name, event.form.answer):  # type: ignore[attr-defined]
                return Proved({name: Claim(event.form.answer, Compared())})  # type: ignore[attr-defined]
            await flow.attempts.fail(name, flow.entry or flow.claims["identifier"].value)
            return Form(Ask, errors={"answer": "form.format"})

        return Scripted(play, **{name: Compared()})

    @staticmethod
    def provider(value: str, name: str = "rpps", level: str = "eidas1", *, display: str | None = None) -> Scripted:
        """Send to a provider, and on the return assert that value."""

        def play(flow: Any, event: Event) -> Step:
            if isinstance(event, Return):
                return Proved({name: Claim(value, Asserted(level))}, display)
            query = urlencode({"state": flow.token, "redirect_uri": flow.callback})
            return Redirect(f"{PROVIDER}?{query}", returns_with={"state": flow.token}, state={"nonce": "n"})

        return Scripted(play, **{name: Asserted(level)})

    @staticmethod
    def claim(value: str, by: Vouching | None = None) -> Claim:
        return Claim(value, by or Typed())

    asserted = staticmethod(lambda value, level="eidas1": Claim(value, Asserted(level)))
    compared = staticmethod(lambda value: Claim(value, Compared()))
    delivered = staticmethod(lambda value, channel="sms": Claim(value, Delivered(channel)))


class _Plugin:
    """Registers scripted objects through the hooks, each under the name that the election uses."""

    def __init__(self, factors: Mapping[str, Scripted], checks: Mapping[str, ScriptedCheck]) -> None:
        for name, one in [*factors.items(), *checks.items()]:
            one.name = name  # type: ignore[misc]
        self._factors, self._checks = list(factors.values()), list(checks.values())

    @hookimpl
    def register_factors(self) -> list[Any]:
        return self._factors

    @hookimpl
    def register_eligibility(self) -> list[Any]:
        return self._checks


def two(text: str) -> dict[str, str]:
    return {"fr": text, "en": text}


def small_election(factors: Sequence[str], ways: Mapping[str, Sequence[str]], **changes: Any) -> ElectionFile:
    contest = {"colleges": ["ph"], "board": "national", "seats": 1}
    lists = [{"id": "avenir", "name": "Avenir", "candidates": ["A"]}]
    return ElectionFile.model_validate(
        {
            "id": "essai-2024",
            "title": two("Essai"),
            "window": {"opens": datetime(2024, 6, 11, 9), "closes": datetime(2024, 6, 18, 17)},  # noqa: DTZ001
            "help_line": {"phone": "05 67 31 53 03", "hours": two("8 h")},
            "sender": {"name": "Vote", "address": "vote@example.org", "subject": two("Vote")},
            "roll": {
                "fields": {
                    "rpps": {"key": True, "normalise": "digits"},
                    "ordinal_number": {"normalise": "alphanumeric", "secret": True},
                }
            },
            "colleges": {"ph": two("PH"), "pu": two("PU")},
            "boards": {"national": {"members": {"president": {"role": "president", "name": "Alix Martin"}}}},
            "contests": [{"id": name, "title": two(name), **contest, "lists": lists} for name in ("cspm", "csn")],
            "factors": {name: {"plugin": name} for name in factors},
            "policy": {"any": [{"id": way, "label": two(way), "all": list(all_)} for way, all_ in ways.items()]},
        }
        | changes
    )


def elector(number: int, **changes: Any) -> roll.NewEntry:
    values: dict[str, Any] = {
        "civility": "Dr",
        "last_name": f"Martin{number}",
        "first_name": "Alix",
        "email": f"alix{number}@example.org",
        "mobile": f"+336123456{number:02}",
        "college": "ph",
        "fields": {"rpps": f"1000{number:07}", "ordinal_number": f"75/{number}"},
    }
    return roll.NewEntry(**(values | changes))


@dataclass
class Engine:
    """What one process runs: a login over its own connections."""

    store: Store
    sessions: Sessions
    login: Login


@dataclass
class House:
    """One instance with one election, its vote open."""

    folder: Path
    database_url: str
    election: ElectionFile
    factors: Mapping[str, Scripted]
    checks: Mapping[str, ScriptedCheck]
    plugins: PluginSet
    keys: Keys
    clock: FakeClock
    http: httpx2.AsyncClient
    stack: AsyncExitStack
    limits: Limits
    patience: float
    sent: list[LoginMessage] = field(default_factory=list)
    instance: Any = None
    engine: Engine = field(init=False)

    async def another_engine(self, election: ElectionFile | None = None) -> Engine:
        """Start another process over the same database: nothing is shared but that."""
        store = await Store.open(self.database_url)
        self.stack.push_async_callback(store.close)
        sessions = Sessions(store, self.keys, self.clock)
        return Engine(store, sessions, self.login_of(election or self.election, store, sessions))

    def kept(self) -> bytes:
        """Everything that the database holds: its files, or a dump with its bytes decoded."""
        url = make_url(self.database_url)
        if url.get_backend_name() == "sqlite":
            path = Path(url.database or "")
            return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
        command = [BINARIES / "pg_dump", "-h", str(url.query["host"]), "-U", "postgres", url.database or ""]
        text = subprocess.run(command, capture_output=True, check=True).stdout
        return text + b"".join(bytes.fromhex(found.decode()) for found in re.findall(rb"x((?:[0-9a-f]{2})+)", text))

    def login_of(self, election: ElectionFile, store: Store, sessions: Sessions) -> Login:
        return Login(
            store,
            election,
            self.plugins,
            Texts(read_catalogues("isoloir")),
            self.keys,
            self.clock,
            self.http,
            BASE,
            sessions,
            self.send,
            folder=self.folder,
            limits=self.limits,
            patience=self.patience,
        )

    async def send(self, message: LoginMessage) -> None:
        self.sent.append(message)

    async def also(self, election_id: str, **changes: Any) -> Engine:
        """Open a second election in the same process, on a roll of its own."""
        other = self.election.model_copy(update={"id": election_id, **changes})
        store, sessions = self.engine.store, self.engine.sessions
        await open_vote(store, other, [elector(number) for number in range(3)])
        return Engine(store, sessions, self.login_of(other, store, sessions))

    async def entry(self, number: int = 0) -> roll.RollEntry:
        found = await roll.entries(self.engine.store, self.election.id)
        return next(entry for entry in found if entry.last_name == f"Martin{number}")

    async def identifier(self, number: int = 0) -> str:
        return (await self.entry(number)).identifier

    async def set_state(self, state: str) -> None:
        async with self.engine.store.write("box") as writing:
            await lifecycle_store.set_state(writing, self.election.id, state)

    async def visitor(self, engine: Engine | None = None, *, locale: str = "fr", address: str = "") -> Visitor:
        chosen = engine or self.engine
        session = await chosen.sessions.start(locale)
        return Visitor(chosen, session.handle, address)

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Note every statement that the engine sends to the database meanwhile, without its values."""
        noted: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            noted.append(statement)

        engines = [engine.sync_engine for engine in self.engine.store.engines]
        for engine in engines:
            sql_event.listen(engine, "before_cursor_execute", note)
        try:
            yield noted
        finally:
            for engine in engines:
                sql_event.remove(engine, "before_cursor_execute", note)


@dataclass
class Visitor:
    """One browser. Each method is one request under the handle of its cookie."""

    engine: Engine
    handle: str
    address: str = ""
    shown: Shown | None = None

    async def session(self) -> Any:
        return await self.engine.sessions.load(self.handle)

    async def _ask(self, act: Callable[[Login, Any], Awaitable[Shown]]) -> Any:
        session = await self.session()
        assert session is not None, "the handle is dead"
        self.shown = await act(self.engine.login, session)
        self.handle = session.handle
        return self.shown

    async def begin(self, way: str = "way") -> Any:
        return await self._ask(lambda login, session: login.begin(session, way, address=self.address))

    async def show(self) -> Any:
        return await self._ask(lambda login, session: login.show(session))

    async def tick(self) -> Any:
        return await self._ask(lambda login, session: login.tick(session, address=self.address))

    async def submit(self, form: str, **data: str) -> Any:
        return await self._ask(lambda login, session: login.submit(session, form, data, address=self.address))

    async def answer(self, answer: str = "x", secret: str = "long enough") -> Any:  # noqa: S107
        """Submit the form shown last."""
        assert isinstance(self.shown, FormShown), self.shown
        return await self.submit(self.shown.form, answer=answer, secret=secret)

    async def identify(self, identifier: str, way: str = "way") -> Any:
        """Begin, and give the identifier that is asked."""
        shown = await self.begin(way)
        assert [one.name for one in shown.fields] == ["identifier"], shown
        return await self.submit(shown.form, identifier=identifier)

    @property
    def sent_with(self) -> dict[str, str]:
        """What the provider was given."""
        assert isinstance(self.shown, GoTo), self.shown
        return dict(parse_qsl(urlsplit(self.shown.url).query))

    async def come_back(self, instance: str = "psc", **params: str) -> Any:
        """Return from the provider; with the token that it was given, unless the test gives others."""
        given = params or {"state": self.sent_with["state"]}
        return await self._ask(lambda login, session: login.returned(session, instance, given, address=self.address))

    async def leave(self) -> Any:
        session = await self.session()
        url = await self.engine.login.leave(session)
        self.handle = session.handle
        return url

    async def voter(self) -> Any:
        """Who the server says is logged in under this handle."""
        session = await self.session()
        return None if session is None else session.voter(self.engine.login._election.id)


STRANGER = "ZZZZZZZ"
"""An identifier that nobody was given."""
_RANDOM = re.compile(r"\.[0-9a-f]{8}\b|\d\d •• •• •• \d\d|\w•••@")


def masked(shown: Any) -> str:
    """Return everything shown; nonces and the digits of a masked mobile left out."""
    return _RANDOM.sub("<random>", repr((type(shown).__name__, asdict(shown))))


@dataclass
class SideBySide:
    """A voter and a stranger who do the same thing; what each is shown and costs is compared."""

    made: House
    identifier: str
    hit: Visitor
    miss: Visitor
    hit_sees: Any = None

    async def both(self, act: Callable[[Visitor, str], Awaitable[Any]]) -> Any:
        """Let both do it, each with an identifier, and compare; returns what the stranger is shown."""
        with self.made.statements() as of_hit:
            self.hit_sees = await act(self.hit, self.identifier)
        with self.made.statements() as of_miss:
            seen = await act(self.miss, STRANGER)
        assert masked(self.hit_sees) == masked(seen)
        assert of_hit == of_miss
        return seen

    async def fill(self, **data: str) -> Any:
        """Let both send the form shown to them."""
        return await self.both(lambda visitor, name: visitor.submit(visitor.shown.form, **data))  # type: ignore[union-attr]


@pytest.fixture
def side_by_side() -> Callable[..., Awaitable[SideBySide]]:
    """Return a function: a house (and its voter's identifier) → a pair."""

    async def make(made: House, identifier: str = "") -> SideBySide:
        return SideBySide(made, identifier or await made.identifier(), await made.visitor(), await made.visitor())

    return make


async def open_vote(store: Store, election: ElectionFile, entries: Sequence[roll.NewEntry]) -> None:
    await roll.add_entries(store, election, entries)
    async with store.write("box") as writing:
        await lifecycle_store.set_state(writing, election.id, "open")


@pytest.fixture
async def house(tmp_path: Path, new_database: Callable[[], str]) -> AsyncIterator[Any]:
    """Return a function: factors by name, ways by id, and what else differs → the house, its vote open."""
    async with AsyncExitStack() as stack:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(lambda request: httpx2.Response(500)))
        stack.push_async_callback(http.aclose)

        async def make(
            factors: Mapping[str, Scripted],
            ways: Mapping[str, Sequence[str]] | None = None,
            *,
            checks: Mapping[str, ScriptedCheck] | None = None,
            voters: Sequence[roll.NewEntry] | None = None,
            limits: Limits | None = None,
            patience: float = 10.0,
            state: str = "open",
            **changes: Any,
        ) -> House:
            checks = checks or {}
            given = {"eligibility": [{"plugin": name} for name in checks]} | changes
            folder = tmp_path / f"house-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            made = House(
                folder=folder,
                database_url=new_database(),
                election=small_election(list(factors), ways or {"way": list(factors)}, **given),
                factors=factors,
                checks=checks,
                plugins=PluginSet.of(_Plugin(factors, checks)),
                keys=Keys.open(folder),
                clock=FakeClock(),
                http=http,
                stack=stack,
                limits=limits or Limits(),
                patience=patience,
            )
            made.engine = await made.another_engine()
            electors = [elector(number) for number in range(3)] if voters is None else voters
            await open_vote(made.engine.store, made.election, electors)
            await made.set_state(state)
            return made

        yield make


@pytest.fixture
def plays() -> type[Plays]:
    """Return the pieces that factors are scripted with."""
    return Plays


@pytest.fixture
def make_elector() -> Callable[..., roll.NewEntry]:
    return elector


@pytest.fixture
def everybody_may() -> ScriptedCheck:
    return ScriptedCheck(lambda voter, claims, contest: Allowed())


@pytest.fixture
def refused() -> Callable[[Any, str], None]:
    """Return a function: what was shown is one clear page with that code, a sentence and what to do next."""

    def check(shown: Any, code: str) -> None:
        assert isinstance(shown, RefusedShown), shown
        assert shown.code == code
        assert shown.sentence
        assert shown.remedy
        assert not {"error.", "{"} & set(re.findall(r"error\.|{", shown.sentence + shown.remedy))
        assert 400 <= shown.status < 600

    return check
