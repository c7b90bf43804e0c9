"""A correction of a sealed roll that waits for its second person; on the roll's side, for it names electors."""

from __future__ import annotations

from sqlmodel import Field

from isoloir.store.base import ROLL, Row, kept_in


class CorrectionRow(Row, table=True):
    """The last correction of an election: `state` is pending, applied (to be sealed) or done.

    `data` is encrypted, and empty once it is applied; `told` is JSON that names nobody.
    """

    __tablename__ = "roll_correction"
    __table_args__ = kept_in(ROLL)

    election: str = Field(primary_key=True)
    number: int
    state: str
    told: str
    data: bytes
