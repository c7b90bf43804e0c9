"""The oracles: belenios-tool 2.0 on whole BELENIOS-2048 archives, its own too; 3.0 on Ed25519 ballots."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ballot_kit import oracles

from isoloir_ballots import ballot
from isoloir_ballots.verify import VerificationError, check_archive, check_ballot

pytestmark = pytest.mark.slow
Tool = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def field(new_contest: Callable[..., Any]) -> Any:
    return new_contest("BELENIOS-2048", name='Élection des médecins “2024” — "essai" 漢字')


@pytest.mark.parametrize("number", [0, 1, 4])
@pytest.mark.parametrize("until", ["Ballot", "EndBallots", "PartialDecryption", "Result"])
def test_accepts_whole_archives(
    field: Any, votes: list[list[list[int]]], belenios: Tool, tmp_path: Path, number: int, until: str
) -> None:
    """With 0, 1 and 4 ballots, at every stage, its whole-archive check passes."""
    cast = [field.vote(index, answers) for index, answers in enumerate(votes[:number])]
    field.archive(cast, tmp_path / f"{field.election.uuid}.bel", until=until)
    run = belenios("election", "verify", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "all checks passed" in run.stderr


def break_proof(field: Any, data: bytes) -> bytes:
    value = json.loads(data)
    value["answers"][0]["overall_proof"].reverse()
    return bytes(field.sign(value, 0))


@pytest.mark.parametrize("forgery", ["proof", "signature", "result", "bytes"])
def test_rejects_forged_archives(
    field: Any, votes: list[list[list[int]]], belenios: Tool, tmp_path: Path, forgery: str
) -> None:
    """The same archive with one thing forged is rejected by it, and by us (its check is not empty)."""
    cast = [field.vote(index, answers) for index, answers in enumerate(votes)]
    path = tmp_path / f"{field.election.uuid}.bel"
    bad = list(cast)
    if forgery == "proof":
        bad[0] = break_proof(field, cast[0])
    if forgery == "signature":
        value = json.loads(cast[0])
        value["signature"]["proof"]["response"] = "1"
        bad[0] = json.dumps(value, separators=(",", ":")).encode()

    def change(step: str, value: Any) -> Any:
        return b'{"result":[[1,1,0,2],[2,1,1]]}' if forgery == "result" and step == "result" else value

    field.archive(bad, path, counted=cast, change=change)
    if forgery == "bytes":
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    run = belenios("election", "verify", cwd=tmp_path)
    assert run.returncode != 0, run.stderr
    with pytest.raises(VerificationError):
        check_archive(path)


def test_we_check_its_archives(belenios: Tool, tmp_path: Path) -> None:
    """An election made by it from keys to result verifies here, with its counts; forged, it does not."""

    def run(command: str, text: str | None = None) -> str:
        done = belenios(*shlex.split(command), cwd=tmp_path, text=text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    uuid = run("setup generate-token --length 14").strip()
    where = f"--uuid {uuid} --group BELENIOS-2048"
    run(f"setup generate-credentials {where} --count 3")
    shutil.move(next(tmp_path.glob("*.pubcreds")), tmp_path / "public_creds.json")
    codes = [line.split()[1] for line in next(tmp_path.glob("*.privcreds")).read_text().splitlines()]
    run("setup generate-trustee-key --group BELENIOS-2048")
    run("setup generate-trustee-key --group BELENIOS-2048")
    keys = sorted(tmp_path.glob("*.pubkey"))
    (tmp_path / "public_keys.jsons").write_text("".join(key.read_text() for key in keys))
    run("setup make-trustees")
    template = {
        "description": "Décrit",
        "name": "Été",
        "questions": [
            {"answers": ["A é", "B"], "blank": True, "min": 1, "max": 1, "question": "Un ?"},
            {"answers": ["A", "B", "C"], "min": 0, "max": 2, "question": "Deux ?"},
        ],
    }
    (tmp_path / "template.json").write_text(json.dumps(template))
    run(f"setup make-election {where} --template template.json")
    run("archive init")
    choices = ([[0, 1, 0], [1, 0, 1]], [[1, 0, 0], [0, 0, 0]], [[0, 0, 1], [1, 0, 0]])
    for code, choice in zip(codes, choices, strict=True):
        (tmp_path / "code").write_text(code)
        (tmp_path / "choice").write_text(json.dumps(choice))
        made = run("election generate-ballot --privcred code --ballot choice")
        run("archive add-event --type=Ballot", made)
    run("archive add-event --type=EndBallots", "")
    run("archive add-event --type=EncryptedTally", run("election compute-encrypted-tally"))
    for owner, key in enumerate(keys, 1):
        share = run(f"election decrypt --privkey {key.with_suffix('.privkey').name} --trustee-id {owner}")
        run("archive add-event --type=PartialDecryption", share)
    run("archive add-event --type=Result", run("election compute-result"))
    path = tmp_path / f"{uuid}.bel"
    report = check_archive(path)
    assert (report.stage, report.ballots) == ("tallied", 3)
    one, two = report.questions
    assert (one.blank, [answer.votes for answer in one.answers]) == (1, [1, 1])
    assert [answer.votes for answer in two.answers] == [2, 0, 1]
    forged = bytearray(path.read_bytes())
    forged[-600] ^= 1
    with pytest.raises(VerificationError):
        check_archive(bytes(forged))


def test_version_3_on_ed25519(edwards: Any, ballots: list[bytes], tmp_path: Path) -> None:
    """belenios-tool 3.0 accepts our Ed25519 ballots and rejects a forged one; we accept those it makes."""
    oracle = oracles.BallotOracle(*edwards.files(), tmp_path / "box")
    for data in ballots:
        asked = oracle.verifies(data)
        assert asked.returncode == 0, asked.stderr
    value = json.loads(ballots[0])
    value["answers"][0]["blank_proof"].reverse()
    assert oracle.verifies(edwards.sign(value, 0)).returncode != 0
    (tmp_path / "box" / "code").write_text(edwards.codes[3])
    (tmp_path / "box" / "choice").write_text("[[0,0,1,0],[0,1,1]]")
    generate = ("election", "generate-ballot", "--privcred", "code", "--choice", "choice")
    made = oracles.run(oracles.version_3(), *generate, cwd=tmp_path / "box").stdout.strip().encode()
    assert check_ballot(edwards.setup, made).tracker == ballot.tracker(made)


@pytest.mark.parametrize("version", ["version_2", "version_3"])
def test_an_absent_program_is_a_failure(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program, asking for it fails with a sentence that says how it is installed: no skip."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(oracles, "_VERSION_3", Path("/nonexistent"))
    with pytest.raises(AssertionError, match="`make test` installs it"):
        getattr(oracles, version)()
