"""Ballots made from listed numbers, in each group: `…-ballots.json`."""

from __future__ import annotations

import hashlib
from typing import Any

from isoloir_ballots import ballot, credentials, trustees
from isoloir_ballots.election import Election, Question
from isoloir_ballots.groups import Group, named

UUID = "1soLoirVector1"
SEED = b"isoloir vectors, not for an election"


class Stream:
    """A replayable rng: SHA-512 of a label and a counter, modulo n. Remembers what it gave."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.given: list[int] = []

    def __call__(self, n: int) -> int:
        text = f"{self.label}|{len(self.given)}".encode()
        self.given.append(int.from_bytes(hashlib.sha512(text).digest(), "big") % n)
        return self.given[-1]


def _election(group: Group, name: str, questions: tuple[Question, ...], key: trustees.KeyPair) -> Election:
    return Election(
        version=1,
        description="Scrutin d’essai : “vecteurs”",
        name=name,
        group=group.name,
        public_key=group.serialise(key.entry.key),
        questions=questions,
        uuid=UUID,
        administrator="Commission électorale",
        credential_authority="server",
    )


CASES: list[tuple[str, tuple[Question, ...], list[list[list[int]]]]] = [
    (
        "one list or blank",
        (Question("Quelle liste ?", ("Avenir", "Solidarité", 'Santé & "public"', "É"), 1, 1, blank=True),),
        [[[0, 1, 0, 0, 0]], [[0, 0, 0, 0, 1]], [[1, 0, 0, 0, 0]]],
    ),
    (
        "one of three, no blank",
        (Question("Which?", ("A", "B", "C"), 1, 1),),
        [[[0, 1, 0]]],
    ),
    (
        "none to two of three, with blank",
        (Question("Jusqu’à deux ?", ("A", "B", "C"), 0, 2, blank=True),),
        [[[0, 0, 0, 0]], [[0, 1, 0, 1]], [[1, 0, 0, 0]]],
    ),
    (
        "two questions",
        (Question("Un ?", ("oui", "non"), 0, 1), Question("Deux ?", ("A", "B", "C"), 1, 2, blank=True)),
        [[[0, 0], [0, 1, 0, 1]], [[0, 1], [1, 0, 0, 0]]],
    ),
]


def ballots_made(group_name: str) -> dict[str, Any]:
    """The vectors of one group; the README beside says what the fields are."""
    group = named(group_name)
    cases = []
    for name, questions, votes in CASES:
        key = trustees.KeyPair.generate(group, Stream(f"key|{name}"))
        asked = _election(group, name, questions, key)
        codes = [credentials.from_seed(SEED, index) for index in range(len(votes))]
        public = [credentials.public(group, UUID, code) for code in codes]
        ballots = []
        for index, choices in enumerate(votes):
            rng = Stream(f"ballot|{name}|{index}")
            made = ballot.make(asked, codes[index], choices, rng)
            ballots.append(
                {
                    "credential": codes[index],
                    "private_exponent": str(credentials.secret(group, UUID, codes[index])),
                    "public_credential": public[index],
                    "choices": choices,
                    "randomness": [str(number) for number in rng.given],
                    "ballot": made.decode(),
                    "tracker": ballot.tracker(made),
                }
            )
        cases.append(
            {
                "name": name,
                "election": asked.serialise().decode(),
                "fingerprint": asked.fingerprint,
                "trustees": trustees.serialise(group, [key.entry]).decode(),
                "public_credentials": credentials.public_credentials_file(public).decode(),
                "ballots": ballots,
            }
        )
    return {"group": group.name, "q": str(group.q), "cases": cases}
