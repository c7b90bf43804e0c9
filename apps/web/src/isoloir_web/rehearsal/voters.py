"""The test voters: as few as choose all that can be chosen, by every way in; each mistake is made once by each."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from isoloir.config.election import Branch, ElectionFile
from isoloir.counting import choices
from isoloir.roll import RollEntry, contests_of
from isoloir_web.trial.people import Person, people_of
from isoloir_web.trial.voting import ALTERED, VOTES_TWICE, WRONG_CODE, WRONG_IDENTIFIER, WRONG_NUMBER, Plan

STRANGER = "stranger"
"""Somebody whom a provider knows, and the roll does not."""
TOO_LATE = 1
"""How many come after the grace."""
_KNOWN = {
    "ordinal_check": (WRONG_NUMBER,),
    "password_sms": (WRONG_CODE,),
    "prosante_connect": (STRANGER,),
}
"""The factors that a test voter can walk, and the mistakes made at each."""


@dataclass(frozen=True)
class Try:
    """A mistake, and the way in by which it is made."""

    branch: str
    mistake: str


def walkable(election: ElectionFile) -> list[Branch]:
    """Return the ways in that test voters can go, through plugins with test identities or something standing in."""
    return [
        branch
        for branch in election.policy.any
        if all(election.factors[name].plugin in _KNOWN for name in branch.all)
    ]


def ways_in(election: ElectionFile) -> list[Branch]:
    """Return the ways in that test voters go; all of them, without a login, where they can go none."""
    return walkable(election) or list(election.policy.any)


def tries(election: ElectionFile, with_identifier: Iterable[str]) -> list[Try]:
    """Return every mistake that each way in must refuse; those made with a ballot come first."""
    ways = ways_in(election)
    found = [Try(ways[0].id, VOTES_TWICE), Try(ways[-1].id, ALTERED)]
    for branch in walkable(election):
        if branch.id in with_identifier:
            found.append(Try(branch.id, WRONG_IDENTIFIER))
        for name in branch.all:
            found += [Try(branch.id, mistake) for mistake in _KNOWN[election.factors[name].plugin]]
    return found


@dataclass
class Invented:
    """People who do not exist: those who vote, those who err or come too late and are on the roll too, strangers."""

    voters: list[Person]
    bystanders: list[Person]
    strangers: list[Person]


def invent(election: ElectionFile, tried: Iterable[Try]) -> Invented:
    """Invent as many voters for each contest as it has choices, and who else is needed for every mistake."""
    tried, uses = list(tried), election.factors.values()
    needed: Counter[str] = Counter()
    for contest in election.contests:
        college = contest.colleges[0]
        needed[college] = max(needed[college], len(choices(contest)))
    first = election.contests[0].colleges[0]
    needed[first] += max(0, len(ways_in(election)) - sum(needed.values()))
    colleges = [college for college, number in needed.items() for _ in range(number)]
    strangers = sum(one.mistake == STRANGER for one in tried)
    erring = len(tried) - strangers + TOO_LATE  # of whom those who vote take some mistakes over
    draw = random.Random(0)  # noqa: S311  # people who do not exist
    people = people_of(election, [*colleges, *[first] * (erring + strangers)], draw)
    if any(use.plugin == "password_sms" and use.config.get("mobile", "roll") == "roll" for use in uses):
        people = [replace(one, mobile=_mobile(one)) for one in people]  # elsewhere some type theirs
    seats = len(colleges)
    return Invented(people[:seats], people[seats : seats + erring], people[seats + erring :])


@dataclass
class Plans:
    """Who goes which way: voters, the last of them in the grace; who tries after it; who errs and stays away."""

    voters: list[Plan]
    too_late: Plan
    bystanders: list[Plan]
    strangers: list[Plan]


def plan(election: ElectionFile, invented: Invented, entries: Mapping[str, RollEntry], tried: Iterable[Try]) -> Plans:
    """Give everybody a way in, choices and a mistake; `entries` are those of the roll, by e-mail address."""
    tried, ways = list(tried), ways_in(election)
    strangers = [one for one in tried if one.mistake == STRANGER]
    mistakes = {way.id: deque(one.mistake for one in tried if one.branch == way.id) for way in ways}
    for one in strangers:
        mistakes[one.branch].remove(STRANGER)
    voters, chosen = [], Counter[str]()
    for number, person in enumerate(invented.voters):
        entry, branch = entries[person.email], ways[number % len(ways)].id
        picked = {}
        for contest in contests_of(election, entry):
            offered = choices(contest)
            picked[contest.id] = offered[chosen[contest.id] % len(offered)]
            chosen[contest.id] += 1
        in_the_grace = number == len(invented.voters) - 1
        mistake = mistakes[branch].popleft() if mistakes[branch] and not in_the_grace else ""
        voters.append(Plan(entry, branch, picked, mistake, _mobile(person)))
    beside = iter(invented.bystanders)
    person = next(beside)
    contest = contests_of(election, entries[person.email])[0]
    too_late = Plan(entries[person.email], ways[-1].id, {contest.id: choices(contest)[0]}, "", _mobile(person))
    bystanders = [
        Plan(entries[person.email], branch, {}, mistake, _mobile(person))
        for person, (branch, mistake) in zip(
            beside, [(branch, mistake) for branch, left in mistakes.items() for mistake in left], strict=False
        )
    ]
    unknown = [
        Plan(_nobody(election, person), one.branch, {}, one.mistake, _mobile(person))
        for person, one in zip(invented.strangers, strangers, strict=True)
    ]
    return Plans(voters, too_late, bystanders, unknown)


def _nobody(election: ElectionFile, person: Person) -> RollEntry:
    """Return what somebody who is not on the roll would type."""
    return RollEntry(
        civility="Dr",
        last_name=person.last_name,
        first_name=person.first_name,
        email=person.email,
        mobile=person.mobile,
        college=person.college,
        contests=(),
        fields=person.fields,
        kinds={},
        locale="fr",
        id="",
        election=election.id,
        identifier="",
    )


def _mobile(person: Person) -> str:
    """Return the mobile that somebody types: the roll's, or one that nobody else has."""
    number = person.email.partition("@")[0].removeprefix("voter")
    return person.mobile or f"+336124{int(number):05d}"
