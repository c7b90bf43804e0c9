"""From a box of checked ballots to counts: homomorphic sum, decryption shares and their proofs, result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from math import isqrt
from typing import Any

from . import canonical
from .election import Election
from .encrypted import CheckedBallot, Ciphertext, multiply, neutral
from .errors import FormatError, Place, VerificationError
from .groups import Element, Group
from .hashing import challenge
from .proofs import Proof, check_equality
from .randomness import Rng, system_rng
from .setup import MAX_WEIGHT, Setup
from .trustees import Entry, Factors

Counts = tuple[tuple[int, ...], ...]
"""One row per question, one number per ciphertext (the blank choice first)."""


@dataclass(frozen=True)
class EncryptedTally:
    """The sums of all ballots, still encrypted, and over how many ballots and how much weight."""

    group: Group
    sums: tuple[tuple[Ciphertext, ...], ...]
    num_tallied: int
    total_weight: int

    def serialise(self) -> bytes:
        """The bytes of `encrypted_tally`."""
        return canonical.dump([[sum_.to_json(self.group) for sum_ in row] for row in self.sums])

    @classmethod
    def parse(cls, election: Election, data: bytes, num_tallied: int, total_weight: int) -> EncryptedTally:
        """Read `encrypted_tally`, of the shape that `election` asks for. Raises FormatError."""
        group = election.parsed_group
        rows = canonical.items(canonical.load_canonical(data), what="The encrypted tally")
        _check_shape(election, rows, what="The encrypted tally")
        parse = partial(group.parse, identity=True)
        sums = tuple(tuple(Ciphertext.from_json(item, parse) for item in row) for row in rows)
        return cls(group, sums, num_tallied, total_weight)


def _check_shape(election: Election, rows: Any, *, what: str) -> None:
    shape = [question.choices for question in election.questions]
    if not isinstance(rows, list) or [len(r) if isinstance(r, list) else -1 for r in rows] != shape:
        raise FormatError("shape", f"{what} does not have one row per question and one column per choice.")


def encrypted_tally(setup: Setup, ballots: Iterable[CheckedBallot]) -> EncryptedTally:
    """Multiply the ballots, each to the power of its weight. One ballot per credential is the caller's duty."""
    shape = [question.choices for question in setup.election.questions]
    empty = tuple((neutral(setup.group),) * choices for choices in shape)
    return reduce(lambda sums, ballot: add(setup, sums, ballot), ballots, EncryptedTally(setup.group, empty, 0, 0))


def add(setup: Setup, tally: EncryptedTally, ballot: CheckedBallot) -> EncryptedTally:
    """The tally with one more ballot."""
    group = setup.group
    sums = tuple(
        tuple(
            multiply(group, sum_, _weighted(group, ciphertext, ballot.weight))
            for sum_, ciphertext in zip(row, ciphertexts, strict=True)
        )
        for row, ciphertexts in zip(tally.sums, ballot.ciphertexts, strict=True)
    )
    return EncryptedTally(group, sums, tally.num_tallied + 1, tally.total_weight + ballot.weight)


def _weighted(group: Group, ciphertext: Ciphertext, weight: int) -> Ciphertext:
    if weight == 1:
        return ciphertext
    return Ciphertext(group.power(ciphertext.alpha, weight), group.power(ciphertext.beta, weight))


def _decryption_prefix(group: Group, fingerprint: str, key: Element) -> str:
    return f"decrypt|{fingerprint}|{group.serialise(key)}|"


def partial_decryption(
    group: Group, secret: int, fingerprint: str, tally: EncryptedTally, rng: Rng = system_rng
) -> bytes:
    """One trustee's decryption factors and the proofs that they come from the private key `secret`.

    `rng(q)` is drawn once for each ciphertext, in order.
    """
    prefix = _decryption_prefix(group, fingerprint, group.generator_power(secret))
    factors: list[list[str]] = []
    proofs: list[list[dict[str, str]]] = []
    for row in tally.sums:
        factors.append([])
        proofs.append([])
        for ciphertext in row:
            nonce = rng(group.q)
            commitments = [group.generator_power(nonce), group.secret_power(ciphertext.alpha, nonce)]
            c = challenge(prefix, [group.serialise(item) for item in commitments], group.q)
            factors[-1].append(group.serialise(group.secret_power(ciphertext.alpha, secret)))
            proofs[-1].append(Proof(c, (nonce - secret * c) % group.q).to_json())
    return canonical.dump({"decryption_factors": factors, "decryption_proofs": proofs})


