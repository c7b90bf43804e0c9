"""From votes to seats, exactly: the quotient, then the highest average. Pure; imports nothing of Isoloir."""

from isoloir.seats.allocation import (
    Allocation,
    AverageStep,
    CapStep,
    QuotientStep,
    SeatsError,
    ShortLists,
    Step,
    Ties,
    allocate,
)

__all__ = [
    "Allocation",
    "AverageStep",
    "CapStep",
    "QuotientStep",
    "SeatsError",
    "ShortLists",
    "Step",
    "Ties",
    "allocate",
]
