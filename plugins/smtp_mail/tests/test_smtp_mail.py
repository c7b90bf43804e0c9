"""A real dialogue with a real server, and what each of its answers means."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from isoloir.hooks import Accepted, Message, Rejected, Unknown
from isoloir_smtp_mail.config import SmtpConfig
from isoloir_smtp_mail.letter import letter
from isoloir_smtp_mail.notifier import SmtpNotifier

NOTIFIER = SmtpNotifier()
MESSAGE = Message(
    channel="email",
    recipient="alix.martin@example.org",
    subject="IMPORTANT : Élections « médicales » 2024",
    text="Bonjour,\n\nVotre identifiant : ZZXXW66\n.\nÀ bientôt ! " + "mot " * 60 + "\n",
    key="invite/1",
    sender_name="Administrateur Élections, bureau",
    sender_address="ne-pas-repondre@evote.example",
    reply_to="aide@evote.example",
    election="medecins-2024",
)


def plain(port: int, **changes: Any) -> SmtpConfig:
    return SmtpConfig(host="127.0.0.1", port=port, tls="none", timeout=30, **changes)


async def test_an_email_arrives_as_it_was_written(serve: Callable[..., int], post: Any) -> None:
    """The server receives sender, recipient, headers and text, accents and a lone dot included."""
    answer = await NOTIFIER.send(plain(serve()), MESSAGE)
    (envelope,) = post.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (MESSAGE.sender_address, [MESSAGE.recipient])
    mail = message_from_bytes(envelope.content, policy=default)
    assert mail["Subject"] == MESSAGE.subject
    assert mail["From"].addresses[0].display_name == MESSAGE.sender_name
    assert mail["From"].addresses[0].addr_spec == MESSAGE.sender_address
    assert mail["To"].addresses[0].addr_spec == MESSAGE.recipient
    assert mail["Reply-To"].addresses[0].addr_spec == MESSAGE.reply_to
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "fr"
    assert mail["Date"].datetime is not None
    assert answer == Accepted(mail["Message-ID"])
    assert mail["Content-Transfer-Encoding"] == "quoted-printable"
    assert mail.get_content().replace("\r\n", "\n") == MESSAGE.text
    assert envelope.content.isascii()
    assert max(map(len, envelope.content.split(b"\r\n"))) <= 998


def test_the_message_id_is_stable() -> None:
    """The same key gives the same Message-ID, whatever the text; another key or election another one."""

    def identifier(message: Message) -> str:
        return str(message_from_bytes(letter(message), policy=default)["Message-ID"])

    assert identifier(MESSAGE) == identifier(replace(MESSAGE, text="autre"))
    assert identifier(MESSAGE) != identifier(replace(MESSAGE, key="invite/2"))
    assert identifier(MESSAGE) != identifier(replace(MESSAGE, election="autre"))
    assert "invite" not in identifier(MESSAGE)


@pytest.mark.parametrize("name", ["recipient", "subject", "sender_name", "sender_address", "reply_to", "locale"])
@pytest.mark.parametrize("sign", ["\n", "\r", "\x00", "\u2028", "\x85"])
async def test_headers_cannot_be_injected(serve: Callable[..., int], post: Any, name: str, sign: str) -> None:
    """A line break or a control character in any header refuses the message for good; no server hears of it."""
    message = replace(MESSAGE, **{name: f"a{sign}Bcc: eve@example.org"})
    assert await NOTIFIER.send(plain(1), message) == Rejected("smtp_header", permanent=True)


@pytest.mark.parametrize(
    "address", ["", "alix", "alix@", "@example.org", "alix martin@example.org", "élix@example.org", "a@b", "a@b..c@"]
)
async def test_what_is_no_address_is_refused(address: str) -> None:
    """No dialogue is begun for what is no address."""
    answer = await NOTIFIER.send(plain(1), replace(MESSAGE, recipient=address))
    assert answer == Rejected("smtp_address", permanent=True)


async def test_an_accented_domain_is_written_in_ascii(serve: Callable[..., int], post: Any) -> None:
    """A domain with accents goes out in its ASCII form."""
    await NOTIFIER.send(plain(serve()), replace(MESSAGE, recipient="alix@hôpital.example"))
    assert post.envelopes[0].rcpt_tos == ["alix@xn--hpital-ixa.example"]


@pytest.mark.parametrize("where", ["rcpt_answer", "data_answer"])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("450 4.2.0 greylisted", Rejected("smtp_later", permanent=False)),
        ("451 4.3.0 try again", Rejected("smtp_later", permanent=False)),
        ("550 5.1.1 no such user alix.martin", Rejected("smtp_refused", permanent=True)),
        ("554 5.7.1 refused", Rejected("smtp_refused", permanent=True)),
    ],
)
async def test_the_servers_refusals(
    serve: Callable[..., int], post: Any, where: str, answer: str, expected: Rejected
) -> None:
    """4xx may be tried again, 5xx may not, at the recipient and at the text alike."""
    setattr(post, where, answer)
    assert await NOTIFIER.send(plain(serve()), MESSAGE) == expected


async def test_a_connection_lost_after_the_text_is_unknown(serve: Callable[..., int], post: Any) -> None:
    """The server has the text and hangs up: nobody knows, so it must not be sent again."""
    post.drop_after_data = True
    assert await NOTIFIER.send(plain(serve()), MESSAGE) == Unknown("smtp_unknown")
    assert len(post.envelopes) == 1


async def test_nobody_there_may_be_tried_again() -> None:
    """A refused connection is temporary, and the connection test names it."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert await NOTIFIER.send(plain(port), MESSAGE) == Rejected("smtp_unreachable", permanent=False)
    (problem,) = await NOTIFIER.check(plain(port))
    assert (problem.code, problem.values) == ("smtp_unreachable", {"host": "127.0.0.1", "port": str(port)})


