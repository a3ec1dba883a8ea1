"""The provenance page in a real browser: readable on a phone and on a desk, in light and in dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from bot.content import load
from bot.curation.report import page as report_page
from bot.settings import ROOT
from tests.browser.conftest import DESK, PHONE

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the real content, as a file."""
    file = tmp_path_factory.mktemp("report") / "provenance.html"
    file.write_text(report_page(load(ROOT / "data")), encoding="utf-8")
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_the_page_fits_and_axe_finds_nothing(
    browser: Browser, written: Path, viewport: dict[str, int], scheme: str
) -> None:
    context = await browser.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(written.as_uri())
    assert asked == [written.as_uri()]
    assert await page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    await context.close()


async def test_languages_stand_side_by_side_where_there_is_room(browser: Browser, written: Path) -> None:
    page = await browser.new_page(viewport=DESK)  # type: ignore[arg-type]
    await page.goto(written.as_uri())
    texts = page.locator("#utter_faq-risks .text")
    english, spanish = await texts.nth(0).bounding_box(), await texts.nth(1).bounding_box()
    assert english is not None
    assert spanish is not None
    assert (english["y"], await texts.nth(1).get_attribute("lang")) == (spanish["y"], "es")
    await page.close()
