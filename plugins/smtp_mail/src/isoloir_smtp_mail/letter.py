"""From a message to the bytes of an e-mail (RFC 5322, RFC 2045), the same each time but for its date."""

from __future__ import annotations

import hashlib
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from isoloir.hooks import Message

# cte_type 7bit: quoted-printable even where the server offers 8BITMIME, for relays behind it.
_POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+")


class NotAnAddress(Exception):
    """An address, or a header, that no e-mail can be made of; `code` says which, and never what it was."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def ascii_address(text: str) -> str:
    """Return the address with its domain in ASCII (RFC 5891); raises `NotAnAddress`."""
    local, at, domain = text.rpartition("@")
    try:
        plain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise NotAnAddress("smtp_address") from None
    if not at or not _LOCAL.fullmatch(local) or "." not in plain or not re.fullmatch(r"[A-Za-z0-9.-]+", plain):
        raise NotAnAddress("smtp_address")
    return f"{local}@{plain}"


def letter(message: Message) -> bytes:
    """Return the e-mail. Raises `NotAnAddress` (``smtp_header``, ``smtp_address``).

    `Message-ID` derives from the idempotency key, so that a message tried twice can be told to be the same.
    """
    headers = (message.subject, message.sender_name, message.locale)
    addresses = (message.recipient, message.sender_address, message.reply_to)
    if any(_CONTROLS.search(text) for text in (*headers, *addresses)):
        raise NotAnAddress("smtp_header")
    recipient, sender, reply_to = (ascii_address(text) for text in addresses)
    mail = EmailMessage(_POLICY)
    mail["From"] = Address(display_name=message.sender_name, addr_spec=sender)
    mail["To"] = Address(addr_spec=recipient)
    mail["Reply-To"] = Address(addr_spec=reply_to)
    mail["Subject"] = message.subject
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = message_id(message, sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
    mail.set_content(message.text, subtype="plain", charset="utf-8", cte="quoted-printable")
    mail["Content-Language"] = message.locale  # afterwards: setting the content clears what describes it
    return mail.as_bytes()


def message_id(message: Message, sender: str) -> str:
    """Return the stable identifier of a message."""
    digest = hashlib.sha256(f"{message.election}\n{message.key}".encode()).hexdigest()[:40]
    return f"<{digest}@{sender.rpartition('@')[2]}>"
