"""Messages to voters: rendered, encrypted, queued, handed to the election's notifiers, erased once accepted."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from isoloir import dates
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.hooks import Accepted, Channel, Message, Notifier, PluginConfig, Rejected, Unknown
from isoloir.roll import RollEntry, entries
from isoloir.store import message_store
from isoloir.store.engine import Store
from isoloir.texts import Texts

_log = logging.getLogger(__name__)

_PURPOSE = "message"
_CLAIM = timedelta(minutes=2)
_SEND_SECONDS = 60
_RETRY_MINUTES = (1, 2, 5, 15, 60, 60, 60)
_AT_ONCE = 8

Carriers = Mapping[str, tuple[Notifier[Any], PluginConfig]]
"""Channel → the notifier that carries it, with its configuration."""


@dataclass(frozen=True)
class Rendered:
    """A message to queue. `key` makes it unique; `supersedes` names what it replaces for the same entry."""

    template: str
    channel: Channel
    recipient: str
    subject: str
    text: str
    locale: str
    key: str
    entry: str = ""
    supersedes: str = ""


@dataclass(frozen=True)
class DeliveryReport:
    """What one round of delivery did."""

    accepted: int = 0
    retried: int = 0
    failed: int = 0
    unknown: int = 0

    def __add__(self, other: DeliveryReport) -> DeliveryReport:
        return DeliveryReport(
            self.accepted + other.accepted,
            self.retried + other.retried,
            self.failed + other.failed,
            self.unknown + other.unknown,
        )


@dataclass(frozen=True)
class Invited:
    """How many invitations were queued now, how many letters, and which entries have no address at all."""

    queued: int
    letters: int
    unreachable: int


def common_values(election: ElectionFile, locale: str, base_url: str = "") -> dict[str, str]:
    """Return the places that every template may use: title, window, help line, address, sender and subject."""
    zone = election.window.opens.tzinfo
    assert zone is not None
    return {
        "election": election.title.get(locale),
        "opens": dates.moment(locale, election.window.opens, zone, year=True, weekday=True),
        "closes": dates.moment(locale, election.window.closes, zone, year=True, weekday=True),
        "phone": election.help_line.phone,
        "hours": election.help_line.hours.get(locale),
        "url": f"{base_url}/e/{election.id}/",
        "sender": election.sender.name,
        "subject": election.sender.subject.get(locale),
    }


def render(
    election: ElectionFile,
    texts: Texts,
    template: str,
    values: Mapping[str, str],
    *,
    channel: Channel,
    recipient: str,
    locale: str,
    key: str,
    entry: str = "",
    supersedes: str = "",
    base_url: str = "",
) -> Rendered:
    """Fill ``template.<name>`` and its subject with the common places and `values`."""
    filled = {**common_values(election, locale, base_url), **values}
    subject = texts.get(locale, f"template.{template}.subject", **filled) if channel != "sms" else ""
    if template == "invitation":
        subject = election.sender.subject.get(locale)
    text = texts.get(locale, f"template.{template}", **filled)
    return Rendered(template, channel, recipient, subject, text, locale, key, entry, supersedes)


async def queue(
    store: Store,
    keys: Keys,
    election: ElectionFile,
    clock: Clock,
    messages: Sequence[Rendered],
    *,
    discard: bool = False,
) -> int:
    """Queue messages, encrypted; one whose key was queued before is left out. Returns how many were new.

    `discard` goes the same way and leaves nothing behind: a message to nobody takes as long as one to a voter.
    """
    now = clock.now()
    new = [
        message_store.NewMessage(
            message.key,
            message.template,
            message.channel,
            message.entry,
            message.supersedes,
            now,
            _sealed(keys, election.id, message),
        )
        for message in messages
    ]
    async with store.write(beside=True) as session:
        added = await message_store.add(session, election.id, new)
        # The same statement either way: no message has the empty key.
        await message_store.remove(session, election.id, [message.key if discard else "" for message in new])
    return added


def _sealed(keys: Keys, election_id: str, message: Rendered) -> bytes:
    body = {
        "recipient": message.recipient,
        "subject": message.subject,
        "text": message.text,
        "locale": message.locale,
    }
    return keys.encrypt(f"{_PURPOSE}/{election_id}", json.dumps(body).encode())


async def deliver(
    store: Store, keys: Keys, election: ElectionFile, carriers: Carriers, clock: Clock, *, limit: int = 200
) -> DeliveryReport:
    """Hand what is due to the carriers, at most `limit` messages.

    A temporary rejection is tried again later, ever more rarely; an answer that nobody got is marked unknown.
    """
    async with store.write() as session:
        taken, lost = await message_store.claim(session, election.id, clock.now(), clock.now() + _CLAIM, limit)
    report = DeliveryReport(unknown=lost)
    for start in range(0, len(taken), _AT_ONCE):
        batch = taken[start : start + _AT_ONCE]
        answers = await asyncio.gather(*(_send(keys, election, carriers, queued) for queued in batch))
        async with store.write() as session:
            for queued, answer in zip(batch, answers, strict=True):
                report += await _settle(session, election.id, queued, answer, clock.now())
    return report


async def _send(
    keys: Keys, election: ElectionFile, carriers: Carriers, queued: message_store.Queued
) -> Accepted | Rejected | Unknown:
    carrier = carriers.get(queued.channel)
    if carrier is None:
        return Rejected("no_notifier", permanent=True)
    notifier, config = carrier
    body = json.loads(keys.decrypt(f"{_PURPOSE}/{election.id}", queued.body))
    message = Message(
        channel=_channel(queued.channel),
        recipient=body["recipient"],
        subject=body["subject"],
        text=body["text"],
        key=queued.key,
        sender_name=election.sender.name,
        sender_address=election.sender.address,
        reply_to=election.reply_to,
        election=election.id,
        locale=body["locale"],
    )
    try:
        async with asyncio.timeout(_SEND_SECONDS):
            return await notifier.send(config, message)
    except Exception as error:
        # The class alone: the text of the exception may quote the message.
        _log.error("notifier %s failed on a message: %s", notifier.name, type(error).__name__)
        return Unknown("notifier_failed")


def _channel(name: str) -> Literal["email", "sms", "post"]:
    return "email" if name == "email" else "sms" if name == "sms" else "post"


async def _settle(
    session: Any, election_id: str, queued: message_store.Queued, answer: Accepted | Rejected | Unknown, now: datetime
) -> DeliveryReport:
    match answer:
        case Accepted(id=carrier_id):
            await message_store.settle(
                session, election_id, queued.key, message_store.SENT, due=now, carrier_id=carrier_id
            )
            return DeliveryReport(accepted=1)
        case Rejected(code=code, permanent=False) if queued.tries < len(_RETRY_MINUTES):
            due = now + timedelta(minutes=_RETRY_MINUTES[queued.tries])
            await message_store.settle(session, election_id, queued.key, message_store.WAITING, due=due, code=code)
            return DeliveryReport(retried=1)
        case Rejected(code=code):
            await message_store.settle(session, election_id, queued.key, message_store.FAILED, due=now, code=code)
            return DeliveryReport(failed=1)
        case Unknown(code=code):
            await message_store.settle(session, election_id, queued.key, message_store.UNKNOWN, due=now, code=code)
            return DeliveryReport(unknown=1)


async def invite(
    store: Store,
    keys: Keys,
    election: ElectionFile,
    texts: Texts,
    clock: Clock,
    *,
    base_url: str,
    with_identifier: Collection[str],
) -> Invited:
    """Queue the invitation of every entry, once; and the letter that brings a number to whom has none of their own.

    A letter is queued for each roll field whose kind for this entry has a text ``template.letter_<kind>``, where the
    election has a notifier for the post. `with_identifier` names the branches that ask for the identifier.
    """
    queued = letters = unreachable = 0
    batch: list[Rendered] = []
    for entry in await entries(store, election.id):
        if entry.email:
            batch.append(invitation(election, texts, entry, base_url=base_url, with_identifier=with_identifier))
        else:
            unreachable += 1
        if "post" in election.notifiers:
            posted = letters_of(election, texts, entry, base_url=base_url)
            letters += await queue(store, keys, election, clock, posted) if posted else 0
        if len(batch) == 500:
            queued += await queue(store, keys, election, clock, batch)
            batch = []
    queued += await queue(store, keys, election, clock, batch)
    return Invited(queued, letters, unreachable)


def invitation(
    election: ElectionFile, texts: Texts, entry: RollEntry, *, base_url: str, with_identifier: Collection[str]
) -> Rendered:
    """Render the invitation of one entry: the ways in, what each needs, the identifier, the help line."""
    locale = entry.locale
    values = {
        "voter": entry.display,
        "identifier": entry.identifier,
        "ways": _ways(election, texts, locale),
        "needs": _needs(election, texts, entry, with_identifier),
    }
    return render(
        election,
        texts,
        "invitation",
        values,
        channel="email",
        recipient=entry.email or "",
        locale=locale,
        key=f"invitation/{entry.id}",
        entry=entry.id,
        base_url=base_url,
    )


def with_sample_identifier(election: ElectionFile, entry: RollEntry) -> RollEntry:
    """Return the entry with an identifier that is nobody's, for previews."""
    alphabet, length = election.identifiers.alphabet, election.identifiers.length
    return replace(entry, identifier=(alphabet * length)[:length])


