"""The demo page as it is sent: the clinic, the numbers to tap, the widget's snippet, both languages."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from bot.channels.api import ChatApi, add_api
from bot.channels.headers import CONTENT_SECURITY_POLICY
from bot.channels.page import PHONE, SIMULATOR, STATIC, add_page
from bot.content import Content
from bot.content.snippet import snippet
from bot.messages import Language
from tests.channels.listener import Client


@pytest.fixture
async def client(api: ChatApi, content: Content, aiohttp_client: AiohttpClient) -> Client:
    app = web.Application()
    add_api(app, api)
    add_page(app, content=lambda: content)
    return await aiohttp_client(app)


TEMPLATES = ("index.html", "error.html", "protocol.html")


def hrefs(html: str) -> set[str]:
    return {unescape(href) for href in re.findall(r'<a class="tap" href="([^"]+)"', html)}


@pytest.mark.parametrize(
    ("query", "accepted", "language", "taps"),
    [
        ("", "en", "en", {"tel:988", "sms:988", "tel:911", "tel:+13214153213"}),
        ("?lang=es", "en", "es", {"tel:988", "sms:988?&body=AYUDA", "tel:911", "tel:+13214153213"}),
        ("", "es-MX,es", "es", {"tel:988", "sms:988?&body=AYUDA", "tel:911", "tel:+13214153213"}),
        ("?lang=fr", "en", "en", {"tel:988", "sms:988", "tel:911", "tel:+13214153213"}),
    ],
)
async def test_the_numbers_are_in_the_html(
    client: Client, content: Content, query: str, accepted: str, language: str, taps: set[str]
) -> None:
    async with client.get(f"/{query}", headers={"Accept-Language": accepted}) as response:
        html = await response.text()
        assert response.status == 200
        assert response.content_type == "text/html"
        assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert f'<html lang="{language}">' in html
    assert content.clinic.name in html
    assert content.clinic.numbers["clinic_phone"].display.removeprefix("+1 ") in html
    assert hrefs(html) == taps
    assert "<noscript>" in html


async def test_a_spanish_caller_is_told_to_press_2(client: Client) -> None:
    async with client.get("/?lang=es") as response:
        html = await response.text()
    assert "oprima 2" in html.split("<main>")[0]


@pytest.mark.parametrize("path", ["/nothing", "/static/../page.py", "/%3Cb%3E"])
async def test_an_unknown_address_shows_the_numbers_and_not_the_address(client: Client, path: str) -> None:
    async with client.get(path) as response:
        html = await response.text()
    assert response.status == 404
    assert {"tel:988", "tel:911", "tel:+13214153213"} <= hrefs(html)
    assert "<b>" not in html


async def test_writing_to_the_page_shows_the_numbers(client: Client) -> None:
    async with client.post("/") as response:
        assert response.status == 405
        assert "tel:988" in hrefs(await response.text())


async def test_errors_of_the_api_stay_json_beside_the_page(client: Client) -> None:
    async with client.get("/api/nothing") as response:
        assert response.status == 404
        assert (await response.json())["error"]["code"] == "not_found"


async def test_static_files_are_asked_for_again_but_not_sent_again(client: Client) -> None:
    async with client.get("/static/site.js") as response:
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        tag = response.headers["ETag"]
    async with client.get("/static/site.js", headers={"If-None-Match": tag}) as response:
        assert response.status == 304


async def test_it_leads_to_what_can_be_tried(client: Client, content: Content) -> None:
    async with client.get("/") as response:
        html = await response.text()
    assert snippet(content, Language.EN) in html
    assert 'href="/staff/"' in html
    assert "<code>harborline sms-simulator</code>" in html
    assert "/demo/phone/" not in html


async def test_a_server_with_a_phone_leads_to_it(content: Content, aiohttp_client: AiohttpClient) -> None:
    app = web.Application()
    add_page(app, content=lambda: content, phone="/demo/phone/")
    phone = await aiohttp_client(app)
    for language in Language:
        async with phone.get(f"/?lang={language}") as response:
            html = await response.text()
        assert '<a href="/demo/phone/" hreflang="en">' in html
        assert "harborline sms-simulator" not in html


def test_both_languages_say_everything() -> None:
    texts = json.loads((STATIC / "texts.json").read_text(encoding="utf-8"))
    assert texts["en"].keys() == texts["es"].keys()
    for name, english in texts["en"].items():
        placeholders = set(re.findall(r"\{\w+\}", english))
        assert placeholders == set(re.findall(r"\{\w+\}", texts["es"][name])), name
        assert english != texts["es"][name]


def test_every_text_is_used_and_every_used_text_exists() -> None:
    texts = json.loads((STATIC / "texts.json").read_text(encoding="utf-8"))["en"]
    templates = "".join((STATIC / name).read_text(encoding="utf-8") for name in TEMPLATES)
    templates += PHONE.template + SIMULATOR.template
    unused = [name for name in texts if f"${name}" not in templates]
    assert unused == []


@pytest.mark.parametrize("file", sorted(STATIC.glob("*.*")), ids=lambda file: file.name)
def test_no_file_reaches_for_another_host_or_writes_html(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    # Staff's own browser may keep whether it sounds and which cases it has seen: ids, never words.
    if not file.name.startswith("desk"):
        assert not re.search(r"localStorage|sessionStorage|document\.cookie|indexedDB", text)
    assert " style=" not in text
    assert not re.search(r"\son\w+=", text)
