"""The certificate that signs: the organiser's from a PKCS#12 file, or for a demonstration one of a moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.sign.signers import SimpleSigner

from isoloir.config.secrets import read_private
from isoloir.errors import IsoloirError

DEMONSTRATION = "DÉMONSTRATION : certificat auto-signé, sans valeur légale"
_ORGANISATION = "Isoloir"
_PASSPHRASE = b"demonstration"
_DAYS = 3650


def read_signer(file: Path, passphrase_file: Path | None) -> SimpleSigner:
    """Read key and certificates of a PKCS#12 file; its passphrase stands alone in a private file.

    Raises IsoloirError: ``certificate_missing``, ``certificate_unreadable`` (the passphrase may be wrong, too), and
    as `read_private` does.
    """
    try:
        raw = file.read_bytes()
        passphrase = None if passphrase_file is None else read_private(passphrase_file).rstrip(b"\r\n")
    except FileNotFoundError as error:
        raise IsoloirError("certificate_missing", file=Path(error.filename).name) from None
    try:
        return _loaded(raw, passphrase)
    except (ValueError, TypeError, AttributeError):
        raise IsoloirError("certificate_unreadable", file=file.name) from None


def demonstration_signer(at: datetime) -> SimpleSigner:
    """Return a signer under a key drawn now and kept nowhere; its certificate names nobody and says what it is."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, DEMONSTRATION),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(minutes=1))
        .not_valid_after(at + timedelta(days=_DAYS))
        .add_extension(usage, critical=True)
        .sign(key, SHA256())
    )
    raw = pkcs12.serialize_key_and_certificates(
        b"demonstration", key, certificate, None, BestAvailableEncryption(_PASSPHRASE)
    )
    return _loaded(raw, _PASSPHRASE)


def _loaded(raw: bytes, passphrase: bytes | None) -> SimpleSigner:
    signer: SimpleSigner = SimpleSigner.load_pkcs12_data(raw, other_certs=[], passphrase=passphrase)
    return signer
