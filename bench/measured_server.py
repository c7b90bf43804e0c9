"""A server that measures itself: started by journeys.py in a process of its own.

Processor time by what it was for: functions are wrapped before the server starts, each counts the time of the thread
that it runs in. What is left is the event loop's: with `profiled`, a profile of the main thread shares that out.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import pstats
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

SHARES = {
    "SQLAlchemy and SQLModel": ("sqlalchemy", "sqlmodel", "aiosqlite", "greenlet"),
    "Litestar, uvicorn, HTTP": (
        "litestar",
        "uvicorn",
        "h11",
        "httptools",
        "httpx2",
        "httpcore2",
        "anyio",
        "multidict",
    ),
    "asyncio": ("asyncio", "selectors"),
    "pydantic, JSON": ("pydantic", "pydantic_core", "json", "msgspec"),
    "templates": ("jinja2", "markupsafe"),
    "Isoloir": ("isoloir",),
}
spent: Counter[str] = Counter()


def _counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def counting(*arguments: Any, **named: Any) -> Any:
        before = time.thread_time()
        try:
            return function(*arguments, **named)
        finally:
            spent[name] += time.thread_time() - before

    return counting


def _watch() -> None:
    import aiosqlite.core
    import argon2
    import jinja2

    import isoloir.casting
    import isoloir_openid_connect.client
    import isoloir_openid_connect.tokens

    isoloir.casting.check_ballot = _counted("proofs", isoloir.casting.check_ballot)
    for method in ("hash", "verify"):
        setattr(argon2.PasswordHasher, method, _counted("argon2", getattr(argon2.PasswordHasher, method)))
    signed = _counted("signatures of the provider", isoloir_openid_connect.tokens.signed_claims)
    for module in (isoloir_openid_connect.tokens, isoloir_openid_connect.client):
        if hasattr(module, "signed_claims"):
            module.signed_claims = signed
    jinja2.Template.render = _counted("templates", jinja2.Template.render)
    execute = aiosqlite.core.Connection._execute

    async def executed(self: Any, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        def counting(*given: Any, **others: Any) -> Any:
            before = time.thread_time()
            try:
                return function(*given, **others)
            finally:
                spent["SQLite"] += time.thread_time() - before

        return await execute(self, counting, *arguments, **named)

    aiosqlite.core.Connection._execute = executed


def _shares(profile: cProfile.Profile) -> dict[str, float]:
    found: Counter[str] = Counter()
    for (file, _, _), (_, _, own, _, _) in pstats.Stats(profile).stats.items():
        if "select.epoll" in str(file):
            continue
        parts = file.replace("\\", "/").split("/")
        module = parts[parts.index("site-packages") + 1] if "site-packages" in parts else ""
        names = {module, *parts}
        share = next((name for name, of in SHARES.items() if any(one in names for one in of)), "")
        if not share:
            own_code = any(part.startswith("isoloir") for part in parts)
            share = "Isoloir" if own_code else "Python (built-in functions, standard library)"
        found[share] += own
    return dict(found)


def serve(folder: Path, election_id: str, listening: socket.socket, report: Path, profiled: bool) -> None:
    """Serve until SIGTERM; at each SIGUSR1 write the seconds spent so far to `report`."""
    _watch()
    asyncio.run(_serve(folder, election_id, listening, report, profiled))


async def _serve(folder: Path, election_id: str, listening: socket.socket, report: Path, profiled: bool) -> None:
    from isoloir.instance import Instance
    from isoloir_web import server

    profile = cProfile.Profile(time.thread_time)

    def write() -> None:
        told = {"all": time.process_time(), **spent}
        if profiled:
            profile.disable()
            profile.dump_stats(report.with_suffix(".prof"))
            told["profile"] = _shares(profile)
            profile.enable()
        beside = report.with_suffix(".new")
        beside.write_text(json.dumps(told))
        beside.replace(report)

    async with Instance.open(folder) as instance:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, write)
        async with server.served(instance, listening, graceful_seconds=2):
            instance.election(election_id)
            if profiled:
                profile.enable()
            await server.until_stopped()
            profile.disable()
