"""Election, credentials, trustees, canonical JSON: round trips and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoloir_ballots import canonical, credentials, trustees
from isoloir_ballots.election import UUID, Election, Question, new_uuid
from isoloir_ballots.errors import FormatError, VerificationError
from isoloir_ballots.groups import named
from isoloir_ballots.verify import Setup

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=20)  # what the format allows


@st.composite
def questions(draw: st.DrawFn) -> Question:
    answers = tuple(draw(st.lists(TEXT, min_size=1, max_size=5)))
    low = draw(st.integers(0, len(answers)))
    return Question(draw(TEXT), answers, low, draw(st.integers(low, len(answers))), draw(st.booleans()))


@settings(max_examples=60, deadline=None)
@given(
    description=TEXT,
    name=TEXT,
    asked=st.lists(questions(), min_size=1, max_size=3),
    people=st.tuples(st.none() | TEXT, st.none() | TEXT),
)
def test_election_round_trip(
    description: str, name: str, asked: list[Question], people: tuple[str | None, str | None]
) -> None:
    """Any election that can be built is read back the same from its bytes, and has their digest."""
    group = named("Ed25519")
    election = Election(
        1, description, name, "Ed25519", group.serialise(group.generator), tuple(asked), "1" * 14, *people
    )
    again = Election.parse(election.serialise())
    assert again == election
    assert again.fingerprint == election.fingerprint
    assert Election.parse(election.serialise() + b"\n") == election
    assert json.loads(election.serialise())["name"] == name


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(version=2),
        lambda v: v.update(version=True),
        lambda v: v.update(extra=1),
        lambda v: v.pop("uuid"),
        lambda v: v.update(uuid="short"),
        lambda v: v.update(uuid="0" * 14),
        lambda v: v.update(group="other"),
        lambda v: v.update(public_key="00" * 32),
        lambda v: v.update(questions=[]),
        lambda v: v.update(questions={}),
        lambda v: v.update(name="tab\tin it"),
        lambda v: v.update(name=None),
        lambda v: v["questions"][0].update(min=4),
        lambda v: v["questions"][0].update(max=9),
        lambda v: v["questions"][0].update(min=-1),
        lambda v: v["questions"][0].update(blank=1),
        lambda v: v["questions"][1].update(blank=False),
        lambda v: v["questions"].append({"type": "NonHomomorphic", "value": {}}),
        lambda v: v["questions"].append([]),
        lambda v: v.update(version=v.pop("version")),
    ],
)
def test_bad_elections(edwards: Any, edited: Callable[..., bytes], change: Callable[[dict[str, Any]], None]) -> None:
    """Unknown versions, keys, kinds, impossible bounds and other spellings are refused; the setup says so."""
    bad = edited(edwards.election.serialise(), change)
    with pytest.raises(FormatError):
        Election.parse(bad)
    with pytest.raises(VerificationError) as caught:
        Setup.load(bad, edwards.trustees, edwards.public_credentials)
    assert caught.value.clause == "setup.election"


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff", b"[" * 200_000, b'{"a":1e5}', b'{"a":1.0}', b'{"a":NaN}', b"9" * 10_000, b'"\\ud800"'],
)
def test_bad_json(data: bytes) -> None:
    """Broken, deep, huge or non-Unicode JSON is a FormatError, never another exception."""
    with pytest.raises(FormatError):
        canonical.load_canonical(data)


def test_repeated_keys_and_spaces() -> None:
    """What does not write itself again is refused."""
    assert canonical.load_canonical(b'{"a":1}') == {"a": 1}
    for data in (b'{"a":1,"a":1}', b'{"a": 1}', b'{"a":1}\n', b'{"a":01}', b'{"\\u0061":1}'):
        with pytest.raises(FormatError):
            canonical.load_canonical(data)


@given(st.integers(0, 2**41))
def test_counts_round_trip(number: int) -> None:
    """Counts above 2^30 − 1 are texts, as Belenios writes them, and only so."""
    written = canonical.count(number)
    assert isinstance(written, str) == (number > 2**30 - 1)
    assert canonical.read_count(written, limit=2**41, what="x") == number
    with pytest.raises(FormatError):
        canonical.read_count(str(number) if isinstance(written, int) else number, limit=2**41, what="x")


def test_uuid() -> None:
    """A drawn identifier is 14 characters of base 58, and not always the same."""
    drawn = {new_uuid() for _ in range(20)}
    assert len(drawn) == 20
    assert all(UUID.match(uuid) for uuid in drawn)


def test_credentials_are_drawn_and_derived() -> None:
    """Drawn ones differ; derived ones depend on seed and index only, and each has its own exponent."""
    group = named("Ed25519")
    pool = [credentials.from_seed(b"s" * 32, index) for index in range(200)]
    assert pool == [credentials.from_seed(b"s" * 32, index) for index in range(200)]
    drawn = [credentials.generate() for _ in range(50)]
    other = [credentials.from_seed(b"t" * 32, index) for index in range(200)]
    assert len({*pool, *other, *drawn}) == 450
    assert len({credentials.secret(group, "1" * 14, code) for code in pool}) == 200
    assert credentials.secret(group, "1" * 14, pool[0]) != credentials.secret(group, "2" * 14, pool[0])
    # Fixed for ever: a registrar that keeps only its seed must find the same pool after an update.
    assert credentials.from_seed(b"s" * 32, 7) == "fLCnx-19kbM4-CzhJN-BiGBCA"


@pytest.mark.parametrize("code", ["", "x" * 25, "11111-111111-11111-11111", "11111-111111-11111-11111O", " " * 25])
def test_bad_credentials(code: str) -> None:
    """A mistyped credential is refused by form, without being repeated in the message."""
    with pytest.raises(FormatError) as caught:
        credentials.secret(named("Ed25519"), "1" * 14, code)
    assert caught.value.clause == "credential.spelling"
    assert not code.strip() or code not in str(caught.value)


def test_short_seed() -> None:
    """A seed below 128 bits is refused."""
    with pytest.raises(FormatError):
        credentials.from_seed(b"s" * 15, 0)


def test_public_credentials_are_sorted() -> None:
    """The list tells no order, and says a weight only when it is not one."""
    assert credentials.public_credentials_file(["b", ("a", 1), ("c", 3)]) == b'["a","b","c,3"]'


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.append(v[0]),
        lambda v: v.append(v[0] + ",2"),
        lambda v: v.append("zz"),
        lambda v: v.append(1),
        lambda v: v.reverse(),
        lambda v: v.insert(1, v.pop(0)),
        lambda v: v.__setitem__(0, v[0] + ",1"),
        lambda v: v.__setitem__(0, v[0] + ",0"),
        lambda v: v.__setitem__(0, v[0] + ",-1"),
        lambda v: v.__setitem__(0, v[0] + ",1,1"),
        lambda v: v.__setitem__(0, v[0] + ","),
        lambda v: v.__setitem__(0, v[0] + ",9999999999999"),
        lambda v: v.__setitem__(0, f"{v[0]},{2**40}"),
        lambda v: v.__setitem__(0, v[0].upper()),
        lambda v: v.__setitem__(0, "00" * 31 + "01"),
    ],
)
def test_bad_credential_lists(edwards: Any, edited: Callable[..., bytes], change: Callable[[Any], None]) -> None:
    """Repeated, unsorted, misspelt, small-order or over-heavy credentials are refused."""
    with pytest.raises(VerificationError) as caught:
        Setup.load(edwards.election.serialise(), edwards.trustees, edited(edwards.public_credentials, change))
    assert caught.value.clause == "setup.credentials"


def test_belenios_order_of_credentials(contest: Any) -> None:
    """A list sorted by value, as belenios-tool writes it, is as good as ours, sorted as texts."""
    listed = json.loads(contest.public_credentials)
    value = int if contest.group.name == "BELENIOS-2048" else lambda text: bytes.fromhex(text)[::-1]
    theirs = canonical.dump(sorted(listed, key=value))
    assert contest.group.name == "BELENIOS-2048" or theirs != contest.public_credentials
    loaded = Setup.load(contest.election.serialise(), contest.trustees, theirs)
    assert loaded.weights == contest.setup.weights


def test_trustees_round_trip(contest: Any) -> None:
    """Trustees are read back the same; their proofs hold and their keys multiply to the election's."""
    entries = trustees.parse(contest.group, contest.trustees)
    assert trustees.serialise(contest.group, entries) == contest.trustees
    for entry in entries:
        entry.check(contest.group)
    key = trustees.election_public_key(contest.group, entries)
    assert contest.group.serialise(key) == contest.election.public_key


