"""What goes wrong, by the clause that it breaks and the place where."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Self


@dataclass(frozen=True)
class Place:
    """Where in an archive; numbers count from 1.

    `ballot`: its rank; `tracker`: how its tracker begins (8 of 43 characters, enough to find it in the box, which
    is public); `answer`: of the question, 0 for the blank choice; `trustee`: the owner of a decryption share;
    `byte`: the offset of a record, from 0.
    """

    ballot: int | None = None
    tracker: str | None = None
    question: int | None = None
    answer: int | None = None
    trustee: int | None = None
    byte: int | None = None

    def to_json(self) -> dict[str, int | str]:
        """What is known, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


NOWHERE = Place()


class BallotsError(ValueError):
    """A refusal: `clause` is a stable dotted name, `detail` a sentence that never holds a secret or raw input."""

    def __init__(self, clause: str, detail: str, place: Place = NOWHERE) -> None:
        super().__init__(f"{clause}: {detail}")
        self.clause = clause
        self.detail = detail
        self.place = place

    def __reduce__(self) -> tuple[type[BallotsError], tuple[str, str, Place]]:
        # Raised in worker processes too: must survive pickling.
        return type(self), (self.clause, self.detail, self.place)

    def at(self, **where: Any) -> Self:
        """The same refusal, its place known better."""
        return type(self)(self.clause, self.detail, replace(self.place, **where))


class FormatError(BallotsError):
    """Something handed to this library is not what the format or the caller's duty asks for."""


class VerificationError(BallotsError):
    """Something published does not verify."""
