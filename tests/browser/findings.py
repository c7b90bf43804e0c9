"""What a run found, by success criterion of WCAG 2.2, and the page that tells it."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .audit import AXE_VERSION, Fault
from .views import VIEWS

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "accessibility.md"
GRAVE = ("serious", "critical")


@dataclass(frozen=True)
class Criterion:
    """One success criterion, and how it is looked at: by axe's rules, by the run, or not, for a reason."""

    id: str
    name: str
    level: str
    axe: bool = False
    run: str = ""
    why: str = ""

    @property
    def how(self) -> str:
        """How it is looked at, in words."""
        if self.why:
            return f"not applicable: {self.why}"
        parts = [part for part in ("axe" if self.axe else "", self.run) if part]
        return "; ".join(parts) or "needs a person"


def criteria() -> list[Criterion]:
    """Return the criteria of levels A and AA, in the order of WCAG 2.2."""
    return [Criterion(**one) for one in tomllib.loads((HERE / "criteria.toml").read_text())["criteria"]]


def pages_told(text: str) -> set[str]:
    """Return the names of the pages that a page of findings claims to have looked at."""
    return set(text.rpartition("\n## Pages looked at\n")[2].strip().rstrip(".").split(", "))


@dataclass
class Findings:
    """What was looked at, and what was found."""

    pages: dict[str, set[str]] = field(default_factory=dict)
    passed: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    controls: int = 0
    stops: int = 0
    runs: int = 0
    browser: str = ""
    milliseconds: dict[str, float] = field(default_factory=dict)

    @property
    def grave(self) -> list[tuple[str, Fault]]:
        """What axe calls serious or critical."""
        return [(page, fault) for page, fault in self.faults if fault.impact in GRAVE]

    def table(self) -> Iterator[str]:
        """Draw one line for each criterion."""
        yield "| criterion | level | how it was looked at | found |"
        yield "|---|---|---|---|"
        for one in criteria():
            yield f"| {one.id} {one.name} | {one.level} | {one.how} | {self._found(one)} |"

    def _found(self, one: Criterion) -> str:
        faults = sum(one.id in fault.criteria for _, fault in self.faults)
        if faults:
            return f"{faults} faults, below"
        if one.axe or one.run:
            return "nothing"
        return "–" if one.why else "not looked at"

    def write(self, page: Path) -> None:
        """Write the page of findings."""
        page.write_text("\n".join(self._page()) + "\n", encoding="utf-8")

    def _page(self) -> Iterator[str]:
        names = sorted(self.pages)
        looked = sum(len(languages) for languages in self.pages.values())
        yield "# Accessibility: what a run found"
        yield ""
        yield "Written by `make accessibility`, not by hand: a real browser goes through the demonstration's"
        yield f"election, in French and in English, and looks at {len(names)} pages ({looked} with their languages),"
        yield f"each in {len(VIEWS)} views ({', '.join(one.name for one in VIEWS)}), with text alone enlarged to"
        yield "200 %, and with the text spacing of WCAG 1.4.12. The same run, without writing, is part of `make test`"
        yield "and fails on any fault that axe calls serious or critical, and on any failure of its own checks."
        yield ""
        yield f"- {self.browser}, axe-core {AXE_VERSION} (rules of WCAG 2.0, 2.1 and 2.2, levels A and AA, and of"
        yield f"  best practice), run {self.runs} times: {len(self.faults)} faults, {len(self.grave)} of them serious"
        yield "  or critical."
        yield f"- {self.controls} controls in the browser's accessibility tree: each has a name, and on one page one"
        yield "  name leads to one place."
        yield f"- {self.stops} stops of the keyboard's focus: in reading order, outlined, in view."
        yield "- Whole votes by keyboard alone, by each way in."
        yield "- Without JavaScript every page works but the booth, which says what to do."
        if self.milliseconds:
            spent = ", ".join(f"{what} {took:.0f} ms" for what, took in self.milliseconds.items())
            yield f"- The booth with the processor six times slower, on the machine that wrote this: {spent}."
        yield ""
        yield "What no program can say is marked so: it needs people who use screen readers, magnifiers or switches"
        yield "every day, and an audit (RGAA). Neither has been held yet; the site says so on its own page."
        yield ""
        yield "## By success criterion (WCAG 2.2, levels A and AA)"
        yield ""
        yield from self.table()
        yield ""
        yield "## Faults"
        yield ""
        if self.faults:
            yield "| page | rule of axe | weight | where |"
            yield "|---|---|---|---|"
            for name, fault in sorted(set(self.faults), key=str):
                where = fault.where.replace("|", "\\|")
                yield f"| {name} | {fault.rule} | {fault.impact} | `{where}` |"
        else:
            yield "None."
        yield ""
        yield "## Pages looked at"
        yield ""
        yield ", ".join(names) + "."
