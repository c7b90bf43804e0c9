"""The trustee's page and Python: each takes what the other made, and both refuse archives that were tampered with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ballot_kit.elections import LISTS, VOTES, Contest, build

from isoloir.ceremony import progress, trial
from isoloir.ceremony.documents import Transcript
from isoloir.ceremony.plan import Plan
from isoloir.config.board import KeyGroup
from isoloir.key_share import KeyShare
from isoloir.partials import Box, Partials
from isoloir_ballots import ballot, canonical, credentials, tally, trustees
from isoloir_ballots.archive import Archive
from isoloir_ballots.election import Election
from isoloir_ballots.errors import VerificationError
from isoloir_ballots.groups import named
from isoloir_ballots.hashing import hex_digest
from isoloir_ballots.verify import Setup, check_archive, check_ballot

CODE = "une phrase à moi, « 42 »"
SMALL_ORDER = "00" * 32
"""y = 0: a point of order 4."""


@pytest.fixture(scope="module")
def contest() -> Contest:
    return build("Ed25519")


@pytest.fixture(scope="module")
def ballots(contest: Contest) -> list[bytes]:
    return [contest.vote(index, answers) for index, answers in enumerate(VOTES)]


@pytest.fixture(scope="module")
def share(contest: Contest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return _locked(KeyShare("essai", "c1", "national", "d1", "Ed25519", "2" * 22, 2, contest.keys[1].secret),
                   tmp_path_factory.mktemp("share"))  # fmt: skip


def _locked(share: KeyShare, folder: Path) -> str:
    path = folder / f"{share.member}.json"
    share.write(path, CODE)
    return path.read_text("utf-8")


def _closed(contest: Contest, path: Path, ballots: list[bytes], **options: Any) -> Path:
    """The archive of a closed box, whose shares are still to come."""
    change = options.pop("change", lambda _, value: value)

    def without_shares(kind: str, value: Any) -> Any:
        return [] if kind == "shares" else change(kind, value)

    contest.archive(ballots, path, until="PartialDecryption", change=without_shares, **options)
    return path


@pytest.fixture
def decrypt(booth_code: Any) -> Callable[..., dict[str, Any]]:
    """What the page's code makes of a share, a code and archives."""

    def run(share: str, *archives: Path, code: str = CODE) -> dict[str, Any]:
        given = {"share": share, "code": code, "archives": [[str(path) for path in archives]]}
        answer = json.loads(booth_code(given))
        return answer[0] if isinstance(answer, list) else answer

    return run


@pytest.fixture
def refused(booth_code: Any) -> Callable[..., list[str]]:
    """The clauses by which the page's code refuses each of some archives, opened with one share; empty: accepted."""

    def run(share: str, archives: list[Path]) -> list[str]:
        given = {"share": share, "code": CODE, "archives": [[str(path)] for path in archives]}
        return [one.get("refused", "") for one in json.loads(booth_code(given))]

    return run


def test_python_accepts_what_the_page_makes(
    contest: Contest, ballots: list[bytes], share: str, decrypt: Any, tmp_path: Path
) -> None:
    """The page opens Python's share and box, shows what Python's report shows, and Python accepts its decryptions."""
    path = _closed(contest, tmp_path / "box.bel", ballots)
    made = decrypt(share, path)
    report = check_archive(path)
    (shown,) = made["boxes"]
    assert shown == {
        "name": report.name, "uuid": report.uuid, "fingerprint": report.fingerprint,
        "ballots": 4, "digest": report.total_digest,
    }  # fmt: skip
    partials = Partials.from_json(json.loads(made["partials"]))
    assert (partials.election, partials.board, partials.member, partials.number) == ("essai", "national", "d1", 2)
    box = Box.read(path)
    assert tally.check_partial_decryption(box.setup, box.total, 2, partials.boxes[box.uuid])
    with pytest.raises(VerificationError, match=r"tally\.decryption_proof"):
        tally.check_partial_decryption(box.setup, box.total, 1, partials.boxes[box.uuid])


def test_a_box_without_ballots_decrypts(contest: Contest, share: str, decrypt: Any, tmp_path: Path) -> None:
    """The neutral element is no error: a total over nothing is opened with proofs that Python accepts."""
    path = _closed(contest, tmp_path / "empty.bel", [])
    partials = Partials.from_json(json.loads(decrypt(share, path)["partials"]))
    box = Box.read(path)
    assert tally.check_partial_decryption(box.setup, box.total, 2, partials.boxes[box.uuid])


