"""A login at a provider, end to end: the real login on the pages, a provider over loopback that can be broken.

Whatever the provider does, the voter gets one clear page with the other way in, and loses nothing. What a sound one
gives is not kept, but the ID token, encrypted, which ends its session after the vote or on "this is not me".
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from sqlmodel import select

import isoloir_ordinal_check
import isoloir_password_sms
import isoloir_prosante_connect
from isoloir.clock import ShiftedClock
from isoloir.config.election import ElectionFile
from isoloir.login.login import Login
from isoloir.login.messages import LoginMessage
from isoloir.login.sessions import Sessions
from isoloir.plugin_set import PluginSet
from isoloir.store import login_tables
from isoloir.store.base import metadata
from isoloir.texts import Texts, read_catalogues
from isoloir_prosante_connect.simulator import RelyingParty, Simulator, from_roll, log_in, serve_simulator

E = "/e/essai-2024"
SITE = f"http://127.0.0.1:8000{E}"
CALLBACK = f"{SITE}/login/callback/psc"
SECRET = "k7-une-phrase-longue"
UNAVAILABLE = "Le service Pro Santé Connect ne répond pas pour le moment."
KINDS = ("html", "not_object", "error_500", "redirect", "slow", "huge")
MINE, COLLEAGUE, STRANGER = "810000000000", "810000000001", "899700000017"


class _BorrowedClock:
    """The provider's clock: that of the stage of the moment, plus what a test makes it differ by."""

    def __init__(self) -> None:
        self.borrowed = ShiftedClock()
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return self.borrowed.now() + self.ahead


@pytest.fixture(scope="module")
def _provider() -> Iterator[tuple[Simulator, _BorrowedClock]]:
    clock = _BorrowedClock()
    here = RelyingParty("isoloir", SECRET, (CALLBACK,), (f"{SITE}/goodbye",))
    known = from_roll([(f"1000{number:07}", "Dr", "Alix", f"Martin{number or ''}") for number in range(4)])
    strangers = from_roll([(STRANGER[1:], "Dr", "Nobody", "Here")])
    with serve_simulator(
        identities=[*known, *strangers], clients=[here], clock=clock, slow_seconds=2.5, path="/psc"
    ) as simulator:
        yield simulator, clock


