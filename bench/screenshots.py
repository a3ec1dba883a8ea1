"""Pictures of the widget in every state, from a real server: `python -m bench.screenshots [FOLDER]`.

Without a folder only those that the README shows are made, in `docs/pictures`; with one, every state at 320,
390 and 1280 pixels, light and dark, for whoever changes how it looks.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, Page, async_playwright, expect

from bot.settings import ROOT
from tests.browser.chromium import ARGUMENTS, executable
from tests.fixtures.server import running

SIZES: Final = {"320": (320, 640), "390": (390, 844), "1280": (1280, 800)}
SCHEMES: Final = ("light", "dark")
PICTURES: Final = ROOT / "docs" / "pictures"
SHOWN: Final = (
    ("answer", "1280", "light", "en"),
    ("crisis", "390", "light", "en"),
    ("call", "390", "dark", "es"),
)
"""What the README shows: state, size, scheme, language."""
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "en": ("is k addictive when a doctor gives it?", "honestly i want to kill myself"),
    "es": ("¿la ketamina es adictiva?", "la verdad, quiero quitarme la vida"),
}
SETTLE_MS: Final = 300

State = Callable[[Page, str], Awaitable[None]]


async def closed(page: Page, _: str) -> None:
    """The page as a visitor finds it."""
    await page.locator(".launch").wait_for()


async def opened(page: Page, _: str) -> None:
    """The disclosure and the greeting."""
    await page.locator(".launch").click()


async def answer(page: Page, language: str) -> None:
    """An answer with its source."""
    await _write(page, WORDS[language][0])
    await expect(page.locator(".source")).to_be_visible()


async def crisis(page: Page, language: str) -> None:
    """The card that stays in view."""
    await _write(page, WORDS[language][1])
    await expect(page.locator(".sentence")).to_be_visible()


async def call(page: Page, _: str) -> None:
    """Asking to be called."""
    await page.locator(".acts button").nth(1).click()


async def typing_on(page: Page, _: str) -> None:
    """The numbers in one row, for whoever would rather type."""
    await page.locator(".help form button").last.click()
    await page.locator(".acts button").first.click()


async def not_sent(page: Page, _: str) -> None:
    """No network."""
    await page.context.set_offline(True)
    await _write(page, "ok")
    await expect(page.locator(".failed")).to_be_visible()


async def clear(page: Page, _: str) -> None:
    """Asking whether to clear."""
    await page.locator(".clear button").click()


async def gone(page: Page, _: str) -> None:
    """Cleared, and the server away at the first message of another chat."""
    await page.locator(".clear button").first.click()
    await expect(page.locator(".me")).to_have_count(0)
    await _write(page, "?")
    await expect(page.locator(".sentence")).to_be_visible()


async def comment(page: Page, language: str) -> None:
    """A thumb and a comment; back in the network."""
    await page.context.set_offline(False)
    await expect(page.locator(".failed")).to_have_count(0)
    await _write(page, WORDS[language][0])
    await page.locator(".feedback button").first.click()


STATES: Final[Mapping[str, State]] = {
    "closed": closed,
    "opened": opened,
    "answer": answer,
    "crisis": crisis,
    "call": call,
    "typing_on": typing_on,
    "not_sent": not_sent,
    "clear": clear,
    "gone": gone,
    "comment": comment,
}
"""In an order in which each follows from the one before."""


async def _write(page: Page, text: str) -> None:
    await page.locator("#input").fill(text)
    await page.locator("#input").press("Enter")


async def walk(
    browser: Browser, url: str, size: str, scheme: Any, language: str, last: str, folder: Path
) -> None:
    """Go through the states up to the last one wanted, and picture each; only it, if the README wants it."""
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        has_touch=width < SIZES["1280"][0],
    )
    page = await context.new_page()
    await page.goto(f"{url}/?lang={language}")
    only = folder == PICTURES
    for name, go in STATES.items():
        await go(page, language)
        await page.wait_for_timeout(SETTLE_MS)
        if not only or name == last:
            kind = "" if only else f"-{size}-{scheme}-{language}"
            await page.screenshot(path=folder / f"{name}{kind}.png")
        if name == last:
            break
    await context.close()


async def picture(url: str, folder: Path | None) -> None:
    """Every picture that is wanted."""
    wanted = SHOWN if folder is None else _everything()
    target = folder or PICTURES
    target.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(), args=list(ARGUMENTS))
        for last, size, scheme, language in wanted:
            await walk(browser, url, size, scheme, language, last, target)
        await browser.close()


def _everything() -> tuple[tuple[str, str, str, str], ...]:
    last = list(STATES)[-1]
    return tuple(
        (last, size, scheme, language)
        for size in SIZES
        for scheme, language in (*((scheme, "en") for scheme in SCHEMES), ("light", "es"))
    )


def main() -> None:
    """Start a server of its own and make the pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as scratch, running(Path(scratch)) as server:
        asyncio.run(picture(server.wait_ready().url, folder))


if __name__ == "__main__":
    main()
