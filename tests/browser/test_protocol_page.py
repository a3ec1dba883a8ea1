"""The published protocol in a browser: readable, reachable by keyboard, clean to axe, nothing sideways."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.browser.conftest import DESK, PHONE, OpenPage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("viewport", [PHONE, DESK])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(open_page: OpenPage, viewport: dict[str, int], scheme: str) -> None:
    async with open_page(path="/protocol?lang=es", viewport=viewport, color_scheme=scheme) as page:
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_nothing_is_wider_than_the_window(open_page: OpenPage, width: int) -> None:
    async with open_page(path="/protocol", viewport={"width": width, "height": 700}) as page:
        assert await page.evaluate("document.documentElement.scrollWidth") == width


async def test_the_numbers_come_before_the_text_and_the_text_can_be_skipped_to(open_page: OpenPage) -> None:
    async with open_page(path="/protocol") as page:
        await page.keyboard.press("Tab")
        await expect(page.get_by_text("Skip to the text")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("#document")).to_be_focused()


async def test_the_start_leads_to_it_and_it_leads_back(open_page: OpenPage) -> None:
    async with open_page() as page:
        await page.get_by_role("link", name="What happens in a crisis").first.click()
        await expect(page.get_by_role("heading", level=2).first).to_contain_text("someone writes")
        await page.get_by_role("link", name="Back to the start").click()
        await expect(page.get_by_role("button", name="Open the chat")).to_be_visible()
