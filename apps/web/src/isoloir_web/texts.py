"""The web's own sentences, and which language a visitor reads."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from isoloir.texts import LOCALES, Catalogue, read_catalogues

Translate = Callable[..., str]
"""``t("web.landing.title", place="…")``: the text in the visitor's language, its places filled."""


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Return the texts of the pages, by locale and identifier, and those of the papers."""
    papers, own = read_catalogues("isoloir_minutes"), read_catalogues("isoloir_web")
    return {locale: {**papers[locale], **own[locale]} for locale in LOCALES}


def negotiate(asked: str | None, session: str | None, cookie: str | None, accept: str | None) -> str:
    """Choose the language: the link followed, the session's, the one kept, the browser's, French."""
    for candidate in (asked, session, cookie):
        if candidate in LOCALES:
            return candidate
    return _preferred(accept or "") or LOCALES[0]


def _preferred(accept: str) -> str | None:
    """Return the best of our languages in an ``Accept-Language`` header (RFC 9110, 12.5.4)."""
    best: tuple[float, str] | None = None
    for part in accept.split(",")[:20]:
        tag, _, parameters = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        try:
            quality = float(parameters.strip().removeprefix("q=")) if parameters.strip() else 1.0
        except ValueError:
            quality = 0.0
        if language in LOCALES and quality > 0 and (best is None or quality > best[0]):
            best = (quality, language)
    return best[1] if best else None
