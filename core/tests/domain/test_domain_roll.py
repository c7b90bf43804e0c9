"""The roll: all or nothing, identifiers nobody can guess, keys found normalised, comparisons that tell nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from isoloir import roll
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.store.engine import Store


async def test_entries_come_back_as_they_were(store: Store, election: ElectionFile, make_elector: Any) -> None:
    """An entry keeps its values, gets an opaque id and an identifier, and shows its name."""
    new = make_elector(1, locale="en")
    assert await roll.add_entries(store, election, [new]) == 1
    (kept,) = await roll.entries(store, election.id)
    assert kept.display == "Dr Alix Martin1"
    assert (kept.email, kept.fields, kept.kinds, kept.locale) == (new.email, new.fields, new.kinds, "en")
    assert kept.contests == ("cspm", "csn")
    assert len(kept.id) == 32
    assert len(kept.identifier) == 7
    assert set(kept.identifier) <= set(election.identifiers.alphabet)
    assert await roll.entry(store, election.id, kept.id) == kept
    assert await roll.entry(store, "another", kept.id) is None


async def test_roll_is_all_or_nothing(store: Store, election: ElectionFile, make_elector: Any) -> None:
    """One bad line far down keeps every line out; without it all are in."""
    good = [make_elector(n) for n in range(2_500)]
    with pytest.raises(IsoloirError) as raised:
        await roll.add_entries(store, election, [*good, make_elector(1, college="nobody")])
    assert (raised.value.code, raised.value.where["line"]) == ("roll_college_unknown", 2_501)
    assert await roll.count(store, election.id) == 0
    assert await roll.add_entries(store, election, good) == 2_500
    assert len({entry.identifier for entry in await roll.entries(store, election.id)}) == 2_500


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"college": "nobody"}, "roll_college_unknown"),
        ({"contests": ("nothing",)}, "roll_contest_unknown"),
        ({"fields": {"birth": "1970"}}, "roll_field_unknown"),
    ],
)
async def test_lines_must_fit_the_election(
    store: Store, election: ElectionFile, make_elector: Any, changes: dict[str, Any], code: str
) -> None:
    """A college, contest or field that the election file does not have is refused, never dropped in silence."""
    with pytest.raises(IsoloirError, match=code):
        await roll.add_entries(store, election, [make_elector(1, **changes)])
    assert await roll.count(store, election.id) == 0


async def test_interrupted_source_adds_nothing(store: Store, election: ElectionFile, make_elector: Any) -> None:
    """A generator that fails half-way leaves an empty roll."""

    def failing() -> Iterator[roll.NewEntry]:
        for number in range(4_000):
            yield make_elector(number)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await roll.add_entries(store, election, failing())
    assert await roll.count(store, election.id) == 0


async def test_identifiers_run_out_in_plain_words(store: Store, make_election: Any, make_elector: Any) -> None:
    """Where alphabet and length give too few identifiers, the roll is refused instead of turning for ever."""
    short = make_election(identifiers={"length": 4, "alphabet": "AB"})
    assert await roll.add_entries(store, short, [make_elector(n) for n in range(8)]) == 8
    with pytest.raises(IsoloirError, match="identifiers_exhausted"):
        await roll.add_entries(store, short, [make_elector(9)])
    assert await roll.count(store, short.id) == 8


async def test_identifier_is_found_as_people_type_it(store: Store, election: ElectionFile, make_elector: Any) -> None:
    """Case, blanks and dashes do not count; another identifier, an empty one or another election finds nobody."""
    await roll.add_entries(store, election, [make_elector(1), make_elector(2)])
    first, second = await roll.entries(store, election.id)
    typed = " " + "-".join(first.identifier.lower()) + " "
    assert await roll.by_identifier(store, election, typed) == first
    assert await roll.by_identifier(store, election, second.identifier) == second
    for wrong in ("", " - ", first.identifier + "A", first.id, "%", first.identifier[:-1] + "_"):
        assert await roll.by_identifier(store, election, wrong) is None
    other = election.model_copy(update={"id": "other"})
    assert await roll.by_identifier(store, other, first.identifier) is None


async def test_key_finds_exactly_one(store: Store, election: ElectionFile, make_elector: Any) -> None:
    """A key finds the one entry that has it; two, none, an empty one and a field that is no key find nobody."""
    await roll.add_entries(
        store,
        election,
        [
            make_elector(1),
            make_elector(2, fields={"rpps": "777", "ordinal_number": "1"}),
            make_elector(3, fields={"rpps": "7 7 7"}),
            make_elector(4, fields={}),
            make_elector(5, fields={"rpps": " - "}),
        ],
    )
    found = await roll.by_key(store, election, "rpps", "1000 0000 001")
    assert found is not None
    assert found.last_name == "Martin1"
    assert await roll.by_key(store, election, "rpps", "777") is None
    assert await roll.by_key(store, election, "rpps", "778") is None
    assert await roll.by_key(store, election, "rpps", "") is None
    assert await roll.by_key(store, election, "rpps", "--") is None
    assert await roll.by_key(store, election, "ordinal_number", "751") is None
    assert await roll.by_key(store, election, "identifier", found.identifier) is None


async def test_values_are_compared_normalised(store: Store, election: ElectionFile, make_elector: Any) -> None:
    """The field's normaliser decides; a missing or empty value matches nothing, not even emptiness."""
    await roll.add_entries(store, election, [make_elector(1, fields={"ordinal_number": "é-75/12 b"})])
    (entry,) = await roll.entries(store, election.id)
    assert roll.matches(election, entry, "ordinal_number", "E7512B")
    assert roll.matches(election, entry, "identifier", entry.identifier.lower())
    assert roll.matches(election, entry, "last_name", "MARTIN1")
    assert not roll.matches(election, entry, "ordinal_number", "E7512")
    assert not roll.matches(election, entry, "rpps", "")
    assert not roll.matches(election, entry, "email", entry.email)
    assert not roll.matches(election, entry, "id", entry.id)
    assert not roll.matches(election, entry, "unknown", "")


async def test_contests_follow_college_and_roll(store: Store, election: ElectionFile, make_elector: Any) -> None:
    """A college gives its contests; the roll may narrow them and never widens them."""
    await roll.add_entries(
        store,
        election,
        [
            make_elector(1),
            make_elector(2, contests=("csn",)),
            make_elector(3, college="pu"),
            make_elector(4, college="pu", contests=("cspm", "csn")),
        ],
    )
    rights = {
        entry.last_name: [contest.id for contest in roll.contests_of(election, entry)]
        for entry in await roll.entries(store, election.id)
    }
    assert rights == {
        "Martin1": ["cspm", "csn"],
        "Martin2": ["csn"],
        "Martin3": ["csn"],
        "Martin4": ["csn"],
    }


async def test_nobody_is_printed(
    tmp_path: Path, election: ElectionFile, make_elector: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither an entry's repr nor any log, the drivers' own at their most talkative, names a voter."""
    for name in (None, "aiosqlite", "sqlalchemy.engine.Engine", "sqlalchemy.engine", "sqlalchemy.pool"):
        caplog.set_level(logging.DEBUG, name)
    store = await Store.open(tmp_path / "logged.sqlite3")
    await roll.add_entries(store, election, [make_elector(1)])
    (entry,) = await roll.entries(store, election.id)
    await store.close()
    assert "INSERT INTO main.roll_entry" in caplog.text
    told = repr(entry) + repr(make_elector(1)) + caplog.text
    for secret in (entry.id, entry.identifier, "Martin1", "alix1", "612345678", "10000000001", "75/1"):
        assert secret not in told
