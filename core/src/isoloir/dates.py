"""Days and hours as people read them, in an election's legal time."""

from __future__ import annotations

from datetime import datetime, tzinfo

from babel.dates import format_date

_THIN = "\u202f"
_NBSP = "\u00a0"


def day(locale: str, moment: datetime, zone: tzinfo, *, year: bool = False, weekday: bool = False) -> str:
    """Return ``11 juin`` or ``11 June``; the year and the day of the week when asked for."""
    local = moment.astimezone(zone)
    language = "fr" if locale == "fr" else "en_GB"
    number = "1er" if locale == "fr" and local.day == 1 else str(local.day)
    text = f"{number}{_NBSP}" + format_date(local, "MMMM y" if year else "MMMM", locale=language)
    return f"{format_date(local, 'EEEE', locale=language)} {text}" if weekday else text


def hour(locale: str, moment: datetime, zone: tzinfo) -> str:
    """Return ``9 h``, ``9 h 30``, ``9 am`` or ``9.30 am``."""
    local = moment.astimezone(zone)
    if locale == "fr":
        return f"{local.hour}{_THIN}h" + (f"{_THIN}{local.minute:02}" if local.minute else "")
    half = "am" if local.hour < 12 else "pm"
    return f"{local.hour % 12 or 12}" + (f".{local.minute:02}" if local.minute else "") + f"{_NBSP}{half}"


def moment(locale: str, when: datetime, zone: tzinfo, *, year: bool = False, weekday: bool = False) -> str:
    """Return ``11 juin, 9 h`` or ``11 June, 9 am``."""
    return f"{day(locale, when, zone, year=year, weekday=weekday)}, {hour(locale, when, zone)}"
