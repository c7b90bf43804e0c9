"""The command `isoloir-verify`, and the README's examples."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isoloir_ballots.auditor.texts import LANGUAGES, texts_in
from isoloir_ballots.auditor.verdict import verdict
from isoloir_ballots.commands import main
from isoloir_ballots.verify import tracker

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def archive(whole: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "1soLoirTest123.bel"
    path.write_bytes(whole)
    return path


def test_verified(archive: Path, edwards: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A whole archive: exit 0, and a summary with name, fingerprint, counts and blank votes."""
    assert main(["--lang", "en", str(archive)]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert f"{archive}: VERIFIED" in shown.out
    assert edwards.election.name in shown.out
    assert edwards.election.fingerprint in shown.out
    assert "Ballots: 4. " in shown.out
    assert "credentials listed (5)" in shown.out
    assert "Decryption shares: 2, " in shown.out
    assert f"SHA-256 of the file: {hashlib.sha256(archive.read_bytes()).hexdigest()}" in shown.out
    assert re.search(r"^ +2  Avenir$", shown.out, re.M)
    assert re.search(r"^ +1  \(blank\)$", shown.out, re.M)


def test_refused(archive: Path, whole: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """A refused archive beside a good one: exit 1, with code, clause, sentence and what to do."""
    bad = archive.with_name("bad.bel")
    bad.write_bytes(whole + bytes(1024))
    assert main(["--lang", "en", str(archive), str(bad)]) == 1
    shown = capsys.readouterr().out
    assert f"{bad}: REFUSED" in shown
    assert "Clause archive.trailing (" in shown
    assert "What to do: " in shown
    assert f"{archive}: VERIFIED" in shown


def test_json(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json, one object per archive, verified or not, and nothing else on the output."""
    assert main(["--json", str(archive), str(archive.with_name("absent.bel"))]) == 1
    good, bad = json.loads(capsys.readouterr().out)
    assert good["verified"] is True
    assert good["report"]["ballots"] == 4
    assert good["report"]["questions"][0]["blank"] == 1
    assert good["report"]["questions"][0]["answers"][0] == {"answer": "Avenir", "votes": 2}
    assert "trackers" not in good["report"]
    assert (bad["verified"], bad["code"], bad["clause"]) == (False, "archive_refused", "archive.unreadable")
    assert bad["remedy"]


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage exits with 2."""
    for arguments in ([], ["--require", "never", "x"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    assert "usage: isoloir-verify" in capsys.readouterr().err


def test_required_stage(
    archive: Path, edwards: Any, ballots: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """An archive cut after an event verifies as an earlier stage, unless the result is asked for."""
    early = archive.with_name("early.bel")
    early.write_bytes(edwards.archive(ballots, until="EndBallots").getvalue())
    assert main(["--lang", "en", str(early)]) == 0
    assert "there is no result yet" in capsys.readouterr().out
    assert main(["--require", "tallied", str(early)]) == 1
    assert "required.stage" in capsys.readouterr().out
    assert main(["--require", "tallied", str(archive)]) == 0


def test_tracker(archive: Path, ballots: list[bytes], capsys: pytest.CaptureFixture[str]) -> None:
    """A voter finds the own tracker, and is told when it is not there."""
    assert main(["--tracker", tracker(ballots[2]), "--tracker", tracker(ballots[0]), str(archive)]) == 0
    assert main(["--tracker", tracker(b"x"), str(archive)]) == 1
    assert "tracker.absent" in capsys.readouterr().out


def test_names_cannot_forge_lines(
    new_contest: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name with line feeds or invisible characters cannot add lines to the summary."""
    contest = new_contest("Ed25519", name="Nom\nother.bel: VERIFIED \u202e x")
    path = tmp_path / "a.bel"
    contest.archive([], path)
    assert main(["--lang", "en", str(path)]) == 0
    shown = capsys.readouterr().out
    assert shown.count("VERIFIED\n") == 1
    assert "\u202e" not in shown
    assert "\nother.bel" not in shown


def test_progress_on_a_terminal_only(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress goes to the error output when that is a terminal."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["--lang", "en", str(archive)]) == 0
    assert "100 %" in terminal.getvalue()


def test_verdict_never_raises(tmp_path: Path, archive: Path) -> None:
    """The pure function that other commands use returns every refusal."""
    assert verdict(archive).error is None
    for name, data in [("empty", b""), ("zeros", bytes(5000)), ("text", b"hello" * 1000)]:
        path = tmp_path / name
        path.write_bytes(data)
        found = verdict(path)
        assert found.error is not None
        for texts in map(texts_in, LANGUAGES):
            written = found.to_json(texts)
            assert written["verified"] is False
            assert written["sentence"]
            assert written["meaning"]
            assert written["remedy"]


def test_readme_example(archive: Path, tmp_path: Path, ballots: list[bytes]) -> None:
    """The README's Python examples run as they stand."""
    examples = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    assert len(examples) == 2
    for example in examples:
        run = subprocess.run(
            [sys.executable, "-c", example.replace("UUID.bel", str(archive))],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert run.returncode == 0, run.stderr
        assert run.stdout
        tmp = {path.name for path in tmp_path.iterdir()}
        assert archive.name in tmp


def test_readme_names_every_clause() -> None:
    """The README's table is the catalogue's, clause by clause; both languages know each clause in the sources."""
    package = README.parent / "src" / "isoloir_ballots"
    prefixes = "archive|setup|trustees|ballot|tally|required|tracker|publication"
    in_sources = {
        clause
        for path in package.rglob("*.py")
        for clause in re.findall(
            rf'(?:VerificationError|_fail)\(\s*"((?:{prefixes})\.[a-z_.]+|result)"', path.read_text("utf-8")
        )
    }
    in_sources |= {
        clause
        for name in ("reader.py", "events.py")
        for clause in re.findall(
            r'FormatError\(\s*"(archive\.[a-z_]+)"', (package / "archive" / name).read_text("utf-8")
        )
    }
    in_sources |= set(re.findall(r'"(ballot\.[a-z_]+)"', (package / "verify" / "ballots.py").read_text("utf-8")))
    in_sources.add("archive.event")
    in_readme = dict(
        re.findall(rf"^\| `((?:{prefixes})\.[a-z_.]+|result)` \| (.*) \|$", README.read_text("utf-8"), re.M)
    )
    assert in_readme == texts_in("en").clauses
    assert in_readme.keys() == texts_in("fr").clauses.keys() == in_sources


def test_both_languages_say_the_same_things() -> None:
    """French and English have the same sentences with the same places, French with its own spaces."""
    catalogues = [
        tomllib.loads((README.parent / f"src/isoloir_ballots/auditor/locales/{name}.toml").read_text("utf-8"))
        for name in LANGUAGES
    ]
    for table in catalogues[0].keys() | catalogues[1].keys():
        french, english = (catalogue[table] for catalogue in catalogues)
        assert french.keys() == english.keys()
        for name, sentence in french.items():
            assert set(re.findall(r"{\w+}", sentence)) == set(re.findall(r"{\w+}", english[name])), name
            assert not re.search(r"[ \w][;:!?](?: |$)", sentence.replace("\u202f", "\t")), name
            assert "'" not in sentence, name
