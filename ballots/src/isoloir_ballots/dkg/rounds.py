"""The rounds: what each holder makes from the seed and from what stands, and what anybody checks of it.

Holders are numbered from 1; lists of documents are in their order, complete for the rounds before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isoloir_ballots import canonical
from isoloir_ballots.errors import FormatError, VerificationError
from isoloir_ballots.groups import Element
from isoloir_ballots.hashing import hex_digest
from isoloir_ballots.proofs import Proof
from isoloir_ballots.randomness import Rng, system_rng
from isoloir_ballots.signing import Signed, is_signed, prove_knowledge, sign
from isoloir_ballots.trustees.pedersen import (
    Certificate,
    Coefficients,
    VerificationKey,
    agreement_message,
    certificate_message,
    check_verification_key,
    coefficients_message,
    repeated,
    sum_of,
)
from isoloir_ballots.trustees.single import possession_prefix

from . import channel
from .identity import Identity
from .setting import Document, Setting, refused, written


class WrongShare(VerificationError):
    """A holder sealed for this one a number that does not agree with the coefficients; `sender` says who."""

    def __init__(self, sender: int) -> None:
        error = refused("share", "A holder gave another a share that does not agree with the coefficients.", sender)
        super().__init__(error.clause, error.detail, error.place)
        self.sender = sender


# --- round 1 --------------------------------------------------------------------------------------------------


def certify(setting: Setting, index: int, seed: str, rng: Rng = system_rng) -> Document:
    """Make a holder's certificate."""
    who = Identity.of(setting.group, seed)
    context = (setting.group.name, setting.size, setting.threshold, index)
    message = certificate_message(setting.group, who.verification, who.encryption, context)
    value = {"certificate": Signed.make(setting.group, who.signing, message, rng).to_json()}
    return _bound(setting, "certificate", index, who, value, rng)


def check_certificate(setting: Setting, index: int, document: Any) -> None:
    """Check a holder's certificate: `dkg.form`, `dkg.certificate`, `dkg.context`, `dkg.bound`."""
    try:
        value = canonical.fields(document, ("certificate", "bound"), what="A certificate")
        found = Certificate.from_json(setting.group, value["certificate"])
    except FormatError as error:
        raise refused("form", error.detail, index) from None
    if not found.signed.holds(setting.group, found.verification):
        raise refused("certificate", "A certificate is not signed by its key.", index)
    if found.context != (setting.group.name, setting.size, setting.threshold, index):
        raise refused("context", "A certificate was made for another group, place or threshold.", index)
    _check_bound(setting, "certificate", index, found.verification, value)


# --- round 2 --------------------------------------------------------------------------------------------------


def contribute(
    setting: Setting, index: int, seed: str, certificates: Sequence[Document], rng: Rng = system_rng
) -> Document:
    """Make a holder's contribution, once all certificates are there; raises as `check_certificate` does."""
    group, who = setting.group, Identity.of(setting.group, seed)
    read = _certificates(setting, certificates)
    polynomial = _polynomial(setting, who, certificates)
    powers = tuple(group.generator_power(one) for one in polynomial)
    value: Document = {
        "coefexps": Signed.make(group, who.signing, coefficients_message(group, powers), rng).to_json(),
        "signature": sign(group, who.signing, agreement_message(group, read, powers), rng).to_json(),
        "secrets": [
            channel.seal(
                group,
                certificate.encryption,
                _sealed_context(setting, certificates, index, receiver),
                _value_at(polynomial, receiver, group.q),
                rng,
            )
            for receiver, certificate in enumerate(read, 1)
        ],
    }
    return _bound(setting, "contribution", index, who, [digest(certificates), value], rng, value)


def check_contribution(setting: Setting, index: int, certificates: Sequence[Document], document: Any) -> None:
    """Check what everybody can of a contribution.

    Raises VerificationError `dkg.form`, `dkg.coefficients`, `dkg.signature`, `dkg.secret` (the sender does not prove
    to have drawn what a number is sealed with), `dkg.bound`; and as `check_certificate` does.
    """
    _check_contribution(setting, index, certificates, _certificates(setting, certificates), document)


