"""The server: one process that listens, answers, ends when told, and refuses what would be unsafe."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
import uvicorn

from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir_web.server import bound, served

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


def test_several_workers_need_postgresql(instance):
    """On SQLite several workers are refused by code: leases and gate are of one process there."""
    folder, port = instance
    ran = subprocess.run(
        [ISOLOIR, "--instance", folder, "--lang", "en", "serve", "--port", str(port), "--workers", "2"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("workers_need_postgresql: ")


def workers_of(server):
    """Return the processes that answer on the port: those spawned by the server."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    commands = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    return {pid for pid, command in commands.items() if b"spawn_main" in command}


def wait_until(true, seconds=90):
    """Look again and again whether something holds."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.slow
def test_workers_answer_are_replaced_and_end_together(instance, postgresql_url):
    """Two workers answer; one that is killed is replaced while the port stays open; SIGTERM ends all, status 0."""
    folder, port = instance
    settings = folder / "isoloir.toml"
    settings.write_text(settings.read_text() + f"database = {json.dumps(postgresql_url)}\n")
    url = f"http://127.0.0.1:{port}/"
    with serve(folder, port, "--workers", "2") as server:
        try:
            assert f"http://127.0.0.1:{port}" in server.stdout.readline()
            first = workers_of(server)
            assert len(first) == 2
            killed = min(first)
            os.kill(killed, signal.SIGKILL)
            assert all(httpx2.get(url, timeout=60).status_code == 200 for _ in range(5))
            wait_until(lambda: len(workers_of(server) - first) == 1)
            os.kill(max(first), signal.SIGKILL)
            assert httpx2.get(url, timeout=60).status_code == 200
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)


@pytest.mark.slow
def test_workers_end_with_the_process_that_began_them(instance, postgresql_url):
    """Killed, the parent leaves nobody on the port: its workers end by themselves, and it can be taken again."""
    folder, port = instance
    settings = folder / "isoloir.toml"
    settings.write_text(settings.read_text() + f"database = {json.dumps(postgresql_url)}\n")
    with serve(folder, port, "--workers", "2") as server:
        assert f"http://127.0.0.1:{port}" in server.stdout.readline()
        left = workers_of(server)
        server.kill()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left))
    bound("127.0.0.1", port).close()


async def test_a_server_that_fails_before_it_answers_is_not_waited_for(tmp_path, monkeypatch):
    """What it raised is raised to whoever began it."""

    async def fail(self, sockets=None):
        raise OSError("no listening here")

    monkeypatch.setattr(uvicorn.Server, "startup", fail)
    (tmp_path / "isoloir.toml").write_text("")
    async with Instance.open(tmp_path) as instance:
        with bound("127.0.0.1") as listening, pytest.raises(OSError, match="no listening"):
            async with served(instance, listening):
                pass
