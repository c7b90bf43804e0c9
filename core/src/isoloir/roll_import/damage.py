"""What spreadsheets do to numbers, and earlier conversions to accents, so that each is named for what it is."""

from __future__ import annotations

import re

_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+[eE][+-]?|[eE][+-])[0-9]{1,3}")
_DECIMAL = re.compile(r"[0-9]+[.,]0+")
_MONTHS = "(?:janv|jan|févr|fév|feb|mars|mar|avr|apr|mai|may|juin|jun|juil|jul|août|aug|sept|sep|oct|nov|déc|dec)[.]?"
_DATE = re.compile(rf"(?:[0-9]{{1,2}}[-/ ])?{_MONTHS}[-/ ][0-9]{{2,4}}|[0-9]{{1,2}}[-/ ]{_MONTHS}", re.IGNORECASE)
_ERRORS = re.compile(r"#(?:N/?A|#+|(?:REF|VALEUR|VALUE|DIV/0|NUL|NULL|NOMBRE|NUM|CHAMP|FIELD)!|(?:NOM|NAME)\?)")
_AS_TEXT = re.compile(r'="([^"]*)"|\'([0-9+][^\']*)')
_TWICE_ENCODED = re.compile("[ÃÂ][\u0080-\u00bf]|â€|Ã[‰ˆŠŽ€ƒ‡”“•–—˜™š›œžŸ]")
_LOST_SIGN = "\ufffd"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def unwrapped(cell: str) -> str:
    """Return a cell without what makes a spreadsheet take it for text: ``="0601"`` and ``'0601`` are ``0601``."""
    while cell[:1] in ("=", "'") and (found := _AS_TEXT.fullmatch(cell)):
        cell = (found[1] if found[1] is not None else found[2]).strip()
    return cell


def of_number(cell: str) -> str:
    """Return the code of what was done to a number: scientific, a decimal, a date; empty for nothing."""
    if _SCIENTIFIC.fullmatch(cell):
        return "roll_scientific"
    if _DECIMAL.fullmatch(cell):
        return "roll_decimal"
    if not cell.isdigit() and _DATE.fullmatch(cell):
        return "roll_date"
    return ""


def of_cell(cell: str) -> str:
    """Return the code of what makes any cell unreadable; empty for nothing."""
    if cell[:1] == "#" and _ERRORS.fullmatch(cell):
        return "roll_formula_error"
    if cell[:1] in ("=", "@"):
        return "roll_formula"
    if CONTROL.search(cell):
        return "roll_control_character"
    if cell.isascii():
        return ""
    if _SURROGATE.search(cell):
        return "roll_encoding"
    return "roll_sign_lost" if _LOST_SIGN in cell else ""


def looks_twice_encoded(name: str) -> bool:
    """Say whether a name looks like UTF-8 read as Windows-1252: ``HÃ©lÃ¨ne``."""
    return not name.isascii() and _TWICE_ENCODED.search(name) is not None
