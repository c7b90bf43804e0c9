"""E-mail by SMTP: the notifier `smtp_mail`."""

from __future__ import annotations

from typing import Any

from isoloir.hooks import Notifier, hookimpl
from isoloir_smtp_mail.notifier import SmtpNotifier

contract_version = 1


@hookimpl
def register_notifiers() -> list[Notifier[Any]]:
    """Return the notifier `smtp_mail`."""
    return [SmtpNotifier()]
