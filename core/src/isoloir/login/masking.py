"""Addresses as they may be shown before a voter is known: enough to recognise one's own, too little to learn it."""

from __future__ import annotations

import re

from isoloir.hooks import Channel

_DOT = "•"


def mask(channel: Channel, address: str) -> str:
    """Return ``06 •• •• •• 78`` of a mobile, ``a•••@example.org`` of an e-mail; empty for no address."""
    if channel == "sms":
        digits = re.sub(r"\D", "", address)
        national = "0" + digits[2:] if digits.startswith("33") and len(digits) == 11 else digits
        if len(national) < 4:
            return ""
        return f"{national[:2]} {_DOT * 2} {_DOT * 2} {_DOT * 2} {national[-2:]}"
    if channel == "email":
        local, at, domain = address.strip().rpartition("@")
        return f"{local[0]}{_DOT * 3}@{domain}" if at and local and domain else ""
    return ""
