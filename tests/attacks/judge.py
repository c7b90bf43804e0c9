"""One case on one site: who said no, with which code; that nobody is in; that the untouched twin is."""

from __future__ import annotations

from dataclasses import dataclass

from .cases import AT_PROVIDER, Case
from .providers import TurnedAway
from .site import HERE, Site

THE_PROVIDER = "the provider’s own page"


@dataclass(frozen=True)
class Verdict:
    """What was found: the code that refused, and the function of ours that did, or that the provider did."""

    code: str
    check: str


@dataclass(frozen=True)
class Found:
    """A verdict, and whatever is wrong: each a sentence."""

    verdict: Verdict
    wrong: tuple[str, ...]


async def tried(case: Case, site: Site) -> Found:
    """Try a case, and its twin: an elector who logs in as everybody does, on the same site, right after."""
    wrong = []
    try:
        shown = await case.move(site)
        verdict = Verdict(" ".join(shown.codes), site.noes.first)
        if not 400 <= shown.status < 500:
            wrong.append(f"answered {shown.status} at {shown.path}")
    except TurnedAway as error:
        verdict = Verdict(AT_PROVIDER, THE_PROVIDER)
        if not 400 <= error.status < 500:
            wrong.append(f"the provider answered {error.status}")
    if any([await visitor.is_in() for visitor in site.visitors if not visitor.honest]):
        wrong.append("an attacker is in")
    wrong += [f"an honest voter is not in after {case.id}" for visitor in site.visitors
              if visitor.honest and not await visitor.is_in()]  # fmt: skip
    wrong += _told(site)
    await site.clear()
    twin = site.visitor(honest=True)
    shown = await twin.log_in()
    if shown.path != f"/e/{HERE}/contests" or shown.status != 200 or not await twin.is_in():
        wrong.append(f"the twin is not in: {shown.path}, {shown.status}, {shown.codes}")
    wrong += _told(site)
    await site.clear()
    return Found(verdict, tuple(wrong))


def _told(site: Site) -> list[str]:
    """Whether a code or a token that was about stands in a page or in a line of the log."""
    secrets = site.used | site.wire.secrets
    wrong = [
        f"the log tells a secret: {line[:80]}" for line in site.heard.lines if any(one in line for one in secrets)
    ]
    return wrong + ["a page tells a secret" for page in site.pages if any(one in page for one in secrets)]
