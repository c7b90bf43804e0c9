"""One Keycloak for a whole run: two processes that ask get the same, and it ends with its owner however that ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from isoloir_prosante_connect.keycloak import shared

pytestmark = pytest.mark.slow

HOME = Path(__file__).parents[3] / ".cache" / "keycloak"
WORKER = """
import sys
from pathlib import Path
from isoloir_prosante_connect.keycloak import shared
running = shared(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
print(running.pid, running.url)
"""


def test_one_serves_all_and_ends_with_its_owner(tmp_path: Path) -> None:
    """Two workers at once share one server; killed without a word, their owner leaves neither it nor its data."""
    folder = tmp_path / "keycloak"
    owner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    try:
        command = [sys.executable, "-c", WORKER, str(HOME), str(folder), str(owner.pid)]
        workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        first, second = [worker.communicate()[0].split() for worker in workers]
        assert first == second
        pid = int(first[0])
        home = next(
            Path(part.removeprefix("-Dkc.home.dir="))
            for part in Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            if part.startswith("-Dkc.home.dir=")
        )
        assert home.is_dir()
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    until = time.monotonic() + 20
    while (Path(f"/proc/{pid}").exists() or home.exists()) and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists()
    assert not home.exists()
    assert not (folder / "running.json").exists()
    assert "Listening on" in (folder / "log").read_text()


def test_missing_keycloak_is_a_failure(tmp_path: Path) -> None:
    """Where it is not installed the tests fail and say how it is installed; nothing is skipped."""
    with pytest.raises(FileNotFoundError, match="tools/install-keycloak"):
        shared(tmp_path / "nowhere", tmp_path / "folder", 1)


def test_keycloak_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The end of Keycloak's own log is part of the error."""
    (tmp_path / "home" / "lib").mkdir(parents=True)
    for name in ("bin", "conf", "providers", "themes", "version.txt", "lib/quarkus-run.jar"):
        (tmp_path / "home" / name).touch()
    with pytest.raises(RuntimeError, match=r"(?s)did not start.*Could not find or load main class"):
        shared(tmp_path / "home", tmp_path / "folder", 1)
