"""Going through a Keycloak's login pages without a browser, as the tests and `isoloir simulate` do."""

from __future__ import annotations

import ssl
from html.parser import HTMLParser
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit

import httpx2

_MOST_PAGES = 12


class _Forms(HTMLParser):
    """Reads the forms of a page: where each goes, and what it holds already."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a form, and of its fields."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found.get("id", ""), found.get("action", ""), {}))
        elif tag == "input" and self.forms and found.get("name"):
            self.forms[-1][2][found["name"]] = found.get("value", "")


def make_browser(tls: ssl.SSLContext | bool = True) -> httpx2.AsyncClient:
    """Return a client that keeps cookies as a browser does.

    Keycloak calls this machine a secure context and marks its cookies Secure over http too; browsers send those back
    to this machine, and Python's jar has to be told so.
    """
    jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))
    return httpx2.AsyncClient(verify=tls, trust_env=False, timeout=30, follow_redirects=False, cookies=jar)


async def log_in(browser: httpx2.AsyncClient, authorization_url: str, user: str, password: str, back_to: str) -> str:
    """Follow `authorization_url`, log in where asked, and return the first address that begins with `back_to`.

    A browser with a live session comes back without being asked. Raises ValueError with the page's words where
    Keycloak asks for something else, or refuses.
    """
    page = await browser.get(authorization_url)
    asked = False
    for _ in range(_MOST_PAGES):
        if page.is_redirect:
            url = urljoin(str(page.url), page.headers["location"])
            if url.startswith(back_to):
                return url
            page = await browser.get(url)
            continue
        forms = _Forms()
        forms.feed(page.text)
        login = next((form for form in forms.forms if form[0] == "kc-form-login"), None)
        if login is None or asked:
            break
        asked = True
        _, action, fields = login
        page = await browser.post(
            urljoin(str(page.url), action), data={**fields, "username": user, "password": password}
        )
    raise ValueError(f"{urlsplit(str(page.url)).path} answered {page.status_code}: {_words(page.text)}")


async def log_out(browser: httpx2.AsyncClient, url: str, back_to: str) -> str:
    """Follow the address of a logout and return where it ends; ValueError where Keycloak does not send back."""
    for _ in range(_MOST_PAGES):
        page = await browser.get(url)
        if not page.is_redirect:
            raise ValueError(f"{urlsplit(str(page.url)).path} answered {page.status_code}: {_words(page.text)}")
        url = urljoin(str(page.url), page.headers["location"])
        if url.startswith(back_to):
            return url
    raise ValueError("the logout leads nowhere")


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Leave out what is no text."""
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        """Take texts again."""
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        if not self._hidden:
            self.words += data.split()


def _words(page: str) -> str:
    read = _Words()
    read.feed(page)
    return " ".join(read.words)[:300]
