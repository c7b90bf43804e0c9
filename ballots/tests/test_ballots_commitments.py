"""The products that proofs are checked by: the same by every arithmetic, and nothing but elements of order q."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from ballot_kit.arithmetics import settle
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import crypto_core_ed25519_add

from isoloir_ballots.errors import FormatError
from isoloir_ballots.groups import NAMES, Branch, Element, Group, named
from isoloir_ballots.verify import VerificationError, check_ballot, tracker

TORSION = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")  # of order 8
MINUS_ONE = (2**255 - 20).to_bytes(32, "little")  # of order 2
NUMBERS = st.one_of(st.sampled_from([0, 1, -1]), st.integers(0, 2**256))


def by_definition(group: Group, y: Element, pairs: Any, branch: Branch, c: int, r: int) -> list[str]:
    """g^r α^c and y^r (β/g^offset)^c, by the group's plain operations."""
    alpha = group.product(pair[0] for pair in pairs[branch.first : branch.last])
    beta = group.product(pair[1] for pair in pairs[branch.first : branch.last])
    beta = group.divide(beta, group.generator_power(branch.offset))
    return [
        group.serialise(group.multiply(group.power(base, r), group.power(element, c)))
        for base, element in ((group.generator, alpha), (y, beta))
    ]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(exponents=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=4), data=st.data())
def test_commitments_are_as_defined(name: str, exponents: list[tuple[int, int]], data: st.DataObject) -> None:
    """Zero challenges and responses, sums that are the identity, any columns and offsets included."""
    group = named(name)
    y = group.generator_power(123456789)
    # No given element may be the identity; sums of them may.
    pairs = [tuple(group.generator_power(e % group.q or 1) for e in pair) for pair in exponents]
    pairs += [(group.divide(group.identity, alpha), beta) for alpha, beta in pairs[:1]]
    firsts = st.integers(0, len(pairs) - 1)
    branches = []
    proofs = []
    for _ in range(data.draw(st.integers(1, 4))):
        first = data.draw(firsts)
        branches.append(Branch(first, data.draw(st.integers(first + 1, len(pairs))), data.draw(st.integers(0, 3))))
        proofs.append((data.draw(NUMBERS) % group.q, data.draw(NUMBERS) % group.q))
    found = group.commitments(group.fixed_base(y), pairs, branches, proofs)
    for number, (branch, (c, r)) in enumerate(zip(branches, proofs, strict=True)):
        assert found[2 * number : 2 * number + 2] == by_definition(group, y, pairs, branch, c, r)
    proofs[0] = (proofs[0][0], (proofs[0][1] + 1) % group.q)
    assert group.commitments(group.fixed_base(y), pairs, branches, proofs)[:2] != found[:2]


def torsion(element: Element) -> bytes:
    return crypto_core_ed25519_add(element, TORSION)


@pytest.mark.parametrize("challenge", [0, 8, 12345])
@pytest.mark.parametrize("position", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "change",
    [
        torsion,
        lambda _: TORSION,
        lambda _: MINUS_ONE,
        lambda _: (1).to_bytes(32, "little"),
        lambda _: (2).to_bytes(32, "little"),
        lambda _: (1 | 1 << 255).to_bytes(32, "little"),
        lambda _: bytes(32),
    ],
    ids=["mixed", "order 8", "order 2", "identity", "off the curve", "identity, odd", "order 4"],
)
def test_unproven_elements(change: Callable[[Element], bytes], position: int, challenge: int) -> None:
    """A given element that is not of order q is refused wherever it stands, whatever multiplies it (0 and 8 too)."""
    group = named("Ed25519")
    elements: list[Any] = [group.generator_power(5 + i) for i in range(4)]
    y = group.fixed_base(group.generator_power(9))
    branches = [Branch(0, 1, 0), Branch(0, 1, 1), Branch(0, 2, 0)]
    proofs = [(challenge, 3), (6, 7), (8, 9)]

    def commitments() -> list[str]:
        return group.commitments(y, [(elements[0], elements[1]), (elements[2], elements[3])], branches, proofs)

    assert len(commitments()) == 6
    elements[position] = group.parse_unproven(change(elements[position])[::-1].hex())
    with pytest.raises(FormatError) as caught:
        commitments()
    assert caught.value.clause == "element.group"


@pytest.mark.parametrize("field", ["alpha", "beta"])
def test_mixed_order_in_a_signed_ballot(edwards: Any, ballots: list[bytes], field: str) -> None:
    """A point of order 8q, signed by its voter, is named as such and not as a broken proof."""
    value = json.loads(ballots[0])
    choice = value["answers"][0]["choices"][1]
    choice[field] = torsion(edwards.group.parse(choice[field]))[::-1].hex()
    with pytest.raises(VerificationError) as caught:
        check_ballot(edwards.setup, edwards.sign(value, 0))
    assert caught.value.clause == "ballot.element"


@pytest.mark.slow
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_processes_share_the_work(contest: Any, votes: list[list[list[int]]], method: str, arithmetic: str) -> None:
    """A setup goes to other processes, and what they say of good and bad ballots comes back whole."""
    cast = [contest.vote(index, answers) for index, answers in enumerate(votes)]
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, context, initializer=settle, initargs=(arithmetic,)) as pool:
        checked = list(pool.map(partial(check_ballot, contest.setup), cast))
        assert [one.tracker for one in checked] == [tracker(one) for one in cast]
        assert checked == [check_ballot(contest.setup, one) for one in cast]
        with pytest.raises(VerificationError) as caught:
            pool.submit(check_ballot, contest.setup, cast[0] + b"\n").result()
        assert caught.value.clause == "ballot.canonical"


def test_threads_share_a_setup(edwards: Any, ballots: list[bytes]) -> None:
    """Threads that check at once, one of them bad ballots, do not disturb one another."""
    value = json.loads(ballots[0])
    value["answers"][0]["overall_proof"].reverse()
    bad = edwards.sign(value, 0)

    def clause(data: bytes) -> str:
        try:
            return check_ballot(edwards.setup, data).tracker
        except VerificationError as error:
            return error.clause

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(clause, [bad, *ballots] * 10))
    assert found == ["ballot.overall_proof", *(tracker(one) for one in ballots)] * 10


def test_a_pickled_setup_is_the_same(contest: Any) -> None:
    """Pickling keeps the group's one instance, and the powers of the public key."""
    again = pickle.loads(pickle.dumps(contest.setup))  # noqa: S301
    assert again.group is contest.setup.group
    assert again.election == contest.setup.election
    for exponent in (0, 1, 2**200 + 3, contest.group.q - 1):
        assert again.y(exponent) == contest.setup.y(exponent)


def test_the_lock_is_released(arithmetic: str) -> None:
    """Another thread runs while proofs are checked: a server goes on answering."""
    group = named("Ed25519")
    y = group.fixed_base(group.generator_power(9))
    pairs = [(group.generator_power(5), group.generator_power(6))]
    branches = [Branch(0, 1, 0)] * (10_000 if arithmetic == "curve25519-dalek" else 2_000)
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(group.commitments, y, pairs, branches, [(7, 8)] * len(branches))
        turns = 0
        while not work.done():
            time.sleep(0.001)
            turns += 1
    assert len(work.result()) == 2 * len(branches)
    assert turns > 10
