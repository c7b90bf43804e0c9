"""A small election with the board of 2024 (president or secretary, and two of four delegates), and its whole life."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rehearsal_kit

from isoloir import board, publication, registrar, unsealing
from isoloir.casting import CastReceipt, Verifier, Voter, cast
from isoloir.ceremony import hosting, trial
from isoloir.clock import ShiftedClock, SystemClock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.counting import answer
from isoloir.key_share import KeyShare
from isoloir.partials import Partials
from isoloir.plugin_set import PluginSet
from isoloir.rehearsal import Rehearsal
from isoloir.roll import NewEntry, add_entries, entries
from isoloir.store.engine import Store
from isoloir_ballots.ballot import make
from isoloir_ballots.election import Election


def both(text: str) -> dict[str, str]:
    return {"fr": text, "en": text}


def member(role: str, name: str) -> dict[str, str]:
    return {"role": role, "name": name}


MEMBERS = {
    "president": member("president", "Alix Martin"),
    "secretary": member("secretary", "Sacha Petit"),
    **{f"d{n}": member("delegate", f"Dominique {n}") for n in range(1, 4)},
    "d4": member("delegate", "Dominique 4") | {"substitute": "Camille Roux"},
}
RULE = {"all": [{"at_least": 1, "of": "officers"}, {"at_least": 2, "of": "delegates"}]}


def election_of(**changes: Any) -> ElectionFile:
    return ElectionFile.model_validate(
        {
            "id": "trial",
            "title": both("Essai"),
            "window": {"opens": SystemClock().now(), "closes": SystemClock().now() + timedelta(days=2)},
            "help_line": {"phone": "01 02 03 04 05", "hours": both("9-17")},
            "sender": {"name": "Bureau", "address": "bureau@vote.example", "subject": both("Vote")},
            "colleges": {"ph": both("PH")},
            "boards": {"national": {"members": MEMBERS, "rule": RULE}},
            "contests": [
                {
                    "id": "cspm", "title": both("CSPM"), "colleges": ["ph"], "board": "national", "seats": 2,
                    "lists": [
                        {"id": "a", "name": "Liste A", "candidates": ["A1", "A2"]},
                        {"id": "b", "name": "Liste B", "candidates": ["B1", "B2"]},
                    ],
                }
            ],
            "factors": {"x": {"plugin": "x"}},
            "policy": {"any": [{"id": "x", "label": both("X"), "all": ["x"]}]},
            **changes,
        }
    )  # fmt: skip


@dataclass
class Place:
    """One instance, its election and the shares of its members, by their ids."""

    folder: Path
    store: Store
    clock: ShiftedClock
    keys: Keys
    election: ElectionFile
    shares: dict[str, KeyShare] = field(default_factory=dict)
    plugins: PluginSet = field(default_factory=PluginSet.of)
    verifier: Verifier = field(default_factory=Verifier)

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def archives(self) -> Path:
        return self.folder / "archives"

    @property
    def rehearsals(self) -> Path:
        return self.archives / "rehearsals"

    async def ceremony(self) -> None:
        begun = await hosting.begin(self.store, self.election, self.clock)
        documents, shares = trial.hold(begun.plan)
        for document in documents:
            await hosting.add(self.store, self.election, document, self.clock)
        self.shares = {share.member: share for share in shares}

    async def keyed(self) -> None:
        await self.ceremony()
        await board.make_keys(self.store, self.election, self.secrets, self.clock)

    async def sealed(self) -> None:
        await self.keyed()
        await board.seal(self.store, self.election, self.plugins, self.clock)

    async def rehearse(self, *members: str) -> Rehearsal:
        shares = [self.shares[one] for one in members or self.shares]
        return await rehearsal_kit.rehearse(
            self.store, self.election, self.plugins, shares, self.rehearsals, self.clock
        )

    async def open(self) -> None:
        await board.open_vote(self.store, self.election, self.plugins, self.clock)

    async def opened(self) -> None:
        await self.sealed()
        assert (await self.rehearse()).passed
        await self.open()

    async def vote(self, number: int, choice: str) -> CastReceipt:
        voter = (await entries(self.store, "trial"))[number]
        credential = await registrar.draw_credential(self.store, self.election, "cspm", keys_folder=self.secrets)
        setup = Election.parse((await publication.setup_bytes(self.store, "trial", "cspm"))[0])
        ballot = make(setup, credential, answer(self.election.contest("cspm"), choice))
        who = Voter(voter.id, "trial", self.clock.now())
        return await cast(self.store, self.election, who, "cspm", ballot, self.clock, self.verifier)

    async def close(self) -> Mapping[str, Path]:
        self.clock.move_to(self.election.window.grace_ends + timedelta(seconds=1))
        return await board.close_vote(self.store, self.election, self.clock, self.keys, self.secrets, self.archives)

    def decrypted(self, one: str) -> Partials:
        boxes = unsealing.boxes_of(self.election, self.archives, "national")
        return Partials.make(self.shares[one], list(boxes.values()))

    async def receive(self, members: Iterable[str]) -> None:
        for one in members:
            await unsealing.receive(self.store, self.election, self.archives, self.decrypted(one))

    async def unseal(self, *members: str, **options: Any) -> unsealing.Results:
        await self.receive(members or ("secretary", "d2", "d4"))
        return await unsealing.unseal(self.store, self.election, self.archives, self.clock, **options)


@pytest.fixture
async def place(tmp_path: Path, store: Store) -> Place:
    """An election with five voters on its roll, in both databases."""
    election = election_of()
    roll = [NewEntry("Dr", f"NOM{n}", "Alix", f"a{n}@ch.example", "", "ph", (), {}, {}) for n in range(5)]
    await add_entries(store, election, roll)
    return Place(tmp_path, store, ShiftedClock(SystemClock()), Keys.open(tmp_path), election)
