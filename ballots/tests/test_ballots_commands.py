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

from isoloir_ballots import commands
from isoloir_ballots.archive import read
from isoloir_ballots.auditor.progress import Bar
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
    total = read(archive).encrypted_tally
    assert total is not None
    assert good["report"]["total_digest"] == hashlib.sha256(total).hexdigest()
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
    shown = capsys.readouterr().out
    assert "there is no result yet" in shown
    assert "Digest of the encrypted total" not in shown
    assert main(["--require", "tallied", str(early)]) == 1
    assert "required.stage" in capsys.readouterr().out
    assert main(["--require", "tallied", str(archive)]) == 0


def test_fingerprint(archive: Path, edwards: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The fingerprint of the minutes is compared; another one refuses the archive."""
    assert main(["--lang", "en", "--fingerprint", edwards.election.fingerprint, str(archive)]) == 0
    assert "whose fingerprint was given" in capsys.readouterr().out
    assert main(["--fingerprint", "A" * 43, str(archive)]) == 1
    assert "required.fingerprint" in capsys.readouterr().out


def test_publication(archive: Path, ballots: list[bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An earlier published list must be in the box, to the last tracker; a list of another form is refused."""
    earlier = tmp_path / "list.txt"
    trackers = sorted(map(tracker, ballots))

    def run(text: str) -> tuple[int, str]:
        earlier.write_text(text, encoding="ascii")
        status = main(["--lang", "en", "--publication", str(earlier), str(archive)])
        return status, capsys.readouterr().out

    for held in (trackers, trackers[1:3], []):
        text = "".join(f"{item}\n" for item in held)
        status, shown = run(text)
        assert status == 0
        assert f"({len(held)}; SHA-256 {hashlib.sha256(text.encode()).hexdigest()}) are in the box" in shown
    status, shown = run("".join(f"{item}\n" for item in sorted([*trackers, tracker(b"gone")])))
    assert status == 1
    assert "publication.missing" in shown
    assert f"its tracker begins with {tracker(b'gone')[:8]}" in shown
    for bad in ("\n".join(trackers), "".join(f"{item}\n" for item in trackers[::-1]), f"{trackers[0]}\n" * 2, "x\n"):
        status, shown = run(bad)
        assert status == 1
        assert "publication.unreadable" in shown
    earlier.unlink()
    assert main(["--publication", str(earlier), str(archive)]) == 1


def test_demands_of_one_archive(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is of one archive cannot be asked of two, nor jobs below one."""
    for options in (
        ["--fingerprint", "x", str(archive), str(archive)],
        ["--publication", "x", str(archive), str(archive)],
        ["--jobs", "0", str(archive)],
    ):
        with pytest.raises(SystemExit) as caught:
            main(options)
        assert caught.value.code == 2
    assert "isoloir-verify: error: " in capsys.readouterr().err


def test_jobs_give_the_same_bytes(archive: Path, whole: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """The report of several archives, good and bad, is the same text in the same order with one and two processes."""
    bad = archive.with_name("bad.bel")
    bad.write_bytes(whole[:-512])
    written = []
    for jobs in ("1", "2"):
        for form in (["--json"], ["--lang", "fr"]):
            assert main([*form, "--jobs", jobs, str(archive), str(bad), str(archive)]) == 1
        written.append(capsys.readouterr().out)
    assert written[0] == written[1]
    assert written[0].count("VÉRIFIÉE") == 2


def test_a_refusal_says_where(
    archive: Path, edwards: Any, ballots: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """Ballot, beginning of its tracker, question and answer stand in the summary, in both languages, and in JSON."""
    value = json.loads(ballots[0])
    value["answers"][0]["individual_proofs"][2].reverse()
    bad = edwards.sign(value, 0)
    path = archive.with_name("bad.bel")
    path.write_bytes(edwards.archive([bad, *ballots[1:]], counted=ballots).getvalue())
    rank = sorted([bad, *ballots[1:]], key=tracker).index(bad) + 1
    place = {"ballot": rank, "tracker": tracker(bad)[:8], "question": 1, "answer": 2}
    assert main(["--json", str(path)]) == 1
    assert json.loads(capsys.readouterr().out)[0]["place"] == place
    assert main(["--lang", "en", str(path)]) == 1
    where = f"Where: ballot {rank}, its tracker begins with {tracker(bad)[:8]}, question 1, answer 2."
    assert where in capsys.readouterr().out
    assert main(["--lang", "fr", str(path)]) == 1
    shown = capsys.readouterr().out
    assert (
        f"bulletin {rank}, dont le numéro de suivi commence par {tracker(bad)[:8]}, question 1, réponse 2." in shown
    )
    assert "Ce que cela signifie" in shown
    assert "Que faire" in shown


def test_the_locale_chooses_the_language(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """English where the environment asks for it, French where it asks for none of ours; --lang wins."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for value, word in (("en_GB.UTF-8", "VERIFIED"), ("fr_FR.UTF-8", "VÉRIFIÉE"), ("C", "VÉRIFIÉE")):
        monkeypatch.setenv("LANG", value)
        main([str(archive)])
        assert word in capsys.readouterr().out
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    main(["--lang", "en", str(archive)])
    assert "VERIFIED" in capsys.readouterr().out


def test_a_defect_is_never_a_verdict(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exception that nobody foresaw: exit 3 and a sentence, neither verified nor refused, the others go on."""
    real = commands.verdict

    def broken(path: str, *arguments: Any, **options: Any) -> Any:
        if path == "other.bel":
            raise MemoryError
        return real(path, *arguments, **options)

    monkeypatch.setattr(commands, "verdict", broken)
    assert main(["--lang", "en", "--json", "other.bel", str(archive)]) == 3
    shown = capsys.readouterr()
    assert "NOT VERIFIED: the program failed (MemoryError)" in shown.err
    failed, good = json.loads(shown.out)
    assert (failed["verified"], failed["code"]) == (False, "program_failed")
    assert good["verified"] is True


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
    assert "ballots: 4" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\033[K")


def test_the_bar_says_how_long_it_takes() -> None:
    """At most ten drawings a second, with ballots, megabytes and the time that is left by the rate so far."""
    written, now = io.StringIO(), [100.0]
    bar = Bar(written, "box.bel", texts_in("fr"), clock=lambda: now[0])
    for second, done in ((0.0, 0), (60.0, 10_000_000), (60.05, 10_500_000), (120.0, 30_000_000)):
        now[0] = 100 + second
        bar(done, 40_000_000, done // 10_000)
    drawn = written.getvalue().split("\r")[1:]
    assert len(drawn) == 3
    assert "bulletins\u202f: 1\u202f000  10,0 sur 40,0\u00a0Mo  reste 3:00" in drawn[1]
    assert "75\u202f%" in drawn[2]
    assert "reste 0:40" in drawn[2]


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


def test_readme_shows_what_the_command_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arithmetic: str
) -> None:
    """The summary in the README is that of the archive among the vectors, to the letter; it names what computed."""
    monkeypatch.chdir(README.parents[1] / "tests" / "vectors")
    assert main(["--lang", "en", "ed25519.bel"]) == 0
    shown = capsys.readouterr().out
    assert f"by the library {arithmetic}." in shown
    assert f"```\n{shown.replace(arithmetic, 'libsodium')}```" in README.read_text("utf-8")


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
