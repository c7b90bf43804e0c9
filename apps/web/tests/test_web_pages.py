"""Every page, in both languages: texts, sound HTML, the right language, HEAD, refusals in the house's look."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import isoloir_web
from isoloir.texts import read_catalogues
from isoloir_web.pages import telephone
from isoloir_web.refusals import STATUS
from isoloir_web.texts import negotiate

E = "/e/essai-2024"
ROOT = Path(isoloir_web.__file__).parent
VOID = {"meta", "link", "input", "br", "path", "rect"}
RAW_ID = re.compile(r"\b(?:web|error|form|invitation|roll)\.[a-z_0-9]+(?:\.[a-z_0-9]+)*\b|\{[a-z_]+\}")


class Audit(HTMLParser):
    """Reads a page and notes what is unsound."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.count: dict[str, int] = {}
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.inputs: set[str] = set()
        self.described: set[str] = set()
        self.faults: list[str] = []
        self.language = ""
        self.feed(text)
        if self.open:
            self.faults.append(f"left open: {self.open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag == "html":
            self.language = found.get("lang", "")
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "label":
            self.labels.add(found["for"])
        if tag == "input" and found.get("type") != "hidden":
            self.inputs.add(found["id"])
        if tag == "form" and found.get("method") != "post" and found.get("role") != "search":
            self.faults.append("a form that is not posted")
        if tag == "script" or any(name.startswith("on") or name == "style" for name in found):
            self.faults.append(f"script or inline style: {tag}")
        self.described |= set(found.get("aria-describedby", "").split())
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"closed out of order: {tag}")


def assert_sound(text: str, locale: str) -> None:
    page = Audit(text)
    assert page.faults == []
    assert page.count["h1"] == 1
    assert page.count["main"] == 1
    assert page.count["title"] == 1
    assert page.language == locale
    assert len(page.ids) == len(set(page.ids))
    assert page.inputs == page.labels
    assert page.described <= set(page.ids)
    assert RAW_ID.findall(text) == []


async def logged_in(client: Any, stage: Any) -> None:
    await client.post(f"{E}/login", data={"branch": "psc"})
    page = await client.get(f"{E}/login/step")
    token = page.text.split('name="token" value="')[1].split('"')[0]
    await client.post(f"{E}/login/step", data={"token": token, "form": "f", "number": "1"})


@pytest.mark.parametrize("locale", ["fr", "en"])
async def test_every_page_is_sound_and_has_its_texts(demo_stage: Any, web: Any, script: Any, locale: str) -> None:
    """One h1, labels for inputs, unique ids, nothing inline, its language, no raw text id: all pages, all phases."""
    stage = demo_stage
    window = stage.only.window
    async with web(stage) as client:
        client.headers["accept-language"] = locale
        pages = ["/", f"{E}/", f"{E}/box", f"{E}/box/cspm", f"{E}/results", f"{E}/accessibility", f"{E}/goodbye"]
        someone = (await stage.voters())[0].id
        pages += [
            "/demo/",
            "/demo/?who=zola",
            "/demo/?who=x",
            f"/demo/people/essai-2024/{someone}",
            "/nothing",
            f"{E}/nothing",
            "/e/nothing/",
            f"{E}/contests",
        ]
        for path in pages:
            assert_sound((await client.get(path)).text, locale)
        await stage.open_vote()
        stage.scripted.shows = script.form(title="T", display="Dr Alix Martin", also=[("again", "Again")])
        await client.post(f"{E}/login", data={"branch": "psc"})
        assert_sound((await client.get(f"{E}/login/step")).text, locale)
        for shown in (script.go_to("https://p.example/"), script.wait(3, "M", 1, 2),
                      script.refused("c", "S", "R", 403, [script.offer("psc", "L")], resumable=True)):  # fmt: skip
            stage.scripted.shows = shown
            assert_sound((await client.get(f"{E}/login/step")).text, locale)
        stage.scripted.shows = script.form()
        await logged_in(client, stage)
        for path in (f"{E}/", f"{E}/contests", f"{E}/not-me", f"{E}/logout", f"{E}/contests/cspm/proof", "/demo/"):
            assert_sound((await client.get(path)).text, locale)
        for form in ({"tracker": ""}, {"tracker": "x"}, {"tracker": "A" * 43}):
            assert_sound((await client.post(f"{E}/box", data=form)).text, locale)
        for moment in (window.opens, window.closes, window.grace_ends):
            stage.clock.move_to(moment)
            for path in ("/", f"{E}/", f"{E}/contests"):
                assert_sound((await client.get(path)).text, locale)


