"""From values and a template to a PDF, by typst: PDF/A-3a and PDF/UA-1, the same bytes wherever it is made.

No clock, no network, no font of the machine: typst's own fonts are embedded, and the date is one of the values.
Imports little, for it is started afresh for each part of a long poll book.
"""

from __future__ import annotations

import json
import multiprocessing
import re
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst

STANDARDS: Final[list[typst.PDFStandard]] = ["a-3a", "ua-1"]

_TEMPLATES = Path(__file__).with_name("templates")
_UNPRINTABLE = re.compile(r"the text `\"(.+?)\"` could not be displayed", re.DOTALL)
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")
"""How the diagnostic writes a mark that cannot stand alone."""
_ALWAYS_THERE = "\u017f"
"""Up to here our fonts have every letter: where one bears a mark that they lack, the mark alone is spelt."""
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_ROUNDS = 20


def pdf(template: str, values: Mapping[str, Any], **inputs: str) -> bytes:
    """Return the PDF of a template: `values` are what it prints, `inputs` further texts that it reads."""
    told = json.dumps(_without_control(values), ensure_ascii=False)
    compiler = typst.Compiler(_TEMPLATES / f"{template}.typ", root=_TEMPLATES, font_paths=_fonts())
    for _ in range(_ROUNDS):
        try:
            made, warnings = compiler.compile_with_warnings(
                format="pdf", pdf_standards=STANDARDS, timestamp=0, sys_inputs={"view": told, **inputs}
            )
        except typst.TypstError as error:
            spelt = _spelt(told, error.diagnostic)
            if spelt == told:
                raise
            told = spelt
        else:
            assert isinstance(made, bytes)
            assert not warnings, warnings
            return made + b"\n"  # a signature is an increment, which begins on a line of its own
    raise RuntimeError(f"{template}: letters without a font, again and again")


def pdf_apart(template: str, values: Mapping[str, Any]) -> bytes:
    """Return the same from a process of its own, whose memory goes with it: typst keeps whatever it has set."""
    # Started afresh, never forked: the same on every system, and safe beside threads.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
        return alone.submit(pdf, template, values).result()


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)


def _spelt(told: str, diagnostic: str) -> str:
    """Put its number in place of each letter that no font of ours has: minutes are never refused for a name."""
    texts = (_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) for text in _UNPRINTABLE.findall(diagnostic))
    signs = {sign for text in texts for sign in text if sign > _ALWAYS_THERE}
    for sign in signs:
        told = told.replace(sign, f"[U+{ord(sign):04X}]")
    return told


def _without_control(value: Any) -> Any:
    """Return the same values, a space for every sign that no paper can show; line ends stay."""
    match value:
        case str():
            return _CONTROL.sub(" ", value)
        case list():
            return [_without_control(one) for one in value]
        case dict():
            return {name: _without_control(one) for name, one in value.items()}
    return value
