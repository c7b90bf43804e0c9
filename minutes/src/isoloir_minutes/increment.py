"""What was added to a paper after it was made: signatures, and nothing that a reader could see.

A signature covers whatever its own increment brings. So the first one, which makes the paper's form, is looked at
here object by object; for later ones pyHanko's policy knows what a further signature may change.
"""

from __future__ import annotations

from typing import Any

from asn1crypto import parser
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, SuspiciousModification
from pyhanko.sign.diff_analysis.commons import compare_dicts
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

_ROOT = frozenset({"/AcroForm", "/Version", "/Extensions"})
"""The form, and which PDF and which extension of it the signature speaks."""
_FORM = frozenset({"/Fields", "/SigFlags"})
_SIGNED = 1
"""The revision that the first signature makes; 0 is the paper as it was made."""


def adds_only_signatures(reader: PdfFileReader) -> bool:
    """Say whether every increment of a paper, the first one too, does nothing but sign it."""
    if reader.total_revisions <= _SIGNED:
        return False
    try:
        if not _only_signs(reader):
            return False
        review = DEFAULT_DIFF_POLICY.review_file(reader, _SIGNED, doc_mdp=MDPPerm.FILL_FORMS)
    except SuspiciousModification:
        return False
    return not isinstance(review, SuspiciousModification)


def covers_all(reader: PdfFileReader) -> bool:
    """Say whether the last signature covers the file to its last byte."""
    coverage: SignatureCoverageLevel = reader.embedded_signatures[-1].evaluate_signature_coverage()
    return coverage is SignatureCoverageLevel.ENTIRE_FILE


def fills_its_place(one: EmbeddedPdfSignature, raw: bytes) -> bool:
    """Say whether the place that a signature leaves out of what it covers holds the signature and zeros alone."""
    _, start, end, _ = one.byte_range
    content: bytes = one.pkcs7_content
    _, _, _, head, body, tail = parser.parse(content)
    written = content.hex().encode()
    return raw[start + 1 : end - 1] in (written, written.upper()) and not any(content[len(head + body + tail) :])


def _only_signs(reader: PdfFileReader) -> bool:
    before, after = (reader.get_historical_resolver(revision) for revision in (0, _SIGNED))
    trailers = [reader.trailer.flatten(revision) for revision in (0, _SIGNED)]
    roots = {trailer.raw_get("/Root").reference for trailer in trailers}
    if len(roots) != 1 or reader.xrefs.refs_freed_in_revision(_SIGNED):
        return False
    page = before.root["/Pages"]["/Kids"].raw_get(0).reference
    changed = {
        ref
        for ref in reader.xrefs.explicit_refs_in_revision(_SIGNED)
        if reader.xrefs.get_introducing_revision(ref) < _SIGNED
    }
    described = {trailers[0].raw_get("/Info").reference, before.root.raw_get("/Metadata").reference}
    if changed - described - roots - {page}:
        return False
    compare_dicts(before.root, after.root, _ROOT)
    compare_dicts(before.get_object(page), after.get_object(page), frozenset({"/Annots"}))
    return _one_unseen_field(before.get_object(page), after.get_object(page), after)


def _one_unseen_field(before: DictionaryObject, after: DictionaryObject, resolver: HistoricalResolver) -> bool:
    form = resolver.root["/AcroForm"]
    if not _FORM.issuperset(form) or len(form["/Fields"]) != 1:
        return False
    old, new = _annotations(before), _annotations(after)
    if new[:-1] != old or new[-1].reference != form["/Fields"].raw_get(0).reference:
        return False
    field = new[-1].get_object()
    left, bottom, right, top = field["/Rect"]
    return bool(field["/FT"] == "/Sig" and (left, bottom) == (right, top) and "/AP" not in field)


def _annotations(page: DictionaryObject) -> list[Any]:
    found = page.get("/Annots", ArrayObject())
    return [found.raw_get(number) for number in range(len(found))]
