"""Random manipulations: never accepted with another meaning, never anything but a refusal by a clause."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from ballot_kit.elections import Contest, build
from hypothesis import given, settings
from hypothesis import strategies as st

from isoloir_ballots import canonical
from isoloir_ballots.archive import events
from isoloir_ballots.auditor.texts import texts_in
from isoloir_ballots.election import Question
from isoloir_ballots.verify import Report, VerificationError, check_archive

from .box import Box, write

ENGLISH = texts_in("en")


@cache
def small() -> tuple[Contest, bytes, Report]:
    """An archive of two ballots of two choices, quick to verify again and again."""
    contest = build("Ed25519", (Question("?", ("a",), 0, 1, blank=True),), voters=3)
    archive = contest.archive([contest.vote(0, [[1, 0]]), contest.vote(1, [[0, 1]])]).getvalue()
    return contest, archive, check_archive(archive)


def meaning(report: Report, *, trackers: bool) -> tuple[Any, ...]:
    """What a reader takes from a report: which election, whose ballots, how many, with what result."""
    seen = (report.fingerprint, report.name, report.stage, report.ballots, report.weight, report.questions)
    return (*seen, report.trackers) if trackers else seen


def judged(archive: bytes, *, signed_again: bool = False) -> str:
    """The clause of a refusal, which the catalogue knows; what is accepted must mean what the untouched one does.

    A ballot that its voter signed again may be another, with another tracker and the same vote.
    """
    try:
        report = check_archive(archive)
    except VerificationError as error:
        return ENGLISH.clause(error.clause) and error.clause
    assert meaning(report, trackers=not signed_again) == meaning(small()[2], trackers=not signed_again)
    return ""


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_bytes_flipped_put_in_or_left_out(data: st.DataObject) -> None:
    """A few bytes changed, inserted or deleted anywhere: refused, whatever they are."""
    archive = bytearray(small()[1])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(archive) - 1))
        match data.draw(st.sampled_from(("flip", "insert", "delete", "copy"))):
            case "flip":
                archive[at] ^= data.draw(st.integers(1, 255))
            case "insert":
                archive[at:at] = data.draw(st.binary(min_size=1, max_size=600))
            case "delete":
                del archive[at : at + data.draw(st.integers(1, 600))]
            case "copy":
                block = at // 512 * 512
                archive[block:block] = archive[block : block + 512 * data.draw(st.integers(1, 8))]
        if not archive:
            return
    if bytes(archive) != small()[1]:
        cut_after_event = small()[1].startswith(bytes(archive))
        if cut_after_event:  # an earlier stage of the same election: see the case “truncated-after-event”
            return
        assert judged(bytes(archive))


HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([10**18, 10**25, -(10**25), 2**30, 2**40, 2**63]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(["0", "00", "1", "0" * 64, "0" * 63 + "1", "f" * 64, "9" * 80, "Single", "Result", "\x00"]),
    st.sampled_from([[], {}, [[]], [None], {"a": 1}, {"challenge": "0", "response": "0"}]),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container and key in a JSON value."""
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            found.append((value, key))
            found += places(value[key])
    return found


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_json_changed_and_chained_anew(data: st.DataObject) -> None:
    """A value anywhere in the JSON of any record made hostile, left out or moved, all digests right."""
    contest, archive, _ = small()
    box = Box.read(archive)
    part = data.draw(st.sampled_from([part for part in box.parts if part.data]))
    index = data.draw(st.integers(0, len(part.data) - 1))
    value = json.loads(part.data[index])
    all_places = places(value)
    container, key = data.draw(st.sampled_from(all_places))
    match data.draw(st.sampled_from(("put", "leave out", "copy", "double", "number"))):
        case "put":
            container[key] = data.draw(HOSTILE)
        case "leave out":
            del container[key]
        case "copy":
            other, other_key = data.draw(st.sampled_from(all_places))
            container[key] = json.loads(json.dumps(other[other_key]))
        case "double" if isinstance(container, list):
            container.insert(key, container[key])
        case _ if isinstance(container[key], str) and container[key].isdigit():
            container[key] = str(int(container[key]) + data.draw(st.integers(-3, 3)) * contest.group.q)
        case _:
            container[key] = data.draw(HOSTILE)
    part.data[index] = canonical.dump(value)
    signed_again = part.type == events.BALLOT and isinstance(value, dict) and data.draw(st.booleans())
    if signed_again:
        part.data[index] = contest.sign(value, data.draw(st.integers(0, 2)))
    judged(write(box.records()), signed_again=signed_again)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_text_changed_and_chained_anew(data: st.DataObject) -> None:
    """Bytes of the JSON of any record changed, all digests right: broken UTF-8, broken JSON, other spellings."""
    box = Box.read(small()[1])
    part = data.draw(st.sampled_from([part for part in box.parts if part.data]))
    index = data.draw(st.integers(0, len(part.data) - 1))
    body = bytearray(part.data[index])
    at = data.draw(st.integers(0, len(body)))
    put = data.draw(st.binary(max_size=6) | st.sampled_from([b" ", b"\n", b'"', b"[" * 2000, b"\\u0030", b"0", b"-"]))
    body[at : at + data.draw(st.integers(0, 4))] = put
    part.data[index] = bytes(body)
    judged(write(box.records()))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_events_and_numbers_changed_and_chained_on(data: st.DataObject) -> None:
    """Any field of any event, or a number beside a tally or share, exchanged for a hostile value."""
    box = Box.read(small()[1])
    part = data.draw(st.sampled_from(box.parts))
    if part.numbers and data.draw(st.booleans()):
        part.numbers[data.draw(st.sampled_from(sorted(part.numbers)))] = data.draw(HOSTILE)
    else:
        name = data.draw(st.sampled_from(("parent", "height", "type", "payload", "more")))
        part.event[name] = data.draw(HOSTILE)
    judged(write(box.records()))


def test_the_untouched_archive_is_accepted() -> None:
    """The judge of the tests above accepts what nobody touched, and would see another meaning."""
    contest, archive, _ = small()
    assert judged(archive) == ""
    other = contest.archive([contest.vote(0, [[0, 1]]), contest.vote(1, [[0, 1]])]).getvalue()
    with pytest.raises(AssertionError):
        judged(other)
