"""R26: WCAG 2.2 AA in every state: axe, keyboard, reflow, large text, forced colours, motion, print."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.chromium import ARGUMENTS, executable
from tests.browser.conftest import DESK, PHONE
from tests.browser.embedding import CRISIS, QUESTION, OpenVisit, Visit, visits
from tests.fixtures.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

NARROW = {"width": 320, "height": 568}
MEASURE = """() => {
  const inside = document.querySelector("harborline-chat").shadowRoot;
  const seen = (part) => part.checkVisibility();
  const wide = [...inside.querySelectorAll(".panel, .log, .help, header")].filter(seen)
    .filter((part) => part.scrollWidth > part.clientWidth).map((part) => `cut off: ${part.className}`);
  const small = [...inside.querySelectorAll("a, button")].filter(seen).filter((control) => {
    const box = control.getBoundingClientRect();
    return Math.min(box.width, box.height) < 44;
  }).map((control) => `too small: ${control.textContent || control.ariaLabel}`);
  return [...wide, ...small];
}"""
"""What is wider than its place, and what is too small for a shaking hand."""
INSIDE = "document.querySelector('harborline-chat').shadowRoot.activeElement"


@pytest.fixture
def visit(browser: Browser, server: Server) -> OpenVisit:
    return visits(browser, server.url)


async def clean(v: Visit, state: str) -> None:
    """Axe finds nothing, nothing is cut off, every target is large enough."""
    found = await Axe().run(v.page)
    assert found.violations_count == 0, f"{state}: {found.generate_report()}"
    assert await v.page.evaluate(MEASURE) == [], state


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": PHONE, "has_touch": True},
        {"viewport": PHONE, "color_scheme": "dark", "lang": "es"},
        {"viewport": DESK, "color_scheme": "dark"},
        {"viewport": NARROW, "lang": "es", "locale": "es-US"},
    ],
    ids=["phone", "phone-dark-es", "desk-dark", "narrow-es"],
)
async def test_every_state_is_clean(visit: OpenVisit, options: dict[str, Any]) -> None:
    spanish = options.get("lang") == "es"
    async with visit(reduced_motion="reduce", faults=True, **options) as v:
        await clean(v, "closed")
        await v.open()
        await clean(v, "disclosure")
        await v.write("¿la ketamina es adictiva?" if spanish else QUESTION)
        await expect(v.chat.locator(".source")).to_be_visible()
        await clean(v, "answer")
        await v.danger("quiero quitarme la vida" if spanish else CRISIS)
        await clean(v, "crisis")
        acts = v.chat.locator(".acts").first.locator("button")
        await acts.nth(1).click()
        await clean(v, "call back")
        await v.chat.locator(".help form button").last.click()
        await acts.first.click()
        await clean(v, "crisis, typing on")
        await v.context.set_offline(True)
        await v.write("ok")
        await expect(v.chat.locator(".failed")).to_be_visible()
        await clean(v, "not sent")
        await v.context.set_offline(False)
        await v.chat.locator(".clear button").click()
        await clean(v, "clear?")


async def test_the_keyboard_is_enough_and_focus_is_never_lost(visit: OpenVisit) -> None:
    async with visit(viewport=DESK) as v:
        keys = v.page.keyboard
        await keys.press("Tab")
        await expect(v.chat.locator(".launch")).to_be_focused()
        await expect(v.chat.locator(".launch")).to_have_attribute("aria-expanded", "false")
        await keys.press("Enter")
        await expect(v.input).to_be_focused()
        await expect(v.chat.get_by_role("dialog")).to_have_accessible_name(
            "Orlando Treatment Solutions – Automated assistant"
        )
        await keys.type("hello")
        await keys.press("Shift+Enter")
        await keys.type(CRISIS)
        await keys.press("Enter")
        await expect(v.chat.locator(".sentence")).to_be_visible()
        await expect(v.input).to_be_focused()
        await keys.press("Shift+Tab")
        for name in ("Call the clinic (321) 415-3213", "Call 988", "Text 988", "Call 911"):
            await expect(v.chat.locator(".help").get_by_role("link", name=name)).to_be_focused()
            await keys.press("Tab")
        await v.chat.get_by_role("button", name="I'd rather type").press("Enter")
        await expect(v.input).to_be_focused()
        await v.chat.get_by_role("button", name="Clear my chat").press("Enter")
        await keys.press("Tab")
        await expect(v.chat.get_by_role("button", name="Cancel")).to_be_focused()
        await keys.press("Enter")
        await expect(v.chat.get_by_role("button", name="Clear my chat")).to_be_focused()
        await keys.press("Escape")
        await expect(v.chat.locator(".launch")).to_be_focused()
        assert await v.page.evaluate("document.activeElement.localName") == "harborline-chat"


async def test_on_a_phone_the_chat_is_the_whole_screen_and_tab_stays_in_it(visit: OpenVisit) -> None:
    async with visit(has_touch=True, is_mobile=True, reduced_motion="reduce") as v:
        await v.open()
        panel = v.chat.locator(".panel")
        await expect(panel).to_have_attribute("aria-modal", "true")
        # Opening pops up no keyboard: the input is not focused on a touch screen.
        assert await v.page.evaluate(f"{INSIDE}.className") == "panel"
        await v.page.keyboard.press("Shift+Tab")
        assert await v.page.evaluate(f"{INSIDE}.className") == "send"
        await v.page.keyboard.press("Tab")
        await expect(v.chat.locator(".panel .leave")).to_be_focused()
        # Sending leaves the keyboard where it is, by its own key and by a tap.
        await v.input.tap()
        await v.write("hello")
        await expect(v.input).to_be_focused()
        await v.input.fill("how much should i take")
        await v.chat.get_by_role("button", name="Send").tap()
        await expect(v.input).to_be_focused()
        await expect(v.chat.locator(".turn.refusal")).to_be_visible()
        await expect(v.input).to_be_focused()
        box = await panel.bounding_box()
        assert box is not None
        assert [round(side) for side in (box["x"], box["y"], box["width"], box["height"])] == [
            0,
            0,
            *PHONE.values(),
        ]


async def test_replies_are_said_once_from_the_page_and_history_is_not(visit: OpenVisit) -> None:
    async with visit() as v:
        await v.ask()
        said = await v.spoken()
        assert len([line for line in said if line.startswith("Yes, it can be.")]) == 1
        region = v.page.locator("harborline-chat > [aria-live=polite]")
        await expect(region).to_have_count(1)
        # Rendered, so that it is in the accessibility tree, and not seen.
        assert await region.evaluate("e => e.checkVisibility() && e.getBoundingClientRect().width <= 1")
        await v.page.reload()
        await expect(v.chat.locator(".source")).to_be_attached()
        assert await v.spoken() == []


async def test_motion_print_and_forced_colours(visit: OpenVisit) -> None:
    async with visit(reduced_motion="reduce", forced_colors="active") as v:
        await v.open()
        moving = "document.querySelector('harborline-chat').shadowRoot.getAnimations().length"
        assert await v.page.evaluate(moving) == 0
        edge = "e => getComputedStyle(e).borderTopWidth"
        assert await v.chat.locator(".send").evaluate(edge) != "0px"
        await v.page.emulate_media(media="print")
        await expect(v.chat.locator(".panel, .dock")).to_have_count(2)
        for part in (".panel", ".dock"):
            await expect(v.chat.locator(part)).to_be_hidden()
        await expect(v.chat.locator(".print")).to_contain_text("(321) 415-3213")
        await expect(v.chat.locator(".print")).to_contain_text("911")


@asynccontextmanager
async def large_letters() -> AsyncIterator[Browser]:
    """A browser whose person reads letters twice as large."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=executable(), args=[*ARGUMENTS, "--blink-settings=defaultFontSize=32"]
        )
        yield launched
        await launched.close()


