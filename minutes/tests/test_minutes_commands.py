"""The commands: what they say, how they answer, and that nothing of an elector is on the screen."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from isoloir.commands import main
from isoloir.texts import read_catalogues
from isoloir_minutes import checking
from isoloir_minutes.package import verifying
from isoloir_minutes.record import NAME

pytestmark = pytest.mark.xdist_group("minutes")


@pytest.fixture
def instance(tallied, tmp_path):
    """A copy of the instance, to be written into."""
    return Path(shutil.copytree(tallied, tmp_path / "instance"))


def isoloir(*arguments, instance=None, lang="fr"):
    given = ["--lang", lang, *(("--instance", str(instance)) if instance else ()), *map(str, arguments)]
    return CliRunner().invoke(main, given, catch_exceptions=False)


def test_from_the_tally_to_the_package(instance, tmp_path):
    """make, sign, check, archive make, archive verify: each answers 0 and says what it did, and the act is logged."""
    papers, file = tmp_path / "papers", tmp_path / "essai.tar"
    ran = isoloir("minutes", "make", "essai", papers, instance=instance)
    assert ran.exit_code == 0, ran.output
    assert "12 fichiers dans" in ran.output
    assert "gardez-les deux ans sous clé" in ran.output
    assert isoloir("minutes", "check", papers).exit_code == 1
    ran = isoloir("minutes", "sign", papers, "--demonstration")
    assert ran.exit_code == 0, ran.output
    assert "6 documents signés." in ran.output
    ran = isoloir("minutes", "check", papers, instance=instance)
    assert ran.exit_code == 0, ran.output
    assert "DÉMONSTRATION" in ran.output
    assert "Le certificat est auto-signé" in ran.output
    assert "✓ vide.bel" in ran.output
    ran = isoloir("archive", "make", "essai", file, "--papers", papers, "--json", instance=instance)
    assert ran.exit_code == 0, ran.output
    digest = json.loads(ran.stdout)["sha256"]
    ran = isoloir("election", "status", "essai", "--json", instance=instance)
    assert json.loads(ran.stdout)["state"] == "archived"
    assert digest in (instance / "isoloir.sqlite3").read_bytes().decode("latin-1")
    ran = isoloir("archive", "verify", file, lang="en")
    assert ran.exit_code == 0, ran.output
    assert "Everything verifies" in ran.output
    file.write_bytes(file.read_bytes().replace(b"Essai00", b"Essai99"))
    ran = isoloir("archive", "verify", file)
    assert ran.exit_code == 1
    assert "✗ roll/roll.jsonl" in ran.output
    assert "digest_differs\u202f:" in ran.output or "digest_differs:" in ran.output


def test_what_is_wrong_is_said_in_both_languages(signed, archives):
    """A changed poll book: exit 1, its code and a sentence, in French, in English and as JSON; no name is echoed."""
    book = signed / "emargement-egalite.csv"
    book.write_bytes(book.read_bytes().replace(b"Essai00", b"Essai99"))
    for lang, sentence in (("fr", "n’a pas l’empreinte"), ("en", "has not the digest")):
        ran = isoloir("minutes", "check", signed, "--archives", archives, lang=lang)
        assert ran.exit_code == 1
        assert sentence in " ".join(ran.output.split())
        assert "Essai" not in ran.output.replace("DÉMONSTRATION", "")
    ran = isoloir("minutes", "check", signed, "--archives", archives, "--json")
    told = json.loads(ran.stdout)
    assert told["holds"] is False
    assert [one["faults"] for one in told["checked"] if one["faults"]] == [["poll_book_changed"]]


def test_refusals_answer_one_with_a_code(instance, papers, record, tmp_path):
    """An unknown election, a taken folder, a real election's demonstration, both certificates or none."""
    ran = isoloir("minutes", "make", "autre", tmp_path / "x", instance=instance)
    assert (ran.exit_code, "election_unknown" in ran.stderr) == (1, True)
    ran = isoloir("minutes", "make", "essai", papers, instance=instance)
    assert (ran.exit_code, "minutes_folder_taken" in ran.stderr) == (1, True)
    assert isoloir("minutes", "sign", papers).exit_code == 2
    assert isoloir("minutes", "sign", papers, "--demonstration", "--certificate", papers / NAME).exit_code == 2
    ran = isoloir("minutes", "sign", papers, "--certificate", papers / NAME)
    assert (ran.exit_code, "certificate_unreadable" in ran.stderr) == (1, True)
    ran = isoloir("minutes", "check", papers, "--trust", papers / NAME)
    assert (ran.exit_code, "certificate_unreadable" in ran.stderr) == (1, True)
    (papers / NAME).write_bytes(replace(record, test=False).to_bytes())
    ran = isoloir("minutes", "sign", papers, "--demonstration")
    assert (ran.exit_code, "certificate_self_signed" in ran.stderr) == (1, True)


def test_a_remark_is_recorded_and_printed(instance, record, tmp_path):
    """`election remark` answers with the log's line, and the next minutes print it under its member's name."""
    words = ("--by", "secretary", "--kind", "intervention", "Redémarrage du serveur web à 14 h.")
    ran = isoloir("election", "remark", "essai", *words, instance=instance)
    assert ran.exit_code == 0, ran.output
    serial = record.audit_log.serial + 1
    assert f"Consigné au journal, ligne {serial}" in ran.output
    ran = isoloir("election", "remark", "essai", "--by", "president", "x", instance=instance)
    assert (ran.exit_code, "remark_board_needed" in ran.stderr) == (1, True)
    assert isoloir("minutes", "make", "essai", tmp_path / "papers", "--json", instance=instance).exit_code == 0
    told = json.loads((tmp_path / "papers" / NAME).read_text())
    assert told["remarks"][-1]["text"] == "Redémarrage du serveur web à 14 h."
    assert told["remarks"][-1]["kind"] == "intervention"
    assert told["audit_log"]["serial"] == serial


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_fault_has_its_sentence(lang):
    """What a check may find, as its functions promise it, has words in both languages, and none has words in vain."""
    promised = set(re.findall(r"``([a-z]+(?:_[a-z]+)+)``", f"{checking.check.__doc__}{verifying.verify.__doc__}"))
    promised |= {"poll_book_unreadable", "minutes_missing"}
    promised -= {"record_unreadable", "package_unreadable"}
    catalogue = read_catalogues("isoloir_minutes")[lang]
    told = {one.removeprefix("minutes.fault.") for one in catalogue if one.startswith("minutes.fault.")}
    assert told == promised
    sources = "".join(path.read_text() for path in Path(checking.__file__).parent.rglob("*.py"))
    assert [one for one in told if f'"{one}"' not in sources] == []
