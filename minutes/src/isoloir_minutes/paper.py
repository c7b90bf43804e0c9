"""From a record to a PDF, by typst: PDF/A-3a and PDF/UA-1, the same bytes from the same record wherever it is made.

No clock, no network, no font of the machine: typst's own fonts are embedded, and the date is that of the last act.
"""

from __future__ import annotations

import json
import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import typst

from isoloir_minutes import view
from isoloir_minutes.poll_book import ONLY, Part, Sheet
from isoloir_minutes.record import NAME, Record
from isoloir_minutes.view.frame import View

STANDARDS: Final[list[typst.PDFStandard]] = ["a-3a", "ua-1"]

_UNPRINTABLE = re.compile(r"the text `\"(.+?)\"` could not be displayed", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_ROUNDS = 20


def minutes(record: Record) -> bytes:
    """Return the minutes, the record attached."""
    return _compiled("minutes", view.minutes(record), name=NAME, record=record.to_bytes().decode())


def poll_book(record: Record, sheet: Sheet, contest_id: str | None = None, part: Part = ONLY) -> bytes:
    """Return the poll book of one contest, or of all, from its sheet; or one part of it."""
    values = view.poll_book(record, sheet, contest_id, part)
    return _compiled("poll_book", values) if part == ONLY else _apart("poll_book", values)


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)


def _apart(template: str, values: View) -> bytes:
    # In a process of its own: typst keeps what it has set, and a long poll book would fill the memory part by part.
    # Started afresh, never forked: the same on every system, and safe beside threads.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
        return alone.submit(_compiled, template, values).result()


def _compiled(template: str, values: View, **inputs: str) -> bytes:
    root = Path(str(files(__package__) / "templates"))
    told = json.dumps(_without_control(values), ensure_ascii=False)
    compiler = typst.Compiler(root / f"{template}.typ", root=root, font_paths=_fonts())
    for _ in range(_ROUNDS):
        try:
            made, warnings = compiler.compile_with_warnings(
                format="pdf", pdf_standards=STANDARDS, timestamp=0, sys_inputs={"view": told, **inputs}
            )
        except typst.TypstError as error:
            # A letter that no font of ours has is printed by its number: minutes are never refused for a name.
            missing = {sign for text in _UNPRINTABLE.findall(error.diagnostic) for sign in text}
            spelt = told
            for sign in missing:
                spelt = spelt.replace(sign, f"[U+{ord(sign):04X}]")
            if spelt == told:
                raise
            told = spelt
        else:
            assert isinstance(made, bytes)
            assert not warnings, warnings
            return made + b"\n"  # a signature is an increment, which begins on a line of its own
    raise RuntimeError(f"{template}: letters without a font, again and again")


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
