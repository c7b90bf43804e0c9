"""A voter's browser without a window: pages, their forms and refusals, over real HTTP."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import httpx2

from isoloir.outgoing import trusted
from isoloir_web.refusals import REFUSAL

_PATIENCE = 60.0
_AGAIN_AFTER = 0.2


@dataclass
class Form:
    """One form of a page: where it goes, what it hides, and the names of its fields."""

    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)


@dataclass
class Shown:
    """What came back: the address, the status, the refusal codes that the page bears, its forms and outer links."""

    url: str
    status: int
    codes: list[str]
    forms: list[Form]
    onward: str

    @property
    def path(self) -> str:
        """The path of the address."""
        return urlsplit(self.url).path

    def asking(self, *names: str) -> Form | None:
        """Return the form that has one of these fields."""
        return next((form for form in self.forms if set(names) & set(form.fields)), None)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.onward = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("action", "")))
        elif tag == "a" and "noreferrer" in found.get("rel", "") and "go" in found.get("class", "").split():
            self.onward = found.get("href", "")
        elif tag == "input" and self.forms:
            if found.get("type") == "hidden":
                self.forms[-1].hidden[found["name"]] = found.get("value", "")
            elif "name" in found:
                self.forms[-1].fields.append(found["name"])


class Browser:
    """One voter's browser, with cookies of its own; it says who it is as a browser does.

    Where the line breaks it sends the same again for a minute, as a voter who presses the key once more. `transport`
    takes the place of the network, for an application in this process.
    """

    def __init__(self, base_url: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self.base_url = base_url
        self._credential = ""
        self.http = httpx2.AsyncClient(
            base_url=base_url,
            verify=trusted(),
            follow_redirects=False,
            timeout=60,
            transport=transport,
            headers={"sec-fetch-site": "same-origin", "accept": "text/html", "accept-language": "fr"},
        )

    async def __aenter__(self) -> Browser:
        """Open."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.http.aclose()

    async def get(self, url: str) -> Shown:
        """Go to an address, following redirects within the site."""
        return await self._follow(await self._request("GET", url))

    async def post(self, url: str, data: dict[str, str]) -> Shown:
        """Submit a form."""
        return await self._follow(await self._request("POST", url, data=data))

    async def send(self, form: Form, **values: str) -> Shown:
        """Submit one of a page's forms with these fields filled in."""
        return await self.post(form.action, {**form.hidden, **values})

    async def _follow(self, answer: httpx2.Response) -> Shown:
        while answer.is_redirect:
            answer = await self._request("GET", answer.headers["location"])
        reader = _Reader()
        reader.feed(answer.text)
        codes = answer.headers.get(REFUSAL, "").split()
        return Shown(str(answer.url), answer.status_code, codes, reader.forms, reader.onward)

    async def json(
        self, method: str, path: str, token: str = "", content: bytes | None = None, *, credential: str = ""
    ) -> httpx2.Response:
        """Ask as the booth does: a ballot goes with the credential that signed it, by default the one drawn last."""
        headers = {"accept": "application/json", "content-type": "application/json"}
        if token:
            headers["x-isoloir-token"] = token
        signed_by = credential or self._credential
        if content is not None and signed_by:
            headers["x-isoloir-credential"] = signed_by
        answer = await self._request(method, path, headers=headers, content=content)
        if path.endswith("/credential") and answer.status_code == 200:
            self._credential = answer.json()["credential"]
        return answer

    async def _request(self, method: str, url: str, **sent: Any) -> httpx2.Response:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return await self.http.request(method, url, **sent)
            except httpx2.TransportError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(_AGAIN_AFTER)
