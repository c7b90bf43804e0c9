"""What Isoloir refuses, by stable code.

A refusal is a code and where it happened. Its sentence and its remedy stand in the catalogues
(``locales/{fr,en}/LC_MESSAGES/*.po``, ids ``error.<code>`` and ``error.<code>.remedy``), so that the
same refusal speaks the language of whoever reads it; a test holds that every code raised has both texts.
"""

from __future__ import annotations

from collections.abc import Mapping


class IsoloirError(Exception):
    """Something asked of Isoloir is refused.

    `code` is stable, lower-case with underscores; `where` names the plugin, field, line, contest or election
    concerned. Neither ever holds a secret or what was typed.
    """

    def __init__(self, code: str, **where: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.where: Mapping[str, str | int] = where

    def __str__(self) -> str:
        """Return the code and where, for logs; people get the catalogue's sentence."""
        places = ", ".join(f"{name}={value}" for name, value in self.where.items())
        return f"{self.code} ({places})" if places else self.code
