"""What the approval on the telephone asks first."""

from __future__ import annotations

from isoloir.hooks import FactorForm, asked


class ECpsNumber(FactorForm):
    """Whose telephone is to ring."""

    rpps: str = asked(inputmode="numeric", max_length=40)


class ECpsSend(FactorForm):
    """Let it ring: the number is known already."""
