"""How the parts of the plugin say no to one another: by a stable code, and nothing else."""

from __future__ import annotations


class Refusal(Exception):
    """A login is refused; `code` has its sentence and remedy in the catalogue. It holds nothing of what was read."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
