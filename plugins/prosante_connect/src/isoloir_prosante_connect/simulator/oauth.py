"""How the simulated provider says no."""

from __future__ import annotations


class OAuthError(Exception):
    """An error of the protocol; `code` is the one of RFC 6749 or of CIBA Core 1.0."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
