"""The approval on the telephone through the site's own pages, without JavaScript, windows and workers included."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from isoloir.config.election import ElectionFile
from isoloir.login.login import Login
from isoloir.plugin_set import PluginSet
from isoloir.texts import Texts, read_catalogues
from isoloir_prosante_connect.simulator import RelyingParty, Simulator, Telephone, create_simulator, from_roll

BASE = "http://127.0.0.1:8000"
ISSUER = f"{BASE}/demo/psc"
E = "/e/essai-2024"
ALIX = "10000000000"


@pytest.fixture
async def provider(stage: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    """An open vote whose only way in is the telephone, with the real login behind the pages."""
    config = {"preset": "simulator", "issuer": ISSUER, "client_id": "isoloir", "client_secret": {"env": "PSC_SECRET"}}
    election = stage.only.model_dump() | {
        "factors": {"ecps": {"plugin": "prosante_connect_ecps", "config": config}},
        "policy": {
            "any": [{"id": "ecps", "label": {"fr": "Avec mon e-CPS", "en": "With my e-CPS"}, "all": ["ecps"]}]
        },
    }
    monkeypatch.setenv("PSC_SECRET", "a-secret")
    stage.files["essai-2024"] = ElectionFile.model_validate(election)
    stage.plugins = PluginSet.load(["prosante_connect"])
    stage.texts = Texts(read_catalogues("isoloir"), stage.plugins.catalogue)
    await stage.open_vote()
    people = [(one.fields["rpps"], "Dr", "Alix", one.last_name) for one in await stage.voters()]
    site = RelyingParty("isoloir", "a-secret", (f"{BASE}{E}/login/callback/ecps",))
    simulator = create_simulator(from_roll(people), ISSUER, [site], clock=stage.clock)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=simulator)) as http:
        stage.scripted = login_of(stage, http)
        stage.http = http
        yield simulator


def login_of(stage: Any, http: httpx2.AsyncClient) -> Login:
    """Make a login of the stage's election; another one stands for another worker."""
    return Login(
        stage.store, stage.only, stage.plugins, stage.texts, stage.keys, stage.clock, http, BASE, stage.sessions,
        _unsent, folder=stage.folder,
    )  # fmt: skip


async def _unsent(message: object) -> None:
    raise AssertionError("nothing is sent on this way")


def form_of(page: str) -> dict[str, str]:
    """Return the hidden fields of the login's form."""
    found = re.search(rf'<form[^>]*action="{E}/login/step".*?</form>', page, re.DOTALL)
    assert found, page
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[0]))


async def ask(client: Any, rpps: str = ALIX) -> Any:
    """Choose the way in and type a number; returns what is shown then."""
    begun = await client.post(f"{E}/login", data={"branch": "ecps"})
    assert begun.headers["location"] == f"{E}/login/step"
    page = (await client.get(f"{E}/login/step")).text
    answer = await client.post(f"{E}/login/step", data=form_of(page) | {"rpps": rpps})
    return await client.get(answer.headers["location"]) if answer.status_code == 303 else answer


def number_of(page: Any) -> str:
    """Return the number shown large on a page that waits, and reads itself anew without JavaScript."""
    refresh = re.search(r'<meta http-equiv="refresh" content="(\d+);url=([^"]+)">', page.text)
    assert refresh
    assert refresh[2] == f"{E}/login/step"
    assert 1 <= int(refresh[1]) <= 5
    found = re.search(r'<p class="figure">(\d\d)</p>', page.text)
    assert found
    return found[1]


async def refresh(stage: Any, client: Any, seconds: float) -> Any:
    """Do what the browser does after so many seconds."""
    stage.clock.shift += timedelta(seconds=seconds)
    return await client.get(f"{E}/login/step")


async def test_the_page_waits_and_lets_in_without_javascript(stage: Any, web: Any, provider: Simulator) -> None:
    """The number, the waiting, reloading too early, the approval: in, and the name is shown."""
    telephone = Telephone(stage.http, ISSUER, f"8{ALIX}")
    async with web(stage) as client:
        page = await ask(client)
        number = number_of(page)
        assert await telephone.rings() == [number]
        assert "Approuvez sur votre téléphone" in page.text
        for seconds in (1, 1, 4, 5):
            page = await refresh(stage, client, seconds)
            assert number_of(page) == number
        assert await telephone.answer() == number
        assert number_of(await refresh(stage, client, 1)) == number
        let_in = await refresh(stage, client, 4)
        assert let_in.headers["location"] == f"{E}/contests"
        assert "Dr Alix Martin" in (await client.get(f"{E}/contests")).text


async def test_a_refusal_and_a_silence_end_on_one_clear_page(stage: Any, web: Any, provider: Simulator) -> None:
    """Refused, then unanswered: a sentence, what to do, the way in offered again."""
    telephone = Telephone(stage.http, ISSUER, f"8{ALIX}")
    async with web(stage) as client:
        await ask(client)
        await telephone.answer("other_number")
        page = await refresh(stage, client, 5)
        assert (page.status_code, "refusée sur le téléphone" in page.text) == (403, True)
        assert "Avec mon e-CPS" in page.text
        await ask(client)
        for _ in range(23):
            number_of(await refresh(stage, client, 5))
        page = await refresh(stage, client, 6)
        assert (page.status_code, "restée sans réponse" in page.text) == (403, True)


async def test_windows_and_workers_share_one_request(stage: Any, web: Any, provider: Simulator) -> None:
    """Another browser at another worker does not ring that telephone, and the first one's approval is not its own."""
    telephone = Telephone(stage.http, ISSUER, f"8{ALIX}")
    async with web(stage) as client:
        number = number_of(await ask(client))
    async with web(stage) as client, web(stage) as thief:
        # The first browser is gone, as a window that was closed: its request is still in flight.
        stage.scripted = login_of(stage, stage.http)
        busy = await ask(thief)
        assert busy.status_code == 422
        assert "déjà en cours" in busy.text
        assert "Si vous n’avez rien demandé, refusez-la." in busy.text
        assert await telephone.rings() == [number]
        await telephone.answer()
        shown = await refresh(stage, thief, 5)
        assert (shown.status_code, "Numéro RPPS" in shown.text) == (422, True)
        stage.clock.shift += timedelta(seconds=120)
        assert number_of(await ask(client))
    assert len(provider.authority.telephones.requests) == 2


async def test_two_browsers_at_the_same_moment_ring_once(stage: Any, web: Any, provider: Simulator) -> None:
    """Eight browsers type the same number at once: one request, seven refusals, whatever the database."""
    async with web(stage) as one:
        clients = [one, *[_browser(web, stage, one) for _ in range(7)]]
        pages = await asyncio.gather(*(ask(client) for client in clients))
        waiting = [page for page in pages if 'class="figure"' in page.text]
        assert len(waiting) == 1
        assert all(page.status_code == 422 for page in pages if page not in waiting)
        for client in clients[1:]:
            await client.aclose()
    assert len(provider.authority.telephones.requests) == 1


def _browser(web: Any, stage: Any, client: Any) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=client.app)
    return httpx2.AsyncClient(transport=transport, base_url=BASE, headers=dict(client.headers))


async def test_a_stranger_waits_like_a_voter(stage: Any, web: Any, provider: Simulator) -> None:
    """A number that the provider does not know, and one that the roll does not hold: the same page."""
    pages = []
    for rpps in (ALIX, "99999999999"):
        async with web(stage) as client:
            page = await ask(client, rpps)
            pages.append(re.sub(r'\d\d</p>|nombre \d\d|token" value="[^"]+"', "", page.text))
    assert pages[0] == pages[1]
