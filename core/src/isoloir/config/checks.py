"""What one key of an election's file cannot tell alone: names used twice, names of nothing, times, alphabets.

The checks read the file's raw values and pass over whatever the schema already refuses, so that a mistake in
one place never hides one in another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from isoloir.config.board_checks import board_checks
from isoloir.config.election import ALPHABET, Identifiers, Window
from isoloir.config.located import Found, KeyPath, near
from isoloir.config.raw import Raw, at, items, table, tables, twice

LOOK_ALIKES: Final = ("0O", "1IL")
MINIMUM_BITS: Final = 30
"""An identifier is guessed over the network, against rate limits: 30 bits make one voter in a thousand years."""
SHORTEST: Final = timedelta(hours=24)
LONGEST: Final = timedelta(days=8)
"""How long a ballot stays open: décret 2017-1811."""
RESERVED_FIELDS: Final = frozenset(
    {
        "identifier",
        "civility",
        "first_name",
        "last_name",
        "email",
        "mobile",
        "college",
        "contests",
        "locale",
        "ignore",
    }
)


def cross_checks(raw: Raw) -> Iterator[Found]:
    """Yield every mistake that takes two keys to see."""
    yield from _window(raw)
    yield from _accepts(raw)
    yield from _identifiers(raw)
    yield from _roll(raw)
    yield from board_checks(raw, {risk for _, risk in _risks(raw)})
    yield from _contests(raw)
    yield from _policy(raw)


def _window(raw: Raw) -> Iterator[Found]:
    try:
        window = Window.model_validate(raw.get("window"))
    except ValidationError:
        return
    for name in ("opens", "closes"):
        written = table(raw, "window")[name]
        if written.tzinfo is None:
            yield from _legal_hour(written, ZoneInfo(window.zone), ("window", name))
    # In UTC: two moments of one zone are subtracted by the clock on the wall, which a change of hour falsifies.
    lasts = window.closes.astimezone(UTC) - window.opens.astimezone(UTC)
    risks = {risk for _, risk in _risks(raw)}
    if lasts <= timedelta(0):
        yield Found(("window", "closes"), "window_reversed")
    elif lasts < SHORTEST and "short_window" not in risks:
        yield Found(("window", "closes"), "window_short", {"hours": int(SHORTEST.total_seconds()) // 3600})
    elif lasts > LONGEST and "long_window" not in risks:
        yield Found(("window", "closes"), "window_long", {"days": LONGEST.days})


def _legal_hour(written: datetime, zone: ZoneInfo, path: KeyPath) -> Iterator[Found]:
    """Refuse an hour that the change to summer time skips, or that the change to winter time strikes twice."""
    first, second = written.replace(tzinfo=zone, fold=0), written.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return
    exists = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == written
    yield Found(path, "window_hour_twice" if exists else "window_hour_skipped", {"zone": zone.key})


def _risks(raw: Raw) -> Iterator[tuple[int, str]]:
    """Yield the risks accepted with a reason."""
    for index, taken in tables(raw, "accepts"):
        reason = taken.get("reason")
        if isinstance(taken.get("risk"), str) and isinstance(reason, str) and reason.strip():
            yield index, taken["risk"]


def _accepts(raw: Raw) -> Iterator[Found]:
    risks = [taken.get("risk") if isinstance(taken, Mapping) else None for taken in items(raw, "accepts")]
    yield from twice(risks, at("accepts", then="risk"))


def _identifiers(raw: Raw) -> Iterator[Found]:
    written = table(raw, "identifiers")
    alphabet = written.get("alphabet", ALPHABET)
    length = written.get("length", Identifiers.model_fields["length"].default)
    if not isinstance(alphabet, str):
        return
    path = ("identifiers", "alphabet")
    if not all(sign.isascii() and (sign.isdigit() or sign.isupper()) for sign in alphabet):
        yield Found(path, "alphabet_signs")
    if len(set(alphabet)) != len(alphabet):
        yield Found(path, "alphabet_twice")
    for group in LOOK_ALIKES:
        alike = sorted(set(group) & set(alphabet.upper()))
        if len(alike) > 1:
            yield Found(path, "alphabet_look_alikes", {"signs": " ".join(alike)})
    signs = len(set(alphabet))
    if isinstance(length, bool) or not isinstance(length, int) or length < 1 or signs < 2:
        return
    if length * math.log2(signs) < MINIMUM_BITS:
        needed = math.ceil(MINIMUM_BITS / math.log2(signs))
        yield Found(("identifiers", "length"), "identifiers_weak", {"bits": MINIMUM_BITS, "needed": needed})


def _roll(raw: Raw) -> Iterator[Found]:
    for name, field in table(raw, "roll", "fields").items():
        path = ("roll", "fields", name)
        if name in RESERVED_FIELDS:
            yield Found(path, "roll_field_reserved", {"name": name})
        if isinstance(field, Mapping):
            yield from twice(items(field, "kinds"), at(*path, "kinds"))
    fields = table(raw, "roll", "fields")
    targets = {*RESERVED_FIELDS, *fields, *(f"{name}_kind" for name in fields)}
    for header, target in table(raw, "roll", "columns").items():
        if isinstance(target, str) and target not in targets:
            yield Found(("roll", "columns", header), "roll_column_target", {"name": target, **near(target, targets)})


def _contests(raw: Raw) -> Iterator[Found]:
    colleges = {name for name in table(raw, "colleges") if isinstance(name, str)}
    boards = {name for name in table(raw, "boards") if isinstance(name, str)}
    contests = items(raw, "contests")
    ids = [contest.get("id") if isinstance(contest, Mapping) else None for contest in contests]
    yield from twice(ids, at("contests", then="id"))
    for index, contest in tables(raw, "contests"):
        path: KeyPath = ("contests", index)
        named = items(contest, "colleges")
        yield from twice(named, at(*path, "colleges"))
        for place, college in enumerate(named):
            if isinstance(college, str) and college not in colleges:
                yield Found((*path, "colleges", place), "college_unknown", near(college, colleges))
        board = contest.get("board")
        if isinstance(board, str) and board not in boards:
            yield Found((*path, "board"), "board_unknown", near(board, boards))
        yield from _lists(contest, path)


def _lists(contest: Raw, path: KeyPath) -> Iterator[Found]:
    written = [one if isinstance(one, Mapping) else {} for one in items(contest, "lists")]
    yield from twice([one.get("id") for one in written], at(*path, "lists", then="id"))
    yield from twice([one.get("name") for one in written], at(*path, "lists", then="name"), fold=True)
    seats = contest.get("seats")
    places = [
        (index, place, candidate)
        for index, one in enumerate(written)
        for place, candidate in enumerate(items(one, "candidates"))
    ]
    yield from twice(
        [candidate for _, _, candidate in places],
        lambda at: (*path, "lists", places[at][0], "candidates", places[at][1]),
        "candidate_twice",
        fold=True,
    )
    for index, one in enumerate(written):
        candidates = one.get("candidates")
        if not isinstance(candidates, list):
            continue
        if not candidates:
            yield Found((*path, "lists", index, "candidates"), "list_empty")
        if isinstance(seats, int) and not isinstance(seats, bool) and seats >= 1 and len(candidates) > 2 * seats:
            yield Found((*path, "lists", index, "candidates"), "list_too_long", {"maximum": 2 * seats})


def _policy(raw: Raw) -> Iterator[Found]:
    factors = {name for name in table(raw, "factors") if isinstance(name, str)}
    branches = [one if isinstance(one, Mapping) else {} for one in items(table(raw, "policy"), "any")]
    yield from twice([one.get("id") for one in branches], at("policy", "any", then="id"))
    for index, branch in enumerate(branches):
        path: KeyPath = ("policy", "any", index, "all")
        named = items(branch, "all")
        yield from twice(named, at(*path))
        for place, instance in enumerate(named):
            if isinstance(instance, str) and instance not in factors:
                yield Found((*path, place), "factor_unknown", near(instance, factors))
    used = [one.get("plugin") if isinstance(one, Mapping) else None for one in items(raw, "eligibility")]
    yield from twice(used, at("eligibility", then="plugin"))
