"""Archives: written and read byte for byte, and every departure refused by its clause."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoloir_ballots.archive import Archive, read
from isoloir_ballots.archive.records import data_record, event_record, header_block, opening
from isoloir_ballots.election import Question
from isoloir_ballots.errors import FormatError
from isoloir_ballots.verify import VerificationError, check_archive, tracker

TIMESTAMP = 1795471071


def refused(data: bytes) -> str:
    with pytest.raises(VerificationError) as caught:
        check_archive(data)
    return caught.value.clause


def records(data: bytes) -> list[bytes]:
    """The records of an archive, each with header and padding."""
    found = []
    while data:
        size = 512 + (int(data[124:135], 8) + 511) // 512 * 512
        found.append(data[:size])
        data = data[size:]
    return found


@pytest.fixture(scope="module")
def small(new_contest: Callable[..., Any]) -> bytes:
    """A whole archive of two ballots of one choice, quick to verify again and again."""
    contest = new_contest("Ed25519", (Question("?", ("a",), 0, 1),))
    return bytes(contest.archive([contest.vote(0, [[0]]), contest.vote(1, [[1]])]).getvalue())


def test_header_bytes() -> None:
    """The header block is as the format fixes it, field by field."""
    block = header_block("BELENIOS", 42, TIMESTAMP)
    assert len(block) == 512
    assert block[:100] == b"BELENIOS".ljust(100, b"\0")
    assert block[100:148] == b"0000644\x000000000\x000000000\x0000000000052\x0015301133337\x00"
    assert block[156:157] == b"0"
    assert not any(block[157:])
    assert block[148:156] == b"%06o\0 " % (sum(block) - sum(block[148:156]) + 8 * 32)
    assert opening(TIMESTAMP)[512:].rstrip(b"\0") == b'{"version":1,"timestamp":"1795471071"}'


def test_round_trip(edwards: Any, ballots: list[bytes], tmp_path: Path) -> None:
    """What is written is read back, from disk as from memory, and the two are the same bytes."""
    path = tmp_path / "box.bel"
    edwards.archive(ballots, path)
    contents = read(path)
    assert (contents.election, contents.trustees, contents.public_credentials) == edwards.files()
    assert contents.ballots == sorted(ballots, key=tracker)
    assert (contents.timestamp, contents.num_tallied, contents.total_weight) == (TIMESTAMP, 4, 4)
    assert [owner for owner, _ in contents.partial_decryptions] == [1, 2]
    assert json.loads(contents.result or b"") == {"result": [[1, 2, 0, 1], [2, 1, 1]]}
    assert path.read_bytes() == edwards.archive(ballots).getvalue()
    assert [item.name for item in tmp_path.iterdir()] == ["box.bel"]


def test_python_tarfile_reads_it(whole: bytes, tmp_path: Path) -> None:
    """An ordinary tar program can list the archive."""
    import io
    import tarfile

    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        assert len(tar.getmembers()) == len(records(whole))


def test_go_on_with_an_archive(edwards: Any, ballots: list[bytes], tmp_path: Path) -> None:
    """A closed archive can be opened again by another process and gets the same bytes."""
    path = tmp_path / "box.bel"
    edwards.archive(ballots, path, until="EndBallots")
    contents = read(edwards.archive(ballots).getvalue())
    again = Archive.open(path)
    assert again.stage == "EndBallots"
    again.encrypted_tally(contents.encrypted_tally or b"", contents.num_tallied, contents.total_weight)
    for owner, share in contents.partial_decryptions:
        again.partial_decryption(owner, share)
    again.result(contents.result or b"")
    assert path.read_bytes() == edwards.archive(ballots).getvalue()
    assert check_archive(path).stage == "tallied"


def test_order_is_forced_on_the_writer(edwards: Any, tmp_path: Path) -> None:
    """Events out of order are refused and leave the file as it was."""
    path = tmp_path / "box.bel"
    box = Archive.create(path, *edwards.files(), TIMESTAMP)
    for act in (
        lambda: box.encrypted_tally(b"[]", 0, 0),
        lambda: box.partial_decryption(1, b"{}"),
        lambda: box.result(b"{}"),
    ):
        with pytest.raises(FormatError) as caught:
            act()
        assert caught.value.clause == "archive.order"
    box.end_ballots()
    before = path.read_bytes()
    with pytest.raises(FormatError):
        box.add_ballots([b"{}"])
    assert path.read_bytes() == before
    with pytest.raises(FileExistsError):
        Archive.create(path, *edwards.files(), TIMESTAMP)
    assert path.read_bytes() == before


def test_failed_write_leaves_the_archive(
    edwards: Any, ballots: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk error in the middle of a write leaves the former archive, nothing beside it, and a retry works."""
    path = tmp_path / "box.bel"
    box = Archive.create(path, *edwards.files(), TIMESTAMP)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            box.add_ballots(ballots)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["box.bel"]
    box.add_ballots(ballots)
    assert check_archive(path).ballots == 4


def test_bad_timestamps(edwards: Any) -> None:
    """A time that a tar header cannot say is refused."""
    for timestamp in (-1, 8**11):
        with pytest.raises(FormatError):
            Archive.create(None, *edwards.files(), timestamp)


