"""Signing: PAdES under a fit certificate, and nothing but what the record gives."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from isoloir.config.secrets import write_private
from isoloir.errors import IsoloirError
from isoloir_minutes import checking, signing
from isoloir_minutes import folder as papers_folder
from isoloir_minutes.certificate import DEMONSTRATION, demonstration_signer, read_signer
from isoloir_minutes.record import NAME

pytestmark = pytest.mark.xdist_group("minutes")
FROM = datetime(2024, 1, 1, tzinfo=UTC)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(*, signs, keys_of_others=False):
    return x509.KeyUsage(signs, signs, True, False, False, keys_of_others, False, False, False)


@pytest.fixture(scope="session")
def authority():
    """A certification authority: its key and its certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name("Autorité d’essai"))
        .issuer_name(name("Autorité d’essai"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(FROM)
        .not_valid_after(FROM + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage(signs=False, keys_of_others=True), critical=True)
        .sign(key, SHA256())
    )
    return key, certificate


def issued(authority, *, signs=True, days=3650, purpose=None, with_rsa=False):
    """Return key and certificate that the authority issues; elliptic ones are drawn faster."""
    issuer_key, issuer = authority
    key = rsa.generate_private_key(65537, 2048) if with_rsa else ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("Centre d’essai, élections"))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(FROM)
        .not_valid_after(FROM + timedelta(days=days))
        .add_extension(usage(signs=signs), critical=True)
    )
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    return key, builder.sign(issuer_key, SHA256())


def organiser(folder, authority, **options):
    """Write the organiser's certificate; return its file and that of its passphrase."""
    key, certificate = issued(authority, **options)
    raw = pkcs12.serialize_key_and_certificates(
        b"x", key, certificate, [authority[1]], BestAvailableEncryption(b"phrase de passe")
    )
    file, passphrase = folder / "organisateur.p12", folder / "phrase"
    write_private(file, raw)
    write_private(passphrase, b"phrase de passe\n")
    return file, passphrase


def trusted(authority):
    return [asn1.Certificate.load(authority[1].public_bytes(Encoding.DER))]


def check_one(folder, trust=None):
    """Return what checking the poll book of nobody, the smallest paper, finds."""
    record = papers_folder.open_record(folder)
    one = next(paper for paper in papers_folder.papers(record) if paper.contest == "vide")
    return asyncio.run(checking.check_paper(folder, record, one, trust))


def test_the_organisers_certificate_signs_every_paper(papers, tmp_path, authority):
    """With an authority's certificate every paper is signed once, holds, is trusted, and begins as before."""
    record = papers_folder.open_record(papers)
    before = {path.name: path.read_bytes() for path in papers.glob("*.pdf")}
    at = record.ended + timedelta(hours=2)
    signed = asyncio.run(signing.sign(papers, read_signer(*organiser(tmp_path, authority)), at))
    assert {path.name for path in signed} == set(before)
    for path in signed:
        assert path.read_bytes().startswith(before[path.name])
        assert path.stat().st_mode & 0o777 == 0o600
    for one in asyncio.run(checking.check(papers, trust=trusted(authority)))[: len(before)]:
        assert one.faults == ()
        (signature,) = one.signatures
        assert signature.subject == "Centre d’essai, élections"
        assert (signature.trusted, signature.self_signed, signature.timestamped) == (True, False, False)
        assert signature.at == at
    assert (
        asyncio.run(signing.sign(papers, read_signer(tmp_path / "organisateur.p12", tmp_path / "phrase"), at)) == []
    )


def test_a_signature_of_somebody_else_is_not_trusted(signed, authority):
    """Checked against the authority, a demonstration's signature is untrusted; against none, it is told as it is."""
    assert check_one(signed, trusted(authority)).faults == ("signature_untrusted",)
    found = check_one(signed)
    assert found.faults == ()
    assert found.signatures[0].self_signed
    assert found.signatures[0].subject.startswith(DEMONSTRATION)
    assert found.signatures[0].trusted is None


