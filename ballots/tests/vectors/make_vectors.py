"""Write ed25519-ballots.json beside this file, from a fixed stream of numbers: the same bytes at every run.

Run as `python make_vectors.py`; `python make_vectors.py --print` writes to standard output instead.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from isoloir_ballots import ballot, credentials, trustees
from isoloir_ballots.election import Election, Question
from isoloir_ballots.groups import named

GROUP = named("Ed25519")
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


def election(name: str, questions: tuple[Question, ...], key: trustees.KeyPair) -> Election:
    return Election(
        version=1,
        description="Scrutin d’essai : “vecteurs”",
        name=name,
        group="Ed25519",
        public_key=GROUP.serialise(key.entry.key),
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


def generate() -> dict[str, Any]:
    """All vectors; the README beside says what the fields are."""
    cases = []
    for name, questions, votes in CASES:
        key = trustees.KeyPair.generate(GROUP, Stream(f"key|{name}"))
        asked = election(name, questions, key)
        codes = [credentials.from_seed(SEED, index) for index in range(len(votes))]
        public = [credentials.public(GROUP, UUID, code) for code in codes]
        ballots = []
        for index, choices in enumerate(votes):
            rng = Stream(f"ballot|{name}|{index}")
            made = ballot.make(asked, codes[index], choices, rng)
            ballots.append(
                {
                    "credential": codes[index],
                    "private_exponent": str(credentials.secret(GROUP, UUID, codes[index])),
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
                "trustees": trustees.serialise(GROUP, [key.entry]).decode(),
                "public_credentials": credentials.public_credentials_file(public).decode(),
                "ballots": ballots,
            }
        )
    return {"group": "Ed25519", "q": str(GROUP.q), "cases": cases}


def text() -> str:
    """The file's exact text."""
    return json.dumps(generate(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(text())
    else:
        Path(__file__).with_name("ed25519-ballots.json").write_text(text(), encoding="utf-8")
