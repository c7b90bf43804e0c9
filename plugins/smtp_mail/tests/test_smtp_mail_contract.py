"""The bundled conformance kit, unchanged, over a dialogue with a real SMTP server."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from isoloir.hooks import PluginConfig
from isoloir.testing import NotifierContract
from isoloir_smtp_mail.config import SmtpConfig
from isoloir_smtp_mail.notifier import SmtpNotifier


class TestSmtpMailContract(NotifierContract):
    """All of the notifier's contract."""

    @pytest.fixture(autouse=True)
    def _server(self, post: Any) -> Iterator[None]:
        self.post = post
        log = logging.getLogger("mail.log")  # the server's own log is not the plugin's
        level = log.level
        log.setLevel(logging.CRITICAL)
        yield
        log.setLevel(level)

    @pytest.fixture
    def notifier(self) -> SmtpNotifier:
        return SmtpNotifier()

    @pytest.fixture
    def config(self, serve: Callable[..., int]) -> PluginConfig:  # type: ignore[override]
        return SmtpConfig(host="127.0.0.1", port=serve(), tls="none", timeout=30)

    @pytest.fixture
    def unreachable(self) -> PluginConfig:
        with socket.socket() as taken:  # a port that is free again in a moment, where nobody answers
            taken.bind(("127.0.0.1", 0))
            return SmtpConfig(host="127.0.0.1", port=taken.getsockname()[1], tls="none", timeout=30)

    async def delivered(self, config: PluginConfig) -> list[tuple[str, str, str]]:
        mails = [
            (envelope.rcpt_tos[0], message_from_bytes(envelope.content, policy=default))
            for envelope in self.post.envelopes
        ]
        return [(recipient, mail["Subject"], mail.get_content()) for recipient, mail in mails]
