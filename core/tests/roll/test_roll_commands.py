"""`isoloir roll` as an organiser runs it: preview, import, export, what is printed, and what is written where."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from isoloir.commands import main

EXAMPLE = Path(__file__).parents[3] / "examples" / "medecins-2024"
PLUGINS = ["ordinal_check", "outbox", "password_sms", "prosante_connect"]


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    folder = tmp_path / "instance"
    election = folder / "elections" / "medecins-2024"
    election.mkdir(parents=True)
    shutil.copy(EXAMPLE / "election.toml", election)
    (folder / "isoloir.toml").write_text(f'base_url = "http://127.0.0.1:8000"\nplugins = {json.dumps(PLUGINS)}\n')
    return folder


def isoloir(instance: Path, *arguments: str | Path, lang: str = "en") -> Result:
    environment = {"ISOLOIR_LANG": lang, "ISOLOIR_INSTANCE": str(instance), "COLUMNS": "300", "PSC_SECRET": "x"}
    return CliRunner(env=environment).invoke(main, ["roll", *map(str, arguments)], catch_exceptions=False)


def run(instance: Path, *arguments: str | Path) -> Any:
    """Run with --json; return what was answered, after an exit without refusal."""
    result = isoloir(instance, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


ELECTION = ("--election", "medecins-2024")


def test_the_example_goes_in_and_comes_out(instance: Path, tmp_path: Path) -> None:
    """Preview, import, export, import in place: everybody unchanged; then one cell changed: one changed."""
    seen = run(instance, "preview", EXAMPLE / "roll.csv", *ELECTION)
    assert (seen["lines"], seen["entries"], seen["error_counts"], seen["encoding"]) == (240, 240, {}, "utf-8")
    assert run(instance, "import", EXAMPLE / "roll.csv", *ELECTION)["added"] == 240
    for options in ([], ["--with-identifiers"]):
        out = tmp_path / "out.csv"
        assert run(instance, "export", "medecins-2024", "--output", out, *options)["exported"] == 240
        assert out.stat().st_mode & 0o777 == 0o600
        done = run(instance, "import", out, *ELECTION, "--replace")
        assert (done["unchanged"], done["added"], done["changed"], done["removed"]) == (240, 0, 0, 0)
    text = out.read_text("utf-8-sig").replace("alix.martin@", "alix.martin2@")
    out.write_text(text, encoding="utf-8")
    assert run(instance, "import", out, *ELECTION, "--replace")["changed"] == 1
    printed = isoloir(instance, "export", "medecins-2024", "--with-identifiers").stdout
    assert printed == text


def test_a_dirty_file_is_told_in_words_and_in_full(instance: Path, tmp_path: Path) -> None:
    """Preview and import refuse with exit 1; the screen has the first and the counts, the report has every line."""
    lines = (EXAMPLE / "roll.csv").read_text().splitlines()
    lines[1:] = [line.replace(";997", ";997X", 1) for line in lines[1:]]
    lines[5] = lines[5].replace(".", "\x07", 1)
    dirty, report = tmp_path / "dirty.csv", tmp_path / "report.csv"
    dirty.write_text("\n".join(lines), encoding="windows-1252")
    for noun in ("preview", "import"):
        result = isoloir(instance, noun, dirty, *ELECTION, "--report", report)
        assert result.exit_code == 1
        assert "roll_key_malformed: 239" in result.stdout
        assert "rpps (F)" in result.stdout
        assert "Windows-1252" in result.stdout
        rows = list(csv.DictReader(io.StringIO(report.read_text("utf-8-sig")), delimiter=";"))
        errors = [row for row in rows if row["Severity"] == "error"]
        assert len(errors) == 240
        assert {row["Place"] for row in errors} == {"F", "D"}
        assert all("997X" not in cell for row in rows for cell in row.values())
        assert report.stat().st_mode & 0o777 == 0o600
    answer = json.loads(isoloir(instance, "preview", dirty, *ELECTION, "--json").stdout)
    assert len(answer["errors"]) == 100
    assert sum(answer["error_counts"].values()) == 240
    assert 0 < len(answer["samples"]) <= 5
    assert run(instance, "export", "medecins-2024", "--output", tmp_path / "out.csv")["exported"] == 0


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_options_of_columns_and_encoding(instance: Path, tmp_path: Path, lang: str) -> None:
    """A header is mapped and another left out; a wrong pair is wrong usage; an encoding is overruled."""
    lines = (EXAMPLE / "roll.csv").read_text().splitlines()
    lines = [lines[0].replace("courriel", "où écrire") + ";service", *(line + ";x" for line in lines[1:])]
    file = tmp_path / "roll.csv"
    file.write_text("\n".join(lines), encoding="mac-roman")
    options = ["--column", "Où écrire=email", "--column", "Service=ignore", "--encoding", "mac-roman"]
    unknown = isoloir(instance, "preview", file, *ELECTION, lang=lang)
    assert unknown.exit_code == 1
    assert "[roll.columns]" in unknown.stdout
    assert isoloir(instance, "preview", file, *ELECTION, *options, lang=lang).exit_code == 0
    assert isoloir(instance, "preview", file, *ELECTION, "--column", "email", lang=lang).exit_code == 2
    assert isoloir(instance, "export", "medecins-2024", "--json", lang=lang).exit_code == 2


def test_a_report_that_cannot_be_written_is_refused(instance: Path, tmp_path: Path) -> None:
    """Said by code before anything is read."""
    result = isoloir(instance, "preview", EXAMPLE / "roll.csv", *ELECTION, "--report", tmp_path / "no" / "r.csv")
    assert result.exit_code == 1
    assert "roll_file_not_written" in result.stderr


def test_ctrl_c_changes_nothing(instance: Path, tmp_path: Path) -> None:
    """Interrupted while it reads, the command ends, and the roll is as it was."""
    big = tmp_path / "big.csv"
    head, line = (EXAMPLE / "roll.csv").read_text().splitlines()[:2]
    rows = (line.replace("99700000017", f"{99_000_000_000 + n}").replace("75/1", f"75/{n}x") for n in range(60_000))
    big.write_text("\n".join((head, *rows)))
    assert run(instance, "import", EXAMPLE / "roll.csv", *ELECTION)["added"] == 240
    # As at a terminal, even where the tests run in the background and hand down that Ctrl-C is not heard.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from isoloir.commands import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "--instance", instance, "roll", "import", big, *ELECTION]
    with subprocess.Popen(command, env={**os.environ, "PSC_SECRET": "x"}, stderr=subprocess.PIPE) as started:
        wal = instance / "isoloir.sqlite3-wal"
        deadline = time.monotonic() + 60
        while not wal.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        started.send_signal(signal.SIGINT)
        started.communicate(timeout=60)
    assert started.returncode == 1
    assert run(instance, "export", "medecins-2024", "--output", tmp_path / "out.csv")["exported"] == 240
