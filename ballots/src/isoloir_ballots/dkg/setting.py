"""What is fixed before the first round, and how the documents of one ceremony are bound to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from isoloir_ballots.errors import Place, VerificationError
from isoloir_ballots.groups import Group

Document = dict[str, Any]
"""What a holder hands over: plain JSON values."""


@dataclass(frozen=True)
class Setting:
    """One threshold key to be made: `size` holders, any `threshold` of whom will suffice.

    `binding` is a text that no other ceremony has (election, board, group of people, a random number).
    """

    group: Group
    binding: str
    size: int
    threshold: int

    def bound(self, kind: str, index: int, value: Any) -> str:
        """The text that a document's outer signature covers."""
        return f"isoloir-dkg/1|{self.binding}|{self.size}|{self.threshold}|{kind}|{index}|{written(value)}"


def written(value: Any) -> str:
    """JSON whose keys are sorted: what is signed or hashed survives a store that keeps no order of keys."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def refused(clause: str, detail: str, index: int) -> VerificationError:
    """A document does not hold: `dkg.<clause>`, of which holder (from 1)."""
    return VerificationError(f"dkg.{clause}", detail, Place(trustee=index))
