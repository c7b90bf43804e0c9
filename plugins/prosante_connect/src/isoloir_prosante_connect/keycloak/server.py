"""A real Keycloak of one's own, thrown away afterwards: for tests, and for the demonstration.

The distribution is what ``tools/install-keycloak`` puts into ``.cache/keycloak``: its database is in memory.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from isoloir_prosante_connect.keycloak import keeper
from isoloir_prosante_connect.keycloak.certificates import make_certificates

_START_SECONDS = 150
_LAST_LINES = 40
_kept: list[subprocess.Popen[bytes]] = []
"""The keepers started here: they end with their owner, not with us."""


@atexit.register
def _leave_them() -> None:
    # A worker of a test run ends before its owner: that a keeper still runs then is meant, and not to be warned of.
    for keeping in _kept:
        keeping.returncode = 0


@dataclass(frozen=True)
class Keycloak:
    """A Keycloak that answers, and its temporary administrator."""

    folder: Path
    url: str
    """``http://127.0.0.1:PORT``."""
    https_url: str
    """``https://127.0.0.1:PORT``; it asks for a client's certificate, and takes none too."""
    exchange: str = field(repr=False)
    pid: int
    user: str
    password: str = field(repr=False)

    @property
    def certificates(self) -> Path:
        """Where ``authority.pem``, ``client.pem`` and ``client.key`` are, for TLS and mTLS."""
        return self.folder / "certificates"

    @property
    def log(self) -> Path:
        """Keycloak's own words; kept after its end."""
        return self.folder / "log"

    def last_words(self) -> str:
        """Return the end of the log."""
        return _tail(self.log)


def shared(home: Path, folder: Path, owner: int, *, port: int = 0) -> Keycloak:
    """Return the Keycloak of `folder`, which runs until process `owner` ends; the first who asks starts it.

    `home` is the built distribution; `folder` belongs to one run (a test run's base folder), and may be asked for by
    several processes at once. Raises FileNotFoundError where there is no distribution, RuntimeError (with the end of
    the log) where it does not start.
    """
    if not (home / "lib" / "quarkus-run.jar").exists():
        raise FileNotFoundError(f"there is no Keycloak in {home}: tools/install-keycloak")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _running(folder) or _start(home, folder, owner, port)


@contextmanager
def keycloak(home: Path, *, port: int = 0) -> Iterator[Keycloak]:
    """Start a Keycloak and stop it at the end, whatever happens; raises as `shared` does."""
    with tempfile.TemporaryDirectory(prefix="isoloir-keycloak-") as folder:
        running = shared(home, Path(folder), os.getpid(), port=port)
        keeping = _kept[-1]
        try:
            yield running
        finally:
            keeping.terminate()
            keeping.wait()
            _kept.remove(keeping)


def _running(folder: Path) -> Keycloak | None:
    try:
        return Keycloak(folder, **json.loads((folder / "running.json").read_text()))
    except FileNotFoundError:
        return None


def _start(home: Path, folder: Path, owner: int, port: int) -> Keycloak:
    make_certificates(folder / "certificates")
    asked = {
        "home": str(home.resolve()), "folder": str(folder), "owner": owner, "port": port, "user": "isoloir",
        "password": secrets.token_urlsafe(24),
    }  # fmt: skip
    with (folder / "keeper").open("wb") as written:
        keeping = subprocess.Popen(  # noqa: S603 - our own program; Ctrl-C is its owner's matter
            [sys.executable, keeper.__file__], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=written,
            start_new_session=True,
        )  # fmt: skip
    _kept.append(keeping)
    assert keeping.stdin is not None
    with keeping.stdin as stdin:
        stdin.write(json.dumps(asked).encode())
    until = time.monotonic() + _START_SECONDS
    running = None
    try:
        while running is None and time.monotonic() < until and keeping.poll() is None:
            time.sleep(0.1)
            running = _running(folder)
    finally:  # an interruption too
        if running is None:
            keeping.terminate()
            keeping.wait()
    if running is not None:
        return running
    raise RuntimeError(f"Keycloak did not start.\n{_tail(folder / 'keeper')}{_tail(folder / 'log')}")


def _tail(file: Path) -> str:
    try:
        lines = file.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "".join(f"{line}\n" for line in lines[-_LAST_LINES:])
