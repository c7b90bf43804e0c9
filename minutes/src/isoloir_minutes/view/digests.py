"""The digests by which every other file of the election is known."""

from __future__ import annotations

from isoloir_minutes import words
from isoloir_minutes.record import Contest, Record
from isoloir_minutes.view.frame import View, pair


def digests(record: Record) -> View:
    """Return them under four headings: the seal, each contest, lists and log."""
    rolls = enumerate(record.seal.rolls)
    line = words.number(record.audit_log.serial)
    return {
        "seal": [
            pair("Système", record.seal.system),
            *(
                pair(f"Liste, correction {number}" if number else "Liste électorale", value)
                for number, value in rolls
            ),
        ],
        "contests": [_contest(one) for one in record.contests],
        "rest": [
            pair("Émargement général", record.electors.poll_book_sha256),
            pair(f"Journal, ligne {line}", record.audit_log.hash),
        ],
    }


def _contest(one: Contest) -> View:
    return {
        "title": one.title,
        "sha256": [
            pair("Archive de l’urne", one.archive.sha256),
            pair("Urne figée", one.box.hash),
            pair("Liste d’émargement", one.poll_book_sha256),
        ],
        "names": [
            pair("Fichier de l’archive", one.archive.file),
            pair("Élection Belenios", one.archive.uuid),
            pair("Son empreinte", one.archive.fingerprint),
        ],
    }