def test_secret_key_is_not_printed(edwards: Any) -> None:
    """The representation of a key pair does not hold the private exponent."""
    key = edwards.keys[0]
    assert str(key.secret) not in repr(key)
    rebuilt = trustees.KeyPair.from_secret(edwards.group, key.secret)
    assert rebuilt.entry.key == key.entry.key
    rebuilt.entry.check(edwards.group)
    for secret in (0, edwards.group.q):
        with pytest.raises(FormatError):
            trustees.KeyPair.from_secret(edwards.group, secret)


def swap_proofs(value: Any) -> None:
    value[0][1]["pok"], value[1][1]["pok"] = value[1][1]["pok"], value[0][1]["pok"]


@pytest.mark.parametrize(
    ("change", "clause"),
    [
        (swap_proofs, "trustees.pok"),
        (lambda v: v.pop(), "setup.public_key"),
        (lambda v: v.append(v[0]), "setup.public_key"),
        (lambda v: v.clear(), "setup.trustees"),
        (lambda v: v[0].__setitem__(0, "Pedersen"), "setup.trustees"),
        (lambda v: v[0].append(1), "setup.trustees"),
        (lambda v: v[0][1].update(more=1), "setup.trustees"),
        (lambda v: v[0][1]["pok"].update(challenge="x"), "setup.trustees"),
        (lambda v: v[0][1].update(public_key="00" * 32), "setup.trustees"),
    ],
)
def test_bad_trustees(edwards: Any, edited: Callable[..., bytes], change: Callable[[Any], None], clause: str) -> None:
    """A proof that does not hold, a key left out or added, an unknown kind: each refused by its clause."""
    with pytest.raises(VerificationError) as caught:
        Setup.load(edwards.election.serialise(), edited(edwards.trustees, change), edwards.public_credentials)
    assert caught.value.clause == clause
