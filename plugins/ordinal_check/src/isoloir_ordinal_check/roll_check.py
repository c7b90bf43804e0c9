"""What looks like a mistake in the numbers of a roll. Warnings only: official examples fail Luhn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from isoloir.hooks import RollCheck, RollWarning
from isoloir_ordinal_check import numbers

RPPS, NUMBER, KIND = "rpps", "ordinal_number", "ordinal_number_kind"
_SHORTEST = 3
_LOOK_ALIKES = frozenset("OIL")


class OrdinalRollCheck(RollCheck):
    """Looks at `rpps`, `ordinal_number` and `ordinal_number_kind` of each line."""

    name = "ordinal_check"

    def warnings(self, row: Mapping[str, str]) -> Sequence[RollWarning]:
        """Return what looks odd, the RPPS first; fields that the roll does not have are not looked at."""
        return [*_of_rpps(row), *_of_number(row)]


def _of_rpps(row: Mapping[str, str]) -> Iterator[RollWarning]:
    digits = numbers.rpps(row.get(RPPS, ""))
    if digits is not None and not numbers.luhn(digits):
        yield RollWarning(RPPS, "rpps_luhn")


def _of_number(row: Mapping[str, str]) -> Iterator[RollWarning]:
    if NUMBER not in row:
        return
    number = numbers.compact(row[NUMBER])
    if not number:
        yield RollWarning(NUMBER, "ordinal_missing")
        return
    if not row.get(KIND, "").strip():
        yield RollWarning(NUMBER, "ordinal_kind_missing")
    if len(number) < _SHORTEST:
        yield RollWarning(NUMBER, "ordinal_short")
    # A secret that equals a public number is no secret.
    if number == numbers.compact(row.get(RPPS, "")):
        yield RollWarning(NUMBER, "ordinal_is_rpps")
    if any(sign in _LOOK_ALIKES and _among_digits(number, place) for place, sign in enumerate(number)):
        yield RollWarning(NUMBER, "ordinal_look_alike")
    if "E+" in row[NUMBER].upper() or row[NUMBER].strip().endswith((".0", ",0")):
        yield RollWarning(NUMBER, "ordinal_spreadsheet")


def _among_digits(number: str, place: int) -> bool:
    """Say whether the sign stands between digits, or at the edge of a number that is digits otherwise."""
    around = number[max(0, place - 1) : place] + number[place + 1 : place + 2]
    others = number[:place] + number[place + 1 :]
    return (len(around) == 2 and around.isdecimal()) or others.isdecimal()
