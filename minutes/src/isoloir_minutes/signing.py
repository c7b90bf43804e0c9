"""Signing every paper of a folder: PAdES (ETSI EN 319 142-1, baseline B-B; B-T with a timestamp authority)."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
from asn1crypto import tsp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.timestamps import TimeStamper

from isoloir.config.secrets import write_private
from isoloir.errors import IsoloirError
from isoloir.outgoing import make_client
from isoloir_minutes import folder as papers_folder
from isoloir_minutes.record import Record

FIELD = "Organisateur"
"""The name of the signature's field."""

_USAGES = frozenset({"non_repudiation", "digital_signature"})
_REASON = "Scellement par l’organisateur de l’élection"


class _Signer(PdfSigner):
    """Signs at a given moment: pyHanko would ask the machine."""

    def __init__(self, at: datetime, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._at = at

    def init_signing_session(self, *arguments: Any, **options: Any) -> Any:
        session = super().init_signing_session(*arguments, **options)
        session.system_time = self._at
        return session


class Authority(TimeStamper):
    """A timestamp authority over HTTP (RFC 3161, section 3.4); asked only when the organiser names one."""

    def __init__(self, url: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._url = url

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> Any:
        """Return the token over a digest; raises IsoloirError ``timestamp_refused`` for whatever is none."""
        try:
            return await super().async_timestamp(message_digest, md_algorithm)
        except (OSError, ValueError, KeyError, TypeError):
            raise IsoloirError("timestamp_refused") from None

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Post the request; raises IsoloirError ``timestamp_refused`` where nobody answers."""
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        try:
            async with make_client() as client:
                answer = await client.post(self._url, content=req.dump(), headers=headers)
            answer.raise_for_status()
            return tsp.TimeStampResp.load(answer.content, strict=True)
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError):
            raise IsoloirError("timestamp_refused") from None


def moment(record: Record, now: datetime) -> datetime:
    """Return when papers are signed: now, never before what they tell; a demonstration's clock may be ahead of ours.

    Raises IsoloirError ``signing_before_the_acts`` on a machine that is late.
    """
    if now < record.ended and not record.test:
        raise IsoloirError("signing_before_the_acts")
    return max(now, record.ended)


async def sign(
    folder: Path,
    signer: SimpleSigner,
    at: datetime,
    *,
    authority: TimeStamper | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Path]:
    """Sign every paper of a folder that is not signed yet, each by an increment of its own; return those signed.

    What is signed is what the record gives: a paper that was changed is refused before any is signed.
    Raises IsoloirError: ``certificate_period``, ``certificate_usage``, ``certificate_self_signed`` (only a
    demonstration may be signed so), ``paper_changed`` (file), ``timestamp_refused``, and as `folder.open_sheet` does.
    """
    record = papers_folder.open_record(folder)
    _demand_fit(signer, record, at)
    whole = papers_folder.papers(record)
    waiting: dict[str, bytes] = {}
    for one in whole:
        present, remade = papers_folder.open_paper(folder, one), papers_folder.remade(folder, record, one)
        if not present.startswith(remade):
            raise IsoloirError("paper_changed", file=one.name)
        if present == remade:
            waiting[one.name] = present
    signed: dict[Path, bytes] = {}
    for number, (name, unsigned) in enumerate(waiting.items(), 1):
        signed[folder / name] = await _signed(unsigned, signer, at, authority)
        if progress:
            progress(name, number, len(waiting))
    for path, content in signed.items():
        _replace(path, content)
    return list(signed)


async def _signed(unsigned: bytes, signer: SimpleSigner, at: datetime, authority: TimeStamper | None) -> bytes:
    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason=_REASON,
        subfilter=SigSeedSubFilter.PADES,
    )
    # Out of the page: PDF/UA allows no untagged field on it, and PDF/A no hidden one.
    outside = SigFieldSpec(FIELD, invis_sig_settings=InvisSigSettings(box_out_of_bounds=True))
    made = _Signer(at, metadata, signer, timestamper=authority, new_field_spec=outside)
    out = await made.async_sign_pdf(IncrementalPdfFileWriter(BytesIO(unsigned)))
    content: bytes = out.getvalue()
    return content


def _demand_fit(signer: SimpleSigner, record: Record, at: datetime) -> None:
    certificate = signer.signing_cert
    assert certificate is not None
    if not certificate.not_valid_before <= at <= certificate.not_valid_after:
        raise IsoloirError("certificate_period")
    usage = certificate.key_usage_value
    if usage is not None and not _USAGES & set(usage.native):
        raise IsoloirError("certificate_usage")
    if certificate.self_signed != "no" and not record.test:
        raise IsoloirError("certificate_self_signed")


def _replace(path: Path, content: bytes) -> None:
    # Beside, then in its place: nobody ever reads half a paper under its own name.
    beside = path.with_suffix(f".{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    write_private(beside, content)
    beside.replace(path)
