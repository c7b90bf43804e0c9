"""A small election, its store and its roll, for the tests of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from isoloir import casting, lifecycle, registrar, roll
from isoloir.casting import CastReceipt, Verifier, Voter
from isoloir.clock import ShiftedClock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.store.engine import Store
from isoloir_ballots import trustees
from isoloir_ballots.ballot import make
from isoloir_ballots.election import Election, Question
from isoloir_ballots.groups import named

PROVED = {"proved": {"national": ["president"]}}
OPENS = datetime(2024, 6, 11, 7, 0, tzinfo=UTC)


def two(text: str) -> dict[str, str]:
    return {"fr": text, "en": text}


def contest(contest_id: str, *colleges: str) -> dict[str, Any]:
    return {
        "id": contest_id,
        "title": two(contest_id),
        "colleges": list(colleges),
        "board": "national",
        "seats": 3,
        "lists": [{"id": f"list-{n}", "name": f"Liste {n}", "candidates": ["A", "B", "C"]} for n in range(3)],
    }


def small_election(**changes: Any) -> ElectionFile:
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
                    "ordinal_number": {"normalise": "alphanumeric", "secret": True, "kinds": ["ordinal", "post"]},
                }
            },
            "identifiers": {"length": 7},
            "colleges": {"ph": two("PH"), "pu": two("PU")},
            "boards": {"national": {"members": {"president": {"role": "president", "name": "Alix Martin"}}}},
            "contests": [contest("cspm", "ph"), contest("csn", "ph", "pu")],
            "factors": {"ordinal": {"plugin": "ordinal_check"}},
            "policy": {"any": [{"id": "b", "label": two("B"), "all": ["ordinal"]}]},
        }
        | changes
    )


def elector(number: int, **changes: Any) -> roll.NewEntry:
    values: dict[str, Any] = {
        "civility": "Dr",
        "last_name": f"Martin{number}",
        "first_name": "Alix",
        "email": f"alix{number}@example.org",
        "mobile": "+33612345678",
        "college": "ph",
        "fields": {"rpps": f"1000{number:07}", "ordinal_number": f"75/{number}"},
        "kinds": {"ordinal_number": "ordinal"},
    }
    return roll.NewEntry(**(values | changes))


@pytest.fixture
def election() -> ElectionFile:
    return small_election()


@pytest.fixture
def clock() -> ShiftedClock:
    clock = ShiftedClock()
    clock.move_to(OPENS + timedelta(hours=2, minutes=20))
    return clock


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys.open(tmp_path)


@pytest.fixture
def make_elector() -> Any:
    return elector


@pytest.fixture
def make_election() -> Any:
    return small_election


@dataclass
class Opened:
    """An election that is open, with what a booth and a board need."""

    store: Store
    election: ElectionFile
    clock: ShiftedClock
    keys: Keys
    folder: Path
    verifier: Verifier
    voters: list[Voter]
    ballots_election: dict[str, Election]

    async def credential(self, contest_id: str = "cspm") -> str:
        keys_folder = self.folder / "secrets"
        return await registrar.draw_credential(
            self.store, self.election, contest_id, keys_folder=keys_folder, clock=self.clock
        )

    def ballot(self, credential: str, choice: int = 0, contest_id: str = "cspm") -> bytes:
        answers = [int(number == choice) for number in range(4)]
        return make(self.ballots_election[contest_id], credential, [answers])

    async def fresh(self, choice: int = 0, contest_id: str = "cspm") -> bytes:
        return self.ballot(await self.credential(contest_id), choice, contest_id)

    async def cast(self, voter: int, ballot: bytes, contest_id: str = "cspm") -> CastReceipt:
        return await casting.cast(
            self.store, self.election, self.voters[voter], contest_id, ballot, self.clock, self.verifier
        )

    async def close(self) -> None:
        self.clock.move_to(self.election.window.grace_ends)
        await lifecycle.close(self.store, self.election, self.clock, self.keys, self.folder / "secrets")


async def make_setups(store: Store, election: ElectionFile, folder: Path) -> dict[str, Election]:
    """Make pools and setups with one trustee, as the board's commands do."""
    group = named(election.group)
    made = {}
    for contest_id, pool in (await registrar.make_pools(store, folder / "secrets", election)).items():
        pair = trustees.KeyPair.generate(group)
        entries = [pair.entry]
        asked = Question("Q", tuple(shown.name for shown in election.contest(contest_id).lists), 1, 1, blank=True)
        key = group.serialise(trustees.election_public_key(group, entries))
        made[contest_id] = Election(1, "D", contest_id, election.group, key, (asked,), pool.uuid)
        await registrar.save_setup(
            store, election, contest_id, made[contest_id].serialise(), trustees.serialise(group, entries)
        )
    return made


async def open_election(
    store: Store, election: ElectionFile, clock: ShiftedClock, folder: Path, voters: int
) -> Opened:
    await roll.add_entries(store, election, [elector(number) for number in range(voters)])
    await lifecycle.create(store, election, clock)
    made = await make_setups(store, election, folder)
    await lifecycle.key(store, election, clock)
    orders = {contest.id: [shown.id for shown in contest.lists] for contest in election.contests}
    await lifecycle.seal(store, election, clock, system_digest="s", roll_digest="r", display_orders=orders)
    await lifecycle.rehearsed(store, election, clock, system_digest="s", passed=True, record=PROVED)
    await lifecycle.open_(store, election, clock, system_digest="s", roll_digest="r")
    entries = await roll.entries(store, election.id)
    return Opened(
        store,
        election,
        clock,
        Keys.open(folder),
        folder,
        Verifier(),
        [Voter(entry.id, election.id, clock.now()) for entry in entries],
        made,
    )


@pytest.fixture
def open_with(store: Store, election: ElectionFile, clock: ShiftedClock, tmp_path: Path) -> Any:
    """Return a function that opens the small election with so many voters."""

    async def opened(voters: int = 12) -> Opened:
        return await open_election(store, election, clock, tmp_path, voters)

    return opened


@pytest.fixture
def setups() -> Any:
    return make_setups
