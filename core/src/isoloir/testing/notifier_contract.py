"""The contract of a notifier as a test suite: give `notifier`, and `delivered`, what the carrier really got."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from isoloir.hooks import Accepted, Channel, Message, Notifier, PluginConfig, Rejected, Unknown
from isoloir.testing import texts as kit_texts
from isoloir.testing.config_contract import ConfigContract, secret_values

_TEXT = "Bonjour Dr Martin,\n\nVotre identifiant : ZZXXW66.\nÀ bientôt — œuvre « d’été »\u202f!\n.\nFin"
_CHANNELS: tuple[Channel, ...] = ("email", "sms", "post")


def message_for(channel: Channel, *, key: str = "invitation/1") -> Message:
    """Return a message with accents, a lone dot and several lines, as the core renders it."""
    return Message(
        channel=channel,
        recipient={"email": "alix.martin@example.org", "sms": "0612345678", "post": "1 rue Claire"}[channel],
        subject="" if channel == "sms" else "IMPORTANT : élections",
        text="Votre mot de passe : 48213377" if channel == "sms" else _TEXT,
        key=key,
        sender_name="Administrateur Élections",
        sender_address="ne-pas-repondre@evote.example",
        reply_to="ne-pas-repondre@evote.example",
        election="medecins-2024",
    )


class NotifierContract(ConfigContract):
    """Subclass, and fill in the fixtures `notifier` (and `config`) and the method `delivered`.

    `unreachable`: a configuration whose carrier does not answer, where there is a carrier.
    """

    package: str = ""

    @pytest.fixture
    def notifier(self) -> Notifier[Any]:
        """Return the notifier under test."""
        raise NotImplementedError("give the fixture `notifier`")

    @pytest.fixture
    def config(self, notifier: Notifier[Any]) -> PluginConfig:
        """Return a configuration whose carrier answers."""
        made: PluginConfig = notifier.config()
        return made

    @pytest.fixture
    def unreachable(self) -> PluginConfig | None:
        """Return a configuration whose carrier does not answer; `None` where there is no carrier."""
        return None

    async def delivered(self, config: PluginConfig) -> list[tuple[str, str, str]]:
        """Return what the carrier got so far: (recipient, subject, text), decoded."""
        raise NotImplementedError("say what the carrier got: `delivered`")

    def test_channels_are_known(self, notifier: Any) -> None:
        """A notifier carries one channel at least, and none that Isoloir does not know."""
        assert notifier.channels
        assert notifier.channels <= set(_CHANNELS)

    async def test_carries_a_message_unchanged(self, notifier: Any, config: Any) -> None:
        """What is accepted arrives once, at its recipient, with every accent, line and dot, under an id."""
        for channel in sorted(notifier.channels):
            before = len(await self.delivered(config))
            message = message_for(channel)
            answer = await notifier.send(config, message)
            assert isinstance(answer, Accepted)
            assert answer.id
            arrived = (await self.delivered(config))[before:]
            assert [(to, subject, _lines(text)) for to, subject, text in arrived] == [
                (message.recipient, message.subject, _lines(message.text))
            ]

    async def test_injection_is_refused_for_good(self, notifier: Any, config: Any) -> None:
        """A line break in an address, name or subject reaches no carrier; it is refused, and not tried again."""
        for channel in sorted(notifier.channels):
            good = message_for(channel, key="injection/1")
            bad: list[dict[str, Any]] = [{"recipient": f"{good.recipient}\r\nBcc: all@example.org"}]
            if channel == "email":
                bad += [
                    {"subject": "a\nBcc: all@example.org"},
                    {"sender_name": "a\r\nBcc: all@example.org"},
                    {"reply_to": "a@example.org\nBcc: all@example.org"},
                ]
            for change in bad:
                before = len(await self.delivered(config))
                answer = await notifier.send(config, replace(good, **change))
                assert isinstance(answer, Rejected), f"{next(iter(change))} with a line break was not refused"
                assert answer.permanent
                assert len(await self.delivered(config)) == before

    async def test_other_channels_are_refused_for_good(self, notifier: Any, config: Any) -> None:
        """A channel that it does not carry is rejected permanently."""
        for channel in sorted(set(_CHANNELS) - set(notifier.channels)):
            answer = await notifier.send(config, message_for(channel))
            assert isinstance(answer, Rejected)
            assert answer.permanent

    async def test_carrier_that_does_not_answer_is_no_exception(self, notifier: Any, unreachable: Any) -> None:
        """Without its carrier a notifier answers unknown, or rejected for now: never accepted, never an exception."""
        if unreachable is None:
            return
        for channel in sorted(notifier.channels):
            answer = await notifier.send(unreachable, message_for(channel))
            assert isinstance(answer, Rejected | Unknown)
            assert not (isinstance(answer, Rejected) and answer.permanent)
            assert kit_texts.well_formed(answer.code)

    async def test_nothing_secret_is_logged(
        self, notifier: Any, config: Any, unreachable: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Neither recipient, subject and text nor the configuration's secrets are logged, whatever happens."""
        caplog.set_level(logging.DEBUG)
        for chosen in (config, unreachable):
            if chosen is None:
                continue
            for channel in sorted(notifier.channels):
                message = message_for(channel, key="logs/1")
                answer = await notifier.send(chosen, message)
                for secret in (*secret_values(chosen), message.recipient, "48213377", "ZZXXW66"):
                    assert secret not in caplog.text, "a message or a secret was logged"
                    assert secret not in repr(answer), "an answer prints a message or a secret"

    async def test_receipts_are_of_those_asked(self, notifier: Any, config: Any) -> None:
        """`poll` answers for ids it was asked about, and for no other; an unknown id is no exception."""
        receipts = await notifier.poll(config, ["unknown-6f1d"])
        assert set(receipts) <= {"unknown-6f1d"}
        assert set(receipts.values()) <= {"delivered", "failed", "pending"}

    async def test_connection_test_finds_or_not(self, notifier: Any, config: Any, unreachable: Any) -> None:
        """`check` finds nothing where the carrier answers, and does not raise where it does not."""
        assert [problem for problem in await notifier.check(config) if problem.severe] == []
        package = self.package or type(notifier).__module__.partition(".")[0]
        codes = kit_texts.literal_codes(package, frozenset({"Problem"}))
        if unreachable is not None:
            codes |= {problem.code for problem in await notifier.check(unreachable)}
        assert kit_texts.missing(kit_texts.texts_of(package), kit_texts.refusal_identifiers(codes)) == []


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").rstrip("\n").split("\n")
