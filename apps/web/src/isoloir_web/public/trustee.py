"""The trustee's program: one file, the same for everybody, that whoever holds a share saves and compares."""

from __future__ import annotations

import hashlib
from functools import cache

from litestar import Response, route
from litestar.enums import HttpMethod, MediaType

from isoloir_web.house import ROOT

_PAGE = ROOT / "static" / "booth" / "trustee.html"


@route("/trustee", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt={"alone": "trustee", "sessionless": True})
async def trustee() -> Response[bytes]:
    """Serve the page, unchanged: of no election, and of use when saved on a disk."""
    return Response(_PAGE.read_bytes(), media_type=MediaType.HTML, headers={"cache-control": "no-cache"})


@cache
def digest() -> str:
    """SHA-256 of the file, hexadecimal."""
    return hashlib.sha256(_PAGE.read_bytes()).hexdigest()


handlers = (trustee,)