async def test_magnified_four_times_everything_is_within_reach(visit: OpenVisit) -> None:
    """WCAG 1.4.10: 1,280 × 1,024 at 400 % is 320 × 256."""
    async with visit(viewport={"width": 320, "height": 256}, lang="es") as v:
        await v.open()
        for control in (".panel .leave", ".lines a", "#input", ".send"):
            await expect(v.chat.locator(control).first).to_be_in_viewport(ratio=1)
        await v.danger("quiero quitarme la vida")
        await v.chat.get_by_role("button", name="Prefiero escribir").press("Enter")
        await expect(v.input).to_be_focused()
        for control in (".panel .leave", ".help a", "#input", ".send"):
            await expect(v.chat.locator(control).first).to_be_in_viewport(ratio=0.95)
        assert await v.chat.locator(".log").evaluate("e => e.clientHeight") > 24
        assert await v.page.evaluate(MEASURE) == []


async def test_letters_twice_as_large(server: Server) -> None:
    """WCAG 1.4.4: what is set in the browser counts, whatever the page says of its own letters."""
    async with large_letters() as browser, visits(browser, server.url)(css="html { font-size: 10px }") as v:
        await v.open()
        assert await v.input.evaluate("e => getComputedStyle(e).fontSize") == "32px"
        await v.danger()
        await expect(v.chat.locator(".help a").first).to_be_in_viewport(ratio=1)
        for part in (".panel", "header"):
            assert await v.chat.locator(part).evaluate("e => e.scrollWidth - e.clientWidth") == 0
