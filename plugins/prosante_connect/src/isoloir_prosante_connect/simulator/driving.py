"""Going through the simulator's pages without a browser, as `isoloir simulate` and the tests do."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2


class _Form(HTMLParser):
    """Reads the one form of a page: where it goes, and its hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of the form and of what it hides."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found.get("action", "")
        elif tag == "input" and found.get("type") == "hidden":
            self.hidden[found.get("name", "")] = found.get("value", "")


async def log_in(
    http: httpx2.AsyncClient, authorization_url: str, identity: str | None, *, means: str = "CARD"
) -> str:
    """Follow `authorization_url`, choose `identity` (id or number; `None` cancels); returns where it sends back to.

    `http` keeps the cookies, so a second call with the same client finds the session of the first (single
    sign-on), and returns without choosing. Raises ValueError when the provider does not send the voter back.
    """
    page = await http.get(authorization_url, follow_redirects=False)
    if page.status_code == 200:
        form = _Form()
        form.feed(page.text)
        chosen = {"cancel": "1"} if identity is None else {"number": identity, "means": means}
        page = await http.post(urljoin(str(page.url), form.action), data=form.hidden | chosen, follow_redirects=False)
    if page.status_code != 302:
        raise ValueError(f"the provider answered {page.status_code} instead of sending the voter back")
    return str(page.headers["location"])


@dataclass
class Telephone:
    """The telephone of one person at a simulator: answered by going through its page; `owner` is their identifier."""

    http: httpx2.AsyncClient
    issuer: str
    owner: str

    async def rings(self) -> list[str]:
        """Return the numbers shown by what rings now, oldest first."""
        return [number for number, _ in await self._ringing()]

    async def answer(self, act: str = "approve") -> str:
        """Answer the oldest request: approve, refuse, other_number or ignore; returns the number that it showed.

        Raises ValueError when the telephone does not ring.
        """
        ringing = await self._ringing()
        if not ringing:
            raise ValueError("the telephone does not ring")
        number, hidden = ringing[0]
        (await self.http.post(self._address, data=hidden | {"act": act})).raise_for_status()
        return number

    @property
    def _address(self) -> str:
        return f"{self.issuer}/wallet/telephones"

    async def _ringing(self) -> list[tuple[str, dict[str, str]]]:
        page = (await self.http.get(self._address)).text
        found = []
        for card in page.split("<form")[1:]:
            form = _Form()
            form.feed(f"<form{card}")
            if form.hidden.get("owner") == self.owner:
                found.append((card.partition('class="number">')[2].partition("<")[0], form.hidden))
        return found
