"""veraPDF, which is not ours: every paper, signed or not, is PDF/A-3a and PDF/UA-1."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from isoloir_minutes import paper

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("minutes")]
VERAPDF = Path(__file__).parents[2] / ".cache" / "verapdf" / "greenfield-apps-1.28.2.jar"


def verdicts(files: list[Path]) -> dict[tuple[str, str], str]:
    """Return PASS or FAIL by file and profile; one start of Java for all of them."""
    ran = subprocess.run(
        ["java", "-cp", VERAPDF, "org.verapdf.apps.GreenfieldCliWrapper", "--format", "text", *files],
        capture_output=True,
        text=True,
        timeout=300,
    )
    found = re.findall(r"^(PASS|FAIL) (.+) (3a|ua1)$", ran.stdout, re.MULTILINE)
    assert found, ran.stderr
    return {
        (str(Path(name).relative_to(files[0].parent.parent)), profile): verdict for verdict, name, profile in found
    }


def test_every_paper_passes_and_a_broken_one_fails(record, made, signed_once, tmp_path):
    """Unsigned and signed papers pass under both profiles; without their language, or without a font, they do not."""
    files = []
    for kind, folder in (("plain", made), ("signed", signed_once)):
        (tmp_path / kind).mkdir()
        for path in folder.glob("*.pdf"):
            files.append(tmp_path / kind / path.name)
            files[-1].write_bytes(path.read_bytes())
    real = tmp_path / "plain" / "no-trial.pdf"
    contests = tuple(replace(one, board=record.boards[0].id) for one in record.contests)
    real.write_bytes(paper.minutes(replace(record, test=False, boards=record.boards[:1], contests=contests)))
    own = tmp_path / "plain" / "rehearsal.pdf"
    own.write_bytes(paper.minutes(replace(record, rehearsal=None, played=record.rehearsal.played)))
    broken = tmp_path / "plain" / "broken.pdf"
    broken.write_bytes(real.read_bytes().replace(b"/Lang(fr-FR)", b"/Lung(fr-FR)").replace(b"/Alt", b"/Olt"))
    spoilt = tmp_path / "plain" / "spoilt.pdf"
    spoilt.write_bytes(real.read_bytes().replace(b"/FontFile", b"/FontGile"))
    found = verdicts([*files, real, own, broken, spoilt])
    assert found.pop(("plain/broken.pdf", "ua1")) == "FAIL"
    assert found.pop(("plain/spoilt.pdf", "3a")) == "FAIL"
    del found["plain/broken.pdf", "3a"], found["plain/spoilt.pdf", "ua1"]
    assert len(found) == 2 * (len(files) + 2) == 28
    assert set(found.values()) == {"PASS"}
