"""Numbers and moments as French papers print them: in the election's legal time, with narrow no-break spaces."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal

from isoloir import dates

_THIN = "\u202f"
_NBSP = "\u00a0"


def number(value: int) -> str:
    """Return ``94 012``."""
    return str(format_decimal(value, locale="fr"))


def decimal(fraction: str) -> str:
    """Return ``p/q`` rounded to the thousandth, half up: ``1 457,8``."""
    thousandths = int(Fraction(fraction) * 1000 + Fraction(1, 2))
    whole, rest = divmod(thousandths, 1000)
    return number(whole) + (f",{rest:03}".rstrip("0") if rest else "")


def percent(part: int, of: int) -> str:
    """Return ``14,2 %``; a dash of none."""
    if not of:
        return "–"
    tenths = int(Fraction(1000 * part, of) + Fraction(1, 2))
    return f"{number(tenths // 10)},{tenths % 10}{_THIN}%"


def moment(when: datetime, zone: ZoneInfo) -> str:
    """Return ``18 juin 2024, 17 h 30``."""
    return dates.moment("fr", when, zone, year=True)


def day(when: datetime, zone: ZoneInfo) -> str:
    """Return ``mardi 18 juin 2024``."""
    return dates.day("fr", when, zone, year=True, weekday=True)


def to_the_second(when: datetime, zone: ZoneInfo) -> str:
    """Return ``18 juin 2024, 17 h 30 min 04 s``, as the audit log has it."""
    local = when.astimezone(zone)
    clock = _THIN.join((str(local.hour), "h", f"{local.minute:02}", "min", f"{local.second:02}", "s"))
    return f"{dates.day('fr', when, zone, year=True)}, {clock}"


def listed(names: list[str] | tuple[str, ...]) -> str:
    """Return ``a, b et c``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} et {names[-1]}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return ``1 bulletin``, ``2 bulletins``."""
    return f"{number(count)}{_NBSP}{one if abs(count) < 2 else many or one + 's'}"
