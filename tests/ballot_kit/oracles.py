"""Programs that none of us wrote, as second opinions. Their absence is a failure, never a skip."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from isoloir_ballots.archive import Archive
from isoloir_ballots.election import Election

ROOT = Path(__file__).parents[2]
_VERSION_3 = ROOT / ".cache" / "belenios-3" / "belenios-tool"
_MISSING = "is not installed: `make test` installs it (tools/install-test-programs)"


def version_2() -> str:
    """The path of belenios-tool 2.0 (Debian 12)."""
    tool = shutil.which("belenios-tool")
    assert tool, f"belenios-tool 2.0 {_MISSING}"
    return tool


def version_3() -> str:
    """The path of belenios-tool 3.0 (Debian 13), unpacked beside the system."""
    assert os.access(_VERSION_3, os.X_OK), f"belenios-tool 3.0 {_MISSING}"
    return str(_VERSION_3)


def run(tool: str, *arguments: str, cwd: Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a belenios-tool in a folder, which is where it looks for its archive."""
    return subprocess.run(
        [tool, *arguments],
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "BELENIOS_USE_URANDOM": "1"},
    )


def verifies_whole(
    archive: bytes, uuid: str, folder: Path, tool: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Ask 2.0 (BELENIOS-2048), or another belenios-tool, about a whole archive, in a new `folder`."""
    folder.mkdir(parents=True)
    (folder / f"{uuid}.bel").write_bytes(archive)
    return run(tool or version_2(), "election", "verify", cwd=folder)


class BallotOracle:
    """3.0 before one election: an archive that holds nothing but its setup, in a new `folder`."""

    def __init__(self, election: bytes, trustees: bytes, credentials: bytes, folder: Path, uuid: str = "") -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        uuid = uuid or Election.parse(election).uuid
        Archive.create(folder / f"{uuid}.bel", election, trustees, credentials, 1795471071)

    def verifies(self, ballot: bytes) -> subprocess.CompletedProcess[str]:
        """Ask about one ballot."""
        (self._folder / "ballot.json").write_bytes(ballot + b"\n")
        return run(version_3(), "election", "verify-ballot", "--ballot", "ballot.json", cwd=self._folder)
