"""A threshold entry: several holders share one secret, and so many of them suffice to use it (Pedersen, 1991).

Each holder signed with a key of their own (`certs`), published g to the coefficients of their polynomial
(`coefexps`), and has a verification key that follows from all of those. The dialect of Belenios 2.0 has neither the
context of certificates nor the signatures of 2.5.1 and 3.0; it is read too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isoloir_ballots import canonical
from isoloir_ballots.errors import FormatError, Place, VerificationError
from isoloir_ballots.groups import Element, Group
from isoloir_ballots.proofs import Proof, check_knowledge
from isoloir_ballots.signing import Signed, is_signed

from .entry import Entry, Factors
from .single import possession_prefix

MOST_HOLDERS = 1000
"""Far beyond any board; keeps a hostile file from costing much (the check is quadratic: holders by coefficients)."""


@dataclass(frozen=True)
class Certificate:
    """A holder's keys among the trustees, for signatures and for messages; `context` is None in the older dialect.

    `context`: the group's name, how many holders, how many suffice, and which one this is, from 1.
    """

    signed: Signed
    verification: Element
    encryption: Element
    context: tuple[str, int, int, int] | None

    @classmethod
    def from_json(cls, group: Group, value: Any) -> Certificate:
        """Read a signed certificate; raises FormatError."""
        signed = Signed.from_json(group, value, what="A certificate")
        inner = canonical.fields(
            canonical.load_canonical(signed.message.encode()),
            ("verification", "encryption"),
            ("context",),
            what="A certificate",
        )
        verification = group.parse(canonical.text(inner["verification"], what="A verification key"))
        encryption = group.parse(canonical.text(inner["encryption"], what="An encryption key"))
        context = None
        if "context" in inner:
            told = canonical.fields(inner["context"], ("group", "size", "threshold", "index"), what="A context")
            numbers = [canonical.integer(told[name], what="A context") for name in ("size", "threshold", "index")]
            context = (canonical.text(told["group"], what="A group"), numbers[0], numbers[1], numbers[2])
        made = cls(signed, verification, encryption, context)
        if certificate_message(group, verification, encryption, context) != signed.message:
            raise FormatError("canonical", "A certificate is not in its canonical serialisation.")
        return made


def certificate_message(
    group: Group, verification: Element, encryption: Element, context: tuple[str, int, int, int] | None
) -> str:
    """What a certificate's signature covers."""
    value: dict[str, Any] = {}
    if context is not None:
        value["context"] = dict(zip(("group", "size", "threshold", "index"), context, strict=True))
    value |= {"verification": group.serialise(verification), "encryption": group.serialise(encryption)}
    return canonical.dump(value).decode()


def repeated(certificates: Sequence[Certificate]) -> int | None:
    """The number (from 1) of the first holder who has a key of one before, by the same seed or by copying, if any."""
    seen: set[Element] = set()
    for place, one in enumerate(certificates, 1):
        keys = {one.verification, one.encryption}
        if seen & keys:
            return place
        seen |= keys
    return None


@dataclass(frozen=True)
class Coefficients:
    """g to the coefficients of one holder's polynomial, the constant one first, signed by the holder."""

    signed: Signed
    powers: tuple[Element, ...]

    @classmethod
    def from_json(cls, group: Group, value: Any) -> Coefficients:
        """Read signed coefficients; raises FormatError."""
        signed = Signed.from_json(group, value, what="Coefficients")
        inner = canonical.fields(
            canonical.load_canonical(signed.message.encode()), ("coefexps",), what="Coefficients"
        )
        texts = [canonical.text(item, what="A coefficient") for item in canonical.items(inner["coefexps"], what="…")]
        return cls(signed, tuple(map(group.parse, texts)))

    def at(self, group: Group, index: int) -> Element:
        """g to the polynomial's value for the holder of that number."""
        return value_at(group, self.powers, index)


def value_at(group: Group, powers: Sequence[Element], index: int) -> Element:
    """g to the value at `index` of the polynomial whose coefficients g has for exponents in `powers`."""
    found = group.identity
    for power in reversed(powers):
        found = group.multiply(group.power(found, index), power)
    return found


def sum_of(group: Group, coefficients: Sequence[Coefficients]) -> tuple[Element, ...]:
    """g to the coefficients of the sum of all polynomials, which must be as long as one another."""
    columns = zip(*(one.powers for one in coefficients), strict=True)
    return tuple(group.product(column) for column in columns)


def coefficients_message(group: Group, powers: tuple[Element, ...]) -> str:
    """What a holder signs of their polynomial."""
    return canonical.dump({"coefexps": [group.serialise(power) for power in powers]}).decode()


