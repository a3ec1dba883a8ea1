"""The desk's pages of transcripts, review, feedback and figures in a real browser."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select

from bot.messages import Risk
from bot.reviewing import choosing, giving
from bot.reviewing.choosing import Chosen
from bot.reviewing.verdicts import Judgement
from bot.staff.roles import Role
from bot.transcripts import feedback, turns
from bot.transcripts.entries import RecordedEntry
from bot.transcripts.tables import ReviewReason, ReviewStage, Turn, Verdict
from tests.browser.staff import Desk
from tests.browser.test_desk import MARKUP, _free_port, _until_the_database_is_there
from tests.fixtures.desk import CRISIS, write
from tests.fixtures.examples import ANSWER, accepted, recorded
from tests.fixtures.server import Server, environment

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGES = (
    "transcripts",
    "transcripts?level=crisis",
    "transcripts?since=2031-01-01",
    "transcripts/{conversation}",
    "review",
    "review/messages/{turn}",
    "feedback",
    "overview",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[Desk]:
    """A server in card-only mode, since only its desk is tried here."""
    folder = tmp_path_factory.mktemp("review")
    server = Server(folder, environment(folder, mode="card-only", port=str(_free_port())))
    await asyncio.to_thread(server.start)
    await _until_the_database_is_there(server)
    yield Desk(server, browser)
    await asyncio.to_thread(server.stop, signal.SIGKILL)


async def said(desk: Desk, text: str, risk: Risk, *, comment: str | None = None) -> tuple[UUID, UUID]:
    """A message with its answer, an opinion of it, and a place in the review; ids of both."""
    database, now = desk.database(), datetime.now(UTC)
    message = await write(database, desk.ring, now, text, risk)
    async with database.transaction() as session:
        wanted = select(Turn.id).where(Turn.conversation_id == message.conversation)
        turn = (await session.scalars(wanted)).one()
        made = recorded(accepted(message), ANSWER)
        answered = RecordedEntry(turn, message.conversation, made.replies, made.understood, 9, now)
        await turns.record_outbound(session, desk.ring, answered)
        await feedback.keep(
            session,
            desk.ring,
            conversation=message.conversation,
            turn=turns.outbound_id(turn, 0),
            helpful=False,
            comment=comment,
            now=now,
        )
        chosen = Chosen(turn, message.conversation, ReviewReason.CHOSEN)
        await choosing.add_item(session, desk.ring, chosen, now)
    await database.close()
    return message.conversation, turn


async def go(page: Page, desk: Desk, path: str) -> None:
    await page.goto(f"{desk.server.url}/staff/{path}")
    await expect(page.locator("main")).to_be_visible()


async def test_markup_of_senders_and_staff_is_words_here_too(desk: Desk) -> None:
    """Words, comments, names of views, notes of reviewers, searched words."""
    root = await desk.member("root", Role.ADMIN)
    async with desk.page("root", Role.ADMIN) as page:
        for payload in MARKUP:
            conversation, turn = await said(desk, payload, CRISIS, comment=payload)
            database, now = desk.database(), datetime.now(UTC)
            async with database.transaction() as session:
                verdict = Judgement(verdict=Verdict.FALSE_ALARM)
                await giving.give(
                    session, desk.ring, turn, root.id, verdict, now, note=payload, stage=ReviewStage.FIRST
                )
                await giving.give_whole(
                    session, desk.ring, conversation, root.id, Verdict.RIGHT, now, note=payload
                )
            await database.close()
            await go(page, desk, "transcripts?level=crisis")
            await page.locator(".save-view > summary").press("Enter")
            await page.locator("#view-name").fill(payload[:60])
            await page.get_by_role("button", name="Save", exact=True).press("Enter")
            await expect(page.locator(".view a").first).to_be_visible()
            await page.locator("#words").fill(payload)
            await page.get_by_role("button", name="Search").press("Enter")
            await expect(page.locator("#found-title")).to_be_visible()
            await expect(page.locator("#words")).to_have_value(payload)
            for path in (f"transcripts/{conversation}", f"review/messages/{turn}", "feedback", "audit"):
                await go(page, desk, path)
                found = page.locator("main img:not(.chart), main script, main svg, a[href^=javascript]")
                assert await found.count() == 0, path
            await go(page, desk, f"transcripts/{conversation}")
            await expect(page.locator(".person .turn-text").first).to_have_text(payload)
            await expect(page.locator(".note-text").first).to_have_text(payload)


async def test_a_verdict_by_keyboard(desk: Desk) -> None:
    _, turn = await said(desk, "how do i get there", Risk())
    async with desk.page("rae", Role.CLINICIAN) as page:
        await go(page, desk, f"review/messages/{turn}")
        await expect(page.locator(".for-missed")).to_be_hidden()
        await page.keyboard.press("3")
        await expect(page.get_by_label("Should have been a crisis")).to_be_checked()
        await expect(page.locator(".for-missed")).to_be_visible()
        await page.keyboard.press("2")
        await expect(page.locator(".for-missed")).to_be_hidden()
        await page.get_by_label("The right topic").select_option("areas_served")
        await page.keyboard.press("m")
        await expect(page.locator("#note")).to_be_focused()
        await page.keyboard.type("3 is a letter here")
        await expect(page.get_by_label("Wrong topic")).to_be_checked()
        await page.get_by_role("button", name="Save, and next").press("Enter")
        await expect(page.get_by_text("Your verdict is saved.")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_axe_finds_nothing_and_nothing_is_cut_off(desk: Desk, scheme: str, width: int) -> None:
    conversation, turn = await said(desk, "a" * 300, CRISIS, comment="b" * 200)
    size = {"width": width, "height": 800}
    async with desk.page("root", Role.ADMIN, viewport=size, color_scheme=scheme) as page:
        for path in PAGES:
            await go(page, desk, path.format(conversation=conversation, turn=turn))
            await expect(page.locator("#lamp")).to_have_text("Live")
            found = await Axe().run(page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
            overflow = await page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")
            assert overflow == 0, path
        drawn = page.locator("img.chart").first
        assert await drawn.evaluate("image => image.naturalWidth") > 100
