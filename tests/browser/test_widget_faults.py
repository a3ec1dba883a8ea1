"""The widget when the server is not there: whatever was sent, the numbers come, and nothing is lost."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from playwright.async_api import Browser, Route, expect

from bot.transcripts.tables import Handoff, Turn
from tests.browser.embedding import CLINIC, CRISIS, STRANGER, OpenVisit, Visit, visits
from tests.fixtures.records import Records
from tests.fixtures.server import Server, environment

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = ["tel:+13214153213", "tel:988", "sms:988", "tel:911"]
REFUSED_WITHIN = 1_000
HUNG_WITHIN = 6_000
"""Milliseconds."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def killable(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server of this module's own, cards alone, on a port that it comes back to."""
    folder = tmp_path_factory.mktemp("killable")
    settings = environment(folder, mode="card-only", port=str(_free_port()), allowed_origins=CLINIC)
    server = await asyncio.to_thread(Server(folder, settings).start)
    yield server
    await asyncio.to_thread(server.stop, signal.SIGKILL)


@pytest.fixture
def visit(browser: Browser, killable: Server) -> OpenVisit:
    return visits(browser, killable.url)


async def numbers_within(v: Visit, milliseconds: int) -> None:
    """The numbers are in view, said once, and no word is of a machine."""
    card = v.chat.get_by_role("region", name="Help right now")
    await expect(card.get_by_role("link").first).to_be_in_viewport(timeout=milliseconds)
    assert (await v.hrefs(".help"))[:4] == NUMBERS
    await expect(card).to_contain_text("The chat cannot be reached right now")
    assert len([line for line in await v.spoken() if "cannot be reached" in line]) == 1


async def test_killed_then_back(visit: OpenVisit, killable: Server) -> None:
    """Refused: within a second. The message survives a reload and arrives once."""
    async with visit(faults=True) as v:
        await v.open()
        await asyncio.to_thread(killable.stop, signal.SIGKILL)
        try:
            await v.write(CRISIS)
            await numbers_within(v, REFUSED_WITHIN)
            await expect(v.chat.locator(".failed")).to_contain_text("Not sent")
            await expect(v.input).to_be_focused()
        finally:
            await asyncio.to_thread(killable.start)
        await v.page.reload()
        await v.chat.locator(".launch").click()
        await expect(v.chat.locator(".me")).to_contain_text(CRISIS)
        await v.chat.get_by_role("button", name="Retry").press("Enter")
        await expect(v.input).to_be_focused()
        await expect(v.chat.locator(".sentence")).to_have_text("Thank you for telling me.")
        await expect(v.chat.locator(".failed")).to_have_count(0)
    with Records(killable).session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Handoff)) == 1
        inbound = sa.select(sa.func.count()).select_from(Turn).where(Turn.external_id.is_not(None))
        assert session.scalar(inbound) == 1


@pytest.mark.parametrize("line", ["http", "socket"])
async def test_hung_then_answering_after_all(visit: OpenVisit, killable: Server, line: str) -> None:
    """The first message, before there is anything to send it over, and a later one, over a live socket."""
    async with visit(faults=True) as v:
        await v.open()
        if line == "socket":
            async with v.page.expect_websocket() as opened:
                await v.write("hello")
            await (await opened.value).wait_for_event("framereceived")
            await expect(v.chat.locator(".turn.fallback")).to_be_visible()
        killable.process.send_signal(signal.SIGSTOP)  # type: ignore[union-attr]
        try:
            await v.write(CRISIS)
            await expect(v.chat.locator(".typing")).to_be_visible()
            await numbers_within(v, HUNG_WITHIN)
        finally:
            killable.process.send_signal(signal.SIGCONT)  # type: ignore[union-attr]
        await expect(v.chat.locator(".sentence")).to_have_text("Thank you for telling me.", timeout=15_000)
        await expect(v.chat.locator(".failed")).to_have_count(0)
        await expect(v.chat.locator(".me")).to_have_count(2 if line == "socket" else 1)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_proxy_that_turns_people_away(visit: OpenVisit, status: int) -> None:
    async with visit(faults=True) as v:

        async def refuse(route: Route) -> None:
            await route.fulfill(
                status=status, body="<h1>upstream connect error</h1>", content_type="text/html"
            )

        await v.context.route("**/api/**", refuse)
        await v.open()
        await v.write("hello")
        await numbers_within(v, REFUSED_WITHIN)
        await expect(v.chat.locator(".log")).not_to_contain_text("upstream")
        await v.context.unroute("**/api/**")
        # The network is back: what failed is sent without being asked for.
        await v.page.evaluate("window.dispatchEvent(new Event('online'))")
        await expect(v.chat.locator(".failed")).to_have_count(0)
        await expect(v.chat.locator(".turn.fallback")).to_be_visible()
        await expect(v.chat.locator(".help")).to_be_hidden()