def test_any_changed_byte_of_a_signed_paper_is_found(signed):
    """A bit flipped from the header to the padding of the signature, or bytes added: the paper does not hold."""
    path = signed / "emargement-vide.pdf"
    raw = path.read_bytes()
    seam = raw.index(b"/Sig", raw.rindex(b"/ByteRange") - 20_000)
    places = [0, 9, seam // 3, seam // 2, *range(seam, len(raw), 97), len(raw) - 1]
    assert len(places) > 30
    for place in places:
        spoilt = bytearray(raw)
        spoilt[place] ^= 1
        path.write_bytes(spoilt)
        assert check_one(signed).faults, place
    for added in (b"\n", b"x", b"\n% nothing\n"):
        path.write_bytes(raw + added)
        assert check_one(signed).faults
    path.write_bytes(raw[:-1])
    assert check_one(signed).faults
    path.write_bytes(raw)
    assert check_one(signed).faults == ()


def test_what_is_no_pdf_is_no_paper(signed):
    """An empty file, a text and half a paper are faults, not crashes."""
    path = signed / "emargement-vide.pdf"
    raw = path.read_bytes()
    for spoilt in (b"", b"hello", raw[: len(raw) // 2], raw[: raw.rindex(b"%%EOF", 0, -20)]):
        path.write_bytes(spoilt)
        assert check_one(signed).faults in (("paper_changed",), ("signature_broken",))


def test_signing_hides_nothing_else(papers, monkeypatch):
    """A signer who draws on the page in the very increment that signs is found, whatever the signature says."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    def forged(stream):
        writer = IncrementalPdfFileWriter(stream)
        page = writer.root["/Pages"]["/Kids"][0]
        drawn = writer.add_object(generic.StreamObject(stream_data=b"0 0 200 200 re f"))
        page["/Contents"] = generic.ArrayObject([page.raw_get("/Contents"), drawn])
        writer.update_container(page)
        return writer

    record = papers_folder.open_record(papers)
    monkeypatch.setattr(signing, "IncrementalPdfFileWriter", forged)
    asyncio.run(signing.sign(papers, demonstration_signer(record.ended), record.ended))
    found = check_one(papers)
    assert found.faults == ("changed_by_signing",)
    assert found.signatures


def test_a_second_signature_may_follow(signed):
    """A member countersigns the signed paper with another certificate: both hold."""
    from io import BytesIO

    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, PdfSigner
    from pyhanko.sign.fields import SigSeedSubFilter

    path = signed / "emargement-vide.pdf"
    metadata = PdfSignatureMetadata(field_name="President", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    member = PdfSigner(metadata, demonstration_signer(datetime.now(UTC)))
    out = asyncio.run(member.async_sign_pdf(IncrementalPdfFileWriter(BytesIO(path.read_bytes()))))
    path.write_bytes(out.getvalue())
    found = check_one(signed)
    assert found.faults == ()
    assert len(found.signatures) == 2


def test_a_changed_paper_is_not_signed(papers):
    """A paper or a poll book that is not the record's is refused by name, and no other paper is signed."""
    at = papers_folder.open_record(papers).ended
    minutes = papers / papers_folder.MINUTES
    raw = minutes.read_bytes()
    minutes.write_bytes(raw.replace(b"/Type/Catalog", b"/Type/catalog"))
    with pytest.raises(IsoloirError, match=r"paper_changed .*proces-verbal"):
        asyncio.run(signing.sign(papers, demonstration_signer(at), at))
    minutes.write_bytes(raw)
    book = papers / "emargement-cspm.csv"
    book.write_bytes(book.read_bytes().replace(b"Essai00", b"Essai99"))
    with pytest.raises(IsoloirError, match=r"poll_book_changed .*cspm"):
        asyncio.run(signing.sign(papers, demonstration_signer(at), at))
    assert b"/ByteRange" not in minutes.read_bytes()


def test_a_real_election_takes_no_self_signed_certificate_and_no_late_clock(papers, record):
    """certificate_self_signed and signing_before_the_acts, for an election that is no trial."""
    real = replace(record, test=False)
    with pytest.raises(IsoloirError, match="signing_before_the_acts"):
        signing.moment(real, record.ended - timedelta(seconds=1))
    assert signing.moment(real, record.ended + timedelta(seconds=1)) == record.ended + timedelta(seconds=1)
    assert signing.moment(record, record.ended - timedelta(days=9)) == record.ended
    (papers / NAME).write_bytes(real.to_bytes())
    with pytest.raises(IsoloirError, match="certificate_self_signed"):
        asyncio.run(signing.sign(papers, demonstration_signer(record.ended), record.ended))


@pytest.mark.parametrize(
    ("options", "code"), [({"signs": False}, "certificate_usage"), ({"days": 30}, "certificate_period")]
)
def test_an_unfit_certificate_is_refused(papers, tmp_path, authority, options, code):
    """One that is over, or made for something else, signs nothing."""
    at = papers_folder.open_record(papers).ended
    signer = read_signer(*organiser(tmp_path, authority, **options))
    with pytest.raises(IsoloirError, match=code):
        asyncio.run(signing.sign(papers, signer, at))


def test_a_certificate_that_cannot_be_read_is_refused(tmp_path, authority):
    """Wrong passphrase, none, no PKCS#12, no file, a passphrase that others may read: refused, never echoed."""
    file, passphrase = organiser(tmp_path, authority)
    wrong = tmp_path / "wrong"
    write_private(wrong, b"autre phrase")
    (tmp_path / "text.p12").write_text("hello")
    for given in ((file, wrong), (file, None), (tmp_path / "text.p12", passphrase)):
        with pytest.raises(IsoloirError, match="certificate_unreadable") as caught:
            read_signer(*given)
        assert "phrase" not in str(caught.value)
    for given in ((tmp_path / "none.p12", passphrase), (file, tmp_path / "none")):
        with pytest.raises(IsoloirError, match="certificate_missing"):
            read_signer(*given)
    passphrase.chmod(0o644)
    with pytest.raises(IsoloirError, match="secret_file_readable"):
        read_signer(file, passphrase)


@contextmanager
def timestamping(authority, answer=None) -> Iterator[tuple[str, list[bytes]]]:
    """Run a timestamp authority; `answer` replaces its replies. Yields its address and what was asked."""
    key, certificate = issued(authority, purpose=ExtendedKeyUsageOID.TIME_STAMPING, with_rsa=True)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    stamper = DummyTimeStamper(
        asn1.Certificate.load(certificate.public_bytes(Encoding.DER)),
        keys.PrivateKeyInfo.load(private),
        fixed_dt=datetime(2024, 6, 18, 16, tzinfo=UTC),
    )
    asked: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            reply = answer
            if reply is None:
                reply = stamper.request_tsa_response(tsp.TimeStampReq.load(asked[-1])).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_timestamp_authority_attests_the_time(papers, tmp_path, authority):
    """Where one is named, it is asked for the digest alone, and the check tells that the time is attested."""
    at = papers_folder.open_record(papers).ended
    signer = read_signer(*organiser(tmp_path, authority))
    with timestamping(authority) as (url, asked):
        asyncio.run(signing.sign(papers, signer, at, authority=signing.Authority(url)))
    assert asked
    assert all(len(request) < 100 for request in asked)
    found = check_one(papers, trusted(authority))
    assert found.faults == ()
    assert found.signatures[0].timestamped


@pytest.mark.parametrize("answer", [b"", b"hello", b"\x30\x03\x02\x01\x00"])
def test_what_is_no_timestamp_signs_nothing(papers, tmp_path, authority, answer):
    """A wrong answer, or nobody there, is timestamp_refused, and no paper is signed."""
    at = papers_folder.open_record(papers).ended
    signer = read_signer(*organiser(tmp_path, authority))
    with timestamping(authority, answer) as (url, _), pytest.raises(IsoloirError, match="timestamp_refused"):
        asyncio.run(signing.sign(papers, signer, at, authority=signing.Authority(url)))
    with pytest.raises(IsoloirError, match="timestamp_refused"):
        asyncio.run(signing.sign(papers, signer, at, authority=signing.Authority(url)))
    assert not any(b"/ByteRange" in path.read_bytes() for path in papers.glob("*.pdf"))


@pytest.mark.slow
def test_a_program_that_is_not_ours_accepts_the_signature(papers, tmp_path, authority):
    """openssl verifies the signature of the signed bytes under the authority; of other bytes, it does not."""
    at = papers_folder.open_record(papers).ended
    asyncio.run(signing.sign(papers, read_signer(*organiser(tmp_path, authority, with_rsa=True)), at))
    raw = (papers / papers_folder.MINUTES).read_bytes()
    from io import BytesIO

    from pyhanko.pdf_utils.reader import PdfFileReader

    (embedded,) = PdfFileReader(BytesIO(raw)).embedded_signatures
    _, start, end, length = embedded.byte_range
    covered = raw[:start] + raw[end : end + length]
    (tmp_path / "ca.pem").write_bytes(authority[1].public_bytes(Encoding.PEM))
    (tmp_path / "signature.der").write_bytes(embedded.signed_data and embedded.pkcs7_content.rstrip(b"\0"))
    for content, status in ((covered, 0), (covered.replace(b"Catalog", b"catalog"), 4)):
        (tmp_path / "content").write_bytes(content)
        ran = subprocess.run(
            ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature.der", "-content", "content",
             "-CAfile", "ca.pem", "-purpose", "any", "-no_check_time", "-out", "/dev/null"],
            cwd=tmp_path,
            capture_output=True,
        )  # fmt: skip
        assert ran.returncode == status, ran.stderr
