"""The ways to look at a page: whether it fits, and a picture of it."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page

PHONE = {"width": 320, "height": 640}


def fits(page: Page) -> None:
    """Assert that the page does not scroll sideways (WCAG 1.4.10)."""
    wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room, f"{page.url} is {wide} pixels wide in a window of {room}"


def shoot(page: Page, name: str) -> None:
    """Write a picture of the whole page where ISOLOIR_SCREENSHOTS says; nothing without it."""
    folder = os.environ.get("ISOLOIR_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True, animations="disabled")
