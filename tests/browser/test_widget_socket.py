"""The widget's line to the server: what others write comes in, broken lines are found, nothing twice."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Browser, Page, WebSocketRoute, expect

from tests.browser.conftest import DESK
from tests.browser.embedding import CLINIC, OpenVisit, Visit, visits
from tests.fixtures.records import Records
from tests.fixtures.server import Chat, Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEEP_SOCKETS = """
window.lines = [];
window.WebSocket = class extends WebSocket {
  constructor(...given) { super(...given); window.lines.push(this) }
};
"""
BREAK = """
() => new Promise((done) => {
  const line = window.lines.at(-1);
  line.addEventListener("close", () => {
    window.dispatchEvent(new Event("online"));
    window.lines.at(-1).addEventListener("message", done, { once: true });
  }, { once: true });
  line.close();
})
"""
READY = "window.lines?.at(-1)?.readyState === 1"
RECONNECTS = 100
MESSAGES = 10


@pytest.fixture
def visit(browser: Browser, server: Server) -> OpenVisit:
    return visits(browser, server.url)


async def conversation(v: Visit) -> Chat:
    """The chat that a tab keeps, to be used by another client."""
    kept: dict[str, Any] = json.loads(await v.page.evaluate("Object.values(sessionStorage)[0]"))
    return Chat(v.server, kept["conversation"], kept["token"])


async def test_what_is_written_elsewhere_comes_in_and_is_said_once(visit: OpenVisit) -> None:
    async with visit(viewport=DESK) as v:
        await v.page.add_init_script(KEEP_SOCKETS)
        await v.page.reload()
        await v.ask()
        await v.page.wait_for_function(READY)
        chat = await conversation(v)
        await asyncio.to_thread(chat.say, "how much should i take")
        refusal = v.chat.locator(".turn.refusal")
        await expect(refusal).to_have_count(1)
        await expect(v.chat.locator(".me")).to_have_count(2)
        # While nobody is looking at the page: it comes when they are back.
        await v.page.evaluate("window.dispatchEvent(new Event('pagehide'))")
        await asyncio.to_thread(chat.say, "do you take my insurance")
        await v.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
        await expect(v.chat.locator(".me")).to_have_count(3)
        spoken = await v.spoken()
        assert len(spoken) == len(set(spoken)) == 3


async def test_a_hundred_reconnects_in_two_tabs_deliver_each_message_once(
    visit: OpenVisit, server: Server
) -> None:
    async with visit(viewport=DESK) as v:
        await v.context.add_init_script(KEEP_SOCKETS)
        await v.page.reload()
        await v.ask()
        other = await v.context.new_page()
        await other.goto(f"{CLINIC}/other")
        for page in (v.page, other):
            await page.wait_for_function(READY)
        tabs = [v, Visit(other, v.context, v.server)]
        await tabs[1].open()
        for message in range(MESSAGES):
            writer = tabs[message % 2]
            await writer.page.bring_to_front()
            await writer.write(f"hello number {message}")
            # The line breaks while the message is on its way, in both tabs.
            await asyncio.gather(*(break_often(tab.page, RECONNECTS // MESSAGES // 2) for tab in tabs))
        for tab in tabs:
            mine = tab.chat.locator(".me")
            await expect(mine).to_have_count(MESSAGES + 1)
            words = await mine.locator(".words").all_inner_texts()
            # Each once; what two tabs send at a time may come in either order, what one sends may not.
            sent = [f"hello number {message}" for message in range(MESSAGES)]
            assert sorted(words[1:]) == sent
            for own in (sent[::2], sent[1::2]):
                assert [word for word in words if word in own] == own
            await expect(tab.chat.locator(".turn:not(.me)")).to_have_count(2 + 1 + MESSAGES)
            await expect(tab.chat.locator(".failed")).to_have_count(0)
        chat = await conversation(v)
        assert await other.evaluate("window.lines.length") > RECONNECTS / 2
    assert len(Records(server).external_ids(chat.conversation)) == MESSAGES + 1


async def break_often(page: Page, times: int) -> None:
    for _ in range(times):
        await page.evaluate(BREAK)


async def test_a_line_that_is_dead_on_one_side_is_found_within_thirty_seconds(visit: OpenVisit) -> None:
    """Nothing is refused and nothing is closed: the other end has just gone silent."""
    async with visit(viewport=DESK, faults=True) as v:
        lines: list[WebSocketRoute] = []
        silent = False

        def carry(line: WebSocketRoute) -> None:
            lines.append(line)
            server = line.connect_to_server()
            line.on_message(lambda said: None if silent else server.send(said))
            server.on_message(lambda said: None if silent else line.send(said))

        await v.page.route_web_socket("**/api/socket", carry)
        await v.page.clock.install()
        await v.page.reload()
        await v.ask()
        await v.page.wait_for_function("Object.keys(sessionStorage).length === 1")
        while not lines:
            await asyncio.sleep(0.01)
        # A ping is answered while the line lives.
        await v.page.clock.run_for(25_000)
        assert len(lines) == 1
        silent = True
        await v.page.clock.run_for(30_000)
        silent = False
        await v.page.clock.run_for(2_000)
        while len(lines) < 2:
            await asyncio.sleep(0.01)
        await asyncio.to_thread((await conversation(v)).say, "how much should i take")
        await expect(v.chat.locator(".turn.refusal")).to_have_count(1)
