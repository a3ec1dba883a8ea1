"""The demo page in a real browser, against the real server with the trained model."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from bot.transcripts.tables import Handoff
from tests.browser.conftest import DESK, PHONE, OpenPage
from tests.fixtures.records import Records
from tests.fixtures.server import Server, environment

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = "is k addictive when a doctor gives it?"
CRISIS = "i want to kill myself"
MARKUP = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "</p><a href='javascript:alert(1)'>tap</a>",
    "{{constructor.constructor('alert(1)')()}}",
    "[link](javascript:alert(1)) **bold**",
)


async def write(page: Page, text: str) -> None:
    await page.get_by_label("Your message").or_(page.get_by_label("Su mensaje")).fill(text)
    await page.keyboard.press("Enter")


async def hrefs(page: Page, within: str) -> list[str]:
    found: list[str] = await page.locator(f"{within} a").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    return found


async def test_it_opens_by_saying_what_it_is(open_page: OpenPage) -> None:
    async with open_page() as page:
        await expect(page.locator(".disclosure")).to_contain_text("not a person")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Orlando Treatment Solutions")
        assert await hrefs(page, ".line") == ["tel:988", "sms:988", "tel:911", "tel:+13214153213"]


async def test_a_question_gets_its_answer_with_the_source(open_page: OpenPage) -> None:
    async with open_page() as page:
        await write(page, QUESTION)
        answer = page.locator(".answer").filter(has=page.locator(".source"))
        await expect(answer.locator(".source")).to_contain_text("section “Is Ketamine Addictive?”")
        await expect(answer.locator(".source")).to_contain_text("Reviewed")
        await expect(page.locator(".crisis")).to_have_count(0)
        assert "tel:+13214153213" in await hrefs(page, ".answer")


async def test_a_crisis_gets_the_card_and_the_focus_stays_with_the_writer(open_page: OpenPage) -> None:
    async with open_page() as page:
        await write(page, QUESTION)
        await expect(page.locator(".source")).to_be_visible()
        await write(page, CRISIS)
        card = page.locator(".crisis")
        await expect(card.get_by_role("heading")).to_have_text("Help right now")
        assert {"tel:988", "sms:988", "tel:911", "tel:+13214153213"} <= set(await hrefs(page, ".crisis"))
        await expect(page.get_by_label("Your message")).to_be_focused()
        # On a phone the first numbers of the card are in view without scrolling.
        await expect(card.get_by_role("link", name="Call 988")).to_be_in_viewport(ratio=1)


async def test_a_crisis_card_is_told_apart_without_colour(open_page: OpenPage) -> None:
    async with open_page() as page:
        await write(page, QUESTION)
        await expect(page.locator(".source")).to_be_visible()
        await write(page, CRISIS)
        await expect(page.locator(".crisis")).to_be_visible()
        widths = [
            await page.locator(kind).last.evaluate(
                "card => parseFloat(getComputedStyle(card).borderLeftWidth)"
            )
            for kind in (".answer", ".crisis")
        ]
        assert widths[1] > 4 * widths[0]


async def test_the_log_is_polite(open_page: OpenPage) -> None:
    async with open_page() as page:
        log = page.get_by_role("log", name="Conversation")
        await expect(log.locator(".disclosure")).to_be_visible()
        assert await log.get_attribute("aria-live") in (None, "polite")
        assert await page.locator("[aria-live=assertive], [role=alert]").count() == 0


async def test_spanish_from_the_first_word(open_page: OpenPage) -> None:
    async with open_page(locale="es-US") as page:
        await expect(page.locator("html")).to_have_attribute("lang", "es")
        await expect(page.locator(".disclosure")).to_have_attribute("lang", "es")
        await write(page, "quiero quitarme la vida")
        await expect(page.locator(".crisis h3")).to_have_text("Ayuda ahora mismo")
        assert "sms:988?&body=AYUDA" in await hrefs(page, ".crisis")


async def test_switching_before_the_first_message_starts_again_in_the_other_language(
    open_page: OpenPage,
) -> None:
    async with open_page() as page:
        await expect(page.locator(".disclosure")).to_have_attribute("lang", "en")
        await page.get_by_role("link", name="Español").click()
        await expect(page.locator(".disclosure")).to_have_attribute("lang", "es")
        await expect(page.locator(".said[lang=en]")).to_have_count(0)
        await expect(page.get_by_role("button", name="Enviar")).to_be_visible()
        assert "sms:988?&body=AYUDA" in await hrefs(page, ".line")


async def test_switching_later_changes_the_language_of_what_the_text_does_not_tell(
    open_page: OpenPage,
) -> None:
    async with open_page() as page:
        await write(page, QUESTION)
        await expect(page.locator(".source")).to_be_visible()
        await page.get_by_role("link", name="Español").click()
        await expect(page.locator(".source")).to_be_visible()
        await write(page, "ok")
        await expect(page.locator(".said.bot").last).to_have_attribute("lang", "es")


async def test_a_suggestion_is_sent_as_ordinary_text(open_page: OpenPage) -> None:
    async with open_page() as page:
        button = page.locator(".quick button").first
        text = await button.inner_text()
        async with page.expect_request("**/api/messages") as sent:
            await button.click()
        body: Any = (await sent.value).post_data_json
        assert body["text"] == text
        await expect(page.locator(".me p")).to_have_text(text)
        await expect(page.get_by_role("log")).to_be_focused()
        await expect(page.locator(".said.bot")).to_have_count(3)


async def test_not_sent_then_retry_with_the_same_id(open_page: OpenPage) -> None:
    async with open_page(faults=True) as page:
        await expect(page.locator(".disclosure")).to_be_visible()
        ids: list[str] = []
        page.on("request", lambda request: ids.append(_id(request)) if "messages" in request.url else None)
        await page.context.set_offline(True)
        await write(page, CRISIS)
        await expect(page.locator(".failed")).to_contain_text("Not sent.")
        assert {"tel:988", "tel:911", "tel:+13214153213"} <= set(await hrefs(page, ".unreachable"))
        await page.context.set_offline(False)
        await page.get_by_role("button", name="Retry").click()
        await expect(page.locator(".crisis")).to_be_visible()
        await expect(page.locator(".failed, .unreachable")).to_have_count(0)
        assert len(ids) == 2
        assert len(set(ids)) == 1


async def test_an_expired_token_costs_nothing_but_a_new_conversation(open_page: OpenPage) -> None:
    async with open_page(faults=True) as page:
        await expect(page.locator(".disclosure")).to_be_visible()
        spoilt = 0

        async def spoil(route: Any) -> None:
            nonlocal spoilt
            spoilt += 1
            headers = route.request.headers
            await route.continue_(
                headers={**headers, "authorization": "Bearer x"} if spoilt == 1 else headers
            )

        await page.route("**/api/messages", spoil)
        await write(page, CRISIS)
        await expect(page.locator(".crisis")).to_be_visible()
        assert spoilt == 2


async def test_a_body_that_is_too_large_is_said_with_the_numbers(open_page: OpenPage) -> None:
    async with open_page(faults=True) as page:
        await expect(page.locator(".disclosure")).to_be_visible()
        await write(page, "x" * 1_000_000)
        await expect(page.locator(".unsent")).to_contain_text("too long")
        assert {"tel:988", "tel:911", "tel:+13214153213"} <= set(await hrefs(page, ".unsent"))


@pytest.mark.parametrize("payload", MARKUP)
async def test_markup_is_words(open_page: OpenPage, payload: str) -> None:
    async with open_page() as page:
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        await write(page, payload)
        await expect(page.locator(".me p")).to_have_text(payload)
        await expect(page.locator(".said.bot").nth(2)).to_be_visible()
        assert await page.locator("#log img, #log script, #log svg, #log a[href^=javascript]").count() == 0
        assert dialogs == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_axe_finds_nothing(open_page: OpenPage, viewport: dict[str, int], scheme: str) -> None:
    async with open_page(
        viewport=viewport, color_scheme=scheme, faults=True, reduced_motion="reduce"
    ) as page:
        await write(page, QUESTION)
        await expect(page.locator(".source")).to_be_visible()
        await write(page, CRISIS)
        await expect(page.locator(".crisis")).to_be_visible()
        await page.context.set_offline(True)
        await write(page, "hello?")
        await expect(page.locator(".failed")).to_be_visible()
        await page.context.set_offline(False)
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_nothing_is_cut_off(open_page: OpenPage, width: int) -> None:
    async with open_page(viewport={"width": width, "height": 800}, locale="es-US") as page:
        await write(page, "quiero morirme")
        await expect(page.locator(".crisis")).to_be_visible()
        await write(page, "a" * 300)
        await expect(page.locator(".me")).to_have_count(2)
        for element in ("html", "#log"):
            overflow = "e => e.scrollWidth - e.clientWidth"
            assert await page.locator(element).evaluate(overflow) == 0


async def test_targets_are_large_enough_for_a_shaking_hand(open_page: OpenPage) -> None:
    async with open_page() as page:
        await write(page, CRISIS)
        await expect(page.locator(".crisis")).to_be_visible()
        for target in await page.locator("a:not(.skip), button").all():
            box = await target.bounding_box()
            assert box is not None
            assert box["height"] >= 44


async def test_the_keyboard_is_enough(open_page: OpenPage) -> None:
    async with open_page(viewport=DESK) as page:
        await expect(page.locator(".quick")).to_be_visible()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the message box")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Your message")).to_be_focused()
        await page.keyboard.type("hello")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type(CRISIS)
        await page.keyboard.press("Enter")
        await expect(page.locator(".me p")).to_have_text(f"hello\n{CRISIS}", use_inner_text=True)
        await expect(page.locator(".crisis")).to_be_visible()
        await page.keyboard.press("Shift+Tab")
        focused: str = await page.evaluate("document.activeElement.closest('.crisis') !== null")
        assert focused


async def test_reduced_motion_is_respected(open_page: OpenPage) -> None:
    moving = "document.getAnimations().length"
    async with open_page(reduced_motion="reduce") as page:
        await expect(page.locator(".disclosure")).to_be_visible()
        assert await page.evaluate(moving) == 0


async def test_without_javascript_the_numbers_are_there(open_page: OpenPage) -> None:
    async with open_page(java_script_enabled=False) as page:
        await expect(page.locator(".line a")).to_have_count(4)
        await expect(page.locator("#composer")).to_be_hidden()
        await page.get_by_role("link", name="Español").click()
        await expect(page.locator("html")).to_have_attribute("lang", "es")


async def test_a_script_that_does_not_arrive_is_said(open_page: OpenPage) -> None:
    async with open_page(faults=True) as page:
        await page.route("**/chat.js", lambda route: route.abort())
        await page.reload()
        await expect(page.get_by_text("The chat has not started")).to_be_visible(timeout=10_000)
        await expect(page.locator(".line a")).to_have_count(4)


async def test_a_server_that_dies_and_comes_back(open_page: OpenPage, tmp_path: Path) -> None:
    """Card-only, because the page is what is tried here; the message is stored once."""
    settings = environment(tmp_path, mode="card-only", port=str(_free_port()))
    server = await asyncio.to_thread(Server(tmp_path, settings).start)
    try:
        async with open_page(server.url, faults=True) as page:
            await expect(page.locator(".disclosure")).to_be_visible()
            await asyncio.to_thread(server.stop, signal.SIGKILL)
            await write(page, CRISIS)
            await expect(page.locator(".failed")).to_be_visible()
            await asyncio.to_thread(server.start)
            await page.get_by_role("button", name="Retry").click()
            await expect(page.locator(".crisis")).to_be_visible()
    finally:
        await asyncio.to_thread(server.stop, signal.SIGKILL)
    with Records(server).session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Handoff)) == 1


def _id(request: Any) -> str:
    identifier: str = request.post_data_json["client_message_id"]
    return identifier


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