@pytest.mark.parametrize(
    ("asked", "session", "cookie", "accept", "locale"),
    [
        (None, None, None, None, "fr"),
        (None, None, None, "en-GB,en;q=0.9", "en"),
        (None, None, None, "de, fr;q=0.5, en;q=0.8", "en"),
        (None, None, None, "en;q=0, fr;q=0.1", "fr"),
        (None, None, None, "*;q=x, ;;;", "fr"),
        (None, None, "en", "fr", "en"),
        (None, "fr", "en", "en", "fr"),
        ("en", "fr", "fr", "fr", "en"),
        ("xx", None, "yy", "zz", "fr"),
    ],
)
def test_the_language_is_the_one_asked_then_kept_then_preferred(
    asked: str | None, session: str | None, cookie: str | None, accept: str | None, locale: str
) -> None:
    """The link followed, the session, the cookie, the browser, then French; nonsense counts for nothing."""
    assert negotiate(asked, session, cookie, accept) == locale


async def test_the_language_link_is_kept(stage: Any, web: Any) -> None:
    """After the link the next pages speak that language; the cookie holds nothing else."""
    async with web(stage) as client:
        first = await client.get(f"{E}/?lang=en")
        second = await client.get(f"{E}/")
    assert "isoloir-lang=en" in first.headers["set-cookie"]
    assert '<html lang="en">' in second.text
    assert f'href="{E}?lang=fr"' in second.text or f'href="{E}/?lang=fr"' in second.text


@pytest.mark.parametrize("path", ["/", f"{E}/", f"{E}/box", f"{E}/results", f"{E}/accessibility", "/health"])
async def test_head_answers_like_get_without_a_body(stage: Any, web: Any, path: str) -> None:
    """HEAD has the status and headers of GET, and no body."""
    async with web(stage) as client:
        got, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", f"{E}/none", 404), ("DELETE", f"{E}/", 405)])
async def test_refusals_speak_html_to_people_and_json_to_machines(
    stage: Any, web: Any, method: str, path: str, status: int
) -> None:
    """By Accept: a page whose title begins with the word, or code, sentence, remedy."""
    async with web(stage) as client:
        page = await client.request(method, path)
        said = await client.request(method, path, headers={"accept": "application/json"})
    assert page.status_code == said.status_code == status
    assert re.search(r"<title>Erreur\u202f: ", page.text)
    assert "05 67 31 53 03" in page.text
    assert set(said.json()) == {"code", "sentence", "remedy", "help"}
    if status == 405:
        assert "GET" in page.headers["allow"]


async def test_what_visitors_send_is_never_markup(stage: Any, web: Any) -> None:
    """What was typed comes back escaped."""
    async with web(stage) as client:
        page = await client.post(f"{E}/box", data={"tracker": '"><script>alert(1)</script>'})
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


def test_both_languages_have_the_same_texts_and_places() -> None:
    """Each id exists in French and English with the same places; French signs have their thin space."""
    texts = read_catalogues("isoloir_web", ["web"])
    assert set(texts["fr"]) == set(texts["en"])
    for identifier, french in texts["fr"].items():
        assert set(re.findall(r"\{\w+\}", french)) == set(re.findall(r"\{\w+\}", texts["en"][identifier])), identifier
        assert not re.search(r"[^\u202f](?:[;!?]|:(?!//))", french), identifier
        assert "'" not in french, identifier


def test_every_code_that_the_pages_know_has_its_sentence_and_remedy() -> None:
    """A status without its two sentences would be a page without words."""
    own, core = read_catalogues("isoloir_web"), read_catalogues("isoloir")
    raised = set(re.findall(r'IsoloirError\(\s*"(\w+)"', "".join(p.read_text() for p in ROOT.rglob("*.py"))))
    for locale in ("fr", "en"):
        known = set(own[locale]) | set(core[locale])
        for code in {*STATUS, *raised}:
            assert {f"error.{code}", f"error.{code}.remedy"} <= known, (locale, code)


@pytest.mark.parametrize(
    ("shown", "link"),
    [
        ("05 67 31 53 03", "tel:+33567315303"),
        ("+33 5 67 31 53 03", "tel:+33567315303"),
        ("3939", "tel:3939"),
        ("05\u202f67\u202f31\u202f53\u202f03", "tel:+33567315303"),
    ],
)
def test_a_telephone_number_can_be_called_from_anywhere(shown: str, link: str) -> None:
    """National numbers of ten digits become international ones; short ones stay."""
    assert telephone(shown) == link
