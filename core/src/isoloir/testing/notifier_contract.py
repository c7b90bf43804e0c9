"""The contract of a notifier as a test suite: give `notifier`, and `delivered`, what the carrier really got."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from isoloir.hooks import Accepted, Channel, Message, Notifier, PluginConfig, Rejected, Unknown
from isoloir.testing import outside
from isoloir.testing import texts as kit_texts
from isoloir.testing.config_contract import ConfigContract, given_config, quiet, secret_values
from isoloir.testing.promises import ContractBroken, contract, default_config, given, misused, nothing, promise

_TEXT = "Bonjour Dr Martin,\n\nVotre identifiant : ZZXXW66.\nÀ bientôt — œuvre « d’été »\u202f!\n.\nFin"
_SECRETS = ("48213377", "ZZXXW66")
_CHANNELS: tuple[Channel, ...] = ("email", "sms", "post")
_WRITE_TEXTS = "write them into locales/fr and locales/en, with the same {places}"


def message_for(channel: Channel, *, key: str = "invitation") -> Message:
    """Return a message with accents, a lone dot and several lines, as the core renders it."""
    return Message(
        channel=channel,
        recipient={"email": "alix.martin@example.org", "sms": "0612345678", "post": "1 rue Claire"}[channel],
        subject="" if channel == "sms" else "IMPORTANT\u202f: élections",
        text="Votre mot de passe : 48213377" if channel == "sms" else _TEXT,
        key=f"{key}/{channel}",
        sender_name="Administrateur Élections",
        sender_address="ne-pas-repondre@evote.example",
        reply_to="ne-pas-repondre@evote.example",
        election="medecins-2024",
    )


@contract
class NotifierContract(ConfigContract):
    """Subclass, and fill in the fixtures `notifier` (and `config`) and the method `delivered`.

    `unreachable`: a configuration whose carrier does not answer, where there is a carrier.
    """

    subject = "notifier"

    @pytest.fixture
    def notifier(self) -> Notifier[Any]:
        """Return the notifier under test."""
        misused("write the fixture `notifier`; it returns the notifier under test.")

    @pytest.fixture
    def config(self, notifier: Notifier[Any]) -> PluginConfig:
        """Return a configuration whose carrier answers."""
        given("notifier", notifier, Notifier)
        return default_config(notifier.config)

    @pytest.fixture
    def unreachable(self) -> PluginConfig | None:
        """Return a configuration whose carrier does not answer; `None` where there is no carrier."""
        return None

    async def delivered(self, config: PluginConfig) -> list[tuple[str, str, str]]:
        """Return what the carrier got so far: (recipient, subject, text), decoded."""
        misused("write the method `async def delivered(self, config)`; it returns (recipient, subject, text) of all.")

    @pytest.fixture(autouse=True)
    def _given(self, notifier: Any, config: Any, unreachable: Any) -> None:
        given("notifier", notifier, Notifier)
        given_config(config, notifier.config)
        if unreachable is not None:
            given("unreachable", unreachable, notifier.config)

    def test_channels_are_known(self, notifier: Any) -> None:
        """A notifier carries one channel at least, and none that Isoloir does not know."""
        promise(
            notifier.channels and set(notifier.channels) <= set(_CHANNELS),
            f"the notifier's channels are {sorted(notifier.channels)}",
            f"write channels = frozenset({{…}}) of {', '.join(_CHANNELS)}",
        )

    async def test_carries_a_message_unchanged(self, notifier: Any, config: Any) -> None:
        """What is accepted arrives once, at its recipient, with every accent, line and dot, under an id."""
        for channel in sorted(notifier.channels):
            before = len(await self.delivered(config))
            message = message_for(channel)
            answer = await _sent(notifier, config, message)
            promise(
                isinstance(answer, Accepted) and answer.id,
                f"a good message by {channel} was answered with {answer!r}",
                "return Accepted(id) with the carrier's id, or let the fixture `config` reach a carrier that answers",
            )
            arrived = (await self.delivered(config))[before:]
            promise(
                [(to, subject, _lines(text)) for to, subject, text in arrived]
                == [(message.recipient, message.subject, _lines(message.text))],
                f"one message by {channel} was accepted, and {len(arrived)} arrived, or not as it was written",
                "hand it over once and whole: recipient, subject, every accent, every line, a lone dot too",
            )

    async def test_injection_is_refused_for_good(self, notifier: Any, config: Any) -> None:
        """A line break in an address, name or subject reaches no carrier; it is refused, and not tried again."""
        for channel in sorted(notifier.channels):
            good = message_for(channel, key="injection")
            bad: list[dict[str, Any]] = []
            if channel != "post":  # a letter's address has lines
                bad.append({"recipient": f"{good.recipient}\r\nBcc: all@example.org"})
            if channel == "email":
                bad += [
                    {"subject": "a\nBcc: all@example.org"},
                    {"sender_name": "a\r\nBcc: all@example.org"},
                    {"reply_to": "a@example.org\nBcc: all@example.org"},
                ]
            for change in bad:
                before = len(await self.delivered(config))
                answer = await _sent(notifier, config, replace(good, **change))
                _rejected_for_good(answer, f"a {next(iter(change))} with a line break")
                promise(
                    len(await self.delivered(config)) == before,
                    "a rejected message reached the carrier all the same",
                    "look at the message before anything is handed over",
                )

    async def test_other_channels_are_refused_for_good(self, notifier: Any, config: Any) -> None:
        """A channel that it does not carry is rejected permanently."""
        for channel in sorted(set(_CHANNELS) - set(notifier.channels)):
            answer = await _sent(notifier, config, message_for(channel))
            _rejected_for_good(answer, f"a message by {channel}, which it does not carry,")

    async def test_carrier_that_does_not_answer_is_no_exception(self, notifier: Any, unreachable: Any) -> None:
        """Without its carrier a notifier answers unknown, or rejected for now: never accepted, never an exception."""
        if unreachable is None:
            return
        for channel in sorted(notifier.channels):
            answer = await _sent(notifier, unreachable, message_for(channel))
            promise(
                isinstance(answer, Unknown) or (isinstance(answer, Rejected) and not answer.permanent),
                f"without its carrier the notifier answered {answer!r}",
                "return Rejected(code, permanent=False) where nothing can have left, else Unknown(code)",
            )
            promise(
                kit_texts.well_formed(answer.code),
                f"the code {answer.code!r} is not stable",
                "use lower case and underscores, at most 64 characters",
            )

    async def test_nothing_secret_is_logged(
        self,
        notifier: Any,
        config: Any,
        unreachable: Any,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Neither recipient, subject and text nor the configuration's secrets are logged, whatever happens."""
        caplog.set_level(logging.DEBUG)
        for chosen in (config, unreachable):
            if chosen is None:
                continue
            for channel in sorted(notifier.channels):
                message = message_for(channel, key="logs")
                answer = await _sent(notifier, chosen, message)
                quiet({*secret_values(chosen), message.recipient, *_SECRETS}, caplog, capsys, repr(answer))

    async def test_receipts_are_of_those_asked(self, notifier: Any, config: Any) -> None:
        """`poll` answers for ids it was asked about, and for no other; an unknown id is no exception."""
        try:
            receipts = await notifier.poll(config, ["unknown-6f1d"])
        except Exception as error:
            raise ContractBroken(
                f"poll() raised {type(error).__name__} on an id that it does not know\n→ leave unknown ids out"
            ) from error
        promise(
            set(receipts) <= {"unknown-6f1d"} and set(receipts.values()) <= {"delivered", "failed", "pending"},
            "poll() answered for ids that nobody asked about, or with other words than delivered, failed, pending",
            "return {id: word} for ids of the question alone",
        )

    async def test_answers_have_texts(self, notifier: Any, unreachable: Any) -> None:
        """Each rejection, written in the sources or seen, has its sentence and remedy in both languages."""
        package = self._package(notifier)
        codes = kit_texts.literal_codes(package, frozenset({"Rejected", "Unknown", "PydanticCustomError"}))
        if unreachable is not None:
            for channel in sorted(notifier.channels):
                answer = await _sent(notifier, unreachable, message_for(channel))
                codes |= {answer.code} if isinstance(answer, Rejected | Unknown) else set()
        nothing(
            kit_texts.missing(kit_texts.texts_of(package), kit_texts.refusal_identifiers(codes - {Unknown().code})),
            "texts of a rejection are missing",
            _WRITE_TEXTS,
        )

    async def test_connection_test_finds_or_not(self, notifier: Any, config: Any, unreachable: Any) -> None:
        """`check` finds nothing where the carrier answers, something where it does not, and does not raise."""
        severe = {one.code for one in await outside.connection(notifier, config) if one.severe}
        nothing(severe, "check() finds fault with a carrier that answers", "return [] where a message would leave")
        package = self._package(notifier)
        codes = kit_texts.literal_codes(package, frozenset({"Problem"}))
        if unreachable is not None:
            codes |= {problem.code for problem in await outside.connection(notifier, unreachable)}
        nothing(
            kit_texts.missing(kit_texts.texts_of(package), kit_texts.refusal_identifiers(codes)),
            "texts of a problem are missing",
            _WRITE_TEXTS,
        )


async def _sent(notifier: Any, config: Any, message: Message) -> Any:
    try:
        return await notifier.send(config, message)
    except Exception as error:
        raise ContractBroken(
            f"send() raised {type(error).__name__}: nobody knows whether the message left\n"
            "→ catch what the carrier and the network can do, and return Rejected or Unknown"
        ) from error


def _rejected_for_good(answer: object, what: str) -> None:
    promise(
        isinstance(answer, Rejected) and answer.permanent,
        f"{what} was answered with {answer!r}",
        "return Rejected(code, permanent=True) before anything is handed over",
    )


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").rstrip("\n").split("\n")
