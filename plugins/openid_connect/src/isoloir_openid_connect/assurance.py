"""Levels of assurance: a provider's own words for how sure it is, in their order, and the least that is taken."""

from __future__ import annotations

from dataclasses import dataclass

from isoloir_openid_connect.refusal import Refusal


@dataclass(frozen=True)
class Assurance:
    """`ordered`: the known values of ``acr``, the least first; `minimum`: one of them.

    `absent` is what an absent (or empty) ``acr`` counts as; `None` refuses it.
    """

    ordered: tuple[str, ...]
    minimum: str
    absent: str | None = None

    def check(self, acr: object) -> None:
        """Check an ``acr``: the minimum or better; raises Refusal ``oidc_level_…``. An unknown value is no level."""
        if acr is None or acr == "":
            if self.absent is None:
                raise Refusal("oidc_level_absent")
            acr = self.absent
        if not isinstance(acr, str) or acr not in self.ordered:
            raise Refusal("oidc_level_unknown")
        if self.ordered.index(acr) < self.ordered.index(self.minimum):
            raise Refusal("oidc_level_too_low")
