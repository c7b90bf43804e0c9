"""Checking a folder of papers: signatures, bytes, the arithmetic, and what the archives of the boxes say.

Nothing here trusts the folder: each paper is made anew from the record, and each count is read from the archives.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext

from isoloir.errors import IsoloirError
from isoloir.seats import SeatsError, allocate
from isoloir_ballots.errors import BallotsError
from isoloir_ballots.verify import Report, check_archive, jobs_for
from isoloir_minutes import folder as papers_folder
from isoloir_minutes.collect import software
from isoloir_minutes.folder import Paper
from isoloir_minutes.increment import adds_only_signatures, covers_all, fills_its_place
from isoloir_minutes.record import NAME, Contest, Record

# What its reader thinks of a spoilt file is for us to say, not for stderr.
logging.getLogger("pyhanko").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Signature:
    """Who signed a paper, and when they say so; `trusted` is `None` where no certificate was given to trust."""

    subject: str
    sha256: str
    at: datetime | None
    self_signed: bool
    timestamped: bool
    trusted: bool | None


@dataclass(frozen=True)
class Checked:
    """A paper or an archive: its signatures, and everything that does not hold, by code."""

    name: str
    faults: tuple[str, ...]
    signatures: tuple[Signature, ...] = ()


async def check(
    folder: Path, *, archives: Path | None = None, trust: Iterable[x509.Certificate] | None = None
) -> list[Checked]:
    """Check every paper of a folder, and each contest's result against `archives` (a folder of .bel) where given.

    Faults: ``paper_changed``, ``paper_made_elsewhere`` (with another typst: only the attachment is compared),
    ``attachment_differs``, ``poll_book_changed``, ``poll_book_count``, ``not_signed``, ``signature_broken``,
    ``signature_untrusted``, ``changed_by_signing``; ``counts_differ``, ``seats_differ``; ``archive_missing``,
    ``archive_differs``, ``archive_invalid``, ``result_differs``.
    Raises IsoloirError where the record itself cannot be read: ``minutes_missing``, ``record_unreadable``.
    """
    record = papers_folder.open_record(folder)
    trusted = None if trust is None else list(trust)
    found = [await check_paper(folder, record, one, trusted) for one in papers_folder.papers(record)]
    found += [Checked(contest.id, tuple(_arithmetic(contest))) for contest in record.contests]
    if archives is not None:
        found += [Checked(one.archive.file, tuple(_against_archive(archives, one))) for one in record.contests]
    return found


# --- papers ----------------------------------------------------------------------------------------------


async def check_paper(folder: Path, record: Record, one: Paper, trust: list[x509.Certificate] | None) -> Checked:
    """Check one paper of a folder."""
    try:
        present = papers_folder.open_paper(folder, one)
        remade = papers_folder.remade(folder, record, one)
    except IsoloirError as error:
        return Checked(one.name, (error.code,))
    faults = list(_counted(folder, record, one))
    try:
        reader = PdfFileReader(BytesIO(present))
        if not present.startswith(remade):
            if record.software["typst"] == software()["typst"]:
                return Checked(one.name, (*faults, "paper_changed"))
            faults.append("paper_made_elsewhere")
            if one.csv is None and attached(reader) != record.to_bytes():
                faults.append("attachment_differs")
        signatures, wrong = await _signatures(reader, present, trust)
    except Exception:  # whatever a spoilt increment makes the reader stumble over, it is no signature
        return Checked(one.name, (*faults, "signature_broken"))
    return Checked(one.name, (*faults, *wrong), signatures)


async def _signatures(
    reader: PdfFileReader, raw: bytes, trust: list[x509.Certificate] | None
) -> tuple[tuple[Signature, ...], list[str]]:
    embedded = list(reader.embedded_regular_signatures)
    if not embedded:
        return (), ["not_signed"]
    faults = []
    if not adds_only_signatures(reader) or not covers_all(reader):
        faults.append("changed_by_signing")
    found = []
    for one in embedded:
        signature, whole = await _signature(one, trust)
        found.append(signature)
        if not whole or not fills_its_place(one, raw):
            faults.append("signature_broken")
        if signature.trusted is False:
            faults.append("signature_untrusted")
    return tuple(found), list(dict.fromkeys(faults))


async def _signature(one: EmbeddedPdfSignature, trust: list[x509.Certificate] | None) -> tuple[Signature, bool]:
    certificate = one.signer_cert
    context = ValidationContext(
        trust_roots=[certificate] if trust is None else trust,
        moment=one.self_reported_timestamp,
        allow_fetching=False,
        other_certs=list(one.other_embedded_certs),
    )
    usages = KeyUsageConstraints(key_usage={"non_repudiation", "digital_signature"}, match_all_key_usages=False)
    status = await async_validate_pdf_signature(one, context, key_usage_settings=usages)
    signature = Signature(
        _name(certificate),
        hashlib.sha256(certificate.dump()).hexdigest(),
        one.self_reported_timestamp,
        self_signed=certificate.self_signed != "no",
        timestamped=status.timestamp_validity is not None and status.timestamp_validity.valid,
        trusted=None if trust is None else status.trusted,
    )
    return signature, status.intact and status.valid and bool(status.docmdp_ok)


def _name(certificate: x509.Certificate) -> str:
    told = certificate.subject.native
    parts = (
        told.get(part) for part in ("common_name", "organizational_unit_name", "organization_name", "country_name")
    )
    return ", ".join(", ".join(part) if isinstance(part, list) else part for part in parts if part)


def attached(reader: PdfFileReader) -> bytes | None:
    """Return the record that the minutes carry, or `None`."""
    names = list(reader.root["/Names"]["/EmbeddedFiles"]["/Names"])
    if names[:1] != [NAME] or len(names) != 2:
        return None
    content: bytes = names[1].get_object()["/EF"]["/F"].data
    return content


def _counted(folder: Path, record: Record, one: Paper) -> Iterator[str]:
    if one.csv is not None:
        marked = record.electors.voted if one.contest is None else record.contest(one.contest).poll_book
        if len(papers_folder.open_sheet(folder, record, one).rows) != marked:
            yield "poll_book_count"


# --- results ---------------------------------------------------------------------------------------------


def _arithmetic(contest: Contest) -> Iterator[str]:
    """Count and allot once more from the votes that the record gives."""
    if not contest.poll_book == contest.ballots == contest.expressed + contest.blank:
        yield "counts_differ"
    try:
        again = allocate(
            contest.seats,
            {one.id: one.votes for one in contest.lists},
            candidates={one.id: len(one.candidates) for one in contest.lists},
            short_lists=contest.short_lists,
            ties=contest.ties,
            decided=contest.decided,
        )
    except SeatsError:
        yield "seats_differ"
        return
    elected = again.elected({one.id: one.candidates for one in contest.lists})
    told = contest.as_allotted()
    if told != {**again.as_json(), "elected": {name: list(names) for name, names in elected.items()}}:
        yield "seats_differ"


def _against_archive(archives: Path, contest: Contest) -> Iterator[str]:
    path = archives / contest.archive.file
    if not path.is_file():
        yield "archive_missing"
        return
    try:
        report = check_archive(path, jobs=jobs_for(path.stat().st_size))
    except BallotsError:
        yield "archive_invalid"
        return
    bound = contest.archive
    if (report.sha256, report.uuid, report.fingerprint) != (bound.sha256, bound.uuid, bound.fingerprint):
        yield "archive_differs"
    if not _same_result(report, contest):
        yield "result_differs"


def _same_result(report: Report, contest: Contest) -> bool:
    (question,) = report.questions
    votes = [(answer.answer, answer.votes) for answer in question.answers]
    told = [(one.name, one.votes) for one in contest.lists]
    return votes == told and (question.blank or 0) == contest.blank and report.ballots == contest.ballots
