"""Whole small elections with their secrets: keys, credentials, ballots, archives, and means to forge them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoloir_ballots import ballot, canonical, credentials, tally, trustees
from isoloir_ballots.archive import Archive
from isoloir_ballots.election import Election, Question
from isoloir_ballots.groups import Group, named
from isoloir_ballots.hashing import challenge, compact_digest
from isoloir_ballots.tally import EncryptedTally
from isoloir_ballots.verify import Setup, check_ballot

from .ceremonies import Board
from .replay import Replay

TIMESTAMP = 1795471071
UUID = "1soLoirTest123"
SEED = b"a seed of the tests, nothing else"

LISTS = Question("Quelle liste ?", ("Avenir", "Solidarité “42”", "Santé"), 1, 1, blank=True)
APPROVAL = Question("Which ones?", ("A", "B", "C"), 0, 2)
VOTES = [
    [[0, 1, 0, 0], [1, 0, 1]],
    [[1, 0, 0, 0], [0, 0, 0]],
    [[0, 0, 0, 1], [0, 1, 0]],
    [[0, 1, 0, 0], [1, 0, 0]],
]
"""Four voters of these two questions: two for the first list, one blank, one for the third."""


@dataclass
class Contest:
    """One election with its secrets."""

    group: Group
    board: Board
    election: Election
    codes: list[str]
    trustees: bytes
    public_credentials: bytes
    setup: Setup

    @property
    def keys(self) -> list[trustees.KeyPair]:
        """The key pairs of a board whose members all stand alone."""
        pairs = zip(self.board.exponents, self.board.entries, strict=True)
        return [trustees.KeyPair(secret, entry) for secret, entry in pairs if isinstance(entry, trustees.Single)]

    def files(self) -> tuple[bytes, bytes, bytes]:
        return self.election.serialise(), self.trustees, self.public_credentials

    def vote(self, index: int, answers: Sequence[Sequence[int]]) -> bytes:
        return ballot.make(self.election, self.codes[index], answers, Replay(f"vote|{index}|{answers}"))

    def sign(self, value: dict[str, Any], index: int) -> bytes:
        """Sign a forged ballot with a real credential."""
        unsigned = {key: item for key, item in value.items() if key != "signature"}
        digest = compact_digest(canonical.dump(unsigned))
        secret = credentials.secret(self.group, self.election.uuid, self.codes[index])
        commitment = self.group.serialise(self.group.generator_power(77))
        c = challenge(f"sig|{digest}|", [commitment], self.group.q)
        proof = {"challenge": str(c), "response": str((77 - secret * c) % self.group.q)}
        return canonical.dump({**unsigned, "signature": {"hash": digest, "proof": proof}})

    def share(self, owner: int, total: EncryptedTally, label: str = "share|") -> bytes:
        """One holder's partial decryption."""
        exponent = self.board.exponents[owner - 1]
        return tally.partial_decryption(
            self.group, exponent, self.election.fingerprint, total, Replay(f"{label}{owner}")
        )

    def shares(self, total: EncryptedTally, label: str = "share|") -> list[tuple[int, bytes]]:
        """The partial decryptions of those who open the box."""
        return [(owner, self.share(owner, total, label)) for owner in self.board.opening]

    def archive(
        self,
        ballots: Sequence[bytes],
        path: Path | None = None,
        *,
        until: str = "Result",
        change: Callable[[str, Any], Any] = lambda _, value: value,
        counted: Sequence[bytes] | None = None,
    ) -> Archive:
        """An archive up to an event; `change(kind, value)` may forge what is written at each step."""
        box = Archive.create(path, *change("setup", self.files()), TIMESTAMP)
        box.add_ballots(change("ballots", sorted(ballots, key=ballot.tracker)))
        if until == "Ballot":
            return box
        box.end_ballots()
        if until == "EndBallots":
            return box
        chosen = ballots if counted is None else counted
        total = tally.encrypted_tally(self.setup, [check_ballot(self.setup, item) for item in chosen])
        box.encrypted_tally(*change("tally", (total.serialise(), total.num_tallied, total.total_weight)))
        shares = self.shares(total, "share|")
        for owner, share in change("shares", shares):
            box.partial_decryption(owner, share)
        if until == "PartialDecryption":
            return box
        box.result(change("result", tally.result(self.setup, total, shares)))
        return box


def build(
    group_name: str,
    questions: tuple[Question, ...] = (LISTS, APPROVAL),
    *,
    voters: int = 5,
    holders: int = 2,
    weights: Sequence[int] | None = None,
    name: str = 'Élection “d’essai” "A"',
    uuid: str = UUID,
    board: Board | None = None,
) -> Contest:
    group = named(group_name)
    rng = Replay(f"{group_name}|{name}")
    if board is None:
        board = Board.of([trustees.KeyPair.generate(group, rng, f"Délégué {i}") for i in range(holders)])
    entries = board.entries
    election = Election(
        version=1,
        description="Scrutin d’essai\nsur deux lignes",
        name=name,
        group=group_name,
        public_key=group.serialise(trustees.election_public_key(group, entries)),
        questions=questions,
        uuid=uuid,
        administrator="Bureau",
        credential_authority="server",
    )
    codes = [credentials.from_seed(SEED, index) for index in range(voters)]
    public = [credentials.public(group, uuid, code) for code in codes]
    listed = credentials.public_credentials_file(zip(public, weights or [1] * voters, strict=True))
    setup = Setup.load(election.serialise(), trustees.serialise(group, entries), listed)
    return Contest(group, board, election, codes, trustees.serialise(group, entries), listed, setup)
