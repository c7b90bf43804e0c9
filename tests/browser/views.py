"""The ways to look at a page: how wide, how large, how dark; whether it fits, and a picture of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, ViewportSize

DESKTOP: ViewportSize = {"width": 1100, "height": 900}
PHONE: ViewportSize = {"width": 320, "height": 640}

# A4 between margins of 20 mm, in CSS pixels (96 an inch).
PAPER: ViewportSize = {"width": 642, "height": 971}


@dataclass(frozen=True)
class View:
    """One way to look."""

    name: str
    size: ViewportSize
    scheme: Literal["light", "dark"] = "light"
    media: Literal["screen", "print"] = "screen"


# At 200 % a window of 1280 × 900 has room for 640 × 450 of the page's own pixels.
VIEWS = (
    View("desktop", DESKTOP),
    View("phone", PHONE),
    View("dark", DESKTOP, "dark"),
    View("phone-dark", PHONE, "dark"),
    View("zoom-200", {"width": 640, "height": 450}),
    View("paper", PAPER, media="print"),
)


NARROW = tuple(view for view in VIEWS if view.name in ("desktop", "phone"))
"""Where two languages differ: in the room that their words take."""


def views(page: Page, chosen: Sequence[View] = VIEWS) -> Iterator[View]:
    """Show the page in each view in turn, and then as it was."""
    before = page.viewport_size
    for view in chosen:
        page.set_viewport_size(view.size)
        page.emulate_media(media=view.media, color_scheme=view.scheme, reduced_motion="reduce")
        yield view
    page.emulate_media(media="screen", color_scheme="light")
    if before is not None:
        page.set_viewport_size(before)


def fits(page: Page) -> None:
    """Assert that the page does not scroll sideways (WCAG 1.4.10)."""
    wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room, f"{page.url} is {wide} pixels wide in a window of {room}"


def shoot(page: Page, name: str) -> None:
    """Write a picture of the whole page where ISOLOIR_SCREENSHOTS says; nothing without it."""
    folder = os.environ.get("ISOLOIR_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True, animations="disabled")
