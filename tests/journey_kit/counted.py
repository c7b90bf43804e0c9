"""One whole journey of a voter over HTTP, and what each of its requests asks of the database."""

from __future__ import annotations

import contextvars
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rehearsal_kit import in_short
from sqlalchemy import event

from isoloir import counting, roll
from isoloir.instance import Instance
from isoloir.store.engine import Store
from isoloir_outbox import read_outbox
from isoloir_prosante_connect.simulator import RelyingParty, create_simulator, from_roll
from isoloir_web import server
from isoloir_web.app import create_app
from isoloir_web.trial import people
from isoloir_web.trial.browsing import Browser
from isoloir_web.trial.folder import CLIENT_ID, SIMULATED, Trial, write_instance
from isoloir_web.trial.preparation import invite, open_vote, prepare
from isoloir_web.trial.voting import Plan, Tally, Voter

SOURCE = Path(__file__).parents[2] / "examples" / "medecins-2024" / "election.toml"
_request: contextvars.ContextVar[Counted | None] = contextvars.ContextVar("request", default=None)


@dataclass
class Counted:
    """What one request asked: its transactions, and the text of each statement in its order.

    A statement counts as often as it is executed; what opens a transaction on SQLite (``BEGIN``) and the turn that is
    waited for on PostgreSQL count as well, for they cost as much.
    """

    name: str
    transactions: int = 0
    statements: list[str] = field(default_factory=list)
    reads: list[tuple[str, int]] = field(default_factory=list)

    @property
    def repeated(self) -> dict[str, int]:
        """Return the reads that were made more than once with the same values, which are not shown."""
        return {text: number for (text, _), number in Counter(self.reads).items() if number > 1}


@contextmanager
def counted(store: Store) -> Iterator[list[Counted]]:
    """Yield the list of requests that `Counting` has seen, each with what it asked of `store`."""
    seen: list[Counted] = []
    engines = [one.sync_engine for one in store.engines]

    def executed(
        _connection: Any, _cursor: Any, statement: str, values: object, _context: object, _many: bool
    ) -> None:
        request = _request.get()
        if request is not None:
            request.statements.append(" ".join(statement.split()))
            if statement.lstrip().startswith("SELECT"):
                request.reads.append((" ".join(statement.split()), hash(repr(values))))

    def begun(_connection: Any) -> None:
        request = _request.get()
        if request is not None:
            request.transactions += 1

    for engine in engines:
        event.listen(engine, "before_cursor_execute", executed)
        event.listen(engine, "begin", begun)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", executed)
            event.remove(engine, "begin", begun)


class Counting:
    """An application around another that says in which request a statement is executed."""

    def __init__(self, application: Any, seen: list[Counted]) -> None:
        self._application = application
        self._seen = seen

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        path = re.sub(r"^/e/[^/]+", "", scope["path"])
        one = Counted(f"{scope['method']} {path}")
        self._seen.append(one)
        token = _request.set(one)
        try:
            await self._application(scope, receive, send)
        finally:
            _request.reset(token)


@asynccontextmanager
async def journeys(folder: Path, database: str, branch: str, voters: int) -> AsyncIterator[list[list[Counted]]]:
    """Let so many voters go the whole way one after the other; yield what each one's requests asked."""
    with server.bound("127.0.0.1") as listening, server.bound("127.0.0.1") as elsewhere:
        base, psc = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in (listening, elsewhere))
        trial = _written(folder / "instance", base, psc, database)
        async with Instance.open(trial.folder) as instance:
            election = instance.election(trial.election_id)
            draw = random.Random(1)
            found = people.people(election, voters, draw)
            await prepare(instance, election, people.as_csv(found), trial.board, lambda _: None, in_short)
            await open_vote(instance, election)
            await invite(instance, election)
            entries = await roll.entries(instance.store, election.id)
            root = f"{trial.base_url}/e/{election.id}"
            here = RelyingParty(CLIENT_ID, trial.client_secret, (f"{root}/login/callback/psc",), (f"{root}/goodbye",))
            known = from_roll((one.fields["rpps"], one.civility, one.first_name, one.last_name) for one in entries)
            provider = create_simulator(known, f"{psc}{SIMULATED}", [here], clock=instance.clock)
            done: list[list[Counted]] = []
            with counted(instance.store) as seen:
                application = Counting(create_app(instance), seen)
                async with (
                    server.served(instance, elsewhere, application=provider, graceful_seconds=2),
                    server.served(instance, listening, application=application, graceful_seconds=2),
                ):
                    for number, entry in enumerate(entries):
                        seen.clear()
                        await _vote(instance, election, trial, entry, branch, number, draw)
                        done.append(list(seen))
            yield done


async def _vote(
    instance: Instance, election: Any, trial: Trial, entry: Any, branch: str, number: int, draw: random.Random
) -> None:
    async def read(address: str) -> str:
        await instance.deliver(election)
        mine = [one for one in read_outbox(trial.outbox) if one.recipient == address]
        return str(re.findall(r"\b(?=[A-Z]*[0-9])[A-Z0-9]{6,16}\b", mine[-1].text)[0])

    wanted = {one.id: draw.choice(counting.choices(one)) for one in roll.contests_of(election, entry)}
    async with Browser(trial.base_url) as browser:
        plan = Plan(entry, branch, wanted, typed_mobile=f"+3361240{number:04d}")
        voter = Voter(election, plan, browser, read, Tally())
        assert await voter.log_in()
        assert await voter.vote()


def _written(folder: Path, base: str, psc: str, database: str) -> Trial:
    now = datetime.now(UTC)
    trial = write_instance(
        folder, SOURCE, base_url=base, opens=now, closes=now + timedelta(days=2), database=database or None
    )
    file = folder / "elections" / trial.election_id / "election.toml"
    file.write_text(file.read_text("utf-8").replace(f"{base}{SIMULATED}", f"{psc}{SIMULATED}"), "utf-8")
    return trial