@dataclass
class Visit:
    """One voter on one computer: the site, the provider, the telephone."""

    stage: Any
    site: Any
    simulator: Simulator
    provider_clock: _BorrowedClock
    provider: httpx2.AsyncClient
    messages: list[LoginMessage] = field(default_factory=list)

    async def begin(self, branch: str) -> Any:
        page = await self.site.post(f"{E}/login", data={"branch": branch})
        return await self.site.get(page.headers["location"]) if page.status_code == 303 else page

    async def come_back(self, page: Any, identity: str | None = MINE) -> str:
        """Go out by the link of the page, and log in; the address that the provider sends back to."""
        return await log_in(self.provider, onward(page), identity)

    async def finish(self, url: str) -> Any:
        page = await self.site.get(url.removeprefix("http://127.0.0.1:8000"))
        return await self.site.get(page.headers["location"]) if page.status_code == 303 else page

    async def by_provider(self, identity: str | None = MINE) -> Any:
        return await self.finish(await self.come_back(await self.begin("psc"), identity))

    async def submit(self, page: Any, **typed: str) -> Any:
        form = page.text.split(f'action="{E}/login/step"')[1].split("</form>")[0]
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
        answer = await self.site.post(f"{E}/login/step", data=hidden | typed)
        return await self.site.get(answer.headers["location"]) if answer.status_code == 303 else answer

    async def in_by_provider(self) -> Any:
        """Log in with the provider and the ordinal number; the page of the contests."""
        return await self.submit(await self.by_provider(), number="75/0")

    async def in_by_password(self) -> Any:
        """Log in the other way: identifier, both numbers, the password sent to the telephone."""
        entry = (await self.stage.voters())[0]
        page = await self.submit(await self.begin("password"), identifier=entry.identifier)
        page = await self.submit(page, rpps="10000000000", number="75/0")
        page = await self.submit(page)
        assert 'name="password"' in page.text, page.text
        return await self.submit(page, password=self.messages[-1].values["code"])

    async def vote(self) -> int:
        """Cast a ballot as the booth does; the status of the answer."""
        base = f"{E}/booth/cspm"
        setup = (await self.site.get(f"{base}/setup")).json()
        token = {"x-isoloir-token": setup["step_token"]}
        drawn = (await self.site.post(f"{base}/credential", headers=token)).json()["credential"]
        ballot = self.stage.ballot(drawn, "cspm")
        headers = token | {"x-isoloir-credential": drawn}
        return (await self.site.post(f"{base}/ballot", content=ballot, headers=headers)).status_code

    async def leave(self, way: str) -> Any:
        """Press "log out" or "this is not me", and confirm."""
        asked = await self.site.get(f"{E}/{way}")
        token = re.search(r'name="token" value="([^"]+)"', asked.text)
        assert token, asked.text
        return await self.site.post(f"{E}/{way}", data={"token": token[1]})

    async def kept(self) -> dict[str, str]:
        """Every secret of a flow that the database holds, decrypted: name → value."""
        async with self.stage.store.read() as reading:
            rows = (await reading.exec(select(login_tables.SecretRow))).all()
        return {
            row.name: self.stage.keys.decrypt(f"login-secret/{row.scope}/{row.name}", row.value).decode()
            for row in rows
        }

    async def sessions(self) -> str:
        """Every session that the database holds, decrypted."""
        async with self.stage.store.read() as reading:
            rows = (await reading.exec(select(login_tables.SessionRow))).all()
        return "".join(self.stage.keys.decrypt(f"login-session/{row.id}", row.payload).decode() for row in rows)


def dump(raw: Any) -> str:
    """Every row of every table, as the owner of the database sees it."""
    rows = [row for table in metadata.sorted_tables for row in raw("SELECT * FROM " + table.fullname)]  # noqa: S608 - names of our own tables
    cells = (cell for row in rows for cell in row)
    return "\n".join(
        bytes(cell).decode("latin-1") if isinstance(cell, bytes | memoryview) else str(cell) for cell in cells
    )


def onward(page: Any) -> str:
    found = re.search(r'<a class="go" href="([^"]+)" rel="noreferrer"', page.text)
    assert found, page.text
    return unescape(found[1])


def codes(page: Any) -> str:
    return str(page.headers.get("isoloir-refusal", ""))


def is_away(page: Any) -> bool:
    """Whether the page says that the provider is away: to browsers and machines, with when to try again."""
    told = page.status_code, codes(page), page.headers.get("retry-after")
    assert told == (503, "oidc_unavailable", "30"), told
    return True


def is_in(page: Any) -> bool:
    return page.status_code == 200 and f'href="{E}/booth/cspm"' in page.text


