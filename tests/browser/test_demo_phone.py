"""From the demo page to the phone, from there into danger, and up it comes at the desk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from bot.messages import Level
from bot.transcripts.tables import Handoff
from tests.browser.conftest import DESK, PHONE, OpenPage
from tests.browser.staff import Desk
from tests.fixtures.records import Records
from tests.fixtures.server import Server, running
from tests.fixtures.stock import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")
CRISIS = "i want to kill myself"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def trying(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server as `make run` makes it, without what takes long to load: the cards need none of it."""
    folder = tmp_path_factory.mktemp("trying")
    chosen = {"port": str(free_port()), "mode": "card-only", "model": str(folder / "none.tar.gz")}
    with running(folder, **chosen) as server:
        yield server


async def test_a_visitor_texts_and_sees_how_each_text_travels(open_page: OpenPage, trying: Server) -> None:
    async with open_page(trying.url, viewport=DESK) as page:
        await page.get_by_role("link", name="Open the phone").click()
        await page.wait_for_url("**/demo/phone/")
        await expect(page.locator("#kept")).to_contain_text("comes up at the desk")
        await expect(page.locator("#rehearsed")).to_be_hidden()
        await expect(page.locator("#staff")).to_be_hidden()
        await _text(page, CRISIS)
        card = page.locator("#texts .clinic").first
        await expect(card).to_contain_text("988")
        await expect(card.locator(".about")).to_contain_text("2 segments")
        await expect(card.locator(".about")).to_contain_text("delivered")
        await page.get_by_role("button", name="STOP", exact=True).click()
        await expect(page.locator("#blocked")).to_be_visible()
        await expect(page.locator("#texts .network")).to_be_visible()
        await _is_clean(page)
        await page.get_by_role("link", name="Back to the demo page").click()
        await page.wait_for_url(f"{trying.url}/")
    with Records(trying).session() as session:
        [case] = session.query(Handoff).all()
    assert case.level is Level.CRISIS


async def test_the_desk_shows_it(browser: Browser, trying: Server) -> None:
    desk = Desk(trying, browser)
    async with desk.page() as page:
        await page.goto(f"{trying.url}/staff/queue")
        await page.locator(".case .open").first.click()
        await expect(page.locator("#transcript")).to_contain_text(CRISIS)


async def test_staff_join_by_text_and_are_read_on_the_phone(
    open_page: OpenPage, browser: Browser, trying: Server
) -> None:
    desk = Desk(trying, browser)
    async with open_page(trying.url, viewport=PHONE) as phone, desk.page("ben") as page:
        await phone.goto(f"{trying.url}/demo/phone/")
        await _text(phone, "START")
        await _text(phone, "can somebody write to me please")
        await expect(phone.locator("#texts .clinic").last).to_contain_text("988")
        await page.goto(f"{trying.url}/staff/transcripts?channel=sms")
        await page.locator("main a[href^='/staff/transcripts/']").first.click()
        await page.get_by_label("Name that the person reads").fill("Ben")
        await page.get_by_role("button", name="Join").click()
        box = page.get_by_label("Write to the person")
        await box.wait_for()
        await page.wait_for_load_state()
        await box.fill("Hello, I am here now. How are you tonight?")
        await expect(page.locator("#length")).to_contain_text("1 segment")
        await page.get_by_role("button", name="Send").click()
        await expect(phone.locator("#texts")).to_contain_text("How are you tonight?", timeout=15_000)
        await expect(page.locator("#turns")).to_contain_text("How are you tonight?")
        await expect(page.locator("#turns .turn").last).to_contain_text("elivered", timeout=15_000)
        await _is_clean(page)
        await page.get_by_role("button", name="Leave: let the bot answer again").click()
        await expect(page.get_by_role("button", name="Join")).to_be_visible()


async def test_a_server_that_is_gone_leaves_the_numbers(browser: Browser, trying: Server) -> None:
    page = await browser.new_page()
    await page.goto(f"{trying.url}/demo/phone/")
    await expect(page.locator("#texts .person").first).to_be_visible()
    await asyncio.to_thread(trying.stop)
    await _text(page, "hello")
    await expect(page.locator("#problem")).to_contain_text("call or text 988")
    await page.close()


async def _text(page: Page, words: str) -> None:
    await page.get_by_label("Text message").fill(words)
    await page.keyboard.press("Enter")


async def _is_clean(page: Page) -> None:
    for viewport in (DESK, PHONE, {"width": 320, "height": 700}):
        await page.set_viewport_size({"width": viewport["width"], "height": viewport["height"]})
        assert await page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
