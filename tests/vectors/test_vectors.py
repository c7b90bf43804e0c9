"""The vectors: made anew to the byte, read as their README says without our library, and true for it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from isoloir_ballots import ballot, credentials, dkg, tally, trustees
from isoloir_ballots.election import Election
from isoloir_ballots.groups import named
from isoloir_ballots.verify import Setup, VerificationError, check_archive, check_ballot

FOLDER = Path(__file__).parent
GROUPS = ("ed25519", "belenios-2048")


def vectors(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def cases(kind: str, key: str) -> list[Any]:
    return [
        pytest.param(group, case, id=f"{group}-{case['name']}", marks=() if group == GROUPS[0] else pytest.mark.slow)
        for group in GROUPS
        for case in vectors(f"{group}-{kind}.json")[key]
    ]


def test_the_files_are_what_their_script_writes(tmp_path: Path) -> None:
    """The vectors are reproduced to the byte, and there is no other."""
    subprocess.run(
        [sys.executable, "-m", "vectors.make_vectors", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(FOLDER.parent)},
        check=True,
        timeout=120,
    )
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in {".json", ".bel"}}


@pytest.mark.parametrize(("group", "case"), cases("ballots", "cases"))
def test_ballots_are_made_and_verified(group: str, case: dict[str, Any]) -> None:
    """From election, credential, choices and the listed numbers come the listed bytes, which verify."""
    whole = vectors(f"{group}-ballots.json")
    chosen = named(whole["group"])
    assert str(chosen.q) == whole["q"]
    election = Election.parse(case["election"].encode())
    assert election.fingerprint == case["fingerprint"]
    setup = Setup.load(*(case[key].encode() for key in ("election", "trustees", "public_credentials")))
    for vector in case["ballots"]:
        numbers = [int(number) for number in vector["randomness"]]
        assert str(credentials.secret(chosen, election.uuid, vector["credential"])) == vector["private_exponent"]
        made = ballot.make(
            election, vector["credential"], vector["choices"], lambda _, numbers=numbers: numbers.pop(0)
        )
        assert numbers == []
        assert made == vector["ballot"].encode()
        checked = check_ballot(setup, made)
        assert (checked.tracker, checked.credential) == (vector["tracker"], vector["public_credential"])
        with pytest.raises(VerificationError):
            check_ballot(setup, made.replace(b'"response":"', b'"response":"1', 1))


def read_archive(data: bytes) -> list[tuple[str, str]]:
    """Name and text of each record."""
    found = []
    while data:
        size = int(data[124:135], 8)
        found.append((data[:100].rstrip(b"\0").decode(), data[512 : 512 + size].decode()))
        data = data[512 + (size + 511) // 512 * 512 :]
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_hash_inputs_are_those_of_the_archive(group: str) -> None:
    """Hashed by nothing but SHA-256, each input gives what stands in the archive: names, parents, challenges."""
    whole = vectors(f"{group}-hash-inputs.json")
    q, records = int(whole["q"]), read_archive((FOLDER / f"{group}.bel").read_bytes())
    names = {name.split(".")[0] for name, _ in records}
    texts = [text for _, text in records]
    first = json.loads(next(text for text in texts if text.startswith('{"election_uuid"')))
    shares = [json.loads(text) for text in texts if text.startswith('{"decryption_factors"')]
    seen = set()
    for item in whole["items"]:
        seen.add(item["what"])
        digest = hashlib.sha256(item["input"].encode()).digest()
        assert digest.hex() == item["sha256"]
        compact = base64.b64encode(digest).decode().rstrip("=")
        match item["what"].split():
            case ["fingerprint"]:
                assert compact == whole["fingerprint"] == first["election_hash"]
            case ["record", _] | ["event"] | ["ballot"]:
                assert digest.hex() in names
            case ["unsigned", "ballot"]:
                assert compact == first["signature"]["hash"]
            case ["credential", _]:
                assert item["input"].startswith("derive_credential|")
            case _:
                challenge = int.from_bytes(digest, "big") % q
                assert str(challenge) == item["challenge"]
                assert challenge == sum(int(p["challenge"]) for p in proofs_at(item, first, shares, texts)) % q
    assert seen >= {"pok", "sig", "individual", "overall", "blank", "overall with blank", "decrypt", "event"}


def proofs_at(item: dict[str, Any], first: Any, shares: list[Any], texts: list[str]) -> list[Any]:
    """The proofs of the archive that a challenge belongs to."""
    where = item["where"]
    if item["what"] == "pok":
        trustees = json.loads(next(text for text in texts if text.startswith('[["Single"')))
        return [trustees[int(where.split()[1]) - 1][1]["pok"]]
    if item["what"] == "decrypt":
        number, row, column = map(int, re.findall(r"\d+", where))
        return [shares[number - 1]["decryption_proofs"][row][column]]
    if item["what"] == "sig":
        return [first["signature"]["proof"]]
    value = first
    for key in where.split("."):
        value = value[int(key) if key.isdigit() else key]
    return list(value)


def patched(text: str, patches: list[list[Any]]) -> bytes:
    for offset, length, put in patches:
        text = text[:offset] + put + text[offset + length :]
    return text.encode()


@pytest.mark.parametrize(("group", "case"), cases("invalid-ballots", "cases"))
def test_invalid_ballots_are_refused(group: str, case: dict[str, Any]) -> None:
    """Patched as the README says, the ballot has its digest and is refused by its clause; unpatched, it is valid."""
    whole = vectors(f"{group}-invalid-ballots.json")
    setup = Setup.load(*(whole[key].encode() for key in ("election", "trustees", "public_credentials")))
    valid = whole["ballots"][case["ballot"]]
    assert check_ballot(setup, valid.encode())
    broken = patched(valid, case["patches"])
    assert hashlib.sha256(broken).hexdigest() == case["sha256"]
    with pytest.raises(VerificationError) as caught:
        check_ballot(setup, broken)
    assert caught.value.clause == case["clause"]
    assert case["place"].items() <= caught.value.place.to_json().items()


def record(kind: str, text: str) -> bytes:
    """A record as `….bel` writes it, from the README and the format alone."""
    body = text.encode()
    block = bytearray(512)
    name = f"{hashlib.sha256(body).hexdigest()}.{kind}.json".encode()
    block[: len(name)] = name
    block[100:148] = b"0000644\x000000000\x000000000\0" + b"%011o\0%011o\0" % (len(body), 1795471071)
    block[148:157] = b"        0"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + body + bytes(-len(body) % 512)


def assembled(valid: bytes, pieces: list[Any]) -> bytes:
    data = b""
    for piece in pieces:
        match piece:
            case [offset, length]:
                data += valid[offset : offset + length]
            case {"data": text}:
                data += record("data", text)
            case {"event": text}:
                data += record("event", text)
            case str():
                data += bytes.fromhex(piece)
    return data


ARCHIVES = [
    *(
        pytest.param(group.values[0], "invalid-archives", group.values[1], id=group.id, marks=group.marks)
        for group in cases("invalid-archives", "cases")
    ),
    *(
        pytest.param("ed25519", "invalid-threshold-archives", case, id=f"ed25519-{case['name']}")
        for case in vectors("ed25519-invalid-threshold-archives.json")["cases"]
    ),
]


@pytest.mark.parametrize(("group", "kind", "case"), ARCHIVES)
def test_invalid_archives_are_refused(group: str, kind: str, case: dict[str, Any]) -> None:
    """Assembled as the README says, the archive has its digest and is refused by its clause."""
    valid = (FOLDER / vectors(f"{group}-{kind}.json")["archive"]).read_bytes()
    broken = assembled(valid, case["pieces"])
    assert hashlib.sha256(broken).hexdigest() == case["sha256"]
    with pytest.raises(VerificationError) as caught:
        check_archive(broken)
    assert caught.value.clause == case["clause"]
    assert case["place"].items() <= caught.value.place.to_json().items()


@pytest.mark.parametrize("group", GROUPS)
def test_the_valid_archive_verifies(group: str) -> None:
    """The archive that all others begin from is whole, and has its counts."""
    report = check_archive(FOLDER / f"{group}.bel")
    assert (report.stage, report.ballots) == ("tallied", 4)
    assert [[answer.votes for answer in question.answers] for question in report.questions] == [[2, 0, 1], [2, 1, 1]]


def listed(numbers: list[str]) -> Any:
    """An rng that gives these numbers, and no other."""
    left = list(map(int, numbers))

    def rng(n: int) -> int:
        assert left[0] < n
        return left.pop(0)

    return rng, left


def made_from(vector: dict[str, Any], make: Any) -> Any:
    """What a function makes from the numbers of a vector, all of which it uses."""
    rng, left = listed(vector["randomness"])
    document = make(rng)
    assert left == []
    return document


@pytest.mark.parametrize("group", GROUPS)
def test_key_generation_is_made_and_verified(group: str) -> None:
    """From seeds and the listed numbers come the listed documents, shares and entries, each checked."""
    whole = vectors(f"{group}-key-generation.json")
    chosen = named(whole["group"])
    for case in whole["ceremonies"]:
        setting = dkg.Setting(chosen, case["binding"], case["size"], case["threshold"])
        holders = list(enumerate(case["holders"], 1))
        certificates, contributions, acknowledgements = (
            [holder[name]["document"] for _, holder in holders]
            for name in ("certificate", "contribution", "acknowledgement")
        )
        assert dkg.digest(certificates) == case["certificates_digest"]
        assert dkg.digest(contributions) == case["contributions_digest"]
        before: tuple[Any, ...] = (certificates, contributions)
        for index, holder in holders:
            who = dkg.Identity.of(chosen, holder["seed"])
            assert [str(who.signing), str(who.opening)] == [holder["signing"], holder["opening"]]
            keys = [chosen.serialise(who.verification), chosen.serialise(who.encryption)]
            assert keys == [holder["verification"], holder["encryption"]]
            at = (setting, index, holder["seed"])
            full = (*at, *before)
            assert (
                made_from(holder["certificate"], lambda rng, at=at: dkg.certify(*at, rng)) == certificates[index - 1]
            )
            made = made_from(holder["contribution"], lambda rng, at=full[:4]: dkg.contribute(*at, rng))
            assert made == contributions[index - 1]
            made = made_from(holder["acknowledgement"], lambda rng, at=full: dkg.acknowledge(*at, rng))
            assert made == acknowledgements[index - 1]
            dkg.check_acknowledgement(setting, index, *before, made)
            assert str(dkg.private_share(*at, *before)) == holder["share"]
            constant = int(holder["polynomial"][0])
            powers = json.loads(contributions[index - 1]["coefexps"]["message"])["coefexps"]
            assert chosen.serialise(chosen.generator_power(constant)) == powers[0]
        entry = dkg.entry(setting, *before, acknowledgements, case["names"])
        assert trustees.serialise(chosen, [entry]).decode() == case["entry"]
        assert chosen.serialise(entry.public_key) == case["public_key"]


@pytest.mark.parametrize("group", GROUPS)
def test_complaints_convict_whom_they_should(group: str) -> None:
    """The listed complaint convicts, the other is refused; nothing on the list of non-elements is read as a point."""
    whole = vectors(f"{group}-key-generation.json")
    chosen, case = named(whole["group"]), whole["complaint"]
    setting = dkg.Setting(chosen, case["binding"], case["size"], case["threshold"])
    index, rounds = case["index"], (case["certificates"], case["contributions"])
    with pytest.raises(dkg.WrongShare) as caught:
        dkg.acknowledge(setting, index, case["seeds"][index - 1], *rounds)
    assert caught.value.sender == case["holds"]["convicts"]
    for name, against in (("holds", case["holds"]["convicts"]), ("does_not_hold", 1)):
        at = (setting, index, case["seeds"][index - 1], *rounds, against)
        made = made_from(case[name], lambda rng, at=at: dkg.complain(*at, rng))
        assert made == case[name]["document"]
    assert dkg.check_complaint(setting, index, *rounds, case["holds"]["document"]) == case["holds"]["convicts"]
    with pytest.raises(VerificationError, match=re.escape(case["does_not_hold"]["clause"])):
        dkg.check_complaint(setting, index, *rounds, case["does_not_hold"]["document"])
    for text in case["not_elements"].values():
        with pytest.raises(ValueError, match="element"):
            chosen.parse(text)


@pytest.mark.parametrize("group", GROUPS)
def test_a_threshold_key_opens_the_archive(group: str) -> None:
    """Every listed partial decryption is made and verifies; those that suffice give the archive's result."""
    case = vectors(f"{group}-key-generation.json")["tally"]
    archive = (FOLDER / case["archive"]).read_bytes()
    assert check_archive(archive).partial_decryptions == 3
    setup = Setup.load(*(text.encode() for _, text in read_archive(archive)[1:4]))
    total = tally.EncryptedTally.parse(setup.election, case["encrypted_tally"].encode(), 2, 2)
    shares = {}
    for share in case["shares"]:
        at = (setup.group, int(share["exponent"]), case["fingerprint"], total)
        made = made_from(share, lambda rng, at=at: tally.partial_decryption(*at, rng))
        assert made == share["partial_decryption"].encode()
        shares[share["owner"]] = made
    for chosen in ((1, 3, 4), (2, 5, 6), (2, 3, 6)):
        assert tally.result(setup, total, [(owner, shares[owner]) for owner in chosen]) == case["result"].encode()
    with pytest.raises(VerificationError, match=re.escape("tally.missing_share")):
        tally.result(setup, total, [(owner, shares[owner]) for owner in (1, 2, 3)])