def test_weights_are_added_up(share: str, decrypt: Any, tmp_path: Path) -> None:
    """Ballots count by their weights, as in Python."""
    contest = build("Ed25519", weights=[3, 1, 2**31, 1, 1])
    ballots = [contest.vote(index, answers) for index, answers in enumerate(VOTES)]
    path = _closed(contest, tmp_path / "weights.bel", ballots)
    made = decrypt(share, path)
    assert made["boxes"][0]["digest"] == check_archive(path).total_digest


def test_a_wrong_code_and_a_changed_share_open_nothing(
    contest: Contest, ballots: list[bytes], share: str, decrypt: Any, tmp_path: Path
) -> None:
    """The page refuses as Python does: code, fields bound to the secret, form; and a share without its key."""
    path = _closed(contest, tmp_path / "box.bel", ballots)
    value = json.loads(share)
    assert decrypt(share, path, code=CODE + " ") == {"refused": "share.locked"}
    for name in ("election", "member", "board"):
        assert decrypt(json.dumps({**value, name: "autre"}), path) == {"refused": "share.locked"}
    cheap = {**value, "kdf": {**value["kdf"], "iterations": 1000}}
    others = [cheap, {**value, "format": "isoloir-key-share/1"}, {**value, "locked": "*"}, {"format": "x"}]
    assert {decrypt(json.dumps(one), path)["refused"] for one in others} == {"share.unreadable"}
    assert decrypt("nothing", path) == {"refused": "share.unreadable"}
    unfinished = _locked(KeyShare("essai", "c1", "national", "d9", "Ed25519", "2" * 22), tmp_path)
    assert decrypt(unfinished, path) == {"refused": "share.incomplete"}


def _total(change: Callable[[list[Any]], None]) -> Callable[[str, Any], Any]:
    """Forge the total's ciphertexts."""

    def forge(kind: str, value: Any) -> Any:
        if kind != "tally":
            return value
        rows = json.loads(value[0])
        change(rows)
        return (canonical.dump(rows), *value[1:])

    return forge


def _swap(rows: list[Any]) -> None:
    rows[0][0], rows[0][1] = rows[0][1], rows[0][0]


def _small(rows: list[Any]) -> None:
    rows[0][2]["alpha"] = SMALL_ORDER


def _numbers(ballots: int, weight: int) -> Callable[[str, Any], Any]:
    return lambda kind, value: (value[0], value[1] + ballots, value[2] + weight) if kind == "tally" else value


def _other_key(kind: str, value: Any) -> Any:
    if kind != "setup":
        return value
    group = named("Ed25519")
    election = json.loads(value[0])
    election["public_key"] = group.serialise(group.generator_power(4242))
    return (canonical.dump(election), *value[1:])


FORGED: dict[str, tuple[Callable[[str, Any], Any], str]] = {
    "two sums changed places": (_total(_swap), "tally.encrypted"),
    "an alpha of small order": (_total(_small), "tally.element"),
    "one ballot more than there are": (_numbers(1, 1), "tally.num_tallied"),
    "more weight than there is": (_numbers(0, 1), "tally.total_weight"),
    "a ballot dropped": (lambda kind, value: value[1:] if kind == "ballots" else value, "tally.num_tallied"),
    "a ballot twice": (
        lambda kind, value: [value[0], *value] if kind == "ballots" else value, "ballot.credential.repeated",
    ),
    "a ballot's choice changed": (
        lambda kind, value: [value[0].replace(b'"alpha":"', b'"alpha":"0', 1), *value[1:]]
        if kind == "ballots" else value,
        "ballot.element",
    ),
    "another election key": (_other_key, "setup.public_key"),
}  # fmt: skip


def test_forged_archives_are_refused(
    contest: Contest, ballots: list[bytes], share: str, refused: Any, tmp_path: Path
) -> None:
    """Whatever a server puts in the place of the sum of all ballots, the page names it and decrypts nothing."""
    paths = []
    for number, (change, _) in enumerate(FORGED.values()):
        paths.append(_closed(contest, tmp_path / f"{number}.bel", ballots, change=change))
        with pytest.raises(VerificationError):
            check_archive(paths[-1])
    found = refused(share, paths)
    assert dict(zip(FORGED, found, strict=True)) == {name: clause for name, (_, clause) in FORGED.items()}


