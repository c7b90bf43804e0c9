"""`isoloir plugins new`: what it writes passes its own kit at once; what it cannot write it refuses whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from isoloir.commands import main
from isoloir.commands.plugin_new import KINDS, contents, write_plugin
from isoloir.errors import IsoloirError
from isoloir.texts import LOCALES


def isoloir(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["--lang", "en", *map(str, arguments)])


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_passes_its_kit_at_once(tmp_path: Path, kind: str) -> None:
    """Each kind: pytest in the folder that was written is green, warnings being errors."""
    folder = tmp_path / "made"
    result = isoloir("plugins", "new", f"own_{kind}2", folder, f"--{kind}")
    assert (result.exit_code, result.stderr) == (0, "")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "src", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "passed" in run.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_template_is_left(kind: str) -> None:
    """No place of the template stays unfilled, both languages are there, and every file ends in one line break."""
    written = contents("own_name", kind)
    assert len(written) == 7
    assert {path.parts[-3] for path in written if path.suffix == ".po"} == set(LOCALES)
    for path, text in written.items():
        assert not any(place in text for place in ("@name@", "@Class@", "@Title@", "@dashed@")), path
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_what_was_written_is_told(tmp_path: Path) -> None:
    """Under --json, name, kind, folder and files; in words, one sentence. A factor is the default."""
    told = json.loads(isoloir("plugins", "new", "mine", tmp_path / "a", "--json").stdout)
    assert (told["name"], told["kind"]) == ("mine", "factor")
    assert all((tmp_path / "a" / path).is_file() for path in told["files"])
    assert "mine" in isoloir("plugins", "new", "mine", tmp_path / "b").stdout


@pytest.mark.parametrize("name", ["", "Mine", "my-plugin", "été", "_x", "x_", "2x", "x" * 41, "../x", "a b"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """What cannot be a plugin's name writes nothing."""
    with pytest.raises(IsoloirError) as refused:
        write_plugin(name, "factor", tmp_path / "made")
    assert refused.value.code == "plugin_new_name"
    assert not (tmp_path / "made").exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    """A folder that holds something, or a file in its place, is refused and stays as it was; an empty one serves."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("kept")
    result = isoloir("plugins", "new", "mine", tmp_path / "full")
    assert result.exit_code == 1
    assert result.stderr.startswith("plugin_new_folder: ")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    assert isoloir("plugins", "new", "mine", tmp_path / "full/mine.txt").exit_code == 1
    assert isoloir("plugins", "new", "mine", tmp_path / "full/mine.txt/below").stderr.startswith(
        "plugin_new_not_writable: "
    )
    (tmp_path / "empty").mkdir()
    assert isoloir("plugins", "new", "mine", tmp_path / "empty").exit_code == 0