def check_partial_decryption(setup: Setup, tally: EncryptedTally, owner: int, data: bytes) -> Factors:
    """Check the share of holder `owner` (numbered from 1) and return its factors.

    Raises VerificationError `tally.partial_decryption` (form, or no such holder) or `tally.decryption_proof`.
    """
    group = setup.group
    if not 1 <= owner <= len(setup.verification_keys):
        raise VerificationError("tally.partial_decryption", "A decryption share is of an unknown trustee.")
    try:
        value = canonical.fields(
            canonical.load_canonical(data),
            ("decryption_factors", "decryption_proofs"),
            what="A decryption share",
        )
        for rows in value.values():
            _check_shape(setup.election, rows, what="A decryption share")
        factors = [
            [group.parse(canonical.text(item, what="A factor"), identity=True) for item in row]
            for row in value["decryption_factors"]
        ]
        proofs = [[Proof.from_json(group, item) for item in row] for row in value["decryption_proofs"]]
    except FormatError as error:
        raise VerificationError("tally.partial_decryption", error.detail) from error
    key = setup.verification_keys[owner - 1]
    prefix = _decryption_prefix(group, setup.election.fingerprint, key)
    rows = zip(setup.election.questions, tally.sums, factors, proofs, strict=True)
    for number, (question, sums, row, row_proofs) in enumerate(rows, 1):
        first = 0 if question.blank else 1
        for answer, (ciphertext, factor, proof) in enumerate(zip(sums, row, row_proofs, strict=True), first):
            if not check_equality(group, prefix, ciphertext.alpha, key, factor, proof):
                where = Place(question=number, answer=answer, trustee=owner)
                raise VerificationError("tally.decryption_proof", "A decryption proof does not hold.", where)
    return factors


def decrypted(setup: Setup, tally: EncryptedTally, shares: Mapping[int, Factors]) -> Factors:
    """Each g^count, from the checked factors of the holders (numbered from 1).

    Raises VerificationError `tally.missing_share` if a trustee entry has too few.
    """
    group = setup.group
    combined: list[Factors] = []
    first = 1
    for entry in setup.trustees:
        own = _of_entry(entry, first, shares)
        factors = entry.combine(group, own)
        if factors is None:
            raise VerificationError("tally.missing_share", "A trustee's decryption share is missing.")
        combined.append(factors)
        first += len(entry.verification_keys)
    return [
        [
            group.divide(ciphertext.beta, reduce(group.multiply, (f[i][j] for f in combined)))
            for j, ciphertext in enumerate(row)
        ]
        for i, row in enumerate(tally.sums)
    ]


def _of_entry(entry: Entry, first: int, shares: Mapping[int, Factors]) -> dict[int, Factors]:
    holders = range(len(entry.verification_keys))
    return {holder: shares[first + holder] for holder in holders if first + holder in shares}


def _logarithms(group: Group, elements: Sequence[Element], limit: int) -> list[int]:
    """The exponents in [0, limit] of powers of g, by baby steps and giant steps (Shanks)."""
    width = min(isqrt(limit * max(1, len(elements))) + 1, 2**20)
    table: dict[Element, int] = {}
    step = group.identity
    for exponent in range(width):
        table.setdefault(step, exponent)
        step = group.multiply(step, group.generator)
    found = []
    for element in elements:
        rest = element
        for giant in range(0, limit + 1, width):
            if rest in table and giant + table[rest] <= limit:
                found.append(giant + table[rest])
                break
            rest = group.divide(rest, step)
        else:
            raise VerificationError("result", "A decrypted sum is not a count between 0 and the total weight.")
    return found


def result(setup: Setup, tally: EncryptedTally, partial_decryptions: Iterable[tuple[int, bytes]]) -> bytes:
    """Check and combine the shares `(owner, bytes)`, and count. Owners are numbered from 1.

    Raises VerificationError for a share that does not verify, is given twice or is missing, and
    `tally.too_large` if the weight is beyond what a discrete logarithm can reach.
    """
    if tally.total_weight > MAX_WEIGHT:
        raise VerificationError("tally.too_large", "The total weight is too large to be counted.")
    shares: dict[int, Factors] = {}
    for owner, data in partial_decryptions:
        if owner in shares:
            raise VerificationError("tally.partial_decryption", "A trustee's share is given twice.")
        shares[owner] = check_partial_decryption(setup, tally, owner, data)
    powers = decrypted(setup, tally, shares)
    counts = iter(_logarithms(setup.group, [item for row in powers for item in row], tally.total_weight))
    return canonical.dump({"result": [[canonical.count(next(counts)) for _ in row] for row in powers]})


def parse_result(election: Election, data: bytes, limit: int) -> Counts:
    """Read a result file; each count in [0, limit]. Raises FormatError."""
    value = canonical.fields(canonical.load_canonical(data), ("result",), what="The result")
    _check_shape(election, value["result"], what="The result")
    return tuple(
        tuple(canonical.read_count(item, limit=limit, what="A count") for item in row) for row in value["result"]
    )