async def test_refused_by_the_server_in_words(visit: OpenVisit) -> None:
    async with visit(faults=True) as v:
        await v.open()
        await v.write("x" * 1_000_000)
        await expect(v.chat.locator(".turn.fallback")).to_contain_text("too long")
        assert {"tel:988", "tel:911", "tel:+13214153213"} <= set(await v.hrefs(".turn.fallback"))


async def test_an_expired_token_costs_nothing_but_a_new_conversation(visit: OpenVisit) -> None:
    async with visit(faults=True) as v:
        seen: list[str] = []

        async def spoil(route: Route) -> None:
            said: Any = route.request.post_data_json
            seen.append(said["conversation"])
            headers = route.request.headers
            await route.continue_(
                headers={**headers, "authorization": "Bearer x"} if len(seen) == 1 else headers
            )

        await v.context.route("**/api/messages", spoil)
        await v.open()
        await v.write(CRISIS)
        await expect(v.chat.locator(".sentence")).to_be_visible()
        assert len(set(seen)) == 2


async def test_a_page_that_may_not_use_the_server_shows_the_numbers(
    browser: Browser, killable: Server
) -> None:
    """The Origin check refuses a site that the clinic does not list; its visitors still get the numbers."""
    async with visits(browser, killable.url)(faults=True, at=STRANGER) as v:
        await v.open()
        await v.write(CRISIS)
        await numbers_within(v, REFUSED_WITHIN)


async def test_with_the_script_blocked_or_off_the_numbers_are_plain_html(
    browser: Browser, killable: Server
) -> None:
    for runs in (False, True):
        context = await browser.new_context(java_script_enabled=runs)
        page = await context.new_page()
        await context.route("**/widget.js", lambda route: route.abort())
        await page.goto(killable.url)
        for name in ("Call the clinic (321) 415-3213", "Call 988", "Text 988", "Call 911"):
            await expect(page.locator("harborline-chat").get_by_role("link", name=name)).to_be_visible()
        await context.close()


@pytest.mark.parametrize(
    "lacks", ["delete Document.prototype.adoptedStyleSheets", "delete window.ResizeObserver"]
)
async def test_in_a_browser_that_cannot_run_it_the_numbers_stay(
    browser: Browser, killable: Server, lacks: str
) -> None:
    """Too old to run it, or something breaks as it starts: what stands in the page is shown."""
    context = await browser.new_context()
    await context.add_init_script(lacks)
    page = await context.new_page()
    async with page.expect_response("**/widget.js"):
        await page.goto(killable.url)
    await expect(page.locator("harborline-chat").get_by_role("link", name="Call 988")).to_be_visible()
    await expect(page.locator(".launch")).to_have_count(0)
    await context.close()


async def test_a_slow_network_is_no_dead_network(visit: OpenVisit) -> None:
    async with visit() as v:
        client = await v.context.new_cdp_session(v.page)
        await client.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 20_000},
        )
        await v.open()
        await v.write("hello")
        await expect(v.chat.locator(".typing")).to_be_visible()
        await expect(v.chat.locator(".turn.fallback")).to_be_visible(timeout=10_000)
        await expect(v.chat.locator(".help")).to_be_hidden()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
