"""What the verifier and the oracles say of each case."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ballot_kit import oracles
from ballot_kit.ceremonies import board
from ballot_kit.elections import VOTES, Contest, build

from isoloir_ballots.auditor.publication import Publication
from isoloir_ballots.auditor.verdict import NOTHING, Demands, Verdict, verdict
from isoloir_ballots.errors import BallotsError
from isoloir_ballots.hashing import tracker

from .box import Box
from .interpreter import Act, Tamperer

GROUPS = ("Ed25519", "BELENIOS-2048")
ACCEPTS, REFUSES, UNASKED = "accepts", "refuses", "–"
ALONE, THRESHOLD = "alone", "threshold"
"""The archive: of two trustees who stand alone, or of “(president or secretary) and two of four delegates”."""
_UUID, _OTHER_UUID = "1soLoirTest123", "1soLoirother45"


@dataclass(frozen=True)
class Case:
    """One manipulation; the fields are explained at the head of `cases.toml`."""

    id: str
    did: str
    acts: list[Act]
    clause: str
    place: dict[str, Any] = field(default_factory=dict)
    demand: tuple[str, ...] = ()
    groups: tuple[str, ...] = GROUPS
    archive: str = ALONE
    belenios_2: str = UNASKED
    belenios_3: str | dict[str, str] = ""

    def word_of_3(self, group: str) -> str:
        """What 3.0 must say on that group."""
        return self.belenios_3 if isinstance(self.belenios_3, str) else self.belenios_3[group]


def _case(values: dict[str, Any]) -> Case:
    return Case(**{key: tuple(value) if key in ("groups", "demand") else value for key, value in values.items()})


_FILE = tomllib.loads(Path(__file__).with_name("cases.toml").read_text("utf-8"))
CASES = [_case(case) for case in _FILE["case"]]
LIMITS = [_case({**case, "clause": ""}) for case in _FILE["limit"]]
"""What is accepted: no archive betrays it."""


@cache
def contests(group: str, archive: str = ALONE) -> tuple[Contest, bytes, Contest, bytes]:
    """The contest whose archive is tampered with and another, each with its untampered archive."""
    made: list[Any] = []
    for name, uuid in (("Le scrutin", _UUID), ("Un autre scrutin", _OTHER_UUID)):
        key = board(group) if archive == THRESHOLD else None
        contest = build(group, name=name, uuid=uuid, board=key)
        cast = [contest.vote(index, answers) for index, answers in enumerate(VOTES[:2] if key else VOTES)]
        made += [contest, contest.archive(cast).getvalue()]
    return tuple(made)  # type: ignore[return-value]


def tampered(case: Case, group: str) -> bytes:
    """The archive of the case."""
    return Tamperer(*contests(group, case.archive)).apply(case.acts)


def demands(case: Case, group: str, folder: Path) -> Demands:
    """What the auditor of this case asks for: true of the untampered archive."""
    contest, archive, _, _ = contests(group, case.archive)
    trackers = sorted(tracker(ballot) for ballot in Box.read(archive).ballots)
    asked: dict[str, Any] = {}
    for demand in case.demand:
        match demand:
            case "fingerprint":
                asked["fingerprint"] = contest.election.fingerprint
            case "tracker":
                asked["trackers"] = (trackers[1],)
            case "publication":
                path = folder / "earlier.txt"
                path.write_text("".join(f"{item}\n" for item in trackers[:3]), encoding="ascii")
                asked["publications"] = (Publication.read(path),)
            case "stage":
                asked["stage"] = "tallied"
    return Demands(**asked) if asked else NOTHING


def ours(case: Case, group: str, archive: bytes, folder: Path, jobs: int = 1) -> Verdict:
    """The verdict of isoloir-verify on that archive, under the demands of the case."""
    path = folder / f"{_UUID}.bel"
    path.write_bytes(archive)
    return verdict(path, jobs=jobs, demands=demands(case, group, folder))


def word_of_2(archive: bytes, folder: Path) -> str:
    """What belenios-tool 2.0 says of a whole archive on BELENIOS-2048."""
    return ACCEPTS if oracles.verifies_whole(archive, _UUID, folder).returncode == 0 else REFUSES


def word_of_3(group: str, archive: bytes, folder: Path, kind: str = ALONE) -> str:
    """What belenios-tool 3.0 says of the changed ballots, or of all ballots under a changed setup.

    `UNASKED` where neither changed, or where they cannot be read from the file.
    """
    before = Box.read(contests(group, kind)[1])
    try:
        now = Box.read(archive)
    except BallotsError:
        return UNASKED
    ballots = now.ballots if now.setup != before.setup else [b for b in now.ballots if b not in before.ballots]
    if not ballots or any(data.endswith(b"\n") for data in now.setup):
        return UNASKED
    return _ask(now.setup, ballots, folder)


def _ask(setup: Sequence[bytes], ballots: Sequence[bytes], folder: Path) -> str:
    oracle = oracles.BallotOracle(setup[0], setup[1], setup[2], folder, uuid=_UUID)
    refused = any(oracle.verifies(ballot).returncode != 0 for ballot in ballots)
    return REFUSES if refused else ACCEPTS
