"""The demo page: clean to axe, nothing cut off, and a visitor gets from it into the chat and to the desk."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.browser.conftest import DESK, PHONE, OpenPage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK, {"width": 320, "height": 600}])
async def test_it_is_clean_and_opens_the_chat(
    open_page: OpenPage, viewport: dict[str, int], scheme: str
) -> None:
    async with open_page(viewport=viewport, color_scheme=scheme) as page:
        await expect(page.get_by_role("heading", level=1)).to_have_text("Orlando Treatment Solutions")
        await expect(page.locator(".launch")).to_be_visible()
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert await page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        await page.get_by_role("button", name="Open the chat").click()
        await expect(page.locator(".disclosure")).to_contain_text("Not for emergencies")


async def test_it_leads_to_the_desk_in_either_language(open_page: OpenPage) -> None:
    async with open_page(locale="es-US") as page:
        await expect(page.locator("html")).to_have_attribute("lang", "es")
        await expect(page.get_by_role("link", name="Abrir la mesa")).to_have_attribute("href", "/staff/")


async def test_without_javascript_the_numbers_are_there(open_page: OpenPage) -> None:
    async with open_page(java_script_enabled=False) as page:
        await expect(page.locator(".line a")).to_have_count(4)
        await expect(page.locator("harborline-chat a")).to_have_count(4)
        await page.get_by_role("link", name="Español").first.click()
        await expect(page.locator("html")).to_have_attribute("lang", "es")
