"""A browser in front of the real server, watched for anything that it must not do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser.chromium import ARGUMENTS, executable
from tests.fixtures.server import Server

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}

WATCH_POLICY = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""

OpenPage = Callable[..., AbstractAsyncContextManager[Page]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for a module's tests; each has a context of its own."""
    path = executable()
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield launched
        await launched.close()


@pytest.fixture
def open_page(browser: Browser, server: Server) -> OpenPage:
    """Opens the page; when it closes, everything that it asked for and broke has been checked."""

    @asynccontextmanager
    async def opened(
        url: str = "", *, path: str = "/", faults: bool = False, **options: Any
    ) -> AsyncIterator[Page]:
        base = url or server.url
        settings = {"viewport": PHONE, "locale": "en-US", **options}
        context = await browser.new_context(**settings)
        await context.add_init_script(WATCH_POLICY)
        page = await context.new_page()
        requested: list[str] = []
        wrong: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if not faults else None)
        await page.goto(f"{base}{path}")
        yield page
        await _check(page, base, requested, wrong)
        await context.close()

    return opened


async def _check(page: Page, base: str, requested: list[str], wrong: list[str]) -> None:
    hosts = {urlsplit(url).netloc for url in requested}
    assert hosts == {urlsplit(base).netloc}
    assert wrong == []
    if await page.evaluate("typeof window.violations") == "object":
        assert await page.evaluate("window.violations") == []
    await _check_storage(page.context, page)


async def _check_storage(context: BrowserContext, page: Page) -> None:
    assert await context.cookies() == []
    assert await page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
