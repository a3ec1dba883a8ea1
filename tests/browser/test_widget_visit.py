"""What a visit keeps: shared by its tabs, gone with the last of them, hidden when nobody writes."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from playwright.async_api import Browser, expect

from bot.transcripts.tables import Conversation, Feedback
from tests.browser.conftest import DESK
from tests.browser.embedding import CLINIC, CRISIS, QUESTION, OpenVisit, Visit, visits, watch
from tests.fixtures.records import Records
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


async def test_clear_my_chat(visit: OpenVisit, server: Server) -> None:
    """Here at once and in every tab, at the clinic but for what a hand-off rests on, and it says so."""
    async with visit(viewport=DESK) as v:
        await v.ask()
        other = await another_tab(v)
        await v.page.bring_to_front()
        await v.chat.get_by_role("button", name="Clear my chat").click()
        await v.chat.get_by_role("button", name="Yes, clear it").click()
        await expect(v.chat.locator(".notice")).to_have_text("Your chat was cleared here and at the clinic.")
        await expect(other.chat.locator(".me")).to_have_count(0)
        for tab in (v, other):
            assert await tab.stored() == [0, 0, 0, 0, 0]
            assert await tab.chat.locator(".me, .source").count() == 0
        # Another chat, with danger: what staff need stays with them.
        await v.danger()
        await v.chat.get_by_role("button", name="I'd rather type").click()
        await v.chat.get_by_role("button", name="Clear my chat").click()
        await v.chat.get_by_role("button", name="Yes, clear it").click()
        await expect(v.chat.locator(".notice")).to_contain_text("The clinic keeps what staff need")
        await expect(v.chat.locator(".help")).to_be_hidden()
    with Records(server).session() as session:
        cleared = sa.select(sa.func.count()).where(Conversation.cleared_at.is_not(None))
        assert (session.scalar(cleared) or 0) >= 2


async def test_thumbs_and_a_comment(visit: OpenVisit, server: Server) -> None:
    async with visit(viewport=DESK) as v:
        await v.ask()
        thumb = v.chat.get_by_role("button", name="This did not help")
        await thumb.click()
        await expect(thumb).to_have_attribute("aria-pressed", "true")
        await v.chat.get_by_label("What was missing? (optional)").fill("it does not say for how long")
        async with v.page.expect_response("**/api/feedback") as kept:
            await v.chat.get_by_role("button", name="Send comment").click()
        assert (await kept.value).status == 200
        thanks = v.chat.get_by_text("Thank you. Staff read this.")
        await expect(thanks).to_be_focused()
        # A comment that tells of danger is answered like a message.
        await v.chat.get_by_role("button", name="This helped").click()
        await v.chat.get_by_label("What was missing? (optional)").fill(CRISIS)
        await v.chat.get_by_role("button", name="Send comment").click()
        await expect(v.chat.locator(".sentence")).to_have_text("Thank you for telling me.")
    with Records(server).session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Feedback)) == 1


async def test_a_draft_survives_the_way_to_another_page(visit: OpenVisit) -> None:
    async with visit(viewport=DESK) as v:
        await v.ask()
        await v.input.fill("what i have not said yet")
        await v.page.goto(f"{CLINIC}/next")
        await expect(v.input).to_have_value("what i have not said yet")
        await v.write(QUESTION)
        await expect(v.chat.locator(".source")).to_have_count(2)
