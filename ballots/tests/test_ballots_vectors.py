"""The vectors shared with other makers of ballots."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from isoloir_ballots import ballot, credentials
from isoloir_ballots.election import Election
from isoloir_ballots.groups import named
from isoloir_ballots.verify import Setup, VerificationError, check_ballot

FOLDER = Path(__file__).parent / "vectors"
VECTORS: dict[str, Any] = json.loads((FOLDER / "ed25519-ballots.json").read_text(encoding="utf-8"))


def test_the_file_is_what_its_script_writes() -> None:
    """The vectors are reproduced to the byte."""
    made = subprocess.run(
        [sys.executable, str(FOLDER / "make_vectors.py"), "--print"], capture_output=True, check=True, timeout=60
    )
    assert made.stdout == (FOLDER / "ed25519-ballots.json").read_bytes()


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_vectors_are_made_and_verified(case: dict[str, Any]) -> None:
    """From election, credential, choices and the listed numbers come the listed bytes, which verify."""
    group = named(VECTORS["group"])
    assert str(group.q) == VECTORS["q"]
    election = Election.parse(case["election"].encode())
    assert election.fingerprint == case["fingerprint"]
    texts = [case[key].encode() for key in ("election", "trustees", "public_credentials")]
    setup = Setup.load(*texts)
    for vector in case["ballots"]:
        numbers = [int(number) for number in vector["randomness"]]
        assert str(credentials.secret(group, election.uuid, vector["credential"])) == vector["private_exponent"]
        made = ballot.make(
            election, vector["credential"], vector["choices"], lambda _, numbers=numbers: numbers.pop(0)
        )
        assert numbers == []
        assert made == vector["ballot"].encode()
        checked = check_ballot(setup, made)
        assert (checked.tracker, checked.credential) == (vector["tracker"], vector["public_credential"])
        with pytest.raises(VerificationError):
            check_ballot(setup, made.replace(b'"response":"', b'"response":"1', 1))
