"""`isoloir election check --connect`: each plugin's own check, on a real socket, in words and in JSON."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from isoloir.commands import main
from isoloir.config.reading import read_election

SECRET = "k7-une-phrase-longue"


@pytest.fixture
def closed() -> str:
    """An address of this machine where nobody answers."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def provider() -> Iterator[str]:
    """A server that describes a provider without any usable key."""

    class Described(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
            named = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "end_session_endpoint")
            described = {"issuer": issuer, "jwks_uri": f"{issuer}/keys", **{one: f"{issuer}/{one}" for one in named}}
            body = json.dumps({"keys": []} if self.path == "/keys" else described).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Described)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A valid election's file with one factor more, `psc`, that is to be completed."""
    written = tmp_path / "e.toml"
    CliRunner().invoke(main, ["election", "new", str(written)], catch_exceptions=False)
    return written


def complete(file: Path, issuer: str) -> None:
    """Add a factor whose provider is at `issuer`."""
    config = f'preset = "simulator", issuer = "{issuer}", client_id = "a", client_secret = {{ env = "PSC" }}'
    factor = f'[factors.psc]\nplugin = "prosante_connect"\nconfig = {{ {config} }}\n\n'
    read = file.read_text()
    assert "[factors." in read
    file.write_text(read.replace("[factors.", f"{factor}[factors.", 1))
    read_election(file)


def check(file: Path, *more: str, lang: str = "en", secret: str | None = SECRET) -> Result:
    """Type the command."""
    environment = {"ISOLOIR_LANG": lang, "ISOLOIR_INSTANCE": None, "COLUMNS": "400", "PSC": secret}
    return CliRunner(env=environment).invoke(main, ["election", "check", str(file), *more], catch_exceptions=False)


def test_nothing_is_asked_without_the_option(file: Path, closed: str) -> None:
    """A check of the file alone needs no network: it is valid, whoever is away."""
    complete(file, closed)
    assert check(file).exit_code == 0


@pytest.mark.parametrize(("lang", "words"), [("fr", "ne se décrit pas"), ("en", "does not describe itself")])
def test_a_provider_that_is_away_is_said(file: Path, closed: str, lang: str, words: str) -> None:
    """With the code, sentence and remedy of the plugin, under the file's name for it; exit 1, and no secret."""
    complete(file, closed)
    result = check(file, "--connect", lang=lang)
    assert result.exit_code == 1
    assert "psc (prosante_connect): [psc_check_discovery]" in result.output
    assert words in result.output
    assert "→" in result.output
    assert SECRET not in result.output


def test_what_a_provider_lacks_is_said_in_json(file: Path, provider: str) -> None:
    """Reached, it has no key: that is the answer, beside the others of the file."""
    complete(file, provider)
    result = check(file, "--connect", "--json")
    assert result.exit_code == 1
    told = {one["name"]: one["problems"] for one in json.loads(result.output)["connections"]}
    assert [one["code"] for one in told["psc"]] == ["oidc_check_no_key"]
    assert len(told) > 1


def test_a_missing_secret_hides_no_other_check(file: Path, closed: str) -> None:
    """A reference that leads nowhere is told by its own code, and the others are tried all the same."""
    complete(file, closed)
    result = check(file, "--connect", "--json", secret=None)
    told = {one["name"]: one["problems"] for one in json.loads(result.output)["connections"]}
    assert [one["code"] for one in told["psc"]] == ["secret_missing"]
    assert len(told) > 1