async def test_a_silent_server_times_out() -> None:
    """A server that accepts and says nothing is temporary."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        config = plain(silent.getsockname()[1]).model_copy(update={"timeout": 0.2})
        assert await NOTIFIER.send(config, MESSAGE) == Rejected("smtp_unreachable", permanent=False)


async def test_starttls_is_used_and_the_certificate_checked(
    serve: Callable[..., int], post: Any, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    """With the authority's certificate the text goes encrypted; without, nothing is sent at all."""
    public, context = certificate
    port = serve(tls_context=context, require_starttls=True)
    trusted = SmtpConfig(host="127.0.0.1", port=port, ca_file=str(public), timeout=30)
    assert isinstance(await NOTIFIER.send(trusted, MESSAGE), Accepted)
    assert post.encrypted == [True]
    untrusted = SmtpConfig(host="127.0.0.1", port=port, timeout=30)
    assert await NOTIFIER.send(untrusted, MESSAGE) == Rejected("smtp_tls", permanent=False)
    assert len(post.envelopes) == 1


def test_a_loop_that_ends_at_once_leaves_nothing_open(
    serve: Callable[..., int], post: Any, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    """Handed over to a server too busy to say farewell: no socket is left open (a warning is an error here)."""
    public, context = certificate
    post.busy_after_data = 0.3
    port = serve(tls_context=context, require_starttls=True)
    config = SmtpConfig(host="127.0.0.1", port=port, ca_file=str(public), timeout=30)
    assert isinstance(asyncio.run(NOTIFIER.send(config, MESSAGE)), Accepted)
    gc.collect()


async def test_nothing_goes_in_clear_where_starttls_is_asked(serve: Callable[..., int], post: Any) -> None:
    """A server without STARTTLS, or a stripped one, gets no message."""
    answer = await NOTIFIER.send(SmtpConfig(host="127.0.0.1", port=serve(), timeout=30), MESSAGE)
    assert isinstance(answer, Rejected)
    assert not answer.permanent
    assert post.envelopes == []


async def test_the_account_is_used_over_tls(
    serve: Callable[..., int], post: Any, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    """The right password opens, a wrong one is named, may be mended, and is nowhere in the answer."""
    public, context = certificate
    port = serve(tls_context=context, auth_required=True, authenticator=post.authenticate)

    def account(password: str) -> SmtpConfig:
        return SmtpConfig(
            host="127.0.0.1",
            port=port,
            ca_file=str(public),
            username="vote",
            password=SecretStr(password),
            timeout=30,
        )

    assert isinstance(await NOTIFIER.send(account("correct horse"), MESSAGE), Accepted)
    assert post.logins == [b"vote"]
    assert await NOTIFIER.send(account("wrong"), MESSAGE) == Rejected("smtp_login", permanent=False)
    (problem,) = await NOTIFIER.check(account("wrong"))
    assert problem.code == "smtp_login"
    assert "wrong" not in str(problem) + repr(account("wrong"))
    assert await NOTIFIER.check(account("correct horse")) == []


async def test_only_the_organisers_domains_send(serve: Callable[..., int], post: Any) -> None:
    """A sender of another domain is refused; of one that is allowed, in whatever case, is not."""
    port = serve()
    other = await NOTIFIER.send(plain(port, sender_domains=("other.example",)), MESSAGE)
    assert other == Rejected("smtp_sender_domain", permanent=True)
    assert isinstance(await NOTIFIER.send(plain(port, sender_domains=("EVOTE.example",)), MESSAGE), Accepted)
    assert len(post.envelopes) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"host": "smtp.example.org", "tls": "none"}, "smtp_clear"),
        ({"host": "10.0.0.1", "tls": "none"}, "smtp_clear"),
        ({"host": "smtp.example.org", "username": "vote"}, "smtp_half_account"),
        ({"host": "smtp.example.org", "password": SecretStr("x")}, "smtp_half_account"),
    ],
)
def test_unsafe_configurations_are_refused(changes: dict[str, Any], code: str) -> None:
    """Mail in clear to another machine, and half an account, are no configuration."""
    with pytest.raises(ValidationError) as refused:
        SmtpConfig.model_validate(changes)
    assert [error["type"] for error in refused.value.errors(include_input=False)] == [code]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_this_very_machine_may_be_spoken_to_in_clear(host: str) -> None:
    """Loopback needs no encryption."""
    assert SmtpConfig(host=host, tls="none").tls == "none"
