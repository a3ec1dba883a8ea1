"""How heavy the widget is, beside chat widgets from npm: `python -m bench.widget`.

Each on a page of its own, served with gzip from this machine, in a Chromium with its processor four times
slower and a line of 1.6 Mbit/s and 150 ms: bytes of its scripts, seconds until it can be used, milliseconds
for which it blocked the page, how far it shifted it, and memory after 200 messages.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from bench.tables import table
from bench.widgets import PEERS, Widget, ours, peers
from tests.browser.chromium import ARGUMENTS, executable
from tests.fixtures.server import running

RUNS: Final = 5
SLOWER: Final = 4
LINE: Final = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 90_000}
MESSAGES: Final = 200
HERE: Final = "http://127.0.0.1:8098"
WATCH: Final = """
window.blocked = 0;
window.shifted = 0;
const watch = (type, note) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
watch("longtask", (task) => { window.blocked += Math.max(0, task.duration - 50) });
watch("layout-shift", (shift) => { window.shifted += shift.value });
(function look() {
  const found = document.querySelector(TAG)?.shadowRoot?.querySelector(PART);
  if (found?.getBoundingClientRect().width) window.usable = performance.now();
  else requestAnimationFrame(look);
})();
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one load: kilobytes, seconds, milliseconds, layout shift, megabytes."""

    kilobytes: float
    usable: float
    blocked: float
    shifted: float
    memory: float | None


@asynccontextmanager
async def site(widget: Widget) -> AsyncIterator[str]:
    """A page with the widget, and the peers' files, compressed as a clinic's host would."""
    html = f"<!doctype html><meta charset=utf-8><title>x</title><h1>A page</h1>{widget.html}"

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html")

    async def compress(_: web.Request, response: web.StreamResponse) -> None:
        response.enable_compression()

    app = web.Application()
    app.router.add_get("/", show)
    modules = PEERS / "node_modules"
    if modules.is_dir():
        app.router.add_static("/", modules)
    app.on_response_prepare.append(compress)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 8098).start()
    yield f"{HERE}/"
    await runner.cleanup()


async def load(browser: Browser, widget: Widget, url: str) -> Measured:
    """One load with an empty cache."""
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    page = await context.new_page()
    client = await context.new_cdp_session(page)
    arrived: list[float] = []
    scripts: set[str] = set()
    client.on("Network.responseReceived", lambda event: _note(event, scripts))
    client.on("Network.loadingFinished", lambda event: _add(event, scripts, arrived))
    await client.send("Network.enable")
    await client.send("Network.emulateNetworkConditions", LINE)
    await client.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    await page.add_init_script(WATCH.replace("TAG", repr(widget.tag)).replace("PART", repr(widget.part)))
    await page.goto(url)
    await page.wait_for_function("window.usable", timeout=60_000)
    await page.wait_for_timeout(1_500)
    usable, blocked, shifted = await page.evaluate("[window.usable, window.blocked, window.shifted]")
    memory = await _memory(page, client, widget) if widget.fill else None
    await context.close()
    return Measured(sum(arrived) / 1000, usable / 1000, blocked, shifted, memory)


async def _memory(page: Page, client: Any, widget: Widget) -> float:
    await page.evaluate(widget.fill, MESSAGES)
    await client.send("HeapProfiler.collectGarbage")
    await client.send("Performance.enable")
    metrics = (await client.send("Performance.getMetrics"))["metrics"]
    return float({each["name"]: each["value"] for each in metrics}["JSHeapUsedSize"]) / 1e6


def _note(event: Any, scripts: set[str]) -> None:
    if event["type"] == "Script":
        scripts.add(event["requestId"])


def _add(event: Any, scripts: set[str], arrived: list[float]) -> None:
    if event["requestId"] in scripts:
        arrived.append(event["encodedDataLength"])


async def measure(widgets: list[Widget]) -> str:
    """The table of every widget, each the median of its loads."""
    rows = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(), args=list(ARGUMENTS))
        for widget in widgets:
            async with site(widget) as url:
                loads = [await load(browser, widget, url) for _ in range(RUNS)]
            rows.append([widget.name, *(_median(loads, name) for name in Measured.__slots__)])
        await browser.close()
    head = ["widget", "kB with gzip", "usable after s", "blocked ms", "shift", f"MB after {MESSAGES}"]
    title = f"Median of {RUNS} loads, processor ÷ {SLOWER}, 1.6 Mbit/s, 150 ms"
    return table(title, head, rows, decimals=2)


def _median(loads: list[Measured], name: str) -> float | None:
    values = [value for each in loads if (value := getattr(each, name)) is not None]
    return statistics.median(values) if values else None


def main() -> None:
    """Start a server of its own, install the peers where npm is, and print the table."""
    others = peers()
    if not others:
        sys.stdout.write("The peers are left out: npm is not here, or could not install them.\n")
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), mode="card-only", allowed_origins=HERE) as server,
    ):
        sys.stdout.write(f"{asyncio.run(measure([ours(server.url), *others]))}\n")


if __name__ == "__main__":
    main()
