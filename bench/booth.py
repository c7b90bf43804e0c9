"""Making a ballot in the voter's browser.

The built booth in Chromium, before a server that plays the web application: what counts is what the page's main
thread does (in its own processor time: `Performance.getMetrics` in thread ticks) from the arrival of the credential
to the tracker on the page, in a page just opened whose tables are made: reading the answer, encrypting, proving,
signing, drawing; nothing was compiled but by what the booth itself does while the voter reads. A question has ten
answers and a blank choice. Six-fold throttling is Chromium's own (`Emulation.setCPUThrottlingRate`). Beside it the
same on the clock, and the longest task while the voter reads (that is when the tables are made); and the page's
weight: every file that it loads, compressed one by one by gzip (level 9), pictures being inside them.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ballots import QUESTION, UUID
from kit import ROOT, Figure, Options, figure
from playwright.sync_api import Browser, sync_playwright

from isoloir_ballots import trustees
from isoloir_ballots.credentials import generate
from isoloir_ballots.election import Election
from isoloir_ballots.groups import named

TITLE = "Making a ballot in the browser"
STATIC = ROOT / "apps" / "web" / "src" / "isoloir_web" / "static"
WATCH = """
window.bench = { long: [] };
new PerformanceObserver((list) => bench.long.push(...list.getEntries().map((one) => one.duration)))
  .observe({ type: 'longtask', buffered: true });
const ask = window.fetch.bind(window);
window.fetch = async (where, ...rest) => {
  const answer = await ask(where, ...rest);
  if (!String(where).includes('/credential')) return answer;
  const text = await answer.clone().text();
  bench.from = performance.now();
  return answer;
};
new MutationObserver(() => {
  if (document.querySelector('#tracker')?.textContent && bench.from && !bench.made) {
    bench.made = performance.now() - bench.from;
  }
}).observe(document, { childList: true, subtree: true, characterData: true });
"""


def setup_answer() -> dict[str, Any]:
    """What the web application says of a contest; its key is thrown away."""
    group = named("Ed25519")
    key = trustees.KeyPair.generate(group, name="Présidence")
    election = Election(1, "", "Bench", "Ed25519", group.serialise(key.entry.key), (QUESTION,), UUID)
    names = ("contests", "not_me", "box", "proof", "accessibility")
    return {
        "language": "fr",
        "voter": "Dr Alix Martin",
        "election": {"id": "bench", "title": "Bench", "window": ""},
        "contest": {"id": "one", "title": "Bench"},
        "order_note": "",
        "election_json": election.serialise().decode(),
        "lists": [
            {"id": f"l{index}", "name": name, "candidates": ["Camille Aubry"], "answer": index}
            for index, name in enumerate(QUESTION.answers)
        ],
        "blank": True,
        "step_token": "token",
        "links": {name: f"/e/bench/{name}" for name in names},
        "help": {"phone": "05 67 31 53 03", "hours": ""},
        "preview": False,
    }


@contextmanager
def serving(released: threading.Event) -> Iterator[str]:
    """Serve the built booth, and credentials once `released`; yields its address."""
    told = json.dumps(setup_answer()).encode()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path.endswith("/setup"):
                self._answer(told, "application/json")
            elif path.startswith("/static/"):
                kinds = {".js": "text/javascript", ".css": "text/css"}
                file = STATIC / path.removeprefix("/static/")
                self._answer(file.read_bytes(), kinds[file.suffix])
            else:
                self._answer((STATIC / "booth" / "index.html").read_bytes(), "text/html; charset=utf-8")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            released.wait()
            self._answer(json.dumps({"credential": generate()}).encode(), "application/json")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/e/bench/booth/one"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Once:
    """Milliseconds: of the main thread for the ballot, the same on the clock, the longest task before the choice."""

    worked: float
    waited: float
    longest: float


def once(browser: Browser, url: str, released: threading.Event, throttled: int) -> Once:
    """Vote once in a fresh page."""
    context = browser.new_context()
    page = context.new_page()
    inside = context.new_cdp_session(page)
    inside.send("Performance.enable", {"timeDomain": "threadTicks"})
    inside.send("Emulation.setCPUThrottlingRate", {"rate": throttled})
    page.add_init_script(WATCH)
    page.goto(url)
    page.get_by_role("radio").first.wait_for()
    page.wait_for_timeout(600 * throttled)  # a voter reads: both tables are made
    longest = page.evaluate("Math.max(0, ...bench.long)")
    page.get_by_role("radio").first.check()
    released.clear()
    page.get_by_role("button", name="Vérifier mon choix").click()
    page.locator(".picked").wait_for()
    page.wait_for_timeout(100 * throttled)

    def tasks() -> float:
        metrics = inside.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration") * 1000

    before = tasks()
    released.set()
    page.wait_for_timeout(300 * throttled)
    worked = tasks() - before
    waited = float(page.evaluate("bench.made"))
    context.close()
    return Once(worked, waited, longest)


def weight() -> int:
    """Bytes of the page and of all that it loads, each compressed."""
    page = (STATIC / "booth" / "index.html").read_text("utf-8")
    files = [STATIC / "booth" / "index.html"]
    files += [
        STATIC / part.partition('"')[0].removeprefix("/static/")
        for mark in ('src="', 'href="')
        for part in page.split(mark)[1:]
        if part.startswith("/static/")
    ]
    assert len(files) == 5, files
    return sum(len(gzip.compress(Path(file).read_bytes(), 9)) for file in files)


def figures(options: Options) -> Iterator[Figure]:
    """See the module."""
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is not installed: tools/install-test-programs does it"
    version = subprocess.run([chromium, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    released = threading.Event()
    with serving(released) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        once(browser, url, released, 1)
        quick, slow = [], []
        for _ in range(options.rounds(15)):
            quick.append(once(browser, url, released, 1))
            slow.append(once(browser, url, released, 6))
        browser.close()
    name = f"a ballot, {' '.join(version.split()[:2])}"
    yield figure(name, [one.worked for one in quick], "ms", goal="< 15 ms", below=15)
    yield figure(f"{name}, throttled six-fold", [one.worked for one in slow], "ms", goal="< 120 ms", below=120)
    yield figure("the same on the clock", [one.waited for one in quick], "ms")
    yield figure("the same on the clock, throttled six-fold", [one.waited for one in slow], "ms")
    yield figure("longest task while the voter reads", [one.longest for one in quick], "ms")
    yield figure("the same, throttled six-fold", [one.longest for one in slow], "ms")
    kilobytes = weight() / 1000
    yield Figure("the booth's page, all its files compressed", kilobytes, "kB", goal="< 60 kB", met=kilobytes < 60)
