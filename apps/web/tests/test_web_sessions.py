"""The session's cookie: made late, ours alone, moved at each step up, taken back at the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

E = "/e/essai-2024"


def cookies(answer: Any) -> list[str]:
    return list(answer.headers.get_list("set-cookie"))


async def logged_in(client: Any) -> Any:
    await client.post(f"{E}/login", data={"branch": "psc"})
    page = await client.get(f"{E}/login/step")
    token = page.text.split('name="token" value="')[1].split('"')[0]
    return await client.post(f"{E}/login/step", data={"token": token, "form": "ordinal.Number", "number": "75/0"})


async def test_looking_around_stores_nothing(stage: Any, web: Any) -> None:
    """No page before a login sets a cookie or makes a session."""
    await stage.open_vote()
    async with web(stage) as client:
        for path in ("/", f"{E}/", f"{E}/box", f"{E}/results", f"{E}/accessibility", f"{E}/login/step", "/nothing"):
            assert cookies(await client.get(path)) == []


async def test_the_cookie_on_loopback(stage: Any, web: Any) -> None:
    """On loopback http the cookie is HttpOnly, Lax, for the whole site, unprefixed and not Secure."""
    await stage.open_vote()
    async with web(stage) as client:
        (cookie,) = cookies(await client.post(f"{E}/login", data={"branch": "psc"}))
    assert cookie.startswith("isoloir=")
    assert {part.strip() for part in cookie.split(";")[1:]} == {"Path=/", "HttpOnly", "SameSite=Lax"}


async def test_the_cookie_on_https(secure_stage: Any, web: Any) -> None:
    """On https the cookie is also Secure and bears the __Host- prefix."""
    await secure_stage.open_vote()
    async with web(secure_stage) as client:
        (cookie,) = cookies(await client.post(f"{E}/login", data={"branch": "psc"}))
    assert cookie.startswith("__Host-isoloir=")
    assert "; Secure" in cookie
    assert "Domain" not in cookie


async def test_a_handle_that_the_visitor_chose_is_never_taken_over(stage: Any, web: Any) -> None:
    """Fixation: a given handle is not adopted; a login begins under one of ours."""
    await stage.open_vote()
    chosen = "A" * 43
    async with web(stage) as client:
        (cookie,) = cookies(
            await client.post(f"{E}/login", data={"branch": "psc"}, headers={"cookie": f"isoloir={chosen}"})
        )
    assert chosen not in cookie
    assert await stage.sessions.load(chosen) is None


async def test_the_handle_moves_at_each_step_up_and_the_old_one_is_dead(stage: Any, web: Any) -> None:
    """After the login the former cookie opens nothing; the new one does."""
    await stage.open_vote()
    async with web(stage) as client:
        await client.post(f"{E}/login", data={"branch": "psc"})
        before = client.cookies["isoloir"]
        page = await client.get(f"{E}/login/step")
        token = page.text.split('name="token" value="')[1].split('"')[0]
        await client.post(f"{E}/login/step", data={"token": token, "form": "ordinal.Number", "number": "75/0"})
        after = client.cookies["isoloir"]
        assert after != before
        assert (await client.get(f"{E}/contests")).status_code == 200
    async with web(stage) as thief:
        stolen = await thief.get(f"{E}/contests", headers={"cookie": f"isoloir={before}"})
    assert stolen.status_code == 401


async def test_an_idle_session_is_over_and_its_cookie_taken_back(stage: Any, web: Any) -> None:
    """After twenty minutes of nothing the voter is asked to log in again."""
    await stage.open_vote()
    async with web(stage) as client:
        await logged_in(client)
        stage.clock.shift += timedelta(minutes=21)
        answer = await client.get(f"{E}/contests")
    assert answer.status_code == 401
    assert any("Max-Age=0" in cookie for cookie in cookies(answer))


async def test_logging_out_ends_the_session_here_and_at_the_provider(stage: Any, web: Any) -> None:
    """The session is gone, the cookie is taken back, and the voter is led to the provider's own logout."""
    await stage.open_vote()
    stage.scripted.provider = "https://provider.example/logout?id_token_hint=x"
    async with web(stage) as client:
        await logged_in(client)
        handle = client.cookies["isoloir"]
        page = await client.get(f"{E}/logout")
        token = page.text.split('name="token" value="')[1].split('"')[0]
        answer = await client.post(f"{E}/logout", data={"token": token})
    assert answer.status_code == 200
    assert 'href="https://provider.example/logout?id_token_hint=x"' in answer.text
    assert any("Max-Age=0" in cookie for cookie in cookies(answer))
    assert await stage.sessions.load(handle) is None
    assert ("leave",) in stage.scripted.asked


async def test_this_is_not_me_ends_the_session(stage: Any, web: Any) -> None:
    """Whoever is named on the page can be logged out by who sits there, and the way in is shown again."""
    await stage.open_vote()
    async with web(stage) as client:
        await logged_in(client)
        page = await client.get(f"{E}/not-me")
        assert "Dr Alix Martin" in page.text
        token = page.text.split('name="token" value="')[1].split('"')[0]
        answer = await client.post(f"{E}/not-me", data={"token": token})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{E}/")
        assert (await client.get(f"{E}/contests")).status_code == 401


async def test_an_odd_cookie_is_ignored(stage: Any, web: Any) -> None:
    """Cookies without sense, too long or doubled are nobody."""
    async with web(stage) as client:
        for cookie in ("isoloir=" + "A" * 9000, "isoloir=é".encode(), "isoloir=\x01;;;=", "isoloir=;isoloir=x"):
            assert (await client.get(f"{E}/", headers={"cookie": cookie})).status_code == 200