def agreement_message(group: Group, certificates: tuple[Certificate, ...], own: tuple[Element, ...]) -> str:
    """What a holder signs of everybody's certificates and their own polynomial (Belenios 2.5.1)."""
    value = {
        "certs": [one.signed.to_json() for one in certificates],
        "coefexps": [group.serialise(power) for power in own],
    }
    return f"certs_sig|{canonical.dump(value).decode()}"


@dataclass(frozen=True)
class VerificationKey:
    """A holder's public share, the proof that its holder has the private one, and the holder's signature (3.0)."""

    key: Element
    pok: Proof
    signature: Proof | None = None
    name: str | None = None

    def to_json(self, group: Group) -> dict[str, Any]:
        """The object of the format."""
        value: dict[str, Any] = {"pok": self.pok.to_json(), "public_key": group.serialise(self.key)}
        if self.signature is not None:
            value["signature"] = self.signature.to_json()
        if self.name is not None:
            value["name"] = self.name
        return value

    @classmethod
    def from_json(cls, group: Group, value: Any) -> VerificationKey:
        """Read that object; raises FormatError."""
        value = canonical.fields(value, ("pok", "public_key"), ("signature", "name"), what="A verification key")
        return cls(
            group.parse(canonical.text(value["public_key"], what="A verification key")),
            Proof.from_json(group, value["pok"]),
            Proof.from_json(group, value["signature"]) if "signature" in value else None,
            canonical.text(value["name"], what="A trustee's name") if "name" in value else None,
        )


