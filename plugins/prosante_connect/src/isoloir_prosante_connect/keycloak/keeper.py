"""Keeps one Keycloak running for as long as its owner lives, and plays the exchange that rings e-CPS telephones.

A program of its own, of the standard library alone, that `server` starts: tests share one Keycloak between several
processes, any of which may be killed, and none of which then leaves it behind. The kernel sees to that: the keeper
waits on its owner's process, and Keycloak dies with the keeper.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_START_SECONDS = 120
_PR_SET_PDEATHSIG = 1
_LONGEST_RING = 64 * 1024
_QUARKUS = "io.quarkus.bootstrap"
_JAVA = (
    # Small, and quick to start rather than quick in the long run.
    "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError",
    "-Dfile.encoding=UTF-8", "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    f"-Djava.util.concurrent.ForkJoinPool.common.threadFactory={_QUARKUS}.forkjoin.QuarkusForkJoinWorkerThreadFactory",
    "--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.security=ALL-UNNAMED",
)  # fmt: skip
_LISTENING = re.compile(r"Listening on: (http://127\.0\.0\.1:\d+) and (https://127\.0\.0\.1:\d+)")


class Exchange(ThreadingHTTPServer):
    """The one telephone exchange: Keycloak rings here (CIBA's HTTP authentication channel), telephones listen."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Line)
        self.rings: list[dict[str, Any]] = []
        """What rings now."""

    @property
    def url(self) -> str:
        """Where Keycloak rings, and where what rang is read."""
        return f"http://127.0.0.1:{self.server_port}/"


class _Line(BaseHTTPRequestHandler):
    server: Exchange

    def do_POST(self) -> None:
        """Keycloak rings: keep what it says, and the token that an answer must carry."""
        length = int(self.headers.get("Content-Length") or 0)
        try:
            ring = json.loads(self.rfile.read(min(length, _LONGEST_RING)))
        except ValueError:
            self._answer(400, {})
            return
        self.server.rings.append(ring | {"authorization": self.headers.get("Authorization", "")})
        self._answer(201, {})

    def do_GET(self) -> None:
        """A telephone listens: what rings now, in order."""
        self._answer(200, self.server.rings)

    def do_DELETE(self) -> None:
        """A telephone was answered, or silenced: that ring is over."""
        over = self.headers.get("Authorization")
        self.server.rings = [ring for ring in self.server.rings if ring["authorization"] != over]
        self._answer(200, {})

    def _answer(self, status: int, body: object) -> None:
        written = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the requests hold tokens."""


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _home(distribution: Path, folder: Path) -> Path:
    """Make a home with data of its own; the programs stay where they are."""
    for name in ("bin", "conf", "lib", "providers", "themes", "version.txt"):
        (folder / name).symlink_to(distribution / name)
    (folder / "data").mkdir()
    return folder


def _command(home: Path, exchange: Exchange, asked: dict[str, Any]) -> list[str]:
    certificates = Path(asked["folder"]) / "certificates"
    return [
        "java", *_JAVA, f"-Dkc.home.dir={home}", f"-Djboss.server.config.dir={home}/conf",
        f"-Dkeycloak.theme.dir={home}/themes", f"-Djava.io.tmpdir={home}/data",
        "-cp", f"{home}/lib/quarkus-run.jar", f"{_QUARKUS}.runner.QuarkusEntryPoint",
        "start", "--optimized", "--http-enabled=true", "--http-host=127.0.0.1", "--hostname-strict=false",
        f"--http-port={asked['port']}", "--https-port=0", "--cache=local",
        f"--https-certificate-file={certificates}/server.pem",
        f"--https-certificate-key-file={certificates}/server.key", f"--truststore-paths={certificates}/authority.pem",
        "--spi-ciba-auth-channel--ciba-http-auth-channel--http-authentication-channel-uri=" + exchange.url,
    ]  # fmt: skip


def _addresses(log: Path, java: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Wait until Keycloak says where it listens and answers there."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and java.poll() is None:
        found = _LISTENING.search(log.read_text(errors="replace"))
        if found:
            with urllib.request.urlopen(f"{found[1]}/realms/master", timeout=30) as answer:  # noqa: S310
                answer.read()
            return found[1], found[2]
        time.sleep(0.1)
    raise RuntimeError("Keycloak did not start")


def keep(asked: dict[str, Any]) -> None:
    """Start Keycloak, write its addresses into ``running.json``, and stop it when its owner ends."""
    folder = Path(asked["folder"])
    owner = os.pidfd_open(asked["owner"])
    exchange = Exchange()
    data = Path(tempfile.mkdtemp(prefix="isoloir-keycloak-"))
    java: subprocess.Popen[bytes] | None = None
    try:
        log = folder / "log"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("KC_", "JAVA_"))},
            "KC_BOOTSTRAP_ADMIN_USERNAME": asked["user"],
            "KC_BOOTSTRAP_ADMIN_PASSWORD": asked["password"],
        }
        with log.open("wb") as written:
            java = subprocess.Popen(  # noqa: S603 - the distribution of Keycloak
                _command(_home(Path(asked["home"]), data), exchange, asked), stdin=subprocess.DEVNULL, stdout=written,
                stderr=written, env=environment, cwd=data, preexec_fn=_die_with_parent,
            )  # fmt: skip
        threading.Thread(target=exchange.serve_forever, daemon=True).start()
        url, https_url = _addresses(log, java)
        said = {"url": url, "https_url": https_url, "exchange": exchange.url, "pid": java.pid}
        unfinished = folder / "running.json.new"
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(said | {name: asked[name] for name in ("user", "password")}))
        unfinished.rename(folder / "running.json")
        select.select([owner, os.pidfd_open(java.pid)], [], [])
    finally:
        (folder / "running.json").unlink(missing_ok=True)
        if java is not None:
            java.kill()
            java.wait()
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        keep(json.load(sys.stdin))
    except (RuntimeError, OSError, urllib.error.URLError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
