"""The organiser's page, run as it is written."""

import os
import re
import shlex
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from isoloir.partials import Box

PAGE = Path(__file__).parents[2] / "docs" / "organisateur.md"
ROLL = """civilite;nom;prenom;courriel;mobile;rpps;numero_ordre;type_numero;college
Dr;Martin;Alix;alix.martin@chu.example.org;06 12 34 00 01;99700000017;75/10017;ordinal;ph
Dr;Bernard;Camille;camille.bernard@hopital.example.net;06 12 34 00 02;99700000025;69/10025;ordinal;ph
"""


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


MEMBERS = ("president", "secretary", "delegate-1", "delegate-2", "delegate-3", "delegate-4")


def by_each_member(command, folder):
    """A member's command, as each of them gives it: their own name, folder and code, digests of totals confirmed."""
    bare = command.partition("#")[0].strip()
    if "trustee decrypt" in bare:
        archives = sorted(folder.glob(bare.split()[-1]))
        assert archives
        bare += "".join(f" --total {Box.read(path).digest}" for path in archives)
    for member in MEMBERS:
        own = bare.replace("president", member).replace("ma-part", f"remis-par/{member}")
        yield f"{own} --code-file {shlex.quote(str(folder / 'code'))}"


def window_around_now(file):
    """What the organiser would complete: the dates. Everything else of the starting file is kept."""
    now = datetime.now(ZoneInfo("Europe/Paris")).replace(tzinfo=None, microsecond=0)
    text = file.read_text()
    for name, moment in (("opens", now - timedelta(hours=1)), ("closes", now + timedelta(days=2))):
        text, found = re.subn(rf"^{name} = .*$", f"{name} = {moment.isoformat()}", text, flags=re.MULTILINE)
        assert found == 1
    file.write_text(text)


@pytest.mark.slow
def test_every_command_of_the_page_runs_in_its_order(tmp_path):
    """From an empty folder to a verified box each command answers 0; before its time, opening and closing do not."""
    (tmp_path / "liste.csv").write_text(ROLL)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LANG": "fr_FR.UTF-8"}

    def run(command):
        return subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True)

    (settings,) = (block for block in blocks("toml") if "base_url" in block)
    (tmp_path / "code").write_text("une phrase à moi")
    for folder in ("blanc", "total"):
        (tmp_path / folder).mkdir()
    commands = [line for block in blocks("sh") for line in block.splitlines() if line]
    assert len(commands) > 20
    for command in commands:
        if command.endswith("election create mon-election"):
            window_around_now(tmp_path / "instance/elections/mon-election/election.toml")
        if "rehearse begin" in command:
            early = run("isoloir --instance instance election open mon-election")
            assert early.returncode == 1
            assert "rehearsal_missing: " in early.stderr
        if "election close" in command:
            early = run(command)
            assert "grace_not_over: " in early.stderr
            # The page's settings, as a demonstration: its clock may be put after the grace.
            at_home = settings.replace("https://vote.example.org", "http://127.0.0.1:8000")
            (tmp_path / "instance/isoloir.toml").write_text(f"{at_home}demo = true\n")
            (tmp_path / "instance/clock-shift").write_text(str(timedelta(days=3).total_seconds()))
        told = by_each_member(command, tmp_path) if command.startswith("isoloir trustee") else [command]
        for one in told:
            ran = run(one.replace("remis/", "remis-par/*/"))
            assert ran.returncode == 0, f"{one}\n{ran.stdout}{ran.stderr}"
        if command.startswith("isoloir election new"):
            (tmp_path / "instance/isoloir.toml").write_text(settings)
