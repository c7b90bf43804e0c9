"""Write roll.csv: 240 invented voters, always the same, the demonstration's four first.

Nobody here exists. Addresses are at domains kept for examples (RFC 2606). The range that the French numbering plan
keeps for fiction (06 39 98) is no valid mobile to a checker of numbers, so these are of the form 06 12 34 xx xx;
a demonstration shows its messages and calls nobody.
"""

from __future__ import annotations

import csv
import random
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

VOTERS = 240
SEED = 20240611
HEADER = (
    "civilite",
    "nom",
    "prenom",
    "courriel",
    "mobile",
    "rpps",
    "numero_ordre",
    "type_numero",
    "college",
    "scrutins",
)
CONTESTS = {
    "ph": (("cspm-ph", "csn-medecine"), ("cspm-ph", "csn-chirurgie")),
    "hu": (("cspm-hu", "csn-hu"),),
    "contractuels": (("cspm-contractuels",),),
}
FIRST_NAMES = (
    "Adèle Aïcha Alexis Anaïs Antoine Audrey Aurore Baptiste Benoît Bérénice Bruno Carole Cécile Charles Chloé"
    " Claire Clément Coralie Cyril Damien Delphine Denis Diane Élise Éric Estelle Étienne Fabien Fanny Félix"
    " Florence Gaël Gilles Hélène Hugo Inès Irène Jean-Marc Jeanne Joël Julie Karim Laure Léa Loïc Lucas Lucie"
    " Maëlle Manon Marc Marie-Laure Mathilde Maud Michel Myriam Nadia Nathan Noël Odile Olivier Pascale Paul"
    " Pauline Quentin Rachel Raphaël Rémi Renée Romain Sabine Samir Sarah Sébastien Simon Sofia Sophie Sylvain"
    " Tanguy Thaïs Thomas Valérie Vincent Xavier Yann Yasmine Zoé"
)
LAST_NAMES = (
    "Abadie Alvergne Ancelin Arnoux Aubertin Baillet Barrois Bastide Bellanger Béraud Bessière Boisson Bonnard"
    " Bourgeon Brossard Cadiou Carpentier Cazenave Chabrol Chardin Chauvel Collinet Cordonnier Coste Courtois"
    " Cuvelier Daguerre Darmon Delacour Delmas Desbois Dufresne Dumoulin Duperron Escoffier Fabrègue Farges"
    " Féron Fouquet Gaillac Garrigue Gaudry Genest Girardon Grandjean Guérin-Lavoie Hamelin Hérisson Hubert-Nay"
    " Icard Jaffré Jolivet Kerdoncuff Labarthe Lacaze Lagrange Lamotte Latour Lavigne Lebreton Leclair L’Hostis"
    " Loiseau Magnan Maillard Marsac Mauduit Ménard Meynard Montel Moreau-Vic Nadal Noguès Olivier-Tan Orland"
    " Pagès Parmentier Pelletan Picot Poirel Pradier Quéméneur Rabier Raynaud Renaudin Ribot Rocher Sabatier"
    " Saunier Serres Taillefer Tardieu Thibaud Tournier Vaillant Valette Vergnes Vialard Villard Ysard Zimmer"
)
DOMAINS = ("chu.example.org", "hopital.example.net", "sante.example.com")
OVERSEAS = ("0690", "0694", "0696", "0692")
PERSONAS = """\
Dr;Martin;Alix;alix.martin@chu.example.org;06 12 34 00 01;99700000017;75/10017;ordinal;ph;cspm-ph,csn-medecine
Dr;Bernard;Camille;camille.bernard@hopital.example.net;;99700000025;69/10025;ordinal;ph;cspm-ph,csn-chirurgie
Dr;Petit;Dominique;d.petit@chu.example.org;06 12 34 00 03;99700000033;SUB-4F7K-2M;substitut;ph;cspm-ph,csn-medecine
Dr;Laurent;Sacha;sacha.laurent@sante.example.com;06 12 34 00 04;99700000041;33/10041;ordinal;hu;cspm-hu,csn-hu
"""
"""Alix comes by Pro Santé Connect (the simulator's national id 899700000017); Camille by identifier and password,
with a mobile that the roll does not hold; Dominique has a substitute number sent by post; Sacha is of another
college, with other contests, and reads English."""


def rows() -> Iterator[tuple[str, ...]]:
    """Yield the rows of the roll, the personas first; the same on every machine."""
    personas = [tuple(line.split(";")) for line in PERSONAS.splitlines()]
    yield from personas
    draw = random.Random(SEED)  # noqa: S311 - an example that must always be the same
    numbers = draw.sample(range(1_000_000), VOTERS)
    for index in range(len(personas), VOTERS):
        last, first = draw.choice(LAST_NAMES.split()), draw.choice(FIRST_NAMES.split())
        college = draw.choices(("ph", "hu", "contractuels"), weights=(6, 2, 2))[0]
        substitute = draw.random() < 0.10
        yield (
            "Pr" if college == "hu" and draw.random() < 0.5 else "Dr",
            last,
            first,
            f"{_plain(first)}.{_plain(last)}.{index}@{draw.choice(DOMAINS)}",
            _mobile(draw, index),
            _with_check_digit(f"997{numbers[index]:07d}"),
            _substitute(draw) if substitute else f"{draw.randint(1, 95):02d}/{20_000 + index}",
            "substitut" if substitute else "ordinal",
            college,
            ",".join(draw.choice(CONTESTS[college])),
        )


def _with_check_digit(digits: str) -> str:
    """Return the number that ends in its Luhn digit, as real ones do: the check of a roll warns of the others."""
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(digits)]
    total = sum(value - 9 * (value > 9) for value in doubled)
    return f"{digits}{-total % 10}"


def _mobile(draw: random.Random, index: int) -> str:
    kind = draw.random()
    if kind < 0.12:
        return ""
    if kind < 0.20:
        return f"{draw.choice(OVERSEAS)}{200_000 + index:06d}"
    written = f"061234{1000 + index:04d}"
    return " ".join(written[at : at + 2] for at in range(0, 10, 2)) if index % 3 else f"+33{written[1:]}"


def _substitute(draw: random.Random) -> str:
    signs = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
    drawn = "".join(draw.choice(signs) for _ in range(6))
    return f"SUB-{drawn[:4]}-{drawn[4:]}"


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.lower())
    return "".join(sign for sign in decomposed if sign.isascii() and (sign.isalpha() or sign == "-"))


def main(target: Path) -> None:
    """Write the roll."""
    with target.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, delimiter=";", lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("roll.csv"))