@pytest.fixture
def visit(_provider: Any, stage: Any, web: Any) -> Any:
    """`async with visit(**config)`: an open vote with the real login, and a voter before it."""
    simulator, provider_clock = _provider

    @asynccontextmanager
    async def make(**config: Any) -> AsyncIterator[Visit]:
        factors = {
            "psc": {
                "plugin": "prosante_connect",
                "config": {
                    "preset": "simulator", "issuer": simulator.issuer, "client_id": "isoloir",
                    "client_secret": SECRET,
                } | config,
            },
            "ordinal": {"plugin": "ordinal_check"},
            "sms": {"plugin": "password_sms", "config": {"profile": "cheapest"}},
        }  # fmt: skip
        written = stage.only.model_dump()
        for branch, all_of in zip(written["policy"]["any"], (["psc", "ordinal"], ["ordinal", "sms"]), strict=True):
            branch["all"] = all_of
        stage.files = {stage.only.id: ElectionFile.model_validate(written | {"factors": factors})}
        await stage.open_vote()
        provider_clock.borrowed, provider_clock.ahead = stage.clock, timedelta(0)
        # Made anew: a factor remembers what it has read of a provider.
        stage.plugins = PluginSet.of(isoloir_prosante_connect, isoloir_ordinal_check, isoloir_password_sms)
        stage.texts = Texts(read_catalogues("isoloir"), stage.plugins.catalogue)
        stage.sessions = Sessions(stage.store, stage.keys, stage.clock)
        messages: list[LoginMessage] = []

        async def send(message: LoginMessage, /) -> None:
            messages.append(message)

        # The application runs in a loop of its own: what its client keeps open could not be closed from here.
        http = httpx2.AsyncClient(timeout=8, trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))
        async with httpx2.AsyncClient(timeout=8, trust_env=False) as provider:
            stage.scripted = Login(
                stage.store, stage.only, stage.plugins, stage.texts, stage.keys, stage.clock, http,
                stage.settings.base_url, stage.sessions, send, folder=stage.folder,
            )  # fmt: skip
            async with web(stage) as site:
                site.headers["accept-language"] = "fr"
                yield Visit(stage, site, simulator, provider_clock, provider, messages)

    yield make
    simulator.fail()
    simulator.authority.signed_userinfo = False


# --- trouble at the provider -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
async def test_a_provider_that_is_away_at_the_start_leaves_the_other_way_to_the_ballot(visit: Any, kind: str) -> None:
    """Before the voter leaves: the page says who does not answer, and the other way leads to a vote."""
    async with visit(timeout=1) as voter:
        voter.simulator.fail(f"discovery_{kind}")
        page = await voter.begin("psc")
        assert is_away(page)
        assert UNAVAILABLE in page.text
        assert 'name="branch" value="password"' in page.text
        assert is_in(await voter.in_by_password())
        assert await voter.vote() == 200


