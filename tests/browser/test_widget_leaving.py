"""R28: leaving at once. Back, Forward and other tabs show no word; ordinary typing never leaves."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from playwright.async_api import Browser, Keyboard, expect

from bot.transcripts.tables import Handoff
from tests.browser.conftest import DESK
from tests.browser.embedding import ARTICLE, AWAY, CLINIC, CRISIS, OpenVisit, Visit, visits
from tests.fixtures.records import Records
from tests.fixtures.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def visit(browser: Browser, server: Server) -> OpenVisit:
    return visits(browser, server.url)


async def left(v: Visit) -> None:
    """The tab is where it was sent, which does not know from where."""
    await v.page.wait_for_url(f"{AWAY}/weather")
    await expect(v.page.locator("#from")).to_have_text("")


async def test_one_tap_and_no_word_is_left(visit: OpenVisit, server: Server) -> None:
    async with visit(path="/first") as v:
        await v.page.goto(f"{CLINIC}/second")
        await v.ask()
        await v.danger()
        open_before = open_handoffs(server)
        other = await v.context.new_page()
        await other.goto(f"{CLINIC}/other")
        await other.locator(".launch").click()
        await expect(other.locator(".me").first).to_be_attached()
        await v.page.keyboard.press("Tab")
        leave = v.chat.locator(".panel button").first
        await expect(leave).to_have_text("Leave this site")
        async with v.context.expect_event("request", lambda asked: asked.url.endswith("/leave")) as told:
            await leave.click()
        assert "Bearer" in (await told.value).headers["authorization"]
        await left(v)
        # The other tab forgets too.
        await expect(other.locator(".me")).to_have_count(0)
        assert await other.evaluate("sessionStorage.length") == 0
        await other.close()
        await v.page.go_back()
        await expect(v.page).to_have_url(f"{CLINIC}/first")
        await expect(v.chat.locator(".launch")).to_be_visible()
        assert CRISIS not in await v.page.locator("html").inner_text()
        await expect(v.chat.locator(".me")).to_have_count(0)
        assert await v.stored() == [0, 0, 0, 0, 0]
        await v.page.go_forward()
        await expect(v.page).to_have_url(f"{AWAY}/weather")
        # R9: leaving cancels no hand-off.
        assert open_handoffs(server) == open_before


async def test_back_to_a_page_that_showed_the_chat_shows_none_of_it(visit: OpenVisit) -> None:
    """The browser may bring a page back as it was; then what it showed is put there anew, or not at all."""
    async with visit(path="/first") as v:
        await v.open()
        await v.write(CRISIS)
        await expect(v.chat.locator(".sentence")).to_be_visible()
        await v.page.goto(f"{CLINIC}/second")
        await expect(v.chat.locator(".dock .leave")).to_be_visible()
        await v.chat.locator(".dock .leave").click()
        await left(v)
        await v.page.go_back()
        await expect(v.page).to_have_url(f"{CLINIC}/first")
        await expect(v.chat.locator(".me, .sentence")).to_have_count(0)


async def test_shift_three_times(visit: OpenVisit) -> None:
    async with visit(viewport=DESK) as v:
        await v.open()
        await v.input.fill("half a thought")
        for _ in range(3):
            await v.page.keyboard.press("Shift")
        await left(v)


async def capitals(keys: Keyboard) -> None:
    for letter in "ABCDEF":
        await keys.press(f"Shift+{letter}")


async def held_for_a_word(keys: Keyboard) -> None:
    for _ in range(4):
        await keys.down("Shift")
        await keys.type("HELP")
        await keys.up("Shift")


async def back_through_the_page(keys: Keyboard) -> None:
    for _ in range(4):
        await keys.press("Shift+Tab")


async def selecting(keys: Keyboard) -> None:
    for _ in range(4):
        await keys.press("Shift+ArrowLeft")


async def chords(keys: Keyboard) -> None:
    for _ in range(4):
        await keys.press("Control+Shift")
        await keys.down("Shift")
        await keys.press("Control")
        await keys.up("Shift")


async def hesitating(keys: Keyboard) -> None:
    for letter in "abcd":
        await keys.press("Shift")
        await keys.press("Shift")
        await keys.press(letter)


async def kept_down(keys: Keyboard) -> None:
    for _ in range(4):
        await keys.down("Shift")
        await keys.down("Shift")
        await keys.up("Shift")


PATTERNS = [capitals, held_for_a_word, back_through_the_page, selecting, chords, hesitating, kept_down]


async def test_seven_ways_of_typing_never_leave(visit: OpenVisit) -> None:
    async with visit(viewport=DESK) as v:
        await v.open()
        for pattern in PATTERNS:
            await v.input.fill("some words to write over")
            await v.input.focus()
            await pattern(v.page.keyboard)
            assert v.page.url == f"{CLINIC}/", pattern.__name__
        # Nor does a press with the mouse in between, nor the first Shift of five seconds ago.
        for _ in range(4):
            await v.page.keyboard.press("Shift")
            await v.input.click()
        assert await v.page.title() == ARTICLE


async def test_shift_means_nothing_where_nobody_chats_and_escape_only_closes(visit: OpenVisit) -> None:
    async with visit(viewport=DESK) as v:
        for _ in range(3):
            await v.page.keyboard.press("Shift")
        await v.open()
        await v.page.keyboard.press("Escape")
        await expect(v.chat.locator(".panel")).to_be_hidden()
        assert v.page.url == f"{CLINIC}/"


async def test_the_destination_is_a_web_address_whatever_the_page_says(visit: OpenVisit) -> None:
    async with visit(attributes='exit="javascript:alert(1)"') as v:
        # An attribute given twice counts once: the harmless one of the fixture is first.
        await v.page.evaluate(
            "const c = document.querySelector('harborline-chat'); c.remove();"
            "c.setAttribute('exit', 'javascript:alert(1)'); setTimeout(() => document.body.append(c))"
        )
        await v.open()
        await expect(v.chat.locator(".disclosure")).to_contain_text("www.weather.gov")


def open_handoffs(server: Server) -> int:
    with Records(server).session() as session:
        return session.scalar(sa.select(sa.func.count()).where(Handoff.closed_at.is_(None))) or 0