def letters_of(election: ElectionFile, texts: Texts, entry: RollEntry, *, base_url: str) -> list[Rendered]:
    """Render the letters that this entry's kinds of number ask for."""
    return [
        render(
            election,
            texts,
            f"letter_{kind}",
            {"voter": entry.display, "number": entry.fields[field]},
            channel="post",
            recipient=entry.display,
            locale=entry.locale,
            key=f"letter/{field}/{entry.id}",
            entry=entry.id,
            base_url=base_url,
        )
        for field, kind in entry.kinds.items()
        if texts.has(entry.locale, f"template.letter_{kind}") and entry.fields.get(field)
    ]


def _ways(election: ElectionFile, texts: Texts, locale: str) -> str:
    joint = texts.get(locale, "invitation.way_end")
    labels = [_lower_first(branch.label.get(locale)) for branch in election.policy.any]
    return f"{joint}\n".join(f"- {label}" for label in labels) + "."


def _lower_first(label: str) -> str:
    return label[:1].lower() + label[1:]


def _needs(election: ElectionFile, texts: Texts, entry: RollEntry, with_identifier: Collection[str]) -> str:
    locale = entry.locale
    paragraphs = []
    for branch in election.policy.any:
        lines = [texts.get(locale, "invitation.need_heading", label=_lower_first(branch.label.get(locale)))]
        needed = [f"invitation.{election.factors[name].plugin}" for name in branch.all]
        if branch.id in with_identifier:
            needed.insert(0, "invitation.identifier")
        lines += [
            f"  - {texts.get(locale, identifier, identifier=entry.identifier)}"
            for identifier in needed
            if texts.has(locale, identifier)
        ]
        paragraphs.append("\n".join(lines))
    return "\n\n".join(paragraphs)


def vote_recorded(
    election: ElectionFile, texts: Texts, entry: RollEntry, contest_id: str, *, base_url: str
) -> Rendered | None:
    """Render "a vote was recorded for you" (no tracker), or `None` where the roll has no e-mail."""
    if not entry.email:
        return None
    return render(
        election,
        texts,
        "vote_recorded",
        {"voter": entry.display, "contest": election.contest(contest_id).title.get(entry.locale)},
        channel="email",
        recipient=entry.email,
        locale=entry.locale,
        key=f"vote_recorded/{contest_id}/{entry.id}",
        entry=entry.id,
        base_url=base_url,
    )
