"""The server: one process that listens, answers, ends when told, and refuses what would be unsafe."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from isoloir.errors import IsoloirError
from isoloir_web.server import bound

ISOLOIR = Path(sys.executable).with_name("isoloir")


@pytest.fixture
def instance(tmp_path):
    """An instance's folder on a free port, without any election."""
    with bound("127.0.0.1") as listening:
        port = listening.getsockname()[1]
    (tmp_path / "isoloir.toml").write_text(f'base_url = "http://127.0.0.1:{port}"\ndemo = true\n')
    return tmp_path, port


def serve(folder, port, *options):
    return subprocess.Popen(
        [ISOLOIR, "--instance", folder, "serve", "--port", str(port), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_server_answers_until_it_is_told_to_end(instance):
    """Once its address is printed it answers; SIGTERM ends it with status 0."""
    folder, port = instance
    with serve(folder, port) as server:
        try:
            assert f"http://127.0.0.1:{port}" in server.stdout.readline()
            assert httpx2.get(f"http://127.0.0.1:{port}/").status_code == 200
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


@pytest.mark.parametrize(("options", "code"), [((), "port_taken"), (("--host", "192.0.2.1"), "serve_unsafe_host")])
def test_the_server_refuses_with_a_code(instance, options, code):
    """A port that is taken, and a demonstration on a public address, are refused: status 1, code and remedy."""
    folder, port = instance
    with bound("127.0.0.1", port) as listening:
        listening.listen()
        ran = subprocess.run(
            [ISOLOIR, "--instance", folder, "serve", "--port", str(port), *options],
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert ran.returncode == 1
    refused, remedy = ran.stderr.strip().split("\n")
    assert refused.startswith(f"{code}: ")
    assert remedy.startswith("→ ")


def test_a_free_port_is_taken_as_tcp():
    """What listens says that it is TCP, or every answer would wait for Nagle's delay; a name of nobody is refused."""
    with bound("127.0.0.1") as listening:
        assert listening.proto == socket.IPPROTO_TCP
    with pytest.raises(IsoloirError) as refused:
        bound("192.0.2.1")
    assert refused.value.code == "port_taken"
