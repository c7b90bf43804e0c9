"""What members hand over at each round of a ceremony, and the transcript of it all. None of it is secret."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from isoloir.ceremony.plan import Plan
from isoloir.errors import IsoloirError

DOCUMENT_FORMAT = "isoloir-ceremony-document/1"
TRANSCRIPT_FORMAT = "isoloir-ceremony/1"


class Round(Enum):
    """What a member hands over. A key stands alone, where every member of the group is needed."""

    KEY = "key"
    CERTIFICATE = "certificate"
    CONTRIBUTION = "contribution"
    ACKNOWLEDGEMENT = "acknowledgement"
    COMPLAINT = "complaint"


@dataclass(frozen=True)
class Document:
    """One document of a member of a board; `ceremony` is the plan's uuid, `body` what the round asks for."""

    ceremony: str
    board: str
    member: str
    round: Round
    body: Any

    def to_json(self) -> dict[str, Any]:
        """Return the document in plain values."""
        return {
            "format": DOCUMENT_FORMAT,
            "ceremony": self.ceremony,
            "board": self.board,
            "member": self.member,
            "round": self.round.value,
            "body": self.body,
        }

    @classmethod
    def from_json(cls, value: Any) -> Document:
        """Read a document; raises KeyError, TypeError or ValueError for what is none."""
        if value["format"] != DOCUMENT_FORMAT:
            raise ValueError(DOCUMENT_FORMAT)
        ceremony, board, member = (value[name] for name in ("ceremony", "board", "member"))
        if not all(isinstance(text, str) for text in (ceremony, board, member)):
            raise TypeError(DOCUMENT_FORMAT)
        return cls(ceremony, board, member, Round(value["round"]), value["body"])

    def write(self, path: Path) -> None:
        """Write a new file; raises ``file_exists``."""
        _write(path, self.to_json())

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read a file; raises ``ceremony_unreadable``. What it holds is checked where it is taken."""
        try:
            return cls.from_json(json.loads(path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            raise IsoloirError("ceremony_unreadable", file=path.name) from None


@dataclass(frozen=True)
class Transcript:
    """A ceremony so far: its plan, and every document taken, in order."""

    plan: Plan
    documents: tuple[Document, ...] = ()

    def of(self, board: str, place: int, round_: Round) -> tuple[Any, ...]:
        """Return the bodies of one group's documents of a round, in its members' order; fewer while some are due."""
        found = {one.member: one.body for one in self.documents if one.board == board and one.round is round_}
        return tuple(found[member] for member in self.plan.boards[board][place].members if member in found)

    def has(self, board: str, member: str, round_: Round) -> bool:
        """Say whether a member's document of that round is there."""
        return any((one.board, one.member, one.round) == (board, member, round_) for one in self.documents)

    def to_json(self) -> dict[str, Any]:
        """Return the transcript in plain values."""
        documents = [one.to_json() for one in self.documents]
        return {"format": TRANSCRIPT_FORMAT, "plan": self.plan.to_json(), "documents": documents}

    def write(self, path: Path) -> None:
        """Write a new file; raises ``file_exists``."""
        _write(path, self.to_json())

    @classmethod
    def from_json(cls, value: Any) -> Transcript:
        """Read a transcript; raises KeyError, TypeError, ValueError or AttributeError for what is none."""
        if value["format"] != TRANSCRIPT_FORMAT:
            raise ValueError(TRANSCRIPT_FORMAT)
        return cls(Plan.from_json(value["plan"]), tuple(map(Document.from_json, value["documents"])))

    @classmethod
    def read(cls, path: Path) -> Transcript:
        """Read a file; raises ``ceremony_unreadable``."""
        try:
            return cls.from_json(json.loads(path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise IsoloirError("ceremony_unreadable", file=path.name) from None

    def and_(self, documents: Sequence[Document]) -> Transcript:
        """Return the transcript with more documents."""
        return Transcript(self.plan, (*self.documents, *documents))


def _write(path: Path, value: Any) -> None:
    try:
        with path.open("x", encoding="utf-8") as opened:
            json.dump(value, opened, ensure_ascii=False, indent=1)
    except FileExistsError:
        raise IsoloirError("file_exists", file=path.name) from None
