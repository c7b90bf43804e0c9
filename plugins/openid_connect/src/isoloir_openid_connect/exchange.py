"""One bounded exchange with the provider: in time, in size, without redirects."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from isoloir_openid_connect.refusal import Refusal

MOST_BYTES = 256 * 1024
"""The longest answer read; the longest real one (userinfo of five activities) has a few kilobytes."""


@dataclass(frozen=True)
class Answer:
    """What the provider answered; `media` is the content type without parameters, in lower case."""

    status: int
    media: str
    body: bytes = field(repr=False)
    date: str = ""

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object; Refusal ``oidc_unavailable`` when it is anything else (a page, say)."""
        try:
            read = json.loads(self.body, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise Refusal("oidc_unavailable") from None
        if not isinstance(read, dict):
            raise Refusal("oidc_unavailable")
        return read


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are not JSON (RFC 8259, section 6)


async def ask(
    http: httpx2.AsyncClient,
    method: str,
    url: str,
    seconds: float,
    *,
    form: Mapping[str, str] | None = None,
    headers: dict[str, str] | None = None,
    auth: httpx2.Auth | None = None,
) -> Answer:
    """Ask the provider once and return its answer, of any status below 500 but redirects and "too many requests".

    Raises Refusal ``oidc_unavailable`` when there is none within `seconds` (all in all, however slowly it
    drips), when it is too long, redirects, or is the provider's own failure.
    """
    # `from None` throughout: the library's exceptions carry the request, and the request carries secrets.
    try:
        async with (
            asyncio.timeout(seconds),
            http.stream(
                method, url, data=form, headers={"accept": "application/json, application/jwt", **(headers or {})},
                auth=auth, follow_redirects=False,
            ) as response,
        ):  # fmt: skip
            if response.status_code >= 500 or response.status_code == 429 or 300 <= response.status_code < 400:
                raise Refusal("oidc_unavailable")
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    raise Refusal("oidc_unavailable")
            media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Answer(response.status_code, media, bytes(body), response.headers.get("date", ""))
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, TimeoutError, OSError):
        raise Refusal("oidc_unavailable") from None


async def read_published(http: httpx2.AsyncClient, url: str, seconds: float) -> tuple[dict[str, Any], Answer]:
    """Return a JSON object that the provider publishes for everybody; Refusal ``oidc_unavailable`` for all else."""
    answer = await ask(http, "GET", url, seconds)
    if answer.status != 200:
        raise Refusal("oidc_unavailable")
    return answer.json_object(), answer
