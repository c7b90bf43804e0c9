"""A verdict as a journalist can read it: what was checked, the counts, or what is wrong and what that means."""

from __future__ import annotations

from collections.abc import Iterator

from isoloir_ballots.errors import Place
from isoloir_ballots.groups import named
from isoloir_ballots.verify import QuestionReport, Report

from .texts import Texts
from .verdict import Verdict

_SPACES = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"


def summary(item: Verdict, texts: Texts) -> str:
    """Several lines, without a trailing newline."""
    if item.error is not None:
        return "\n".join(_refused(item, texts))
    assert item.report is not None
    return "\n".join(_verified(item, item.report, texts))


def _refused(item: Verdict, texts: Texts) -> Iterator[str]:
    error = item.error
    assert error is not None
    yield texts.say("refused", path=_printable(item.path))
    yield f"  {texts.clause(error.clause)}"
    if where := _where(error.place, texts):
        yield f"  {texts.say('where', where=where)}"
    yield f"  {texts.say('clause', clause=error.clause, detail=error.detail)}"
    if item.sha256 is not None:
        yield f"  {texts.say('sha256', sha256=item.sha256)}"
    yield f"  {texts.say('means', meaning=texts.meaning(error.clause))}"
    yield f"  {texts.say('do', remedy=texts.remedy(error.clause))}"


def _where(place: Place, texts: Texts) -> str:
    named = place.to_json()
    if named.get("answer") == 0:
        named = {"blank" if name == "answer" else name: value for name, value in named.items()}
    return ", ".join(texts.say(f"where_{name}", value=value) for name, value in named.items())


def _verified(item: Verdict, report: Report, texts: Texts) -> Iterator[str]:
    yield texts.say("verified", path=_printable(item.path))
    yield f"  {_printable(report.name)}"
    yield f"  {texts.say(f'stage_{report.stage}')}"
    yield ""
    yield f"  {texts.say('what_file')}"
    yield f"    {texts.say('election', uuid=report.uuid, group=report.group)}"
    yield f"    {texts.say('fingerprint', fingerprint=report.fingerprint)}"
    yield f"    {texts.say('credentials', fingerprint=report.credentials_fingerprint)}"
    yield f"    {texts.say('head', head=report.head)}"
    yield f"    {texts.say('sha256', sha256=report.sha256)}"
    if report.total_digest is not None:
        yield f"    {texts.say('total_digest', digest=_in_fours(report.total_digest))}"
    yield ""
    yield f"  {texts.say('what_checked')}"
    for line in _checked(item, report, texts):
        yield f"    – {line}"
    if report.stage == "tallied":
        yield ""
        yield f"  {texts.say('result')}"
        for question in report.questions:
            yield from _counts(question, texts)
    yield ""
    yield f"  {texts.say('limits')}"


def _checked(item: Verdict, report: Report, texts: Texts) -> Iterator[str]:
    names = ", ".join(_printable(name) if name else "?" for name in report.trustees)
    yield texts.say("checked_form", size=report.size, events=report.events)
    yield texts.say("checked_trustees", trustees=len(report.trustees), names=names)
    yield texts.say("checked_ballots", ballots=report.ballots, credentials=report.credentials)
    if report.weight != report.ballots:
        yield texts.say("checked_weight", weight=report.weight)
    if report.tallied:
        yield texts.say("checked_tally", ballots=report.ballots)
    if report.partial_decryptions:
        yield texts.say("checked_shares", shares=report.partial_decryptions)
    if report.stage == "tallied":
        yield texts.say("checked_result")
    yield texts.say("checked_with", arithmetic=named(report.group).arithmetic)
    demands = item.demands
    if demands.fingerprint is not None:
        yield texts.say("checked_fingerprint")
    if demands.trackers:
        yield texts.say("checked_trackers", trackers=len(set(demands.trackers)))
    for publication in demands.publications:
        yield texts.say("checked_publication", ballots=len(publication.trackers), sha256=publication.sha256)


def _counts(question: QuestionReport, texts: Texts) -> Iterator[str]:
    rows = [(answer.votes or 0, _printable(answer.answer)) for answer in question.answers]
    if question.blank is not None:
        rows.append((question.blank, texts.say("blank")))
    width = max(len(texts.number(votes)) for votes, _ in rows)
    yield f"    {_printable(question.question)}"
    for votes, name in rows:
        yield f"      {texts.number(votes):>{width}}  {name}"


def _in_fours(digest: str) -> str:
    return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


def _printable(text: str) -> str:
    # A name in an archive must not be able to forge a line of this summary or steer a terminal.
    return "".join(c if c.isprintable() or c in _SPACES else "\N{REPLACEMENT CHARACTER}" for c in text)
