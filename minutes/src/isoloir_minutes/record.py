"""The record: everything that the papers say. It is a file, and each paper is a pure function of it.

Moments are aware and in UTC; digests are SHA-256, hexadecimal; fractions are written ``p/q``. Nothing here names a
voter: the poll book is a file of its own, which the record binds by its digest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError, with_config

from isoloir.errors import IsoloirError
from isoloir.seats import ShortLists, Ties

FORMAT: Final = "isoloir-minutes/1"
NAME = "minutes-record.json"
"""What the record is called in a folder of papers, and as the attachment of the minutes."""

_closed = with_config(ConfigDict(extra="forbid", hide_input_in_errors=True))

Details: TypeAlias = dict[str, str | int]


@_closed
@dataclass(frozen=True)
class Member:
    """A member of a board; who sent them (`stands_for`) and who replaces them, or empty."""

    id: str
    role: str
    name: str
    stands_for: str
    substitute: str


@_closed
@dataclass(frozen=True)
class Quorum:
    """So many of these members are needed."""

    at_least: int
    of: tuple[str, ...]


@_closed
@dataclass(frozen=True)
class Board:
    """A board, the contests that it unseals, and who must come together for it: every quorum at once.

    `opened_by` are the members whose partial decryptions were received, in the order in which they came.
    """

    id: str
    members: tuple[Member, ...]
    contests: tuple[str, ...]
    rule: tuple[Quorum, ...]
    opened_by: tuple[str, ...]


@_closed
@dataclass(frozen=True)
class Risk:
    """A risk that the organiser took, and why."""

    risk: str
    reason: str


@_closed
@dataclass(frozen=True)
class Act:
    """A line of the audit log: when, what, and the few details that the calendar prints."""

    serial: int
    at: AwareDatetime
    act: str
    details: Details


@_closed
@dataclass(frozen=True)
class Remark:
    """What a member had written into the minutes; its kind is ``remark``, ``event`` or ``intervention``."""

    at: AwareDatetime
    board: str
    member: str
    kind: str
    text: str


@_closed
@dataclass(frozen=True)
class Seal:
    """The digests of the seal; `rolls` is the chain of the roll's, the first one first; `parts` are the system's."""

    system: str
    rolls: tuple[str, ...]
    parts: dict[str, str]


@_closed
@dataclass(frozen=True)
class Drill:
    """Something tried on purpose: what, by which way in (or empty), the codes that answered, whether it held."""

    what: str
    branch: str
    codes: tuple[str, ...]
    held: bool


@_closed
@dataclass(frozen=True)
class Branch:
    """A way in, and how many test voters voted by it."""

    id: str
    title: str
    voters: int


@_closed
@dataclass(frozen=True)
class Played:
    """How test voters went through the scratch election; see `isoloir.rehearsal.Played`.

    `branches` are the ways in with their titles, and how many voted by each; `plugins` what ran for each of them.
    """

    branches: tuple[Branch, ...]
    drills: tuple[Drill, ...]
    plugins: dict[str, str]
    differences: tuple[str, ...]


@_closed
@dataclass(frozen=True)
class Rehearsed:
    """One contest of the rehearsal: ballots cast, archive, and whether the tally was what was cast.

    `without` are the members each of whom the box opened without; `refused` those of whom a damaged decryption was
    refused by name, and a file cut short too.
    """

    contest: str
    ballots: int
    archive: str
    passed: bool
    without: tuple[str, ...]
    refused: tuple[str, ...]


@_closed
@dataclass(frozen=True)
class Rehearsal:
    """The rehearsal under which the vote opened; `proved`: whose shares served in it or in a former one, by board.

    `minutes` is the file of its own minutes, `minutes_sha256` their digest.
    """

    number: int
    hour: AwareDatetime
    system: str
    passed: bool
    proved: dict[str, tuple[str, ...]]
    contests: tuple[Rehearsed, ...]
    played: Played
    minutes: str
    minutes_sha256: str


@_closed
@dataclass(frozen=True)
class CollegeTurnout:
    """How many of a college may vote, and how many did: in one contest, or in any."""

    college: str
    title: str
    entitled: int
    voted: int


@_closed
@dataclass(frozen=True)
class ListResult:
    """A list: its votes and seats, its candidates in their order, and those elected."""

    id: str
    name: str
    candidates: tuple[str, ...]
    votes: int
    seats: int
    elected: tuple[str, ...]


@_closed
@dataclass(frozen=True)
class QuotientStep:
    """`votes` / quotient = `share`, whose whole part is the list's `seats`."""

    list: str
    votes: int
    share: str
    seats: int
    step: Literal["quotient"] = "quotient"


