"""A number that one holder alone can read, and a proof of what it held for those who cannot.

Diffie and Hellman in the group: the sender draws r, publishes R = g^r, and both know K = E^r = R^d for the receiver's
key E = g^d. The key of AES-256-GCM is HKDF-SHA-256 (RFC 5869, no salt) of K's text, its info the context and R; each
key serves once, hence the nonce of zeros. The number is written in as many digits as q, so that its length says
nothing of it. WebCrypto has all of it.

A receiver who complains publishes K. The sender therefore proves knowledge of r in that context (Schnorr): whoever
could put another sender's R, or a power of it, in a number of their own would have the other's K published.
"""

from __future__ import annotations

import base64
import hmac

from Crypto.Cipher import AES

from isoloir_ballots import canonical
from isoloir_ballots.errors import FormatError
from isoloir_ballots.groups import Element, Group
from isoloir_ballots.hashing import challenge
from isoloir_ballots.proofs import Proof, check_equality, check_knowledge
from isoloir_ballots.randomness import Rng, system_rng
from isoloir_ballots.signing import prove_knowledge

from .setting import Document

_NONCE = bytes(12)
_TAG = 16


def seal(group: Group, receiver: Element, context: str, number: int, rng: Rng = system_rng) -> Document:
    """Encrypt a number below q for the holder of `receiver`. `rng` is drawn for r, then for the proof's nonce."""
    drawn = rng(group.q - 1) + 1
    base = group.serialise(group.generator_power(drawn))
    cipher = _cipher(group, group.secret_power(receiver, drawn), context, base)
    sealed, tag = cipher.encrypt_and_digest(str(number).zfill(_digits(group)).encode())
    proof = prove_knowledge(group, drawn, _drawn_prefix(context, base), rng)
    return {"ephemeral": base, "sealed": base64.b64encode(sealed + tag).decode(), "proof": proof.to_json()}


def check_form(group: Group, value: object) -> None:
    """Refuse what is not spelt as `seal` does; raises FormatError."""
    ephemeral(group, value)
    Proof.from_json(group, _fields(value)["proof"])
    if len(_sealed(value)) != _digits(group) + _TAG:
        raise FormatError("shape", "A sealed number is too short or too long.")


def is_senders(group: Group, context: str, value: Document) -> bool:
    """Whether the sender proves to have drawn r for this context; the form is checked before."""
    base = ephemeral(group, value)
    prefix = _drawn_prefix(context, group.serialise(base))
    return check_knowledge(
        group, prefix, lambda exponent: group.power(base, exponent), Proof.from_json(group, value["proof"])
    )


def ephemeral(group: Group, value: object) -> Element:
    """R of a sealed number; raises FormatError."""
    return group.parse(canonical.text(_fields(value)["ephemeral"], what="A sealed number"))


def unseal(group: Group, point: Element, context: str, value: Document) -> int | None:
    """The number sealed, from the point K that both ends know; None if no number below q in its digits comes out."""
    sealed = _sealed(value)
    cipher = _cipher(group, point, context, value["ephemeral"])
    try:
        text = cipher.decrypt_and_verify(sealed[:-_TAG], sealed[-_TAG:]).decode("ascii")
        return group.scalar(text.lstrip("0") or "0") if len(text) == _digits(group) else None
    except ValueError:  # FormatError is one
        return None


def prove_point(group: Group, opening: int, context: str, value: Document, rng: Rng = system_rng) -> Document:
    """Publish K, and the proof that it is R to the receiver's private key."""
    base = ephemeral(group, value)
    point = group.secret_power(base, opening)
    nonce = rng(group.q)
    commitments = [group.generator_power(nonce), group.secret_power(base, nonce)]
    prefix = _point_prefix(group, context, base, point)
    c = challenge(prefix, [group.serialise(item) for item in commitments], group.q)
    return {"point": group.serialise(point), "proof": Proof(c, (nonce - opening * c) % group.q).to_json()}


def proven_point(group: Group, receiver: Element, context: str, value: Document, shown: Document) -> Element | None:
    """The point K that a receiver published, if its proof holds; raises FormatError for what is none."""
    base = ephemeral(group, value)
    point = group.parse(canonical.text(shown["point"], what="A point"))
    proof = Proof.from_json(group, shown["proof"])
    prefix = _point_prefix(group, context, base, point)
    return point if check_equality(group, prefix, base, receiver, point, proof) else None


def _point_prefix(group: Group, context: str, base: Element, point: Element) -> str:
    return f"isoloir-dkg/1|point|{context}|{group.serialise(base)}|{group.serialise(point)}|"


def _drawn_prefix(context: str, base: str) -> str:
    return f"isoloir-dkg/1|ephemeral|{context}|{base}|"


def _digits(group: Group) -> int:
    return len(str(group.q - 1))


def _fields(value: object) -> Document:
    return canonical.fields(value, ("ephemeral", "sealed", "proof"), what="A sealed number")


def _sealed(value: object) -> bytes:
    text = canonical.text(_fields(value)["sealed"], what="A sealed number")
    try:
        sealed = base64.b64decode(text, validate=True)
    except ValueError:
        raise FormatError("shape", "A sealed number is not in base 64.") from None
    if base64.b64encode(sealed).decode() != text:
        raise FormatError("shape", "A sealed number is not in canonical base 64.")
    return sealed


def _cipher(group: Group, point: Element, context: str, ephemeral_text: str) -> AES.GcmMode:  # type: ignore[name-defined]
    extracted = hmac.digest(bytes(32), group.serialise(point).encode(), "sha256")
    info = f"isoloir-dkg/1|{context}|{ephemeral_text}".encode()
    return AES.new(hmac.digest(extracted, info + b"\x01", "sha256"), AES.MODE_GCM, nonce=_NONCE)
