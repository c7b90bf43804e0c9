"""What every answer carries, whatever happened."""

from __future__ import annotations

import hashlib
import logging
import re
from base64 import b64encode
from typing import Any

import pytest

E = "/e/essai-2024"


def assert_guarded(answer: Any) -> None:
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["referrer-policy"] in ("no-referrer", "same-origin")
    assert "camera=()" in answer.headers["permissions-policy"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", f"{E}/", 200),
        ("GET", f"{E}/contests", 401),
        ("GET", "/nothing/here", 404),
        ("GET", "/e/unknown/", 404),
        ("PUT", f"{E}/", 405),
        ("POST", f"{E}/login", 422),
        ("GET", "/static/isoloir.css", 200),
        ("GET", "/static/absent.css", 404),
        ("GET", "/health", 200),
        ("GET", f"{E}/booth/cspm", 200),
        ("GET", f"{E}/booth/cspm/setup", 401),
    ],
)
async def test_every_kind_of_answer_bears_the_security_headers(
    stage: Any, web: Any, method: str, path: str, status: int
) -> None:
    """Pages, refusals, static files and the booth's JSON all carry the headers."""
    await stage.open_vote()
    async with web(stage) as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert_guarded(answer)


@pytest.mark.parametrize("path", ["/check", "/trustee"])
async def test_a_page_that_stands_alone_is_one_file_for_everyone_and_may_ask_nothing(
    stage: Any, web: Any, path: str
) -> None:
    """Its policy allows its own script and style by hash and no connection; the same bytes whoever asks."""
    async with web(stage) as client:
        first = await client.get(path)
        other = await client.get(path, headers={"accept-language": "en", "cookie": "isoloir-lang=en"})
    policy = first.headers["content-security-policy"]
    for rule in ("default-src 'none'", "connect-src 'none'", "form-action 'none'", "frame-ancestors 'none'"):
        assert rule in policy
    assert "'self'" not in policy
    assert "unsafe" not in policy
    assert policy.startswith(re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', first.text)[1])
    for tag in ("script", "style"):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", first.text, re.S)
        digest = b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", first.text.split("<script>")[0])
    assert first.content == other.content
    assert "set-cookie" not in first.headers


async def test_a_body_too_large_is_refused_with_headers(stage: Any, web: Any) -> None:
    """413 is a page of ours with every header."""
    async with web(stage) as client:
        answer = await client.post(f"{E}/box", data={"tracker": "A" * 50_000})
    assert answer.status_code == 413
    assert_guarded(answer)
    assert "<h1>" in answer.text


async def test_a_failure_of_ours_is_a_page_with_headers_and_tells_nothing(
    stage: Any, web: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """500 bears the headers; neither page nor log quotes the exception, and both bear the same reference."""

    async def broken(*_: object) -> None:
        raise RuntimeError("secret-tracker-in-exception")

    monkeypatch.setattr("isoloir_web.public.results.lifecycle.phase", broken)
    with caplog.at_level(logging.ERROR):
        async with web(stage) as client:
            answer = await client.get(f"{E}/results")
    assert answer.status_code == 500
    assert_guarded(answer)
    assert "secret-tracker" not in answer.text + caplog.text
    reference = caplog.text.split("failure ")[1].split(":")[0]
    assert reference in answer.text


async def test_pages_are_never_kept_and_static_files_are(stage: Any, web: Any) -> None:
    """Pages say no-store; the style sheet may be kept."""
    async with web(stage) as client:
        for path in ("/", f"{E}/", f"{E}/box", f"{E}/contests", "/nothing"):
            assert (await client.get(path)).headers["cache-control"] == "no-store"
        assert "max-age" in (await client.get("/static/isoloir.css")).headers["cache-control"]


async def test_the_booth_alone_may_run_scripts(stage: Any, web: Any) -> None:
    """The booth has its own policy with Trusted Types; ordinary pages may run nothing."""
    async with web(stage) as client:
        booth = (await client.get(f"{E}/booth/cspm")).headers
        page = (await client.get(f"{E}/")).headers
    assert "script-src 'self'" in booth["content-security-policy"]
    assert "require-trusted-types-for 'script'" in booth["content-security-policy"]
    assert "trusted-types 'none'" in booth["content-security-policy"]
    assert booth["referrer-policy"] == "no-referrer"
    assert "script-src" not in page["content-security-policy"]


async def test_transport_security_is_demanded_on_https_and_not_on_loopback(
    stage: Any, secure_stage: Any, web: Any
) -> None:
    """HSTS goes out on https alone."""
    async with web(secure_stage) as client:
        assert "max-age=" in (await client.get("/")).headers["strict-transport-security"]
    async with web(stage) as client:
        assert "strict-transport-security" not in (await client.get("/")).headers


async def test_another_host_name_is_refused_and_told_the_address(stage: Any, web: Any) -> None:
    """A request for another host name gets 421 and our address; the Host header is never believed."""
    async with web(stage) as client:
        answer = await client.get(f"{E}/", headers={"host": "evil.example"})
        health = await client.get("/health", headers={"host": "10.0.0.7"})
    assert answer.status_code == 421
    assert "http://127.0.0.1:8000" in answer.text
    assert "evil.example" not in answer.text
    assert health.status_code == 200


async def test_the_health_page_speaks_of_nothing(stage: Any, web: Any) -> None:
    """The health page says ok, and nothing of an election."""
    async with web(stage) as client:
        assert (await client.get("/health")).text == "ok\n"


async def test_the_public_page_says_which_program_trustees_use(stage: Any, web: Any) -> None:
    """The SHA-256 on the page of the ballot box is that of the file served, and the page leads to it."""
    await stage.open_vote()
    async with web(stage) as client:
        box = await client.get(f"{E}/box")
        program = await client.get("/trustee")
    assert 'href="/trustee"' in box.text
    assert hashlib.sha256(program.content).hexdigest() in box.text
