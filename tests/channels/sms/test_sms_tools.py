"""The simulator, the doctor, and the files that are kept at the provider."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.channels.sms.doctor import DoctorError, examine
from bot.curation.carrier_texts import FALLBACK, files
from bot.settings import ROOT
from bot.simulator.page import make_page
from bot.simulator.simulation import Simulation
from bot.simulator.terminal import talk
from bot.simulator.wire import messages
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Conversation, Handoff
from tests.fixtures.clock import HandClock
from tests.fixtures.talk import content
from tests.fixtures.texting import PERSON, TOKEN, Line, open_line

Page = TestClient[web.Request, web.Application]


@pytest.fixture
async def page(line: Line) -> AsyncIterator[Page]:
    async with TestClient(TestServer(make_page(Simulation(line.carrier, None)))) as client:
        yield client


async def test_the_page_is_a_phone(page: Page, line: Line) -> None:
    async with page.get("/") as answer:
        assert "No text leaves this machine" in await answer.text()
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    async with page.post("/texts", json={"number": PERSON, "text": "STOP"}) as answer:
        phone = await answer.json()
    assert phone["blocked"]
    assert [text["by"] for text in phone["texts"]] == ["person", "clinic"]
    await line.carrier.settle()
    async with page.get("/phone", params={"number": PERSON}) as answer:
        last = (await answer.json())["texts"][-1]
    assert (last["state"], last["code"], last["segments"]) == ("failed", "21610", 2)
    assert "septets of GSM-7" in last["length"]


async def test_another_site_cannot_text_with_the_simulators_token(page: Page, line: Line) -> None:
    async with page.post("/texts", data={"number": PERSON, "text": "hello"}) as answer:
        assert answer.status == 415
    assert line.carrier.phones == {}


async def test_staff_texts_need_a_rehearsal(page: Page) -> None:
    async with page.post("/staff", json={"number": PERSON, "text": "hello"}) as answer:
        assert "leave --url out" in (await answer.json())["problem"]


async def test_attachments_are_sent_by_kind(page: Page, line: Line) -> None:
    async with page.post("/texts", json={"text": "", "attachment": "voice"}) as answer:
        texts = (await answer.json())["texts"]
    assert texts[0]["attachments"] == ["audio/amr"]
    assert "cannot open" in texts[-1]["text"]


async def test_the_terminal_is_a_phone_too(line: Line) -> None:
    said = iter(["is it addictive", "STOP", "is it addictive"])
    heard: list[str] = []

    def read() -> str:
        try:
            return next(said)
        except StopIteration as end:
            raise EOFError from end

    await talk(Simulation(line.carrier, None), read, heard.append)
    shown = "\n".join(heard)
    assert "clinic> Yes, ketamine" in shown
    assert "segments" in shown
    assert "failed 21610" in shown
    assert "(opted out" in shown
    assert "(no text comes back)" in shown


async def serve_fallback(text: str) -> TestServer:
    app = web.Application()

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/xml")

    app.router.add_post("/fallback", answer)
    server = TestServer(app)
    await server.start_server()
    return server


async def test_the_doctor_finds_a_healthy_line_and_pages_nobody(line: Line) -> None:
    server = await serve_fallback(files(content())[FALLBACK])
    told: list[str] = []
    await examine(line.url, TOKEN, content(), fallback=str(server.make_url("/fallback")), tell=told.append)
    await server.close()
    assert len(told) == 3
    assert await line.count(Handoff) == 0
    assert await line.count(Conversation, Conversation.synthetic) == 1


@pytest.mark.parametrize(
    ("token", "fallback", "problem"),
    [
        ("another", None, "refuses the signature"),
        (TOKEN, "<Response><Message>Sorry</Message></Response>", "lacks"),
        (TOKEN, "Sorry", "no TwiML"),
    ],
)
async def test_the_doctor_says_what_is_wrong(
    line: Line, token: str, fallback: str | None, problem: str
) -> None:
    server = await serve_fallback(fallback or "")
    address = str(server.make_url("/fallback")) if fallback else None
    with pytest.raises(DoctorError, match=problem):
        await examine(line.url, token, content(), fallback=address, tell=lambda _: None)
    await server.close()


async def test_the_doctor_finds_a_server_that_takes_forged_texts(
    sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock
) -> None:
    async with open_line(sqlite_database, ring, tmp_path, clock, unsigned=True) as line:
        with pytest.raises(DoctorError, match="HARBORLINE_SMS_UNSIGNED"):
            await examine(line.url, TOKEN, content(), fallback=None, tell=lambda _: None)


async def test_the_doctor_finds_nobody_there() -> None:
    with pytest.raises(DoctorError, match="cannot be reached"):
        await examine("http://127.0.0.1:9", TOKEN, content(), fallback=None, tell=lambda _: None)


@pytest.mark.parametrize("name", ["fallback.xml", "opt-out.md"])
def test_the_shipped_files_hold_what_the_data_says(name: str) -> None:
    shipped = (ROOT / "docs" / "sms" / name).read_text(encoding="utf-8")
    assert shipped == files(content())[name], "run 'harborline sms-setup --write'"


def test_R19_the_fallback_is_twiml_with_every_number_in_both_languages() -> None:
    texts = [text for text, _ in messages(files(content())[FALLBACK])]
    assert len(texts) == 2
    assert all(number in text for text in texts for number in ("988", "911", "415-3213"))
    assert "oprima 2" in texts[1]


def test_R16_the_opt_out_texts_hold_the_numbers() -> None:
    texts = [line for line in files(content())["opt-out.md"].splitlines() if line.startswith("> ")]
    assert len(texts) == 6
    assert all(number in text for text in texts for number in ("988", "911", "415-3213"))


async def test_a_webhook_that_is_down_turns_to_the_fallback(line: Line) -> None:
    line.carrier._fallback = ("Call 988.",)
    line.carrier.url = "http://127.0.0.1:9"
    assert await line.text("i want to die") == ["Call 988."]
    await asyncio.sleep(0)
