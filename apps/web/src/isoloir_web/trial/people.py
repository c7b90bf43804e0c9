"""Invented people for a roll, from what the election file says that a roll holds."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from isoloir.config.election import ElectionFile

_FIRST = (
    "Alix",
    "Camille",
    "Dominique",
    "Sacha",
    "Maël",
    "Noor",
    "Lou",
    "Éden",
    "Charlie",
    "Andrea",
    "Yaël",
    "Swann",
)
_LAST = (
    "Aubin", "Berthaud", "Cazenave", "Delmas", "Étienne", "Fournel", "Guérin", "Hénaff", "Imbert", "Jacquet",
    "Kermadec", "Lagarde", "Marchal", "Noiret", "Ollivier", "Pradel", "Quentin", "Ravel", "Santoni", "Thibault",
)  # fmt: skip
_RPPS_DIGITS = 11


@dataclass(frozen=True)
class Person:
    """Somebody of a simulated roll, with what they would type."""

    email: str
    first_name: str
    last_name: str
    mobile: str
    college: str
    fields: dict[str, str] = field(repr=False)
    kinds: dict[str, str]


def people(election: ElectionFile, number: int, draw: random.Random) -> list[Person]:
    """Invent that many people, spread over the colleges, some with each kind of number."""
    colleges = list(election.colleges)
    return people_of(election, [colleges[index % len(colleges)] for index in range(number)], draw)


def people_of(election: ElectionFile, colleges: Iterable[str], draw: random.Random) -> list[Person]:
    """Invent somebody for each of these colleges, in their order."""
    return [_person(election, index, college, draw) for index, college in enumerate(colleges)]


def _person(election: ElectionFile, index: int, college: str, draw: random.Random) -> Person:
    fields, kinds = {}, {}
    for name, declared in election.roll.fields.items():
        if declared.normalise == "digits":
            fields[name] = _digits(index, declared.length or _RPPS_DIGITS)
        elif declared.length:
            fields[name] = _digits(index, declared.length)
        else:
            fields[name] = f"{draw.randrange(1, 96):02}/{100_000 + index}"
        if declared.kinds:
            kinds[name] = draw.choices(declared.kinds, [9, *[1] * (len(declared.kinds) - 1)])[0]
    first, last = draw.choice(_FIRST), draw.choice(_LAST)
    return Person(
        email=f"voter{index}@hopital.example.org",
        first_name=first,
        last_name=last,
        mobile=f"+336123{index:05d}" if draw.random() < 0.7 else "",
        college=college,
        fields=fields,
        kinds=kinds,
    )


def _digits(index: int, length: int) -> str:
    """Return a number that nobody has: RPPS numbers of invented people begin with 997."""
    return f"997{index:0{length - 3}d}" if length > 6 else f"{index:0{length}d}"


def as_csv(found: list[Person]) -> bytes:
    """Return the people as a roll to import: UTF-8, semicolons, header in English."""
    written = io.StringIO()
    rows = list(_rows(found))
    writer = csv.DictWriter(written, fieldnames=list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()


def _rows(found: list[Person]) -> Iterator[dict[str, str]]:
    for person in found:
        row = {
            "title": "Dr",
            "last_name": person.last_name,
            "first_name": person.first_name,
            "email": person.email,
            "mobile": person.mobile,
            **person.fields,
        }
        for name, kind in person.kinds.items():
            row[f"{name}_kind"] = kind
        row["college"] = person.college
        yield row