def _check_contribution(
    setting: Setting, index: int, certificates: Sequence[Document], read: Sequence[Certificate], document: Any
) -> None:
    group = setting.group
    key = read[index - 1].verification
    try:
        value = canonical.fields(document, ("coefexps", "signature", "secrets", "bound"), what="A contribution")
        found = Coefficients.from_json(group, value["coefexps"])
        signature = Proof.from_json(group, value["signature"])
        secrets = canonical.items(value["secrets"], what="The secrets")
        for secret in secrets:
            channel.check_form(group, secret)
    except FormatError as error:
        raise refused("form", error.detail, index) from None
    if len(secrets) != setting.size:
        raise refused("form", "A contribution must have a secret for each holder.", index)
    if len(found.powers) != setting.threshold or not found.signed.holds(group, key):
        raise refused("coefficients", "A holder's coefficients are too many or few, or not signed.", index)
    if not is_signed(group, key, agreement_message(group, tuple(read), found.powers), signature):
        raise refused("signature", "A holder did not sign these certificates.", index)
    for receiver, secret in enumerate(secrets, 1):
        if not channel.is_senders(group, _sealed_context(setting, certificates, index, receiver), secret):
            raise refused("secret", "A holder does not prove to have drawn what a number is sealed with.", index)
    inner = {name: part for name, part in value.items() if name != "bound"}
    _check_bound(setting, "contribution", index, key, value, [digest(certificates), inner])


# --- round 3 --------------------------------------------------------------------------------------------------


def acknowledge(
    setting: Setting,
    index: int,
    seed: str,
    certificates: Sequence[Document],
    contributions: Sequence[Document],
    rng: Rng = system_rng,
) -> Document:
    """Check every share received, and make the holder's acknowledgement.

    Raises WrongShare for the first that does not agree (then `complain`), and as the checks of the rounds before do,
    which this holder does again.
    """
    group, who = setting.group, Identity.of(setting.group, seed)
    share = share_of(setting, index, seed, certificates, contributions)
    key = group.generator_power(share)
    value: Document = {
        "verification_key": VerificationKey(
            key,
            prove_knowledge(group, share, possession_prefix(group, key), rng),
            who.sign(group.serialise(key), rng),
        ).to_json(group)
    }
    covered = [digest(certificates), digest(contributions), value]
    return _bound(setting, "acknowledgement", index, who, covered, rng, value)


def check_acknowledgement(
    setting: Setting,
    index: int,
    certificates: Sequence[Document],
    contributions: Sequence[Document],
    document: Any,
) -> None:
    """Check an acknowledgement: `dkg.form`, `dkg.verification_key`, `dkg.pok`, `dkg.signature`, `dkg.bound`."""
    read = _certificates(setting, certificates)
    try:
        value = canonical.fields(document, ("verification_key", "bound"), what="An acknowledgement")
        key = VerificationKey.from_json(setting.group, value["verification_key"])
    except FormatError as error:
        raise refused("form", error.detail, index) from None
    if key.name is not None:
        raise refused("form", "An acknowledgement must not give a name: names are the ceremony's.", index)
    if key.signature is None:
        raise refused("signature", "A holder did not sign their verification key.", index)
    try:
        whole = sum_of(setting.group, coefficients_of(setting, contributions))
        check_verification_key(setting.group, read[index - 1], whole, index, key)
    except VerificationError as error:
        raise refused(error.clause.removeprefix("trustees."), error.detail, index) from None
    inner = {"verification_key": value["verification_key"]}
    covered = [digest(certificates), digest(contributions), inner]
    _check_bound(setting, "acknowledgement", index, read[index - 1].verification, value, covered)


def complain(
    setting: Setting,
    index: int,
    seed: str,
    certificates: Sequence[Document],
    contributions: Sequence[Document],
    sender: int,
    rng: Rng = system_rng,
) -> Document:
    """Show everybody what `sender` sealed for this holder, with the proof that it is that."""
    group, who = setting.group, Identity.of(setting.group, seed)
    context = _sealed_context(setting, certificates, sender, index)
    secret = contributions[sender - 1]["secrets"][index - 1]
    value: Document = {"against": sender, **channel.prove_point(group, who.opening, context, secret, rng)}
    covered = [digest(certificates), digest(contributions), value]
    return _bound(setting, "complaint", index, who, covered, rng, value)


def check_complaint(
    setting: Setting,
    index: int,
    certificates: Sequence[Document],
    contributions: Sequence[Document],
    document: Any,
) -> int:
    """Return the number of the holder whom a complaint convicts of a wrong share.

    Raises VerificationError `dkg.form`, `dkg.bound`, or `dkg.complaint` (its author's proof does not hold, or the
    share was right): then the author is at fault.
    """
    group = setting.group
    read = _certificates(setting, certificates)
    try:
        value = canonical.fields(document, ("against", "point", "proof", "bound"), what="A complaint")
        sender = canonical.integer(value["against"], what="A complaint")
    except FormatError as error:
        raise refused("form", error.detail, index) from None
    if not 1 <= sender <= setting.size:
        raise refused("form", "A complaint must be against a holder.", index)
    context = _sealed_context(setting, certificates, sender, index)
    secret = contributions[sender - 1]["secrets"][index - 1]
    try:
        point = channel.proven_point(group, read[index - 1].encryption, context, secret, value)
    except FormatError as error:
        raise refused("form", error.detail, index) from None
    inner = {name: part for name, part in value.items() if name != "bound"}
    covered = [digest(certificates), digest(contributions), inner]
    _check_bound(setting, "complaint", index, read[index - 1].verification, value, covered)
    if point is None:
        raise refused("complaint", "The proof of a complaint does not hold.", index)
    number = channel.unseal(group, point, context, secret)
    if number is not None and group.generator_power(number) == _expected(setting, contributions, sender, index):
        raise refused("complaint", "A holder complains of a share that is right.", index)
    return sender


