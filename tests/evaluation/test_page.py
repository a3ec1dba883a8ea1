"""The pages of `--html`, in a real browser: nothing is fetched, nothing runs, everything can be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from bot.evaluation.page import MISSES, Miss, Tile, misses
from bot.rates import Rate
from tests.browser.chromium import ARGUMENTS, executable
from tests.evaluation.running import assert_refused, evaluate, write
from tests.evaluation.test_dialogues import LINES as DIALOGUES
from tests.evaluation.test_faq import LINES as QUESTIONS
from tests.evaluation.test_risk import LINES as MESSAGES

pytest_plugins = ["tests.fixtures.models"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

MARKUP = {"id": "<b>id</b>", "text": "<script>alert(1)</script>", "lang": "en"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, real_model: Path) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    files = {
        "risk": [*MESSAGES, {**MARKUP, "expected": "crisis", "category": "a_rather_long_name_of_a_category"}],
        "faq": [*QUESTIONS, {**MARKUP, "topic": "risks"}],
        "dialogues": DIALOGUES,
    }
    for kind, lines in files.items():
        done = evaluate(kind, write(folder / f"{kind}.jsonl", lines), "--html", folder / f"{kind}.html")
        assert done.exit_code == 0, done.stderr or done.exception
    return {kind: folder / f"{kind}.html" for kind in files}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    path = executable()
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield launched
        await launched.close()


async def opened(browser: Browser, file: Path, width: int, scheme: str) -> tuple[Page, list[str]]:
    context = await browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = await context.new_page()
    noted: list[str] = []
    page.on("request", lambda request: noted.append(request.url[:40]))
    page.on("console", lambda message: noted.append(message.text))
    await page.goto(file.as_uri())
    return page, [each for each in noted if not each.startswith("data:")]


@pytest.mark.parametrize("kind", ["risk", "faq", "dialogues"])
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
async def test_a_page_can_be_read(
    browser: Browser, pages: dict[str, Path], kind: str, width: int, scheme: str
) -> None:
    page, noted = await opened(browser, pages[kind], width, scheme)
    assert [each for each in noted if not each.startswith("file:")] == []
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    drawn = "[...document.images].filter(image => image.currentSrc && image.naturalWidth > 0).length"
    assert await page.evaluate(drawn) == await page.evaluate("document.images.length") >= 4
    found = (await Axe().run(page)).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    await page.context.close()


async def test_what_people_wrote_stays_text(browser: Browser, pages: dict[str, Path]) -> None:
    for kind in ("risk", "faq"):
        page, _ = await opened(browser, pages[kind], 1280, "light")
        assert await page.locator("script").count() == 0
        assert "<script>alert(1)</script>" in await page.locator("main").inner_text()
        await page.context.close()


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("risk", ["c3", "what is the weather like", "crisis expected", "No cue is left in force", "m2"]),
        (
            "faq",
            ["leak", "out_of_scope expected; answered, taken for what_is_ketamine", "near to “", "chosen"],
        ),
        ("dialogues", ["planted, turn 2", "must: no card says this", "before: “i want to kill myself”"]),
    ],
)
async def test_misses_with_their_reasons(
    browser: Browser, pages: dict[str, Path], kind: str, parts: list[str]
) -> None:
    page, _ = await opened(browser, pages[kind], 1280, "light")
    text = await page.locator("main").inner_text()
    for part in parts:
        assert part in text
    await page.context.close()


async def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    file = write(tmp_path / "lines.jsonl", MESSAGES)
    done = evaluate("risk", file, "--rules-only", "--html", tmp_path)
    assert_refused(done, str(tmp_path), "cannot be written")


async def test_a_page_holds_so_many_misses() -> None:
    section = misses("Missed", "", range(MISSES + 7), lambda at: Miss(str(at), [], "", ""))
    assert (len(section.misses), section.omitted) == (MISSES, 7)
    assert section.title == f"Missed ({MISSES + 7})"


async def test_a_tile_without_lines() -> None:
    assert Tile.of("recall", Rate(0, 0)).value == "–"
