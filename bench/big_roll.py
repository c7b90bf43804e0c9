"""A roll of any size, invented, always the same: what a hospital's spreadsheet would hold."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from isoloir.config.election import ElectionFile
from isoloir.config.reading import read_election

EXAMPLE = Path(__file__).parents[1] / "examples" / "medecins-2024"
HEADER = "civilite;nom;prenom;courriel;mobile;rpps;numero_ordre;type_numero;college;scrutins"
_FIRST = ("Adèle", "Aïcha", "Benoît", "Camille", "Chloé", "Élise", "François", "Gaël", "Hélène", "Loïc", "Zoé")
_LAST = ("Abadie", "Béraud", "Cazenave", "Dufresne", "Évrard", "Fabrègue", "Guérin", "Jaffré", "L’Hostis", "Villard")
_CONTESTS = ("cspm-ph,csn-medecine", "cspm-ph,csn-chirurgie")


def lines(number: int) -> Iterator[str]:
    """Yield the header and `number` electors, one in ten with a number overseas, one in ten without a mobile."""
    yield HEADER
    draw = random.Random(number)
    for index in range(number):
        first, last = draw.choice(_FIRST), draw.choice(_LAST)
        mobile = ("", f"0690 {index % 100:02d} 12 34")[index % 2] if index % 10 < 2 else f"06 12 {index % 10**6:06d}"
        yield (
            f"Dr;{last};{first};voter{index}@chu.example.org;{mobile};{99_000_000_000 + index:011d};"
            f"{index % 95 + 1:02d}/{index};ordinal;ph;{_CONTESTS[index % 2]}"
        )


def write(path: Path, number: int, encoding: str = "utf-8") -> None:
    """Write such a roll."""
    with path.open("w", encoding=encoding, newline="\r\n") as file:
        file.writelines(f"{line}\n" for line in lines(number))


def election() -> ElectionFile:
    """Return the election whose roll it is."""
    return read_election(EXAMPLE / "election.toml")
