"""A small election on a real store, and the application on it; the login is scripted, everything else is real."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher, profiles
from litestar.testing import AsyncTestClient

from isoloir import lifecycle, registrar, roll
from isoloir.accounts import directory
from isoloir.accounts.account import Role
from isoloir.accounts.directory import Person
from isoloir.accounts.passwords import Passwords
from isoloir.clock import ShiftedClock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.config.settings import Settings
from isoloir.extension import InForce
from isoloir.hooks import Claim, Typed
from isoloir.login.sessions import Sessions
from isoloir.login.shown import (
    BranchOffer,
    FieldShown,
    FormShown,
    GoTo,
    LoggedIn,
    LoggedInShown,
    RefusedShown,
    Shown,
    WaitShown,
)
from isoloir.plugin_set import PluginSet
from isoloir.store.engine import Store
from isoloir.texts import Texts, read_catalogues
from isoloir_ballots import trustees
from isoloir_ballots.ballot import make
from isoloir_ballots.election import Election, Question
from isoloir_ballots.groups import named
from isoloir_web.app import create_app

PROVED = {"proved": {"national": ["president"]}}

BASE = "http://127.0.0.1:8000"
HERE = {"sec-fetch-site": "same-origin"}


def two(fr: str, en: str | None = None) -> dict[str, str]:
    return {"fr": fr, "en": en or fr}


def contest(contest_id: str, fr: str, en: str, *colleges: str) -> dict[str, Any]:
    names = ["Avenir du soin public", "Union des praticiens", "Hôpital et territoires"]
    return {
        "id": contest_id,
        "title": two(fr, en),
        "colleges": list(colleges),
        "board": "national",
        "seats": 5,
        "lists": [
            {"id": f"list-{n}", "name": name, "candidates": [f"Dr Candidat {n}{letter}" for letter in "ABCDE"]}
            for n, name in enumerate(names)
        ],
    }


def small_election(**changes: Any) -> ElectionFile:
    return ElectionFile.model_validate(
        {
            "id": "essai-2024",
            "title": two("Élections des personnels médicaux 2024", "Medical staff elections 2024"),
            "window": {"opens": datetime(2024, 6, 11, 9), "closes": datetime(2024, 6, 18, 17)},  # noqa: DTZ001
            "help_line": {
                "phone": "05 67 31 53 03",
                "hours": two("de 8 h à 20 h, le week-end de 9 h à 18 h", "8 am to 8 pm, weekends 9 am to 6 pm"),
            },
            "sender": {"name": "Vote", "address": "vote@example.org", "subject": two("Vote")},
            "roll": {
                "fields": {
                    "rpps": {"key": True, "normalise": "digits"},
                    "ordinal_number": {"normalise": "alphanumeric", "secret": True, "kinds": ["ordinal", "post"]},
                }
            },
            "colleges": {
                "ph": two("Praticiens hospitaliers", "Hospital practitioners"),
                "pu": two("Personnels enseignants", "Teaching staff"),
            },
            "boards": {"national": {"members": {"president": {"role": "president", "name": "Alix Martin"}}}},
            "contests": [
                contest("cspm", "Commission supérieure (CSPM)", "Higher commission (CSPM)", "ph"),
                contest("csn", "Commission statutaire nationale (CSN)", "Statutory commission (CSN)", "ph", "pu"),
                contest("pu", "Commission des enseignants", "Teachers’ commission", "pu"),
            ],
            "factors": {"psc": {"plugin": "provider"}, "ordinal": {"plugin": "number"}},
            "policy": {
                "any": [
                    {
                        "id": "psc",
                        "label": two(
                            "Avec Pro Santé Connect (CPS ou e-CPS)", "With Pro Santé Connect (CPS card or e-CPS)"
                        ),
                        "all": ["psc", "ordinal"],
                    },
                    {
                        "id": "password",
                        "label": two(
                            "Avec mon identifiant et un mot de passe reçu par SMS",
                            "With my identifier and a password sent by text message",
                        ),
                        "all": ["ordinal"],
                    },
                ]
            },
            "notifiers": {},
        }
        | changes
    )


def elector(number: int, **changes: Any) -> roll.NewEntry:
    values: dict[str, Any] = {
        "civility": "Dr",
        "last_name": f"Martin{number or ''}",
        "first_name": "Alix",
        "email": f"alix{number}@example.org",
        "mobile": "+33612345678",
        "college": "ph",
        "fields": {"rpps": f"1000{number:07}", "ordinal_number": f"75/{number}"},
        "kinds": {"ordinal_number": "ordinal"},
    }
    return roll.NewEntry(**(values | changes))


NUMBER = FieldShown(
    name="number",
    label="Numéro d’ordre",
    hint="Chiffres et lettres",
    input="text",
    autocomplete="off",
    inputmode="text",
    value="",
    error="",
    max_length=64,
)


def number_form(**changes: Any) -> FormShown:
    values: dict[str, Any] = {
        "title": "Votre numéro d’ordre",
        "intro": "",
        "fields": [NUMBER],
        "errors": [],
        "submit": "Continuer",
        "form": "ordinal.Number",
        "also": [],
        "step": 2,
        "steps": 3,
    }
    return FormShown(**(values | changes))


@dataclass
class ScriptedLogin:
    """Stands for `isoloir.login.login.Login`: answers what the test wrote, and notes what it was asked."""

    stage: Stage
    shows: Shown = field(default_factory=number_form)
    submits: Shown | None = None
    provider: str | None = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def begin(self, session: Any, branch: str, *, address: str = "") -> Shown:
        self.asked.append(("begin", branch))
        await self.stage.sessions.rotate(session)
        return self.shows

    async def show(self, session: Any) -> Shown:
        self.asked.append(("show",))
        return self.shows

    async def tick(self, session: Any, *, address: str = "") -> Shown:
        self.asked.append(("tick",))
        return self.shows

    async def submit(self, session: Any, form_name: str, data: Any, *, address: str = "") -> Shown:
        self.asked.append(("submit", form_name, dict(data)))
        return self.submits or await self.stage.log_in(session)

    async def returned(
        self, session: Any, instance: str, params: Any, *, address: str = "", locale: str = "fr"
    ) -> Shown:
        self.asked.append(("returned", instance, dict(params)))
        return self.submits or self.shows

    async def leave(self, session: Any) -> str | None:
        self.asked.append(("leave",))
        return self.provider


@dataclass
class Stage:
    """Stands for `isoloir.instance.Instance`, on a real store."""

    folder: Path
    settings: Settings
    store: Store
    keys: Keys
    clock: ShiftedClock
    files: dict[str, ElectionFile]
    plugins: PluginSet
    texts: Texts
    sessions: Sessions
    setups: dict[str, Election] = field(default_factory=dict)
    scripted: Any = None

    def __post_init__(self) -> None:
        self.windows = InForce(self.store)

    @property
    def secrets_folder(self) -> Path:
        return self.folder / "secrets"

    @property
    def archives_folder(self) -> Path:
        return self.folder / "archives"

    def elections(self) -> list[str]:
        return sorted(self.files)

    def election(self, election_id: str) -> ElectionFile:
        return self.windows.applied(self.files[election_id])

    def texts_of(self, election: ElectionFile) -> Texts:
        return self.texts.overridden(election.texts)

    def branches_with_identifier(self, election: ElectionFile) -> frozenset[str]:
        return frozenset({"password"})

    def login(self, election: ElectionFile) -> Any:
        return self.scripted

    @property
    def only(self) -> ElectionFile:
        return next(iter(self.files.values()))

    async def log_in(self, session: Any, number: int = 0) -> LoggedInShown:
        """Log a voter in, as the real login does: the voter is kept, the handle moves."""
        entry = (await self.voters())[number]
        voter = LoggedIn(
            election_id=self.only.id,
            entry_id=entry.id,
            display=entry.display,
            branch="psc",
            authenticated_at=self.clock.now(),
            claims={"rpps": Claim(entry.fields["rpps"], Typed())},
        )
        session.set_voter(voter, self.only.id)
        await self.sessions.save(session)
        await self.sessions.rotate(session)
        return LoggedInShown(voter)

    async def voters(self) -> list[roll.RollEntry]:
        return sorted(await roll.entries(self.store, self.only.id), key=lambda one: one.last_name)

    async def open_vote(self) -> None:
        """Go through the arrows up to an open vote, with real pools and keys of one trustee."""
        election, store, clock = self.only, self.store, self.clock
        clock.move_to(election.window.opens - timedelta(days=1))
        await lifecycle.create(store, election, clock)
        group = named(election.group)
        for contest_id, pool in (await registrar.make_pools(store, self.secrets_folder, election)).items():
            entries = [trustees.KeyPair.generate(group).entry]
            answers = tuple(shown.name for shown in election.contest(contest_id).lists)
            question = Question("Q", answers, 1, 1, blank=True)
            key = group.serialise(trustees.election_public_key(group, entries))
            made = Election(1, "D", contest_id, election.group, key, (question,), pool.uuid)
            self.setups[contest_id] = made
            files = made.serialise(), trustees.serialise(group, entries)
            await registrar.save_setup(store, election, contest_id, *files)
        await lifecycle.key(store, election, clock)
        orders = {one.id: [shown.id for shown in reversed(one.lists)] for one in election.contests}
        await lifecycle.seal(store, election, clock, system_digest="s", roll_digest="r", display_orders=orders)
        await lifecycle.rehearsed(store, election, clock, system_digest="s", passed=True, record=PROVED)
        await lifecycle.open_(store, election, clock, system_digest="s", roll_digest="r")
        clock.move_to(election.window.opens + timedelta(hours=2, minutes=20))

    def ballot(self, credential: str, contest_id: str, choice: int = 1) -> bytes:
        return make(self.setups[contest_id], credential, [[int(number == choice) for number in range(4)]])


async def stage_in(folder: Path, store: Store, *, base_url: str = BASE, demo: bool = False) -> Stage:
    """Make a stage: an election with five electors, nothing done yet."""
    election = small_election()
    clock = ShiftedClock()
    clock.move_to(election.window.opens - timedelta(days=3))
    keys = Keys.open(folder)
    plugins = PluginSet.of()
    stage = Stage(
        folder=folder,
        settings=Settings(base_url=base_url, demo=demo),
        store=store,
        keys=keys,
        clock=clock,
        files={election.id: election},
        plugins=plugins,
        texts=Texts(read_catalogues("isoloir"), plugins.catalogue),
        sessions=Sessions(store, keys, clock),
    )
    stage.scripted = ScriptedLogin(stage)
    people = [elector(number) for number in range(4)]
    people.append(elector(4, college="pu", last_name="Zola"))
    await roll.add_entries(store, election, people)
    return stage


@pytest.fixture
async def stage(tmp_path: Path, store: Store) -> Stage:
    return await stage_in(tmp_path, store)


@pytest.fixture
async def demo_stage(tmp_path: Path, store: Store) -> Stage:
    return await stage_in(tmp_path, store, demo=True)


@pytest.fixture
async def secure_stage(tmp_path: Path, store: Store) -> Stage:
    return await stage_in(tmp_path, store, base_url="https://vote.example")


@pytest.fixture
def web() -> Callable[[Stage], AsyncTestClient[Any]]:
    """Return a function that makes a client of the application of a stage, as a browser of today sends."""

    def client(stage: Stage) -> AsyncTestClient[Any]:
        app = create_app(stage)  # type: ignore[arg-type]
        app.state.house.accounts.passwords = Passwords(PasswordHasher.from_parameters(profiles.CHEAPEST))
        made = AsyncTestClient(app, base_url=stage.settings.base_url)
        made.headers.update({"accept": "text/html", **HERE})
        made.follow_redirects = False
        return made

    return client


@pytest.fixture
def script() -> Any:
    """Return the pieces that a test scripts a login with."""

    class Pieces:
        form = staticmethod(number_form)
        field = NUMBER
        go_to = GoTo
        wait = WaitShown
        refused = RefusedShown
        offer = BranchOffer

    return Pieces


@dataclass
class Holder:
    """Somebody with an account: what they know and what their telephone shows."""

    stage: Stage
    invitation: Any
    name: str
    password: str = "huit chevaux lents sous la pluie"
    secret: str = ""
    codes: tuple[str, ...] = ()

    def code(self) -> str:
        """Return the code of a moment at which none was used yet: half a minute later than the last one."""
        self.stage.clock.move_to(self.stage.clock.now() + timedelta(seconds=30))
        return pyotp.TOTP(self.secret).at(int(self.stage.clock.now().timestamp()))

    async def activate(self, client: Any) -> Any:
        """Go through the three pages of the activation; return the last answer."""
        path = f"/e/{self.stage.only.id}/board/activate/{self.invitation.token}"
        sent = {"activation": self.invitation.code, "chosen": self.password, "again": self.password}
        assert (await client.post(path, data=sent)).status_code == 303
        page = await client.get(f"/e/{self.stage.only.id}/board/second-factor")
        self.secret = re.search(r'class="code">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")  # type: ignore[index]
        data = {"token": token_in(page.text, "second-factor"), "code": self.code()}
        assert (await client.post(f"/e/{self.stage.only.id}/board/second-factor", data=data)).status_code == 303
        shown = await client.get(f"/e/{self.stage.only.id}/board/codes")
        self.codes = tuple(re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", shown.text))
        data = {"token": token_in(shown.text, "codes")}
        return await client.post(f"/e/{self.stage.only.id}/board/codes", data=data)

    async def log_in(self, client: Any, **other: str) -> Any:
        data = {"name": self.name, "password": self.password, "code": other.pop("code", "") or self.code(), **other}
        return await client.post(f"/e/{self.stage.only.id}/board/login", data=data)


def token_in(html: str, action: str) -> str:
    """Return the token of the form that goes to that page of the board."""
    form = re.split(f'action="[^"]*/board/{action}"', html, maxsplit=1)[1]
    return form.split('name="token" value="', 1)[1].split('"', 1)[0]


@pytest.fixture
def new_holder() -> type[Holder]:
    """Return what stands for somebody with an account, of any stage that has an election (`only`) and a clock."""
    return Holder


@pytest.fixture
def holder() -> Any:
    """Return a function that makes an account on a stage, not activated yet."""

    async def make(stage: Stage, name: str = "a.martin", **changes: Any) -> Holder:
        values = {"role": Role.MEMBER, "board": "national", "member": "president"} | changes
        person = Person(name, f"Dr {name.title()}", f"{name}@example.org", **values)
        made = await directory.new(stage.store, stage.keys, stage.only, stage.clock, person)
        return Holder(stage, made, name)

    return make
