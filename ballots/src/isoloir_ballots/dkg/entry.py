"""What comes out: an entry of the trustees file for everybody, a private share for each holder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from isoloir_ballots.proofs import Proof
from isoloir_ballots.trustees.pedersen import Pedersen, VerificationKey

from .rounds import certificates_of, coefficients_of, share_of
from .setting import Document, Setting


def entry(
    setting: Setting,
    certificates: Sequence[Document],
    contributions: Sequence[Document],
    acknowledgements: Sequence[Document],
    names: Sequence[str] = (),
) -> Pedersen:
    """Put the entry together from three whole rounds, and check it once more; `names` are the holders', in order.

    Raises VerificationError `trustees.…`.
    """
    group = setting.group
    keys = [VerificationKey.from_json(group, one["verification_key"]) for one in acknowledgements]
    if names:
        keys = [replace(key, name=name) for key, name in zip(keys, names, strict=True)]
    made = Pedersen.of(
        group,
        setting.threshold,
        certificates_of(setting, certificates),
        coefficients_of(setting, contributions),
        tuple(Proof.from_json(group, one["signature"]) for one in contributions),
        tuple(keys),
    )
    made.check(group)
    return made


def private_share(
    setting: Setting, index: int, seed: str, certificates: Sequence[Document], contributions: Sequence[Document]
) -> int:
    """The private key of one holder's share, from the seed and two whole rounds; raises as `acknowledge` does."""
    return share_of(setting, index, seed, certificates, contributions)
