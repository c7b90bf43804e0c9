"""Fixtures of the booth: Node from the environment, its libraries, and a server that plays the web app."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

BOOTH = Path(__file__).resolve().parents[1]
BUILT = BOOTH.parent / "web" / "src" / "isoloir_web" / "static" / "booth"
STYLES = BUILT.parent / "isoloir.css"
VECTORS = BOOTH.parents[1] / "tests" / "vectors" / "ed25519-ballots.json"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
CREDENTIALS = ["ABCDE-FGHJKL-MNPQR-STUVWX", "23456-789ABC-DEFGH-JKLMNP", "abcde-fghijk-mnopq-rstuvw"]
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def run(*command: str, folder: Path = BOOTH, stdin: str = "") -> str:
    done = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, input=stdin, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def booth_folder() -> Path:
    """The booth's folder with its locked libraries installed."""
    # Locked: the tests run in several processes, and two installations into one folder ruin each other.
    with (BOOTH / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (BOOTH / "node_modules" / ".package-lock.json").is_file():
            run("npm", "ci", "--prefer-offline", "--no-audit", "--no-fund")
    return BOOTH


@pytest.fixture(scope="session")
def run_node() -> Any:
    """A function that runs a command with the environment's Node first on the path, and returns what it prints."""
    return run


@pytest.fixture(scope="session")
def make_ballot(booth_folder: Path) -> Any:
    """A function that makes a ballot with the booth's own code: election text, credential, choices -> bytes."""

    def make(election: str, credential: str, choices: list[Any]) -> bytes:
        given = json.dumps({"election": election, "credential": credential, "choices": choices})
        return run("node", "src/node-cli.ts", folder=booth_folder, stdin=given).encode()

    return make


@pytest.fixture(scope="session")
def booth_code(booth_folder: Path) -> Any:
    """A function that hands JSON to the booth's own code (src/node-cli.ts) and returns what it prints."""

    def ask(given: dict[str, Any]) -> str:
        return run("node", "src/node-cli.ts", folder=booth_folder, stdin=json.dumps(given))

    return ask


@pytest.fixture(scope="session")
def choices_of() -> Any:
    """A function that turns a vector's rows of 0 and 1 into the booth's choices: indices of answers, or blank."""

    def choices(case: dict[str, Any], rows: list[list[int]]) -> list[Any]:
        made: list[Any] = []
        for question, row in zip(json.loads(case["election"])["questions"], rows, strict=True):
            flags = row[1:] if question.get("blank") else row
            blank = question.get("blank") and row[0]
            made.append("blank" if blank else [i for i, flag in enumerate(flags) if flag])
        return made

    return choices


class Mock:
    """What the web app would answer; tests set `answers` to make a request fail once per entry."""

    def __init__(self) -> None:
        self.cases = json.loads(VECTORS.read_text("utf-8"))["cases"]
        self.case = self.cases[0]
        self.language = "fr"
        self.answers: dict[str, list[Any]] = {"setup": [], "credential": [], "ballot": []}
        self.cast: list[bytes] = []
        self.shown: list[str] = []
        self.requests: list[tuple[str, str, bytes]] = []
        self.drawn = 0
        self.changes: dict[str, Any] = {}

    def setup(self, language: str) -> dict[str, Any]:
        answers = json.loads(self.case["election"])["questions"][0]["answers"]
        order = [i for i in (2, 0, 3, 1) if i < len(answers)]
        people = [
            "Camille Aubry",
            "Dominique Bellanger",
            "Claude Carré",
            "Sacha Delorme",
            "Noa Esteve",
            "Lou Ferrand",
        ]
        french = language == "fr"
        window = ("Vote from 11 June, 9 am, to 18 June, 5 pm", "Vote du 11 juin, 9 h, au 18 juin, 17 h")
        order_note = ("The order of the lists was drawn by lot.", "L’ordre des listes a été tiré au sort.")
        hours = ("8 am to 8 pm, weekends 9 am to 6 pm", "de 8 h à 20 h, le week-end de 9 h à 18 h")
        return {
            "language": language,
            "voter": "Dr Alix Martin",
            "election": {
                "id": "essai",
                "title": "Élections des personnels médicaux 2024" if french else "Medical staff elections 2024",
                "window": window[french],
            },
            "contest": {"id": "csn", "title": "Commission statutaire nationale" if french else "National commission"},
            "order_note": order_note[french],
            "election_json": self.case["election"],
            "lists": [{"id": f"l{i}", "name": answers[i], "candidates": people[: 3 + i], "answer": i} for i in order],
            "blank": True,
            "step_token": "jeton",
            "links": {
                "contests": "/e/essai/contests",
                "not_me": "/e/essai/not-me",
                "box": "/e/essai/box",
                "proof": "/e/essai/contests/csn/proof",
                "accessibility": "/e/essai/accessibility",
            },
            "help": {
                "phone": "05 67 31 53 03",
                "hours": hours[french],
            },
            "preview": False,
            **self.changes,
        }


def _handler(mock: Mock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def reply(self, status: int, body: bytes, kind: str, policy: str = CSP) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.send_header("content-security-policy", policy)
            self.send_header("cache-control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def json(self, status: int, body: Any) -> None:
            self.reply(status, json.dumps(body).encode(), "application/json")

        def planned(self, name: str) -> bool:
            if not mock.answers[name]:
                return False
            answer = mock.answers[name].pop(0)
            if answer is None:
                self.close_connection = True
                self.connection.close()
            else:
                self.json(*answer)
            return True

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            mock.requests.append(("GET", self.path, b""))
            if path.startswith("/static/"):
                file = STYLES if path == "/static/isoloir.css" else BUILT / path.rsplit("/", 1)[1]
                kinds = {".js": "text/javascript", ".css": "text/css"}
                self.reply(200, file.read_bytes(), kinds[file.suffix])
            elif path == "/check":
                policy = (BUILT / "check-policy.txt").read_text("ascii").strip() + "; frame-ancestors 'none'"
                self.reply(200, (BUILT / "check.html").read_bytes(), "text/html; charset=utf-8", policy)
            elif path.endswith("/setup"):
                if not self.planned("setup"):
                    self.json(200, mock.setup(query.partition("lang=")[2] or mock.language))
            elif re.fullmatch(r"/e/essai/booth/[\w-]+", path):
                self.reply(200, (BUILT / "index.html").read_bytes(), "text/html; charset=utf-8")
            else:
                self.reply(200, f"<!doctype html><title>page</title><h1>{path}</h1>".encode(), "text/html")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            mock.requests.append(("POST", self.path, body))
            name = self.path.rsplit("/", 1)[1]
            if name == "box":
                self.reply(200, b"<!doctype html><title>box</title><h1>box</h1>", "text/html")
                return
            if self.headers.get("x-isoloir-token") != "jeton":
                self.json(403, {"code": "token", "sentence": "Jeton refusé.", "remedy": "Rechargez."})
                return
            if name == "ballot":
                mock.shown.append(self.headers.get("x-isoloir-credential", ""))
            if name == "ballot" and mock.answers["ballot"][:1] == [None]:
                mock.cast.append(body)  # arrived, though its answer is lost
            if self.planned(name):
                return
            if name == "credential":
                mock.drawn += 1
                self.json(200, {"credential": CREDENTIALS[mock.drawn % 3]})
            else:
                mock.cast.append(body)
                tracker = b64encode(hashlib.sha256(body).digest()).decode().rstrip("=")
                remaining = [{"id": "cspm", "title": "Commission supérieure (CSPM)", "url": "/e/essai/booth/cspm"}]
                self.json(200, {"tracker": tracker, "remaining": remaining, "logout": "/e/essai/logout"})

    return Handler


@pytest.fixture
def mock() -> Iterator[tuple[Mock, str]]:
    """A fresh mock of the web app and the booth's address on it."""
    state = Mock()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state, f"http://127.0.0.1:{server.server_port}/e/essai/booth/csn"
    server.shutdown()
    server.server_close()
    thread.join()
