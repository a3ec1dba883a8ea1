"""The simulated phone in a browser: texts both ways, how they travelled, clean to axe, nothing sideways."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ViewportSize, expect

from bot.simulator.page import make_page
from bot.simulator.simulation import Simulation
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing, make_key
from tests.browser.conftest import DESK, PHONE
from tests.channels.sms.test_sms_sending import DAY
from tests.fixtures.clock import HandClock
from tests.fixtures.texting import Line, open_line

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def address(tmp_path: Path) -> AsyncIterator[tuple[str, Line]]:
    """Where the page is, before a real webhook on a database of its own."""
    ring = KeyRing([make_key()])
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", ring)
    await database.migrate()
    async with open_line(database, ring, tmp_path, HandClock(DAY)) as line:
        server = TestServer(make_page(Simulation(line.carrier, None)))
        await server.start_server()
        yield str(server.make_url("/")), line
        await server.close()
    await database.close()


SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def size(viewport: dict[str, int]) -> ViewportSize:
    """A size in the browser's own type."""
    return {"width": viewport["width"], "height": viewport["height"]}


async def test_a_phone_that_texts_is_answered_and_shows_how_each_text_travelled(
    browser: Browser, address: tuple[str, Line]
) -> None:
    page = await browser.new_page(viewport=size(DESK))
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    await page.goto(address[0])
    await page.get_by_label("Text message").fill("<b>i want to die</b>")
    await expect(page.locator("#length")).to_contain_text("20 septets, 1 segment")
    await page.keyboard.press("Enter")
    await expect(page.locator("#texts .clinic")).to_contain_text("911")
    await expect(page.locator("#texts .person .said")).to_have_text("<b>i want to die</b>")
    await expect(page.locator("#texts .clinic .about")).to_contain_text("delivered")
    await page.get_by_role("button", name="STOP", exact=True).click()
    await expect(page.locator("#blocked")).to_be_visible()
    await expect(page.locator("#texts .failed .about")).to_contain_text("failed 21610")
    for viewport in (DESK, PHONE, {"width": 320, "height": 700}):
        await page.set_viewport_size(size(viewport))
        assert await page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    assert wrong == []
    await page.close()
