"""What is asked of a page that is shown, whatever page it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
AXE_VERSION = re.search(r"axe v([\d.]+)", AXE[:100])[1]
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OPTIONS = {
    "runOnly": {"type": "tag", "values": _TAGS},
    "rules": {"target-size": {"enabled": True}, "label-content-name-mismatch": {"enabled": True}},
    "resultTypes": ["violations", "passes"],
}
_CONTROLS = {
    "button", "checkbox", "combobox", "DisclosureTriangle", "link", "listbox", "radio", "searchbox", "textbox",
}  # fmt: skip
# WCAG 1.4.12, and text alone at twice its size (1.4.4): sheets of the page's user, which no policy of ours stops.
_SPACED = """* {line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important}
p {margin-bottom: 2em !important}"""
_LARGE = "html {font-size: 200% !important}"


@dataclass(frozen=True)
class Fault:
    """One thing that axe does not accept."""

    rule: str
    impact: str
    criteria: tuple[str, ...]
    where: str


@dataclass(frozen=True)
class Said:
    """What axe found on a page in one view: what it refuses, and the criteria in which it found nothing."""

    faults: tuple[Fault, ...]
    passed: frozenset[str]


def axe(page: Page, *, contrast_alone: bool = False) -> Said:
    """Run axe-core on the page as it is."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    options = {"runOnly": ["color-contrast"]} if contrast_alone else _OPTIONS
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    faults = tuple(
        Fault(one["id"], one["impact"], criteria_of(one["tags"]), node["html"][:120])
        for one in found["violations"]
        for node in one["nodes"]
    )
    return Said(faults, frozenset(number for one in found["passes"] for number in criteria_of(one["tags"])))


def criteria_of(tags: list[str]) -> tuple[str, ...]:
    """Return the success criteria in axe's tags: ``wcag143`` is 1.4.3, ``wcag1410`` is 1.4.10."""
    found = (re.fullmatch(r"wcag(\d)(\d)(\d+)", tag) for tag in tags)
    return tuple(".".join(one.groups()) for one in found if one)


@dataclass(frozen=True)
class Control:
    """One control as a screen reader hears it."""

    role: str
    name: str
    leads: str


def controls(page: Page) -> list[Control]:
    """Return the page's controls from the browser's accessibility tree."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [
        Control(
            node["role"]["value"],
            node.get("name", {}).get("value", ""),
            next((one["value"]["value"] for one in node.get("properties", []) if one["name"] == "url"), ""),
        )
        for node in nodes
        if not node.get("ignored") and node.get("role", {}).get("value") in _CONTROLS
    ]


def assert_named(page: Page) -> int:
    """Assert that every control has a name, and that one name leads to one place; returns how many there are."""
    found = controls(page)
    nameless = [one for one in found if not one.name.strip()]
    assert nameless == [], f"{page.url}: {nameless}"
    places: dict[str, set[str]] = {}
    for one in found:
        if one.role == "link":
            places.setdefault(one.name, set()).add(one.leads)
    twice = {name: leads for name, leads in places.items() if len(leads) > 1}
    assert twice == {}, f"{page.url}: {twice}"
    return len(found)


@contextmanager
def styled(page: Page, sheet: str) -> Iterator[None]:
    """Lay a sheet of the reader's own over the page."""
    page.evaluate(
        "text => { const s = new CSSStyleSheet(); s.replaceSync(text); document.adoptedStyleSheets = [s]; }", sheet
    )
    yield
    page.evaluate("document.adoptedStyleSheets = []")


def spaced(page: Page) -> Any:
    """Space the text as WCAG 1.4.12 has it."""
    return styled(page, _SPACED)


def enlarged(page: Page) -> Any:
    """Double the size of the text alone."""
    return styled(page, _LARGE)


def assert_nothing_cut(page: Page) -> None:
    """Assert that no box cuts its text off (boxes for ears alone aside, and what scrolls: tables, fields)."""
    cut = page.evaluate(
        """[...document.querySelectorAll("body :not(input)")].filter(one => {
          const style = getComputedStyle(one), hides = value => value === "hidden" || value === "clip";
          if (style.position === "absolute" && one.offsetWidth <= 1) return false;
          return hides(style.overflowX) && one.scrollWidth > one.clientWidth + 1
            || hides(style.overflowY) && one.scrollHeight > one.clientHeight + 1;
        }).map(one => one.outerHTML.slice(0, 120))"""
    )
    assert cut == [], f"{page.url}: {cut}"


_START = (
    """() => { document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute("tabindex"); }"""
)
_FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body || one === document.documentElement) return null;
  const all = [...document.querySelectorAll("*")], drawn = one.closest("label.list") || one;
  const style = getComputedStyle(drawn), box = drawn.getBoundingClientRect();
  return {place: all.indexOf(one), what: one.outerHTML.slice(0, 120),
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
    inView: box.top >= -1 && box.left >= -1 && box.right <= innerWidth + 1 &&
      (box.bottom <= innerHeight + 1 || box.height > innerHeight)};
}"""


def assert_focus_goes_through(page: Page) -> int:
    """Tab through the whole page: in reading order, always outlined, always in view; returns how many stops."""
    page.evaluate(_START)
    passed: list[int] = []
    while len(passed) < 300:
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is None or focused["place"] in passed:
            break
        assert focused["outlined"], f"{page.url}: no outline on {focused['what']}"
        assert focused["inView"], f"{page.url}: out of view: {focused['what']}"
        passed.append(focused["place"])
    assert passed == sorted(passed), f"{page.url}: the focus jumps"
    return len(passed)