def test_one_voters_ballot_is_not_taken_for_the_total(
    contest: Contest, ballots: list[bytes], share: str, refused: Any, tmp_path: Path
) -> None:
    """A total over one ballot in a box of four is refused, even when its numbers are made to agree with the box."""
    one = _closed(contest, tmp_path / "one.bel", ballots, counted=ballots[:1])
    agreeing = _closed(contest, tmp_path / "agreeing.bel", ballots, counted=ballots[:1], change=_numbers(3, 3))
    assert refused(share, [one, agreeing]) == ["tally.num_tallied", "tally.encrypted"]


def test_a_damaged_archive_is_refused_as_in_python(
    contest: Contest, ballots: list[bytes], share: str, refused: Any, tmp_path: Path
) -> None:
    """Cut, lengthened, or with one byte changed anywhere: the clause is Python's."""
    whole = _closed(contest, tmp_path / "box.bel", ballots)
    data = whole.read_bytes()
    damaged = [data[:-512], data[:700], b"", data + bytes(512), data[:600] + b"x" + data[601:]]
    damaged += [data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(3, len(data), len(data) // 60)]
    clauses, paths = [], []
    for number, bad in enumerate(damaged):
        paths.append(tmp_path / f"{number}.bel")
        paths[-1].write_bytes(bad)
        with pytest.raises(VerificationError) as caught:
            check_archive(paths[-1])
        clauses.append(caught.value.clause)
    assert refused(share, [*paths, whole]) == [*clauses, ""]


def test_another_boxs_share_and_an_open_box_are_refused(
    contest: Contest, ballots: list[bytes], share: str, decrypt: Any, tmp_path: Path
) -> None:
    """Other keys, another holder's number, a box without a total: nothing is decrypted."""
    other = build("Ed25519", name="Un autre scrutin")
    theirs = [other.vote(0, VOTES[0])]
    assert decrypt(share, _closed(other, tmp_path / "other.bel", theirs)) == {"refused": "share.foreign"}
    mine = _closed(contest, tmp_path / "box.bel", ballots)
    first = KeyShare("essai", "c1", "national", "d0", "Ed25519", "2" * 22, 1, contest.keys[1].secret)
    assert decrypt(_locked(first, tmp_path), mine) == {"refused": "share.foreign"}
    contest.archive(ballots, tmp_path / "open.bel", until="EndBallots")
    assert decrypt(share, tmp_path / "open.bel") == {"refused": "tally.missing"}


def test_a_board_of_two_groups_opens_its_box_with_the_page(decrypt: Any, tmp_path: Path) -> None:
    """Secretary and delegates 2 and 3, whose keys come from a ceremony, decrypt each in the page: Python counts."""
    groups = (KeyGroup(("president", "secretary"), 1), KeyGroup(("d1", "d2", "d3"), 2))
    plan = Plan("1soLoirTest999", "essai", "Ed25519", {"national": groups})
    documents, shares = trial.hold(plan)
    entries = progress.entries(Transcript(plan, documents))["national"]
    group = named("Ed25519")
    election = Election(
        version=1, description="", name="Essai", group="Ed25519", questions=(LISTS,), uuid="1soLoirTest456",
        public_key=group.serialise(trustees.election_public_key(group, entries)),
    )  # fmt: skip
    codes = [credentials.from_seed(b"a seed of this test", index) for index in range(3)]
    public = [credentials.public(group, election.uuid, code) for code in codes]
    files = (
        election.serialise(), trustees.serialise(group, entries),
        credentials.public_credentials_file(zip(public, [1, 1, 1], strict=True)),
    )  # fmt: skip
    setup = Setup.load(*files)
    cast = [ballot.make(election, code, [row]) for code, (row, _) in zip(codes, VOTES, strict=False)]
    total = tally.encrypted_tally(setup, [check_ballot(setup, one) for one in cast])
    path = tmp_path / "board.bel"
    box = Archive.create(path, *files, 1795471071)
    box.add_ballots(sorted(cast, key=ballot.tracker))
    box.end_ballots()
    box.encrypted_tally(total.serialise(), total.num_tallied, total.total_weight)
    given = []
    for one in shares:
        if one.member in ("secretary", "d2", "d3"):
            made = decrypt(_locked(one, tmp_path), path)
            assert made["boxes"][0]["digest"] == hex_digest(total.serialise())
            partials = Partials.from_json(json.loads(made["partials"]))
            given.append((partials.number, partials.boxes[election.uuid]))
    assert json.loads(tally.result(setup, total, given)) == {"result": [[1, 1, 0, 1]]}
