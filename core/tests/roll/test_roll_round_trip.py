"""What is exported is imported again the same; and a change of one cell is seen."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from isoloir import roll
from isoloir.config.election import ElectionFile
from isoloir.roll import NewEntry, RollEntry
from isoloir.roll_import import read_roll
from isoloir.roll_import.writing import write_roll

CELLS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=30)
NAMES = (
    CELLS | st.sampled_from(['L’Hostis "Zoé"', "a;b,c", "d'Arc", "'0612", '="0612"', "-", " x  y ", "sep=;"])
).map(lambda text: " ".join(text.split()))
PEOPLE = st.lists(
    st.builds(
        NewEntry,
        civility=st.sampled_from(["", "Dr", "Pr"]),
        last_name=NAMES,
        first_name=NAMES,
        email=st.sampled_from(["", "a@chu.example", "B.c+d@x-y.example.org"]),
        mobile=st.sampled_from(["", "+33612345678", "+590690001234", "+41781234567"]),
        college=st.just("ph"),
        contests=st.sampled_from([("cspm",), ("csn",), ("cspm", "csn")]),
        fields=st.fixed_dictionaries(
            {
                "rpps": st.integers(10**10, 10**11 - 1).map(str),
                "ordinal_number": st.from_regex(r"[0-9]{1,2}/[0-9A-Z]{1,6}", fullmatch=True),
            }
        ),
        kinds=st.fixed_dictionaries({"ordinal_number": st.sampled_from(["ordinal", "substitute"])}),
        locale=st.sampled_from(["fr", "en"]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one.fields["rpps"],
)
SETTINGS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def imported(election: ElectionFile, text: str, codec: str = "utf-8") -> list[NewEntry]:
    preview = read_roll(text.encode(codec), election)
    assert preview.errors == ()
    return [*preview.entries]


def exported(election: ElectionFile, entries: Sequence[NewEntry]) -> str:
    async def each() -> AsyncIterator[RollEntry]:
        for entry in roll.made(election, entries):
            yield entry

    file = io.StringIO()
    assert asyncio.run(write_roll(file, election, each())) == len(entries)
    return file.getvalue()


def as_importable(election: ElectionFile, people: Sequence[NewEntry]) -> list[NewEntry]:
    """Return people as a first import has them; those that it refuses (formulas, no name) are left out."""
    text = exported(election, people)
    preview = read_roll(text.encode(), election)
    assume(not preview.errors)
    return [*preview.entries]


def by_key(entries: Sequence[NewEntry]) -> dict[str, NewEntry]:
    return {entry.fields["rpps"]: entry for entry in entries}


@SETTINGS
@given(people=PEOPLE, codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_a_roll_comes_back_the_same(election: ElectionFile, people: list[NewEntry], codec: str) -> None:
    """Any roll that was imported, exported and imported again is equal, in each Unicode encoding."""
    first = as_importable(election, people)
    assert by_key(imported(election, exported(election, first), codec)) == by_key(first)


@SETTINGS
@given(people=PEOPLE, data=st.data())
def test_a_changed_cell_is_seen(election: ElectionFile, people: list[NewEntry], data: st.DataObject) -> None:
    """One cell changed in the exported file, and the roll read from it is another one."""
    first = as_importable(election, people)
    rows = list(csv.reader(io.StringIO(exported(election, first)), delimiter=";"))
    place = data.draw(st.sampled_from(range(len(rows[0]))))
    line = data.draw(st.integers(1, len(rows) - 1))
    other = {
        "title": "Mme", "last_name": "Autre", "first_name": "Autre", "email": "other@chu.example",
        "mobile": "+33698765432", "rpps": "1", "ordinal_number": "99/OTHER7", "ordinal_number_kind": "ordinal",
        "college": "ph", "contests": "cspm", "language": "fr",
    }[rows[0][place]]  # fmt: skip
    assume(rows[line][place] != other)
    rows[line][place] = other
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerows(rows)
    assert by_key(imported(election, file.getvalue())) != by_key(first)


def test_an_export_is_sorted_by_name(election: ElectionFile) -> None:
    """As people sort: without case and accents."""
    one = NewEntry("", "", "", "", "", "ph", fields={"rpps": "1", "ordinal_number": "2"})
    names = ["zola", "Évrard", "Abadie", "eliot"]
    people = [replace(one, last_name=name, first_name="X", fields={**one.fields, "rpps": name}) for name in names]
    lines = exported(election, people).splitlines()[1:]
    assert [line.split(";")[1] for line in lines] == ["Abadie", "eliot", "Évrard", "zola"]
