"""Changes asked by other sites, and forms without their token."""

from __future__ import annotations

from typing import Any

import pytest

E = "/e/essai-2024"
OURS = "http://127.0.0.1:8000"


async def begin(client: Any, headers: dict[str, str]) -> Any:
    client.headers.pop("sec-fetch-site", None)
    return await client.post(f"{E}/login", data={"branch": "psc"}, headers=headers)


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin"}, {"origin": OURS}])
async def test_a_form_of_our_own_is_taken(stage: Any, web: Any, headers: dict[str, str]) -> None:
    """A browser that says where the form came from may begin a login."""
    await stage.open_vote()
    async with web(stage) as client:
        answer = await begin(client, headers)
    assert answer.status_code == 303
    assert stage.scripted.asked == [("begin", "psc")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "cross-site", "origin": OURS},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:8001"},
        {"origin": "http://127.0.0.1:8000.evil.example"},
        {"origin": "é"},
    ],
)
async def test_a_form_of_another_site_is_refused(stage: Any, web: Any, headers: dict[str, str]) -> None:
    """Anything that does not show that it comes from here changes nothing and leaves no session."""
    await stage.open_vote()
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    async with web(stage) as client:
        answer = await begin(client, encoded)  # type: ignore[arg-type]
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert stage.scripted.asked == []


async def started(client: Any) -> str:
    await client.post(f"{E}/login", data={"branch": "psc"})
    page = await client.get(f"{E}/login/step")
    return str(page.text.split('name="token" value="')[1].split('"')[0])


async def test_a_form_with_its_token_is_handed_to_the_login(stage: Any, web: Any) -> None:
    """The token drawn into the form opens the door."""
    await stage.open_vote()
    async with web(stage) as client:
        token = await started(client)
        form = {"token": token, "form": "ordinal.Number", "number": "75/0"}
        answer = await client.post(f"{E}/login/step", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{E}/contests"
    assert stage.scripted.asked[-1] == ("submit", "ordinal.Number", {"number": "75/0"})


@pytest.mark.parametrize("token", [None, "", "0" * 64, "é" * 64, "\udcff"])
async def test_a_form_without_its_token_is_refused(stage: Any, web: Any, token: str | None) -> None:
    """A missing, wrong or odd token is one clear refusal, never a failure, and the login hears nothing."""
    await stage.open_vote()
    async with web(stage) as client:
        await started(client)
        form = {"form": "ordinal.Number", "number": "75/0"} | ({} if token is None else {"token": token})
        body = "&".join(f"{name}={value}" for name, value in form.items()).encode("utf-8", "surrogateescape")
        kind = {"content-type": "application/x-www-form-urlencoded"}
        answer = await client.post(f"{E}/login/step", content=body, headers=kind)
    assert answer.status_code == 403
    assert all(asked[0] != "submit" for asked in stage.scripted.asked)


async def test_a_token_of_another_session_is_refused(stage: Any, web: Any) -> None:
    """A token made for one browser is worth nothing in another."""
    await stage.open_vote()
    async with web(stage) as one, web(stage) as other:
        token = await started(one)
        await started(other)
        answer = await other.post(f"{E}/login/step", data={"token": token, "form": "f", "number": "1"})
    assert answer.status_code == 403


async def test_a_token_of_another_purpose_is_refused(stage: Any, web: Any) -> None:
    """The login's token does not log out."""
    await stage.open_vote()
    async with web(stage) as client:
        token = await started(client)
        answer = await client.post(f"{E}/logout", data={"token": token})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"branch=psc&branch=password", "application/x-www-form-urlencoded"),
        (b"branch=%00", "application/x-www-form-urlencoded"),
        (b"branch=nothing", "application/x-www-form-urlencoded"),
        (b'{"branch": "psc"}', "application/json"),
        (b"\xff\xfe%%%", "application/x-www-form-urlencoded"),
        (b"", "text/plain"),
    ],
)
async def test_a_form_that_is_none_is_refused(stage: Any, web: Any, body: bytes, kind: str) -> None:
    """Doubled fields, other kinds of body and bytes of no sense are refused whole, and no session is made."""
    await stage.open_vote()
    async with web(stage) as client:
        answer = await client.post(f"{E}/login", content=body, headers={"content-type": kind})
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers
    assert "<h1>" in answer.text
