"""What goes wrong, by the clause that it breaks."""

from __future__ import annotations


class BallotsError(ValueError):
    """A refusal: `clause` is a stable dotted name, `detail` a sentence that never holds a secret or raw input."""

    def __init__(self, clause: str, detail: str) -> None:
        super().__init__(f"{clause}: {detail}")
        self.clause = clause
        self.detail = detail

    def __reduce__(self) -> tuple[type[BallotsError], tuple[str, str]]:
        # Raised in worker processes too: must survive pickling.
        return type(self), (self.clause, self.detail)


class FormatError(BallotsError):
    """Something handed to this library is not what the format or the caller's duty asks for."""


class VerificationError(BallotsError):
    """Something published does not verify."""
