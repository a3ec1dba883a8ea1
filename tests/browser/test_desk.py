"""The desk in a real browser, in front of the real server."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pyotp
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from bot.messages import Channel, Cue, Kind, Level, Risk
from bot.messages import Page as WrittenOn
from bot.staff.roles import Role
from tests.browser.staff import Desk, say
from tests.fixtures.desk import add_member, write
from tests.fixtures.server import COMMAND, Server, environment

pytestmark = pytest.mark.asyncio(loop_scope="module")

CRISIS = "i want to kill myself"
EMERGENCY = "i just took all my pills"
MARKUP = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "\"'><svg/onload=alert(1)>",
    "</textarea></title><a href='javascript:alert(1)'>tap</a>",
    "{{ 7*7 }}{% raw %}${7*7}",
)
PAGES = ("queue", "closed", "people", "audit", "account", "help", "locked", "case", "case/print")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[Desk]:
    """A server in card-only mode, since only its desk is tried here."""
    folder = tmp_path_factory.mktemp("desk")
    port = str(_free_port())
    server = Server(folder, environment(folder, mode="card-only", port=port))
    await asyncio.to_thread(server.start)
    await _until_the_database_is_there(server)
    yield Desk(server, browser)
    await asyncio.to_thread(server.stop, signal.SIGKILL)


async def open_case(page: Page, desk: Desk, conversation: str) -> None:
    await page.goto(f"{desk.server.url}/staff/conversations/{conversation}")
    await expect(page.locator("#transcript")).to_be_visible()


async def test_from_the_command_line_to_an_empty_queue(desk: Desk, browser: Browser) -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [*COMMAND, "staff", "add", "cleo", "--role", "clinician", "--name", "Cleo"],
        cwd=desk.server.folder,
        env=dict(desk.server.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    [link] = re.findall(r"^http\S+/staff/setup/\S+$", done.stdout, re.MULTILINE)
    page = await browser.new_page()
    await page.goto(link)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Welcome, Cleo")
    size = await page.get_by_alt_text("Code to scan").evaluate("image => image.naturalWidth")
    assert size > 100
    await page.get_by_text("Cannot scan?").click()
    secret = await page.locator("details code").inner_text()
    await page.get_by_label("Password", exact=True).fill("three quiet boats")
    await page.get_by_label("The same password again").fill("three quiet boats")
    await page.get_by_label("Code from the app").fill(pyotp.TOTP(secret).now())
    await page.get_by_role("button", name="Set up my account").click()
    codes = await page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    await page.get_by_role("link", name="Log in as cleo").click()
    await page.get_by_label("Name").fill("cleo")
    await page.get_by_label("Password").fill("three quiet boats")
    await page.get_by_label("Code from your authenticator app").fill(codes[3])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="The queue is empty")).to_be_visible()
    await page.goto(link)
    await expect(page.get_by_text("This link was used")).to_be_visible()
    await page.close()


async def test_a_new_crisis_appears_sounds_and_stands_in_the_title(desk: Desk) -> None:
    async with desk.page() as page:
        await expect(page.locator("#lamp")).to_have_text("Live")
        await page.keyboard.press("Shift")
        await expect(page.locator("#muted")).to_be_hidden()
        before = await page.locator(".case").count()
        await say(desk.server, CRISIS)
        await expect(page.locator(".case")).to_have_count(before + 1, timeout=3_000)
        await expect(page).to_have_title(re.compile(r"\(\d+\) Queue"))
        await expect(page.locator("#alarm")).to_contain_text("Crisis: somebody new waits")
        assert await page.evaluate("window.tones") == 2
        await page.get_by_role("button", name="Sound on").click()
        quiet = await page.evaluate("window.tones")
        await say(desk.server, EMERGENCY)
        await expect(page).to_have_title(re.compile(r"▲ \(\d+\) Queue"))
        await expect(page.locator("#alarm")).to_contain_text("Emergency")
        assert await page.evaluate("window.tones") == quiet


async def test_in_a_hidden_tab_a_new_emergency_sounds(desk: Desk) -> None:
    async with desk.page() as page:
        await page.keyboard.press("Shift")
        await expect(page.locator("#lamp")).to_have_text("Live")
        other = await page.context.new_page()
        await other.goto("about:blank")
        await other.bring_to_front()
        before = await page.evaluate("window.tones")
        began = time.monotonic()
        await say(desk.server, EMERGENCY)
        while await page.evaluate("window.tones") < before + 6:
            assert time.monotonic() - began < 10
            await asyncio.sleep(0.1)


async def test_after_a_restart_the_lamp_told_and_a_new_emergency_sounds(desk: Desk) -> None:
    async with desk.page(faults=True) as page:
        await page.keyboard.press("Shift")
        await expect(page.locator("#lamp")).to_have_text("Live")
        await asyncio.to_thread(desk.server.stop, signal.SIGKILL)
        await expect(page.locator("#lamp")).to_contain_text("Stale", timeout=20_000)
        await asyncio.to_thread(desk.server.start)
        await _until_the_database_is_there(desk.server)
        before = await page.evaluate("window.tones")
        began = time.monotonic()
        await say(desk.server, EMERGENCY)
        while await page.evaluate("window.tones") < before + 6:
            assert time.monotonic() - began < 10
            await asyncio.sleep(0.1)
        await expect(page.locator("#lamp")).to_have_text("Live")


async def test_an_idle_page_hides_its_words_and_still_sounds(desk: Desk) -> None:
    conversation = await say(desk.server, f"quartz {CRISIS}")
    async with desk.page() as page:
        await open_case(page, desk, conversation)
        await page.keyboard.press("Shift")
        await desk.go_idle()
        await page.wait_for_url("**/staff/locked?next=*", timeout=8_000)
        assert "quartz" not in await page.content()
        await page.keyboard.press("Shift")
        await expect(page.locator("#lamp")).to_have_text("Live")
        before = await page.evaluate("window.tones")
        await say(desk.server, EMERGENCY)
        await expect(page.locator("#alarm")).to_contain_text("Emergency", timeout=8_000)
        assert await page.evaluate("window.tones") >= before + 6
        await page.get_by_label("Password").fill("quiet harbour before dawn")
        await page.get_by_label("Code from your authenticator app").fill(await desk.code("ada"))
        await page.get_by_role("button", name="Log in again").click()
        await expect(page.locator("#transcript")).to_contain_text("quartz")


async def test_two_who_race_for_a_person(desk: Desk) -> None:
    conversation = await say(desk.server, "my friend is going to jump off a bridge right now")
    async with desk.page("ada", faults=True) as ada, desk.page("ben", faults=True) as ben:
        for page in (ada, ben):
            await open_case(page, desk, conversation)
            if await page.get_by_label("Why this one?").count():
                await page.get_by_label("Why this one?").select_option("I know this person")
        await asyncio.gather(
            *(page.get_by_role("button", name="Take this person").click() for page in (ada, ben))
        )
        await expect(ada.get_by_role("heading", level=1)).to_be_visible()
        await expect(ben.get_by_role("heading", level=1)).to_be_visible()
        texts = [await page.locator("main").inner_text() for page in (ada, ben)]
        won = ["This person is with you" in text for text in texts]
        assert sorted(won) == [False, True]
        loser = texts[won.index(False)]
        assert ("Ada" if won[0] else "Ben") + " has this case already" in loser


async def test_from_taking_to_closing_by_keyboard(desk: Desk) -> None:
    await say(desk.server, "tengo una pistola y me voy a matar esta noche")
    async with desk.page() as page:
        await page.keyboard.press("j")
        await expect(page.locator(".case .open").first).to_be_focused()
        await page.keyboard.press("n")
        await expect(page.get_by_role("button", name="Take next")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="This person is with you")).to_be_visible()
        await expect(page.locator("#lamp")).to_have_text("Live")
        await page.keyboard.press("m")
        await expect(page.get_by_label("Note", exact=True)).to_be_focused()
        await page.keyboard.type("n q j k ? are letters here")
        await page.get_by_role("button", name="Save note").press("Enter")
        await expect(page.locator(".note-text").first).to_have_text("n q j k ? are letters here")
        await page.get_by_text("Close this case").press("Enter")
        await page.get_by_label("Reached the person").press("Space")
        await page.get_by_role("button", name="Close the case").press("Enter")
        await expect(page.get_by_text("The case is closed.")).to_be_visible()
        await expect(page.locator("#lamp")).to_have_text("Live")
        await page.keyboard.press("?")
        await page.wait_for_url("**/staff/help")


async def test_shortcuts_can_be_switched_off(desk: Desk) -> None:
    async with desk.page() as page:
        await page.goto(f"{desk.server.url}/staff/account")
        await page.get_by_role("button", name="Shortcuts are on").click()
        await expect(page.get_by_role("button", name="Shortcuts are off")).to_be_visible()
        await page.keyboard.press("?")
        await page.keyboard.press("q")
        await asyncio.sleep(0.3)
        assert page.url.endswith("/staff/account")


@pytest.mark.parametrize("payload", MARKUP)
async def test_markup_of_senders_and_staff_is_words(desk: Desk, payload: str) -> None:
    """Words, number, page, language and agent of a sender; name, note and remark of staff."""
    database, now = desk.database(), datetime.now(UTC)
    risk = Risk(
        level=Level.CRISIS,
        kind=Kind.SUICIDE,
        cues=(Cue(f"suicide.{payload}", 0, len(payload), Level.CRISIS, Kind.SUICIDE),),
    )
    said = await write(
        database,
        desk.ring,
        now,
        payload,
        risk,
        channel=Channel.SMS,
        sender=f"+1407{payload}5550142",
        page=WrittenOn(f"javascript:{payload}", payload),
    )
    login = f"x{abs(hash(payload))}"
    member = await add_member(database, desk.ring, now, login=login)
    async with database.transaction() as session:
        row = await session.merge(member)
        row.name = payload[:80]
    await database.close()
    async with httpx.AsyncClient(base_url=desk.server.url) as client:
        headers = {"User-Agent": payload, "Accept-Language": payload, "Referer": payload}
        await client.post("/api/conversations", json={}, headers=headers)
    async with desk.page("root", Role.ADMIN) as page:
        await page.goto(f"{desk.server.url}/staff/queue")
        await open_case(page, desk, str(said.conversation))
        await expect(page.locator(".person .turn-text")).to_have_text(payload)
        written_on = f"Written on: {payload} · javascript:{payload}"
        await expect(page.locator(".person .turn-page")).to_have_text(written_on)
        await page.get_by_label("Note", exact=True).fill(f"{payload} @{login}")
        await page.get_by_role("button", name="Save note").click()
        await expect(page.locator(".note-text").first).to_have_text(f"{payload} @{login}")
        await page.get_by_role("button", name="Show phone numbers in full").click()
        await page.get_by_role("link", name="Case note to print").click()
        await expect(page.locator(".note-text").first).to_have_text(f"{payload} @{login}")
        for path in ("people", "audit", "closed", "queue"):
            await page.goto(f"{desk.server.url}/staff/{path}")
            await expect(page.locator("main")).to_be_visible()
        assert await page.locator("main img, main script, main svg, a[href^=javascript]").count() == 0


async def test_a_flood_of_messages_is_one_case(desk: Desk) -> None:
    async with desk.page() as page:
        before = await page.locator(".case").count()
        conversation = await _flood(desk.server, 210)
        await expect(page.locator(".case")).to_have_count(before + 1)
        await open_case(page, desk, conversation)
        # What the database was too busy for is brought in from the spool after a moment.
        for _ in range(30):
            if "210; last message" in await page.locator(".lead").inner_text():
                break
            await asyncio.sleep(1)
            await page.reload()
        await expect(page.locator(".lead")).to_contain_text("210; last message")
        await expect(page.get_by_role("link", name="Earlier: ")).to_be_visible()


async def test_what_is_written_while_somebody_reads_appears(desk: Desk) -> None:
    chat = await asyncio.to_thread(desk.server.chat)
    await asyncio.to_thread(chat.say, CRISIS)
    async with desk.page() as page:
        await open_case(page, desk, chat.conversation)
        await page.get_by_label("Note", exact=True).fill("half a sentence")
        await expect(page.locator("#lamp")).to_have_text("Live")
        await asyncio.sleep(0.5)
        await asyncio.to_thread(chat.say, "are you there?")
        await expect(page.locator("#transcript")).to_contain_text("are you there?", timeout=8_000)
        await expect(page.get_by_label("Note", exact=True)).to_have_value("half a sentence")


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 390), ("dark", 1280), ("light", 390)]
)
async def test_axe_finds_nothing_and_nothing_is_cut_off(desk: Desk, scheme: str, width: int) -> None:
    conversation = await say(desk.server, CRISIS, "a" * 300)
    size = {"width": width, "height": 800}
    async with desk.page("root", Role.ADMIN, viewport=size, color_scheme=scheme) as page:
        await open_case(page, desk, conversation)
        case = page.url
        for name in PAGES:
            await page.goto(
                name.replace("case", case) if "case" in name else f"{desk.server.url}/staff/{name}"
            )
            await expect(page.locator("#lamp")).to_have_text("Live")
            found = await Axe().run(page)
            assert found.violations_count == 0, f"{name}: {found.generate_report()}"
            overflow = await page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")
            assert overflow == 0, name


async def test_controls_are_large_enough(desk: Desk) -> None:
    async with desk.page(viewport={"width": 390, "height": 800}) as page:
        for control in await page.locator("button:visible, nav a, .main").all():
            box = await control.bounding_box()
            assert box is not None
            assert box["height"] >= 44


async def _flood(server: Server, messages: int) -> str:
    chat = await asyncio.to_thread(server.chat)
    gate = asyncio.Semaphore(20)
    async with httpx.AsyncClient(
        base_url=server.url, headers={"Authorization": f"Bearer {chat.token}"}, timeout=30
    ) as client:

        async def one(number: int) -> None:
            body = {"conversation": chat.conversation, "client_message_id": str(number), "text": CRISIS}
            async with gate:
                (await client.post("/api/messages", json=body)).raise_for_status()

        await asyncio.gather(*(one(number) for number in range(messages)))
    return chat.conversation


async def _until_the_database_is_there(server: Server) -> None:
    for _ in range(100):
        async with httpx.AsyncClient() as client:
            reasons = (await client.get(f"{server.url}/health/ready")).json()["reasons"]
        if "database" not in reasons:
            return
        await asyncio.sleep(0.1)
    raise RuntimeError(f"no database: {Path(server.log).read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
