"""What members have written into the minutes: recorded with a line in the audit log, and told as it was recorded."""

from datetime import UTC, datetime

import pytest

from isoloir import audit_log, composition, lifecycle, remarks
from isoloir.clock import ShiftedClock
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.store import lifecycle_store


def both(text):
    return {"fr": text, "en": text}


MEMBER = {"role": "president", "name": "Alix Martin"}


@pytest.fixture
def election():
    return ElectionFile.model_validate(
        {
            "id": "trial",
            "title": both("Essai"),
            "window": {"opens": datetime(2024, 6, 11, 9), "closes": datetime(2024, 6, 18, 17)},  # noqa: DTZ001
            "help_line": {"phone": "01 02 03 04 05", "hours": both("9-17")},
            "sender": {"name": "Bureau", "address": "bureau@vote.example", "subject": both("Vote")},
            "colleges": {"ph": both("PH")},
            "boards": {
                "national": {"members": {"president": MEMBER, "delegate-1": MEMBER | {"role": "delegate"}}},
                "regional": {"members": {"president": MEMBER | {"stands_for": "A"}, "observer": MEMBER}},
            },
            "contests": [
                {
                    "id": "cspm", "title": both("CSPM"), "colleges": ["ph"], "board": "national", "seats": 1,
                    "lists": [{"id": "a", "name": "Liste A", "candidates": ["A1"]}],
                }
            ],
            "factors": {"x": {"plugin": "x"}},
            "policy": {"any": [{"id": "x", "label": both("X"), "all": ["x"]}]},
        }
    )  # fmt: skip


@pytest.fixture
async def clock(store, election):
    clock = ShiftedClock()
    clock.move_to(datetime(2024, 6, 12, 10, 30, 5, tzinfo=UTC))
    await lifecycle.create(store, election, clock)
    return clock


async def test_a_text_comes_back_as_it_was_recorded(store, election, clock):
    """Board, member, kind, moment and text are told; the log has the digest alone, and its chain holds."""
    head = await remarks.add(store, election, clock, member="delegate-1", kind="remark", text=" Une « remarque ».\n")
    await remarks.add(store, election, clock, member="president", board="regional", kind="event", text="Panne.")
    first, second = await remarks.remarks(store, election)
    assert (first.board, first.member, first.kind, first.text) == (
        "national",
        "delegate-1",
        "remark",
        "Une « remarque ».",
    )
    assert first.serial == head.serial
    assert abs((first.at - datetime(2024, 6, 12, 10, 30, 5, tzinfo=UTC)).total_seconds()) < 60
    assert (second.board, second.kind) == ("regional", "event")
    lines = await audit_log.lines(store, "trial")
    assert [line.act for line in lines] == ["configured", "remark_recorded", "remark_recorded"]
    assert all("remarque" not in line.details for line in lines)
    assert (await audit_log.verify(store)).holds


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"text": " \n"}, "remark_empty"),
        ({"text": "x" * 4_001}, "remark_too_long"),
        ({"member": "nobody"}, "remark_member_unknown"),
        ({"member": "observer", "board": "national"}, "remark_member_unknown"),
        ({"member": "president"}, "remark_board_needed"),
    ],
)
async def test_what_cannot_be_recorded_is_refused(store, election, clock, given, code):
    """Nothing, too much, a stranger, a member of another board, whoever might be two people: nothing is written."""
    with pytest.raises(IsoloirError, match=code):
        await remarks.add(store, election, clock, **{"member": "delegate-1", "kind": "remark", "text": "x", **given})
    assert await remarks.remarks(store, election) == []
    assert len(await audit_log.lines(store, "trial")) == 1


async def test_remarks_have_their_time(store, election):
    """Before the election is configured, and once it is archived, nothing is recorded (remark_not_now)."""
    clock = ShiftedClock()
    for state in ("draft", "archived"):
        async with store.write("box") as session:
            await lifecycle_store.set_state(session, "trial", state)
        with pytest.raises(IsoloirError, match="remark_not_now"):
            await remarks.add(store, election, clock, member="delegate-1", kind="remark", text="x")


async def test_a_text_that_is_not_as_logged_is_noticed(store, election, clock):
    """A text put beside the log, without its line, is no remark (remark_changed)."""
    await remarks.add(store, election, clock, member="delegate-1", kind="remark", text="x")
    async with store.write("box") as session:
        told = {"board": "national", "member": "delegate-1", "kind": "remark", "text": "y", "serial": 2}
        await lifecycle_store.put_fact(session, "trial", "remarks", told)
    with pytest.raises(IsoloirError, match="remark_changed"):
        await remarks.remarks(store, election)


def test_the_composition_of_a_board_is_read_in_one_place(election):
    """Ids, roles and names are the file's; what it does not say is empty."""
    told = composition.composition(election)
    assert [one.role for one in told["national"]] == ["president", "delegate"]
    assert told["regional"][0] == composition.Member("president", "president", "Alix Martin", "A", "")