@pytest.mark.parametrize("endpoint", ["token", "jwks", "userinfo"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_provider_that_breaks_at_the_return_costs_nothing(visit: Any, endpoint: str, kind: str) -> None:
    """After the voter has logged in there: the same page, no identity kept, and the same way works once mended."""
    async with visit(timeout=1) as voter:
        back = await voter.come_back(await voter.begin("psc"))
        voter.simulator.fail(f"{endpoint}_{kind}")
        page = await voter.finish(back)
        assert is_away(page)
        assert UNAVAILABLE in page.text
        assert all(f'name="branch" value="{way}"' in page.text for way in ("psc", "password"))
        assert await voter.kept() == {}
        voter.simulator.fail()
        assert is_in(await voter.in_by_provider())


async def test_a_provider_that_is_slow_again_and_again_is_away_too(visit: Any) -> None:
    """Answers that each come in time, but together too late, get the same words and not an inner failure."""
    async with visit(timeout=1) as voter:
        back = await voter.come_back(await voter.begin("psc"))
        voter.simulator.authority.slow_seconds = 0.7
        try:
            voter.simulator.fail("token_slow", "jwks_slow", "userinfo_slow")
            page = await voter.finish(back)
        finally:
            voter.simulator.authority.slow_seconds = 2.5
        assert is_away(page)
        assert is_in(await voter.in_by_password())


async def test_nobody_listening_is_said_like_any_other_absence(visit: Any) -> None:
    """A closed port: the same page, and the other way leads in."""
    async with visit(issuer="http://127.0.0.1:9/psc") as voter:
        page = await voter.begin("psc")
        assert (is_away(page), UNAVAILABLE in page.text) == (True, True)
        assert is_in(await voter.in_by_password())


async def test_a_provider_that_fails_at_the_logout_keeps_nobody_logged_in_here(visit: Any) -> None:
    """A provider that is away when the voter leaves: logged out here all the same, and told so."""
    async with visit() as voter:
        assert is_in(await voter.in_by_provider())
        voter.simulator.fail(*(f"{endpoint}_error_500" for endpoint in ("discovery", "jwks", "token", "userinfo")))
        voter.stage.clock.shift += timedelta(minutes=11)  # what was read of the provider is forgotten
        answer = await voter.leave("logout")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{E}/goodbye")
        assert (await voter.site.get(f"{E}/contests")).status_code == 401


# --- what is kept ----------------------------------------------------------------------------------------


async def test_no_token_is_kept_but_the_id_token_encrypted_until_the_logout(visit: Any, raw: Any) -> None:
    """After a login the database holds one token of the provider, in no readable form; after the logout none."""
    async with visit() as voter:
        before = set(voter.simulator.authority._tokens)
        assert is_in(await voter.in_by_provider())
        [access_token] = set(voter.simulator.authority._tokens) - before
        kept = await voter.kept()
        assert set(kept) == {"id_token"}
        assert kept["id_token"].count(".") == 2
        for secret in (access_token, kept["id_token"]):
            assert secret not in dump(raw)
            assert secret not in await voter.sessions()
        assert "id_token" in dump(raw), "the name of the secret that is kept"
        assert access_token not in kept["id_token"]
        hint = parse_qs(urlsplit(onward(await voter.leave("logout"))).query)["id_token_hint"]
        assert hint == [kept["id_token"]]
        assert await voter.kept() == {}


# --- the name, and leaving -------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["not-me", "logout"])
async def test_leaving_ends_the_session_at_the_provider_before_and_after_the_vote(visit: Any, way: str) -> None:
    """A colleague's live session logs in silently; the name says so, and leaving lets the next voter log in."""
    async with visit() as voter:
        page = await voter.by_provider(COLLEAGUE)
        assert "Dr Alix Martin1" in page.text
        assert f'href="{E}/not-me"' in page.text
        silent = await voter.by_provider(MINE)
        assert "Dr Alix Martin1" in silent.text, "single sign-on brings the colleague again"
        goodbye = await log_out_there(voter, await voter.leave(way))
        assert goodbye.status_code == 200
        page = await voter.by_provider(MINE)
        assert "Dr Alix Martin" in page.text
        assert "Dr Alix Martin1" not in page.text
        assert is_in(await voter.submit(page, number="75/0"))
        assert await voter.vote() == 200
        await log_out_there(voter, await voter.leave(way))
        assert "Dr Alix Martin1" in (await voter.by_provider(COLLEAGUE)).text


async def test_who_stays_goes_on_where_they_were(visit: Any) -> None:
    """ "Yes, it is me" leads back to the step that was shown, and to the contests once in."""

    async def stay(voter: Visit) -> Any:
        asked = await voter.site.get(f"{E}/not-me")
        link = re.search(r'<a class="go plain" href="([^"]+)"', asked.text)
        assert link
        return await voter.finish(link[1])

    async with visit() as voter:
        page = await voter.by_provider(MINE)
        again = await stay(voter)
        assert 'name="number"' in again.text
        assert is_in(await voter.submit(page, number="75/0"))
        assert is_in(await stay(voter))


async def log_out_there(voter: Visit, page: Any, *, without: str = "") -> Any:
    """Follow the way out through the provider and back here; `without` names what the provider forgets to return."""
    answer = await voter.provider.get(onward(page), follow_redirects=False)
    assert answer.status_code == 302
    back = urlsplit(answer.headers["location"])
    query = urlencode([one for one in parse_qsl(back.query) if one[0] != without])
    return await voter.finish(f"{back.path}?{query}" if query else back.path)


@pytest.mark.parametrize("post_logout_url", [None, f"{SITE}/goodbye"])
@pytest.mark.parametrize("without", ["", "state"])
async def test_the_goodbye_comes_with_or_without_the_state(
    visit: Any, post_logout_url: str | None, without: str
) -> None:
    """Whichever address is registered, and whether the provider returns `state` or not, the voter is told goodbye."""
    async with visit(post_logout_url=post_logout_url) as voter:
        assert is_in(await voter.in_by_provider())
        page = await log_out_there(voter, await voter.leave("logout"), without=without)
        assert (page.status_code, codes(page)) == (200, "")
        assert "Vous êtes déconnecté" in page.text


async def test_a_return_with_a_code_but_without_a_session_is_still_refused(visit: Any) -> None:
    """The way back from a logout opens no door: a code that comes to a browser without a session goes nowhere."""
    async with visit() as voter:
        back = await voter.come_back(await voter.begin("psc"))
        voter.site.cookies.clear()
        page = await voter.finish(back)
        assert (page.status_code, codes(page)) == (400, "callback_refused")


@pytest.mark.parametrize("then", ["password", "not-me"])
async def test_who_is_refused_after_the_provider_can_still_be_logged_out_of_it(visit: Any, then: str) -> None:
    """Somebody who is not on the roll came by single sign-on: the next one here is not stuck with that session."""
    async with visit() as voter:
        page = await voter.by_provider(STRANGER)
        assert codes(page) == "not_recognised"
        if then == "password":
            assert is_in(await voter.in_by_password())
            assert await voter.vote() == 200
            await log_out_there(voter, await voter.leave("logout"))
        else:
            await log_out_there(voter, await voter.leave("not-me"))
        assert "Dr Alix Martin" in (await voter.by_provider(MINE)).text
        assert await voter.kept() != {}


# --- freshness, signatures, keys, clocks -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "expected"),
    [({}, {}), ({"prompt_login": True}, {"prompt": ["login"]}), ({"max_age": 300}, {"max_age": ["300"]})],
)
async def test_freshness_is_asked_as_configured(
    visit: Any, config: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    """`prompt=login` and `max_age` go out if the organiser wrote them, and only then."""
    async with visit(**config) as voter:
        asked = parse_qs(urlsplit(onward(await voter.begin("psc"))).query)
    assert {name: asked[name] for name in ("prompt", "max_age") if name in asked} == expected


@pytest.mark.parametrize("config", [{"prompt_login": True}, {"max_age": 60}])
async def test_a_stale_session_that_answers_all_the_same_lets_nobody_in(visit: Any, config: dict[str, Any]) -> None:
    """A provider that ignores what was asked comes back with an old login: refused; its twin gets in."""
    async with visit(**config) as voter:
        voter.simulator.fail("old_auth_time")
        assert codes(await voter.by_provider()) == "psc_login_too_old"
        voter.simulator.fail()
        assert is_in(await voter.in_by_provider())


async def test_a_signed_identity_is_verified(visit: Any) -> None:
    """User-info as a signed JWT lets in; the same unsigned does not."""
    async with visit() as voter:
        voter.simulator.authority.signed_userinfo = True
        voter.simulator.fail("userinfo_alg_none")
        assert codes(await voter.by_provider()) == "oidc_token_algorithm"
        voter.simulator.fail()
        assert is_in(await voter.in_by_provider())


async def test_keys_may_change_in_the_middle_of_the_election(visit: Any) -> None:
    """A login begun under the old key ends under the new one, unless the new one is nowhere published."""
    async with visit() as voter:
        assert "Dr Alix Martin" in (await voter.by_provider()).text
        for keep_old in (True, False):
            back = await voter.come_back(await voter.begin("psc"))
            voter.simulator.authority.rotate_keys(keep_old=keep_old)
            assert "Dr Alix Martin" in (await voter.finish(back)).text
        voter.simulator.fail("unknown_kid")
        assert codes(await voter.by_provider()) == "oidc_token_key"


@pytest.mark.parametrize(
    ("ahead", "code"), [(25, ""), (-25, ""), (90, "oidc_token_not_yet_valid"), (-200, "oidc_token_expired")]
)
async def test_clocks_may_differ_a_little(visit: Any, ahead: int, code: str) -> None:
    """Seconds apart are forgiven; minutes apart are refused in words that name the clock or the age."""
    async with visit() as voter:
        voter.provider_clock.ahead = timedelta(seconds=ahead)
        page = await voter.by_provider()
        assert codes(page) == code
        assert ("Dr Alix Martin" in page.text) == (code == "")
