"""What a visit keeps: shared by its tabs, gone with the last of them, hidden when nobody writes."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import DESK
from tests.browser.embedding import CLINIC, QUESTION, OpenVisit, Visit, visits, watch
from tests.fixtures.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

IDLE_MINUTES = 31


@pytest.fixture
def visit(browser: Browser, server: Server) -> OpenVisit:
    return visits(browser, server.url)


async def another_tab(v: Visit, path: str = "/other") -> Visit:
    """A second tab of the same visit, with its panel open."""
    page = await v.context.new_page()
    tab = Visit(page, v.context, v.server, v.wrong)
    watch(tab, page, faults=True)
    await page.goto(f"{CLINIC}{path}")
    await tab.open()
    return tab


async def test_tabs_of_a_visit_share_the_chat_and_the_last_one_takes_it_along(visit: OpenVisit) -> None:
    async with visit(viewport=DESK) as v:
        await v.ask()
        other = await another_tab(v)
        await expect(other.chat.locator(".source")).to_be_visible()
        assert await other.spoken() == []
        # What is said in one is seen in the other, each once.
        await other.danger()
        await expect(v.chat.locator(".help")).to_be_visible()
        await expect(v.chat.locator(".me")).to_have_count(2)
        await expect(v.chat.locator(".turn.crisis")).to_have_count(1)
        await v.page.goto(f"{CLINIC}/next")
        await expect(v.chat.locator(".me")).to_have_count(2)
        # Open on a wide screen, it stays open from page to page, and takes no focus.
        await expect(v.chat.locator(".panel")).to_be_visible()
        assert await v.page.evaluate("document.activeElement.localName") == "body"
        await v.page.close()
        await other.page.close()
        page = await v.context.new_page()
        await page.goto(f"{CLINIC}/later")
        await page.locator(".launch").click()
        await expect(page.locator(".disclosure")).to_be_visible()
        await expect(page.locator(".me")).to_have_count(0)
        assert await page.evaluate("sessionStorage.length") == 0


async def test_after_thirty_idle_minutes_the_words_are_hidden_and_the_numbers_stay(visit: OpenVisit) -> None:
    async with visit(viewport=DESK) as v:
        await v.page.clock.install()
        await v.page.reload()
        await v.ask()
        await v.danger()
        await v.page.clock.fast_forward(f"{IDLE_MINUTES}:00")
        await expect(v.chat.locator(".notice")).to_contain_text("nothing was written for 30 minutes")
        await expect(v.chat.locator(".me, .source, .sentence")).to_have_count(0)
        await expect(v.chat.locator(".lines")).to_be_visible()
        await v.chat.get_by_role("button", name="Show my chat").click()
        await expect(v.chat.locator(".me")).to_have_count(2)
        await expect(v.chat.locator(".help")).to_be_visible()
        await expect(v.input).to_be_focused()


async def test_a_draft_survives_the_way_to_another_page(visit: OpenVisit) -> None:
    async with visit(viewport=DESK) as v:
        await v.ask()
        await v.input.fill("what i have not said yet")
        await v.page.goto(f"{CLINIC}/next")
        await expect(v.input).to_have_value("what i have not said yet")
        await v.write(QUESTION)
        await expect(v.chat.locator(".source")).to_have_count(2)
