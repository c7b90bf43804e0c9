"""Files made to exhaust a verifier: refused by a clause, without a traceback, in little memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from isoloir_ballots.archive.events import Event
from isoloir_ballots.archive.records import data_record, event_record, header_block, opening
from isoloir_ballots.election import Question
from isoloir_ballots.hashing import hex_digest

pytestmark = pytest.mark.one_arithmetic

TIMESTAMP = 1795471071
LIMIT = 2**30
"""Bytes of address space, libraries included, that a run may take."""


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))


def verify(path: Path, *options: str) -> dict[str, Any]:
    """What the command says of a file, in a process that cannot take more than `LIMIT`."""
    ran = subprocess.run(
        [sys.executable, "-m", "isoloir_ballots", "--json", *options, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=limited,
    )
    assert "Traceback" not in ran.stderr
    assert ran.returncode == 1, ran.stderr
    (found,) = json.loads(ran.stdout)
    return dict(found)


def sparse(path: Path, head: bytes, size: int) -> Path:
    """A file that begins with `head` and is zero from there to `size`, without taking room on the disk."""
    with path.open("wb") as stream:
        stream.write(head)
        stream.truncate(size)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("begun", ["whole", "opening"])
def test_a_gigabyte_of_zeros(whole: bytes, tmp_path: Path, begun: str) -> None:
    """A gigabyte of zeros, as much as the memory allowed, after a whole archive or after the opening."""
    head = whole if begun == "whole" else opening(TIMESTAMP)
    assert verify(sparse(tmp_path / "zeros.bel", head, LIMIT + 2**20))["clause"] == "archive.trailing"


@pytest.mark.slow
def test_announced_gigabytes(tmp_path: Path) -> None:
    """A record of a gigabyte that is really there is not read; one of the greatest list of credentials is, once."""
    name = "a" * 64 + ".data.json"
    head = opening(TIMESTAMP) + header_block(name, 2**30, TIMESTAMP)
    assert verify(sparse(tmp_path / "one.bel", head, LIMIT + 2**20))["clause"] == "archive.size"
    small = data_record(b"{}", TIMESTAMP)
    head = opening(TIMESTAMP) + 2 * small + header_block(name, 2**28, TIMESTAMP)
    assert verify(sparse(tmp_path / "list.bel", head, 2**29))["clause"] == "archive.hash"


@pytest.mark.parametrize(
    ("which", "clause"), [(0, "setup.election"), (1, "setup.trustees"), (2, "setup.credentials")]
)
def test_json_that_swells(edwards: Any, tmp_path: Path, which: int, clause: str) -> None:
    """Lists of empty lists, as long as a file of the setup may be, do not swell in memory to a multiple."""
    files = list(edwards.files())
    files[which] = b"[" + b"[]," * ((2**20 if which < 2 else 40 * 2**20) // 3) + b"[]]"
    path = tmp_path / "swells.bel"
    with path.open("wb") as stream:
        stream.write(opening(TIMESTAMP))
        stream.writelines(data_record(data, TIMESTAMP) for data in files)
        setup = json.dumps(
            dict(zip(("election", "trustees", "credentials"), map(hex_digest, files), strict=True)),
            separators=(",", ":"),
        ).encode()
        stream.write(data_record(setup, TIMESTAMP))
        stream.write(event_record(Event(None, 0, "Setup", hex_digest(setup)).serialise(), TIMESTAMP))
    assert verify(path)["clause"] == clause


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_endless_events(new_contest: Callable[..., Any], tmp_path: Path, jobs: str) -> None:
    """Twenty thousand events, chained as they should be, all with one ballot: refused at the second, not read on."""
    contest = new_contest("Ed25519", (Question("?", ("a",), 0, 1),))
    ballot = contest.vote(0, [[1]])
    box = contest.archive([], until="Ballot").getvalue()
    path = tmp_path / "events.bel"
    parent, record = hex_digest(list(_bodies(box))[-1]), data_record(ballot, TIMESTAMP)
    with path.open("wb") as stream:
        stream.write(box)
        for height in range(1, 20_001):
            event = Event(parent, height, "Ballot", hex_digest(ballot)).serialise()
            stream.write(record + event_record(event, TIMESTAMP))
            parent = hex_digest(event)
    found = verify(path, "--jobs", jobs)
    assert found["clause"] == "ballot.credential.repeated"
    assert found["place"]["ballot"] == 2


def _bodies(data: bytes) -> Iterator[bytes]:
    while data:
        size = int(data[124:135], 8)
        yield data[512 : 512 + size]
        data = data[512 + (size + 511) // 512 * 512 :]


def test_what_is_not_a_file(tmp_path: Path) -> None:
    """A folder, a device without an end and a name that nothing has are refused, not waited for."""
    for path in (tmp_path, Path("/dev/zero"), tmp_path / "absent"):
        found = verify(path)
        assert found["clause"] in {"archive.unreadable", "archive.truncated"}
        assert found["sha256"] is None