@dataclass(frozen=True)
class Pedersen(Entry):
    """Holders who share one secret; any `threshold` of them can use it, and fewer learn nothing of it."""

    threshold: int
    certificates: tuple[Certificate, ...]
    coefficients: tuple[Coefficients, ...]
    signatures: tuple[Proof, ...]
    keys: tuple[VerificationKey, ...]
    public_key_: Element

    @property
    def verification_keys(self) -> tuple[Element, ...]:
        """See `Entry`."""
        return tuple(one.key for one in self.keys)

    @property
    def names(self) -> tuple[str | None, ...]:
        """See `Entry`."""
        return tuple(one.name for one in self.keys)

    @property
    def public_key(self) -> Element:
        """See `Entry`."""
        return self.public_key_

    def check(self, group: Group) -> None:
        """Check every certificate, signature and coefficient, and that each verification key follows from them.

        The proof of possession of each verification key shows that the holders together know the entry's secret: no
        entry can be chosen so as to cancel out another (Belenios specification, section 4.3).
        Raises VerificationError: `trustees.certificate`, `trustees.context`, `trustees.repeated` (two holders, one
        key), `trustees.coefficients`, `trustees.signature`, `trustees.verification_key`, `trustees.pok`.
        """
        # All certificates first: whoever signed the others' would else be named for a certificate that is wrong.
        for place, certificate in enumerate(self.certificates, 1):
            self._check_certificate(group, place, certificate)
        if (twice := repeated(self.certificates)) is not None:
            raise _fail("trustees.repeated", "A holder has another holder's keys: one person counts as two.", twice)
        for place, (certificate, own) in enumerate(zip(self.certificates, self.coefficients, strict=True), 1):
            if len(own.powers) != self.threshold or not own.signed.holds(group, certificate.verification):
                raise _fail(
                    "trustees.coefficients", "A holder's coefficients are too many or few, or not signed.", place
                )
        self._check_signatures(group)
        whole = sum_of(group, self.coefficients)
        for place, key in enumerate(self.keys, 1):
            check_verification_key(group, self.certificates[place - 1], whole, place, key)

    @property
    def _has_context(self) -> bool:
        return any(one.context is not None for one in self.certificates)

    def _check_certificate(self, group: Group, place: int, certificate: Certificate) -> None:
        if not certificate.signed.holds(group, certificate.verification):
            raise _fail("trustees.certificate", "A holder's certificate is not signed by its key.", place)
        context = (group.name, len(self.certificates), self.threshold, place) if self._has_context else None
        if certificate.context != context:
            raise _fail(
                "trustees.context", "A holder's certificate was made for another group, place or threshold.", place
            )

    def _check_signatures(self, group: Group) -> None:
        """Of everybody's certificates: by all where there is a context, else by none; of keys: by all or none."""
        if self._has_context != bool(self.signatures):
            raise _fail("trustees.signature", "A holder did not sign these certificates.", 1)
        signed = zip(self.certificates, self.coefficients, self.signatures, strict=False)
        for place, (certificate, own, signature) in enumerate(signed, 1):
            agreed = agreement_message(group, self.certificates, own.powers)
            if not is_signed(group, certificate.verification, agreed, signature):
                raise _fail("trustees.signature", "A holder did not sign these certificates.", place)
        for place, key in enumerate(self.keys, 1):
            if key.signature is None and any(one.signature for one in self.keys):
                raise _fail("trustees.signature", "A holder did not sign their verification key.", place)

    def combine(self, group: Group, factors: Mapping[int, Factors]) -> Factors | None:
        """The first `threshold` factors present, each to the power of its Lagrange coefficient at 0; see `Entry`."""
        chosen = sorted(factors)[: self.threshold]
        if len(chosen) < self.threshold:
            return None
        weights = {one: _lagrange(group, one + 1, [other + 1 for other in chosen]) for one in chosen}
        shape = factors[chosen[0]]
        return [
            [group.product(group.power(factors[one][i][j], weights[one]) for one in chosen) for j in range(len(row))]
            for i, row in enumerate(shape)
        ]

    def to_json(self, group: Group) -> list[Any]:
        """See `Entry`."""
        value: dict[str, Any] = {
            "threshold": self.threshold,
            "certs": [one.signed.to_json() for one in self.certificates],
            "coefexps": [one.signed.to_json() for one in self.coefficients],
        }
        if self.signatures:
            value["signatures"] = [signature.to_json() for signature in self.signatures]
        value["verification_keys"] = [one.to_json(group) for one in self.keys]
        return ["Pedersen", value]

    @classmethod
    def from_json(cls, group: Group, value: Any) -> Pedersen:
        """Read the object of a `Pedersen` entry; raises FormatError."""
        value = canonical.fields(
            value,
            ("threshold", "certs", "coefexps", "verification_keys"),
            ("signatures",),
            what="A threshold entry",
        )
        threshold = canonical.integer(value["threshold"], what="A threshold")
        lists = {
            name: canonical.items(value[name], what="A threshold entry") for name in value if name != "threshold"
        }
        size = len(lists["certs"])
        if not 1 <= threshold <= size <= MOST_HOLDERS or any(len(found) != size for found in lists.values()):
            raise FormatError("shape", "A threshold entry must have as many of everything as holders.")
        return cls.of(
            group,
            threshold,
            tuple(Certificate.from_json(group, item) for item in lists["certs"]),
            tuple(Coefficients.from_json(group, item) for item in lists["coefexps"]),
            tuple(Proof.from_json(group, item) for item in lists.get("signatures", ())),
            tuple(VerificationKey.from_json(group, item) for item in lists["verification_keys"]),
        )

    @classmethod
    def of(
        cls,
        group: Group,
        threshold: int,
        certificates: tuple[Certificate, ...],
        coefficients: tuple[Coefficients, ...],
        signatures: tuple[Proof, ...],
        keys: tuple[VerificationKey, ...],
    ) -> Pedersen:
        """Put an entry together; its public key is the product of the constant coefficients."""
        if any(not own.powers for own in coefficients):
            raise FormatError("shape", "A holder's polynomial must have a coefficient.")
        public_key = group.product(own.powers[0] for own in coefficients)
        return cls(threshold, certificates, coefficients, signatures, keys, public_key)


def check_verification_key(
    group: Group,
    certificate: Certificate,
    whole: Sequence[Element],
    place: int,
    key: VerificationKey,
) -> None:
    """Check one holder's verification key, from the sum of all polynomials (`sum_of`) and the holder's own proofs.

    Raises VerificationError `trustees.verification_key`, `trustees.pok`, `trustees.signature`.
    """
    if value_at(group, whole, place) != key.key:
        raise _fail(
            "trustees.verification_key", "A holder's verification key does not follow from the coefficients.", place
        )
    if not check_knowledge(group, possession_prefix(group, key.key), lambda c: group.power(key.key, c), key.pok):
        raise _fail("trustees.pok", "A holder's proof of having the private share does not hold.", place)
    text = group.serialise(key.key)
    if key.signature is not None and not is_signed(group, certificate.verification, text, key.signature):
        raise _fail("trustees.signature", "A holder did not sign their verification key.", place)


def _lagrange(group: Group, one: int, chosen: list[int]) -> int:
    weight = 1
    for other in chosen:
        if other != one:
            weight = weight * other * pow(other - one, -1, group.q) % group.q
    return weight


def _fail(clause: str, detail: str, place: int) -> VerificationError:
    return VerificationError(clause, detail, Place(trustee=place))