# --- what follows from the documents --------------------------------------------------------------------------


def digest(documents: Sequence[Any]) -> str:
    """SHA-256 of documents, hexadecimal: what holders compare aloud, and what later signatures cover."""
    return hex_digest(written(list(documents)).encode())


def share_of(
    setting: Setting, index: int, seed: str, certificates: Sequence[Document], contributions: Sequence[Document]
) -> int:
    """The holder's private share: the sum of what every holder sealed for them, each checked.

    Raises WrongShare, and as the checks of both rounds do.
    """
    group, who = setting.group, Identity.of(setting.group, seed)
    _contributions(setting, certificates, contributions)
    total = 0
    for sender, contribution in enumerate(contributions, 1):
        secret = contribution["secrets"][index - 1]
        point = group.secret_power(channel.ephemeral(group, secret), who.opening)
        number = channel.unseal(group, point, _sealed_context(setting, certificates, sender, index), secret)
        if number is None or group.generator_power(number) != _expected(setting, contributions, sender, index):
            raise WrongShare(sender)
        total = (total + number) % group.q
    return total


def certificates_of(setting: Setting, certificates: Sequence[Document]) -> tuple[Certificate, ...]:
    """The certificates of a whole first round, as the trustees file has them."""
    return tuple(Certificate.from_json(setting.group, one["certificate"]) for one in certificates)


def coefficients_of(setting: Setting, contributions: Sequence[Document]) -> tuple[Coefficients, ...]:
    """The coefficients of a whole second round."""
    return tuple(Coefficients.from_json(setting.group, one["coefexps"]) for one in contributions)


def _certificates(setting: Setting, certificates: Sequence[Document]) -> tuple[Certificate, ...]:
    if len(certificates) != setting.size:
        raise FormatError("shape", "Every holder's certificate is needed.")
    for index, document in enumerate(certificates, 1):
        check_certificate(setting, index, document)
    read = certificates_of(setting, certificates)
    if (place := repeated(read)) is not None:
        raise refused("repeated", "A holder has another holder's keys: one person would count as two.", place)
    return read


def _contributions(setting: Setting, certificates: Sequence[Document], contributions: Sequence[Document]) -> None:
    read = _certificates(setting, certificates)
    if len(contributions) != setting.size:
        raise FormatError("shape", "Every holder's contribution is needed.")
    for index, document in enumerate(contributions, 1):
        _check_contribution(setting, index, certificates, read, document)


def _polynomial(setting: Setting, who: Identity, certificates: Sequence[Document]) -> list[int]:
    context = setting.bound("polynomial", 0, digest(certificates))
    return who.polynomial(context, setting.threshold)


def _value_at(polynomial: Sequence[int], index: int, q: int) -> int:
    value = 0
    for coefficient in reversed(polynomial):
        value = (value * index + coefficient) % q
    return value


def _expected(setting: Setting, contributions: Sequence[Document], sender: int, receiver: int) -> Element:
    own = Coefficients.from_json(setting.group, contributions[sender - 1]["coefexps"])
    return own.at(setting.group, receiver)


def _sealed_context(setting: Setting, certificates: Sequence[Document], sender: int, receiver: int) -> str:
    return setting.bound("share", sender, [receiver, digest(certificates)])


def _bound(
    setting: Setting,
    kind: str,
    index: int,
    who: Identity,
    covered: Any,
    rng: Rng,
    value: Document | None = None,
) -> Document:
    signature = who.sign(setting.bound(kind, index, covered), rng)
    return {**(covered if value is None else value), "bound": signature.to_json()}


def _check_bound(
    setting: Setting, kind: str, index: int, key: Element, document: Document, covered: Any = None
) -> None:
    inner = {name: part for name, part in document.items() if name != "bound"} if covered is None else covered
    try:
        signature = Proof.from_json(setting.group, document["bound"])
    except FormatError as error:
        raise refused("form", error.detail, index) from None
    if not is_signed(setting.group, key, setting.bound(kind, index, inner), signature):
        raise refused("bound", "A document was made for another ceremony, or changed.", index)