@_closed
@dataclass(frozen=True)
class AverageStep:
    """One seat at the highest average; `tie` says how equals were parted, if there were any."""

    seat: int
    averages: dict[str, str]
    list: str
    tie: Literal["votes", "lot", "oldest", "all"] | None
    step: Literal["highest_average"] = "highest_average"


@_closed
@dataclass(frozen=True)
class CapStep:
    """A list that won more seats than it has candidates."""

    list: str
    won: int
    candidates: int
    step: Literal["cap"] = "cap"


Step: TypeAlias = Annotated[QuotientStep | AverageStep | CapStep, Field(discriminator="step")]


@_closed
@dataclass(frozen=True)
class Archive:
    """A contest's archive: its file, the SHA-256 of its bytes, uuid and fingerprint of its Belenios election."""

    file: str
    sha256: str
    uuid: str
    fingerprint: str


@_closed
@dataclass(frozen=True)
class Box:
    """The box as it was frozen: the hash of its trackers, its number of publications, the key that signs them."""

    hash: str
    publications: int
    public_key: str


@_closed
@dataclass(frozen=True)
class Contest:
    """A contest, counted. `decided` is the lot that the board drew, or the order of the oldest candidates."""

    id: str
    title: str
    board: str
    seats: int
    ties: Ties
    short_lists: ShortLists
    order: tuple[str, ...]
    entitled: int
    poll_book: int
    ballots: int
    blank: int
    blank_offered: bool
    colleges: tuple[CollegeTurnout, ...]
    lists: tuple[ListResult, ...]
    quotient: str
    steps: tuple[Step, ...]
    decided: tuple[str, ...]
    unallocated: int
    box: Box
    archive: Archive
    poll_book_sha256: str

    @property
    def expressed(self) -> int:
        """Votes for a list."""
        return sum(one.votes for one in self.lists)

    def as_allotted(self) -> dict[str, Any]:
        """Return seats, steps and elected in the plain values of `isoloir.seats`, to be compared with them."""
        steps = [
            {"step": one.step, **{key: value for key, value in vars(one).items() if key != "step"}}
            for one in self.steps
        ]
        return {
            "seats": {one.id: one.seats for one in self.lists},
            "unallocated": self.unallocated,
            "quotient": self.quotient,
            "steps": steps,
            "elected": {one.id: list(one.elected) for one in self.lists},
        }


@_closed
@dataclass(frozen=True)
class Electors:
    """How many are on the roll and how many cast a vote, in all and by college; the digest of the whole poll book."""

    roll: int
    voted: int
    colleges: tuple[CollegeTurnout, ...]
    poll_book_sha256: str


@_closed
@dataclass(frozen=True)
class AuditLog:
    """The audit log when the record was made: its head, how many lines, and whether the chain holds."""

    serial: int
    hash: str
    lines: int
    holds: bool


@_closed
@dataclass(frozen=True)
class Record:
    """Everything that the papers of one election say.

    A rehearsal's scratch election has papers too: they tell how it was `played`, and had no `rehearsal`.
    """

    election: str
    title: str
    test: bool
    group: str
    zone: str
    opens: AwareDatetime
    closes: AwareDatetime
    grace_ends: AwareDatetime
    phone: str
    phone_hours: str
    boards: tuple[Board, ...]
    risks: tuple[Risk, ...]
    calendar: tuple[Act, ...]
    remarks: tuple[Remark, ...]
    seal: Seal
    rehearsal: Rehearsal | None
    played: Played | None
    electors: Electors
    contests: tuple[Contest, ...]
    audit_log: AuditLog
    software: dict[str, str]
    format: Literal["isoloir-minutes/1"] = field(default=FORMAT)

    @property
    def ended(self) -> datetime:
        """The moment of the last act recorded: the date of every paper."""
        return max(act.at for act in self.calendar)

    def contest(self, contest_id: str) -> Contest:
        """Return one contest; raises KeyError."""
        for found in self.contests:
            if found.id == contest_id:
                return found
        raise KeyError(contest_id)

    def to_bytes(self) -> bytes:
        """Return the record's file: JSON, two bytes-equal records give the same bytes."""
        return (json.dumps(self.to_json(), ensure_ascii=False, indent=1) + "\n").encode()

    def to_json(self) -> dict[str, Any]:
        """Return the record in plain values."""
        told: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        return {"format": told.pop("format"), **told}


_ADAPTER = TypeAdapter(Record)


def read_record(raw: bytes) -> Record:
    """Read a record's file; raises IsoloirError ``record_unreadable`` (where: the first key that does not hold)."""
    try:
        return _ADAPTER.validate_json(raw, strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise IsoloirError("record_unreadable", key=".".join(map(str, first["loc"])) or "-") from None