def test_every_cut_is_noticed(small: bytes) -> None:
    """Cut anywhere but after an event, an archive is refused; after an event it is an earlier stage."""
    parts = records(small)
    ends = [sum(map(len, parts[: i + 1])) for i in range(len(parts))]
    events = {end for end, part in zip(ends, parts, strict=True) if b".event.json" in part[:100]}
    random_cuts = random.Random(5).sample(range(len(small)), 15)
    stages = []
    for cut in sorted({*ends, *(end - 1 for end in ends), *random_cuts} - {len(small)}):
        if cut in events:
            stages.append(check_archive(small[:cut]).stage)
        else:
            assert refused(small[:cut]) == "archive.truncated"
    assert stages == ["setup", *["open"] * 2, *["closed"] * 4]


@pytest.mark.parametrize("tail", [bytes(512), bytes(1024), b"\0", b"x" * 512])
def test_nothing_may_follow(whole: bytes, tail: bytes) -> None:
    """End-of-archive blocks and other tails are refused."""
    assert refused(whole + tail) in {"archive.trailing", "archive.truncated", "archive.header"}


def test_every_header_byte_counts(whole: bytes) -> None:
    """Any byte of a header block changed is refused, in the first record as in a later one."""
    start = len(records(whole)[0])
    for base in (0, start):
        for offset in [0, 5, 63, 69, 99, *range(100, 160), 200, 257, 345, 511]:
            data = bytearray(whole)
            data[base + offset] ^= 1
            assert refused(bytes(data)).startswith("archive."), offset


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_flipped_bit_is_refused(whole: bytes, data: st.DataObject) -> None:
    """Not one bit of an archive is free."""
    forged = bytearray(whole)
    forged[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(VerificationError):
        check_archive(bytes(forged))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_are_refused_quietly(data: bytes) -> None:
    """Garbage, with or without a good beginning, gives a clause and never another exception."""
    for prefix in (b"", opening(TIMESTAMP), opening(TIMESTAMP) + event_record(data, TIMESTAMP)):
        with pytest.raises(VerificationError):
            check_archive(prefix + data)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"height":0}',
        b'{"height":"0","type":"Setup","payload":"x"}',
        b'{"height":true,"type":"Setup","payload":"x"}',
        b'{"height":0,"type":["Setup"],"payload":"x"}',
        b'{"height":0,"type":"Setup"}',
        b'{"height":0,"type":"Shuffle","payload":"x"}',
        b'{"height":0,"type":"Result","payload":"x"}',
        b'{"parent":"x","height":0,"type":"Setup","payload":"x"}',
        b'{"height":99999999999999999999999,"type":"Setup"}',
        b"\xff",
    ],
)
def test_bad_events(body: bytes) -> None:
    """An event of another form, type or place is refused by an archive clause."""
    assert refused(opening(TIMESTAMP) + event_record(body, TIMESTAMP)).startswith("archive.")


def test_huge_sizes(tmp_path: Path) -> None:
    """A header that announces gigabytes is refused without reading them."""
    name = "a" * 64 + ".data.json"
    assert refused(opening(TIMESTAMP) + header_block(name, 2**32, TIMESTAMP)) == "archive.size"
    assert refused(opening(TIMESTAMP) + header_block(name, 2**23, TIMESTAMP)) == "archive.size"
    assert refused(opening(TIMESTAMP) + header_block(name, 2**20, TIMESTAMP)) == "archive.truncated"
    assert refused(b"") == "archive.truncated"
    with pytest.raises(VerificationError) as caught:
        check_archive(tmp_path)
    assert caught.value.clause == "archive.unreadable"


def test_reordered_records(small: bytes) -> None:
    """Records exchanged, left out or doubled are refused."""
    parts = records(small)
    assert check_archive(b"".join(parts)).stage == "tallied"
    for first in range(1, len(parts) - 1):
        swapped = [*parts[:first], parts[first + 1], parts[first], *parts[first + 2 :]]
        assert refused(b"".join(swapped)).startswith("archive."), first
    for left_out in range(len(parts) - 1):
        clause = refused(b"".join(parts[:left_out] + parts[left_out + 1 :]))
        assert clause.startswith("archive."), left_out
    for doubled in range(len(parts)):
        assert refused(b"".join(parts[: doubled + 1] + parts[doubled:])).startswith("archive."), doubled


def test_names_are_digests(edwards: Any) -> None:
    """A record under another's name, or with an unknown name, is refused."""
    data = opening(TIMESTAMP) + data_record(b"{}", TIMESTAMP)
    assert refused(data) == "archive.truncated"
    forged = bytearray(data)
    forged[1024 + 512 : 1024 + 514] = b"[]"
    assert refused(bytes(forged)) == "archive.hash"
    other = header_block("../../etc/passwd", 2, TIMESTAMP) + b"{}".ljust(512, b"\0")
    assert refused(opening(TIMESTAMP) + other) == "archive.header"
    padded = bytearray(data)
    padded[-1] = 1
    assert refused(bytes(padded)) == "archive.padding"


def test_padding_and_other_times(whole: bytes) -> None:
    """A record with another time than the archive's is refused."""
    parts = records(whole)
    size = int(parts[2][124:135], 8)
    name = parts[2][:100].rstrip(b"\0").decode()
    parts[2] = header_block(name, size, TIMESTAMP + 1) + parts[2][512:]
    assert refused(b"".join(parts)) == "archive.header"


def test_newlines_are_not_recorded(edwards: Any) -> None:
    """The writer refuses data with a trailing newline, which would change the election's fingerprint."""
    election, trustees, credentials = edwards.files()
    with pytest.raises(FormatError):
        Archive.create(None, election + b"\n", trustees, credentials, TIMESTAMP)
