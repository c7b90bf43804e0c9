"""Voters of the example's roll, with what they would type, and the words of the pages in the language they read."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "medecins-2024"
ELECTION = "/e/medecins-2024"


@dataclass(frozen=True)
class Elector:
    """One line of the roll."""

    name: str
    rpps: str
    number: str
    mobile: str
    college: str

    @property
    def display(self) -> str:
        """The name as pages show it."""
        return f"Dr {self.name}"


def electors() -> dict[str, Elector]:
    """Return the doctors of the roll by first and last name."""
    with (EXAMPLE / "roll.csv").open(encoding="utf-8") as opened:
        return {
            f"{row['prenom']} {row['nom']}": Elector(
                f"{row['prenom']} {row['nom']}", row["rpps"], row["numero_ordre"], row["mobile"], row["college"]
            )
            for row in csv.DictReader(opened, delimiter=";")
            if row["civilite"] == "Dr"
        }


@dataclass(frozen=True)
class Words:
    """What one looks for on the pages, in one language."""

    locale: str
    psc: str
    password: str
    identifier: str
    number: str
    mobile: str
    go_on: str
    send_me: str
    code: str
    code_said: str
    vote: str
    blank: str
    check: str
    cast: str
    done: str
    keep: str
    contests: str
    log_out: str
    change: str
    save_file: str
    check_page: str


FRENCH = Words(
    locale="fr-FR",
    psc="Pro Santé Connect",
    password="identifiant et un mot de passe",
    identifier="identifiant",
    number="Numéro d’ordre",
    mobile="téléphone portable",
    go_on="Continuer",
    send_me="Recevoir mon mot de passe",
    code="Mot de passe",
    code_said=r"mot de passe est (\d{8})",
    vote="Voter",
    blank="Vote blanc",
    check="Vérifier mon choix",
    cast="Déposer",
    done="dans l’urne",
    keep="Enregistrer la preuve",
    contests="Revenir aux scrutins",
    log_out="Terminer et me déconnecter",
    change="Modifier mon choix",
    save_file="Enregistrer le fichier",
    check_page="Ouvrir la page de contrôle",
)
ENGLISH = Words(
    locale="en-GB",
    psc="Pro Santé Connect",
    password="identifier and a password",
    identifier="identifier",
    number="ordinal number",
    mobile="mobile",
    go_on="Continue",
    send_me="Receive my password",
    code="Password",
    code_said=r"password is (\d{8})",
    vote="Vote",
    blank="Blank vote",
    check="Check my choice",
    cast="Cast",
    done="in the ballot box",
    keep="Save",
    contests="Back to the contests",
    log_out="Finish and log out",
    change="Change my choice",
    save_file="Save the file",
    check_page="Open the checking page",
)

LANGUAGES = pytest.mark.parametrize("words", [FRENCH, ENGLISH], ids=["fr", "en"])
