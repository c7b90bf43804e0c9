"""The quotient and the highest average (plus forte moyenne), with exact fractions.

Source: code général de la fonction publique, professional elections; ``Q = V/S``, ``s_i = ⌊v_i/Q⌋``, then one
seat at a time to the largest ``v_i/(s_i + 1)``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

ShortLists: TypeAlias = Literal["cap", "reallocate"]
Ties: TypeAlias = Literal["votes_then_lot", "votes_then_oldest"]


class SeatsError(ValueError):
    """The seats cannot be allotted as asked; `code` is stable, `where` names the lists or numbers concerned."""

    def __init__(self, code: str, **where: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.where = where


@dataclass(frozen=True)
class QuotientStep:
    """One list at the quotient: `votes` / Q = `share`, of which the whole part is its `seats`."""

    list: str
    votes: int
    share: Fraction
    seats: int

    def as_json(self) -> dict[str, Any]:
        """Return the step in plain values; fractions as ``p/q``."""
        return {
            "step": "quotient",
            "list": self.list,
            "votes": self.votes,
            "share": _pq(self.share),
            "seats": self.seats,
        }


@dataclass(frozen=True)
class AverageStep:
    """One seat at the highest average: the average of each list in the running, and who takes the seat.

    `tie` says how equals were parted: ``votes`` (more votes), ``lot``, ``oldest``, ``all`` (there is a seat for each
    of them, so their order changes nothing), or `None` where no two were equal.
    """

    seat: int
    averages: Mapping[str, Fraction]
    list: str
    tie: Literal["votes", "lot", "oldest", "all"] | None

    def as_json(self) -> dict[str, Any]:
        """Return the step in plain values; fractions as ``p/q``."""
        averages = {name: _pq(average) for name, average in self.averages.items()}
        return {
            "step": "highest_average",
            "seat": self.seat,
            "averages": averages,
            "list": self.list,
            "tie": self.tie,
        }


@dataclass(frozen=True)
class CapStep:
    """A list with fewer candidates than the seats it won: the rest stays unallocated."""

    list: str
    won: int
    candidates: int

    def as_json(self) -> dict[str, Any]:
        """Return the step in plain values."""
        return {"step": "cap", "list": self.list, "won": self.won, "candidates": self.candidates}


Step: TypeAlias = QuotientStep | AverageStep | CapStep


@dataclass(frozen=True)
class Allocation:
    """Seats by list, in the order the lists were given, with every step of the arithmetic.

    `quotient` is V/S; zero when nobody voted for a list, and then every seat stays unallocated.
    """

    seats: Mapping[str, int]
    unallocated: int
    valid_votes: int
    quotient: Fraction
    steps: tuple[Step, ...]

    def elected(self, candidates: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
        """Return the elected of each list: its first candidates, in the order of the list."""
        return {name: tuple(candidates[name][:seats]) for name, seats in self.seats.items()}

    def as_json(self) -> dict[str, Any]:
        """Return the allocation in plain values; fractions as ``p/q``."""
        return {
            "seats": dict(self.seats),
            "unallocated": self.unallocated,
            "quotient": _pq(self.quotient),
            "steps": [step.as_json() for step in self.steps],
        }


def allocate(
    seats: int,
    votes: Mapping[str, int],
    *,
    candidates: Mapping[str, int] | None = None,
    short_lists: ShortLists = "cap",
    ties: Ties = "votes_then_lot",
    decided: Sequence[str] = (),
) -> Allocation:
    """Allot `seats` to lists by their `votes` (valid ones: blank and null left out).

    `candidates` is the number of candidates by list (lists left out are long enough). ``cap`` leaves the seats that
    a short list won beyond its candidates unallocated; ``reallocate`` gives them to the others. Equal averages go to
    the list with more votes; equals in both, where not all can be served, to the first of them in `decided` (the
    recorded lot of the board, or the order of the oldest candidates, as `ties` says).

    Raises `SeatsError`: ``seats_not_positive``, ``votes_negative``, ``candidates_negative``, ``list_unknown``,
    ``tie_needs_lot`` or ``tie_needs_oldest`` (`where` names the seat and the lists).
    """
    _check(seats, votes, candidates or {}, decided)
    valid = sum(votes.values())
    quotient = Fraction(valid, seats)
    if valid == 0:
        return Allocation(dict.fromkeys(votes, 0), seats, 0, quotient, ())
    room = {name: (candidates or {}).get(name, seats) if short_lists == "reallocate" else seats for name in votes}
    steps: list[Step] = []
    won: dict[str, int] = {}
    for name, count in votes.items():
        share = count / quotient
        won[name] = min(int(share), room[name])
        steps.append(QuotientStep(name, count, share, won[name]))
    while left := seats - sum(won.values()):
        averages = {
            name: Fraction(count, won[name] + 1) for name, count in votes.items() if count and won[name] < room[name]
        }
        if not averages:
            break
        winner, tie = _highest(averages, votes, left, seats - left + 1, ties, decided)
        won[winner] += 1
        steps.append(AverageStep(seats - left + 1, averages, winner, tie))
    for name, limit in (candidates or {}).items():
        if won[name] > limit:
            steps.append(CapStep(name, won[name], limit))
            won[name] = limit
    return Allocation(won, seats - sum(won.values()), valid, quotient, tuple(steps))


def _highest(
    averages: Mapping[str, Fraction],
    votes: Mapping[str, int],
    left: int,
    seat: int,
    ties: Ties,
    decided: Sequence[str],
) -> tuple[str, Literal["votes", "lot", "oldest", "all"] | None]:
    best = max(averages.values())
    equal = [name for name, average in averages.items() if average == best]
    if len(equal) == 1:
        return equal[0], None
    most = max(votes[name] for name in equal)
    still_equal = [name for name in equal if votes[name] == most]
    if len(still_equal) == 1:
        return still_equal[0], "votes"
    if len(still_equal) <= left:
        return still_equal[0], "all"
    for name in decided:
        if name in still_equal:
            return name, "lot" if ties == "votes_then_lot" else "oldest"
    code = "tie_needs_lot" if ties == "votes_then_lot" else "tie_needs_oldest"
    raise SeatsError(code, seat=seat, lists=", ".join(still_equal))


def _check(seats: int, votes: Mapping[str, int], candidates: Mapping[str, int], decided: Sequence[str]) -> None:
    if seats < 1:
        raise SeatsError("seats_not_positive", seats=seats)
    for name, count in votes.items():
        if count < 0:
            raise SeatsError("votes_negative", list=name)
    for name, count in candidates.items():
        if count < 0:
            raise SeatsError("candidates_negative", list=name)
    for name in (*candidates, *decided):
        if name not in votes:
            raise SeatsError("list_unknown", list=name)


def _pq(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
