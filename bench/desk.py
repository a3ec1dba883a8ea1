"""How soon staff see a crisis, and how long a full queue takes: `python -m bench.desk`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
from playwright.async_api import Page, async_playwright

from bot.replay import store
from tests.browser.chromium import ARGUMENTS, executable
from tests.browser.staff import Desk
from tests.fixtures.desk import CRISIS
from tests.fixtures.examples import accepted, message
from tests.fixtures.server import Server, running

MESSAGES: Final = 100
OPEN_CASES: Final = 1_000
LOADS: Final = 50
WORDS: Final = "i want to kill myself"


async def measure(server: Server) -> list[str]:
    """Lines of figures, in milliseconds."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(), args=list(ARGUMENTS))
        desk = Desk(server, browser)
        async with desk.page() as page:
            await page.wait_for_selector("#lamp[data-state=live]")
            seen = [await _until_seen(server, page, number) for number in range(1, MESSAGES + 1)]
            await _fill(desk)
            cookies = {cookie["name"]: cookie["value"] for cookie in await page.context.cookies()}
            loaded = [await _load(server, cookies) for _ in range(LOADS)]
        await browser.close()
    return [
        _line(f"crisis message sent to case visible in the browser, {MESSAGES} messages", seen),
        _line(f"queue page with {OPEN_CASES} open cases, {LOADS} loads", loaded),
    ]


async def _until_seen(server: Server, page: Page, number: int) -> float:
    chat = await asyncio.to_thread(server.chat)
    began = time.perf_counter()
    await asyncio.to_thread(chat.say, WORDS)
    await page.locator(".case").nth(number - 1).wait_for()
    return time.perf_counter() - began


async def _fill(desk: Desk) -> None:
    database, now = desk.database(), datetime.now(UTC)
    for start in range(0, OPEN_CASES - MESSAGES, 50):
        async with database.transaction() as session:
            for place in range(start, start + 50):
                said = message(now - timedelta(seconds=place), WORDS)
                await store(session, desk.ring, accepted(said, CRISIS))
    await database.close()


async def _load(server: Server, cookies: dict[str, str]) -> float:
    async with httpx.AsyncClient(base_url=server.url, cookies=cookies, timeout=30) as client:
        began = time.perf_counter()
        answer = await client.get("/staff/queue")
        took = time.perf_counter() - began
    if f"{OPEN_CASES} people wait" not in answer.text:
        raise RuntimeError("not the queue that was meant")
    return took


def _line(what: str, seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    p50, p99 = (ordered[round((len(ordered) - 1) * share)] * 1000 for share in (0.5, 0.99))
    return f"{what}: p50 {p50:.0f} ms, p99 {p99:.0f} ms, most {ordered[-1] * 1000:.0f} ms"


def main() -> None:
    """Start a server of its own and print the figures."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), mode="card-only") as server:
        time.sleep(3)
        for line in asyncio.run(measure(server)):
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
