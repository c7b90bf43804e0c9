"""The notifier: one dialogue for each message, and what the server's answer means (RFC 5321, section 4.2.1)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

import aiosmtplib

from isoloir.hooks import Accepted, Message, Notifier, Problem, Rejected, Unknown
from isoloir_smtp_mail.config import SmtpConfig
from isoloir_smtp_mail.letter import NotAnAddress, ascii_address, letter, message_id

_FAILED = (aiosmtplib.SMTPException, OSError, ssl.SSLError)


class SmtpNotifier(Notifier[SmtpConfig]):
    """E-mail by SMTP."""

    name = "smtp_mail"
    config = SmtpConfig
    channels: ClassVar[frozenset[str]] = frozenset({"email"})

    async def send(self, config: SmtpConfig, message: Message) -> Accepted | Rejected | Unknown:
        """Hand the e-mail over. A connection lost once the text may have left is `Unknown`."""
        try:
            raw = letter(message)
            recipient, sender = ascii_address(message.recipient), ascii_address(message.sender_address)
        except NotAnAddress as refused:
            return Rejected(refused.code, permanent=True)
        if config.sender_domains and sender.rpartition("@")[2].lower() not in _lower(config.sender_domains):
            return Rejected("smtp_sender_domain", permanent=True)
        text_left = False
        try:
            async with _connected(config) as smtp:
                await smtp.mail(sender)
                await smtp.rcpt(recipient)
                text_left = True
                await smtp.data(raw)
        except aiosmtplib.SMTPResponseException as answer:
            return _rejected(answer)
        except _FAILED as error:
            # The class of the failure alone: its text may quote the dialogue.
            return Unknown("smtp_unknown") if text_left else _not_connected(error)
        return Accepted(message_id(message, sender))

    async def check(self, config: SmtpConfig) -> list[Problem]:
        """Connect, log in and say NOOP."""
        places = {"host": config.host, "port": str(config.port)}
        try:
            async with _connected(config) as smtp:
                await smtp.noop()
        except aiosmtplib.SMTPResponseException as answer:
            return [Problem(_rejected(answer).code, places)]
        except _FAILED as error:
            return [Problem(_not_connected(error).code, places)]
        return []


@asynccontextmanager
async def _connected(config: SmtpConfig) -> AsyncIterator[aiosmtplib.SMTP]:
    smtp = aiosmtplib.SMTP(
        hostname=config.host,
        port=config.port,
        timeout=config.timeout,
        use_tls=config.tls == "tls",
        start_tls=config.tls == "starttls",  # true: refused, never sent in clear, where the server offers none
        tls_context=None if config.tls == "none" else ssl.create_default_context(cafile=config.ca_file),
    )
    try:
        await smtp.connect()
        if config.username is not None and config.password is not None:
            await smtp.login(config.username, config.password.get_secret_value())
        yield smtp
    finally:
        # Cut off, without QUIT and without the farewell of TLS: their answers change nothing, and waiting for them
        # could; a loop that ends before them would leave the socket open.
        if isinstance(smtp.transport, asyncio.WriteTransport):
            smtp.transport.abort()
        smtp.close()


def _rejected(answer: aiosmtplib.SMTPResponseException) -> Rejected:
    permanent = answer.code >= 500
    if isinstance(answer, aiosmtplib.SMTPAuthenticationError):
        # A wrong account is the operator's to mend: the message itself is sound, so it may be tried again.
        return Rejected("smtp_login", permanent=False)
    return Rejected("smtp_refused" if permanent else "smtp_later", permanent=permanent)


def _not_connected(error: Exception) -> Rejected:
    return Rejected("smtp_tls" if _is_tls(error) else "smtp_unreachable", permanent=False)


def _is_tls(error: BaseException | None) -> bool:
    seen = 0
    while error is not None and seen < 5:
        if isinstance(error, ssl.SSLError) or "STARTTLS" in type(error).__name__.upper():
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


def _lower(domains: tuple[str, ...]) -> set[str]:
    return {domain.lower() for domain in domains}
