"""What a contest asks: the election object, whose exact bytes every ballot is bound to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from . import canonical
from .errors import FormatError
from .groups import Group, named
from .hashing import compact_digest
from .randomness import BASE58, Rng, system_rng

UUID = re.compile(rf"[{BASE58}]{{14,64}}\Z")
MAX_ANSWERS = 10_000


def new_uuid(rng: Rng = system_rng) -> str:
    """Draw an election identifier: 14 characters of base 58."""
    return "".join(BASE58[rng(58)] for _ in range(14))


@dataclass(frozen=True)
class Question:
    """A homomorphic question: choose `min` to `max` of `answers`, or, if `blank`, nothing at all instead."""

    question: str
    answers: tuple[str, ...]
    min: int
    max: int
    blank: bool = False

    def __post_init__(self) -> None:
        canonical.text(self.question, what="A question")
        for answer in self.answers:
            canonical.text(answer, what="An answer")
        if not 1 <= len(self.answers) <= MAX_ANSWERS:
            raise FormatError("election.question", f"A question has between 1 and {MAX_ANSWERS} answers.")
        if not 0 <= self.min <= self.max <= len(self.answers):
            raise FormatError("election.question", "A question needs 0 ≤ min ≤ max ≤ number of answers.")

    @property
    def choices(self) -> int:
        """How many ciphertexts a ballot holds for it (the blank choice comes first)."""
        return len(self.answers) + self.blank

    def to_json(self) -> dict[str, Any]:
        """The object that the election file holds."""
        blank = {"blank": True} if self.blank else {}
        return {
            "answers": list(self.answers),
            **blank,
            "min": self.min,
            "max": self.max,
            "question": self.question,
        }

    @classmethod
    def from_json(cls, value: Any) -> Question:
        """Read that object; FormatError `election.unsupported` for kinds of question other than homomorphic."""
        if isinstance(value, dict) and "type" in value:
            raise FormatError("election.unsupported", "Only homomorphic questions are supported.")
        value = canonical.fields(value, ("answers", "min", "max", "question"), ("blank",), what="A question")
        blank = value.get("blank", False)
        if not isinstance(blank, bool):
            raise FormatError("shape", "A question's “blank” must be true or false.")
        return cls(
            question=canonical.text(value["question"], what="A question's text"),
            answers=tuple(
                canonical.text(answer, what="An answer")
                for answer in canonical.items(value["answers"], what="A question's answers")
            ),
            min=canonical.integer(value["min"], what="A question's “min”"),
            max=canonical.integer(value["max"], what="A question's “max”"),
            blank=blank,
        )


@dataclass(frozen=True)
class Election:
    """An election in the sense of Belenios: one contest, one public key, one ballot box.

    `group` is a name of `groups.NAMES`, `public_key` a serialised element. Raises FormatError when built with
    anything that could not be serialised or voted in.
    """

    version: int
    description: str
    name: str
    group: str
    public_key: str
    questions: tuple[Question, ...]
    uuid: str
    administrator: str | None = None
    credential_authority: str | None = None

    def __post_init__(self) -> None:
        if self.version != 1:
            raise FormatError("election.version", "Only version 1 of the cryptography is supported.")
        for text in (self.description, self.name, self.administrator or "", self.credential_authority or ""):
            canonical.text(text, what="A text of the election")
        if not self.questions:
            raise FormatError("election.question", "An election has at least one question.")
        if not isinstance(self.uuid, str) or not UUID.match(self.uuid):
            raise FormatError("election.uuid", "The uuid must be 14 to 64 characters of base 58.")
        self.parsed_group.parse(self.public_key)

    @cached_property
    def parsed_group(self) -> Group:
        """The group that `group` names."""
        return named(self.group)

    def serialise(self) -> bytes:
        """The canonical bytes, without a trailing newline."""
        value: dict[str, Any] = {
            "version": self.version,
            "description": self.description,
            "name": self.name,
            "group": self.group,
            "public_key": self.public_key,
            "questions": [question.to_json() for question in self.questions],
            "uuid": self.uuid,
        }
        if self.administrator is not None:
            value["administrator"] = self.administrator
        if self.credential_authority is not None:
            value["credential_authority"] = self.credential_authority
        return canonical.dump(value)

    @cached_property
    def fingerprint(self) -> str:
        """φ: what ballots and decryption proofs are bound to."""
        return compact_digest(self.serialise())

    @classmethod
    def parse(cls, data: bytes) -> Election:
        """Read canonical bytes (one trailing newline is dropped). Raises FormatError."""
        data = data.removesuffix(b"\n")
        value = canonical.fields(
            canonical.load(data),
            ("version", "description", "name", "group", "public_key", "questions", "uuid"),
            ("administrator", "credential_authority"),
            what="The election",
        )
        text = {
            key: canonical.text(value[key], what=f"The election's “{key}”")
            for key in ("description", "name", "group", "public_key", "uuid")
        }
        optional = {
            key: canonical.text(value[key], what=f"The election's “{key}”")
            for key in ("administrator", "credential_authority")
            if key in value
        }
        election = cls(
            version=canonical.integer(value["version"], what="The election's “version”"),
            questions=tuple(
                Question.from_json(question)
                for question in canonical.items(value["questions"], what="The election's questions")
            ),
            **text,
            **optional,
        )
        if election.serialise() != data:
            raise FormatError("election.canonical", "The election is not in its canonical serialisation.")
        return election
