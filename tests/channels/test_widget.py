"""The widget's script as it is served: small, whole, cached, with the clinic's numbers and every text."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from bot.cards import Cards
from bot.channels.api import ChatApi, add_api
from bot.channels.widget import FOLDER, SOURCES, Widget, add_widget, shorter_script, shorter_style
from bot.content import Content
from tests.channels.listener import Client

MOST = 20_000
"""Bytes with gzip, everything included."""
TEXTS = json.loads((FOLDER / "texts.json").read_text(encoding="utf-8"))
SCRIPT = "\n".join((FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in SOURCES)


@pytest.fixture
async def client(api: ChatApi, content: Content, cards: Cards, aiohttp_client: AiohttpClient) -> Client:
    app = web.Application()
    add_api(app, api)
    add_widget(app, content=lambda: content, cards=lambda: cards)
    return await aiohttp_client(app, auto_decompress=False)


async def test_one_small_request_that_any_page_may_make_and_keep(client: Client) -> None:
    async with client.get("/widget.js", headers={"Accept-Encoding": "gzip"}) as response:
        body = await response.read()
        tag = response.headers["ETag"]
        assert response.content_type == "text/javascript"
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.headers["Vary"] == "Accept-Encoding"
        assert response.headers["Cache-Control"].startswith("public, max-age=300")
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "Set-Cookie" not in response.headers
    assert len(body) <= MOST
    async with client.get("/widget.js", headers={"Accept-Encoding": "identity"}) as response:
        assert await response.read() == gzip.decompress(body)
        assert response.headers["ETag"] != tag
    for encoding, status in (("gzip", 304), ("identity", 200)):
        headers = {"Accept-Encoding": encoding, "If-None-Match": tag}
        async with client.get("/widget.js", headers=headers) as response:
            assert response.status == status


def test_the_numbers_come_from_the_clinics_file(content: Content, cards: Cards) -> None:
    """Another line is in the script with the next request, as after a reload of the data."""
    now = [content]
    widget = Widget(content=lambda: now[0], cards=lambda: cards)
    before = widget.script()
    assert widget.script() is before
    assert b"tel:+13214153213" in before.body
    phone = content.clinic.numbers["clinic_phone"]
    links = {
        language: tuple(replace(link, href="tel:+13215550100") for link in of)
        for language, of in phone.links.items()
    }
    other = replace(phone, display="+1 (321) 555-0100", links=links)
    clinic = replace(content.clinic, numbers={**content.clinic.numbers, "clinic_phone": other})
    now[0] = replace(content, clinic=clinic)
    assert b"tel:+13215550100" in widget.script().body
    assert widget.script().tag != before.tag


def test_the_page_is_told_only_where_the_clinic_wants_it(content: Content, cards: Cards) -> None:
    for wanted, written in ((False, b'"page":false'), (True, b'"page":true')):
        widget = Widget(content=lambda: content, cards=lambda: cards, page_context=wanted)
        assert written in widget.script().body


def test_no_number_stands_in_a_source(content: Content) -> None:
    written = shorter_script(SCRIPT) + json.dumps(TEXTS)
    for name, number in content.clinic.numbers.items():
        assert not re.search(rf"(?<!\d){re.escape(number.display)}(?!\d)", written), name


def test_both_languages_say_everything() -> None:
    assert TEXTS["en"].keys() == TEXTS["es"].keys()
    for name, english in TEXTS["en"].items():
        placeholders = set(re.findall(r"\{\w+\}", english))
        assert placeholders == set(re.findall(r"\{\w+\}", TEXTS["es"][name])), name
        assert english != TEXTS["es"][name] or name == "direction"


def test_every_text_is_used() -> None:
    assert [name for name in TEXTS["en"] if f'"{name}"' not in SCRIPT] == []


def test_no_promise_that_somebody_watches() -> None:
    """R8."""
    said = json.dumps(TEXTS, ensure_ascii=False).lower()
    for promise in (
        "watching",
        "instantly",
        "will call you",
        "on the way",
        "alguien le observa",
        "le llamará",
    ):
        assert promise not in said


@pytest.mark.parametrize("file", sorted(FOLDER.iterdir()), ids=lambda file: file.name)
def test_nothing_that_a_strict_policy_forbids(file: object) -> None:
    text = (
        (FOLDER / str(getattr(file, "name", "")))
        .read_text(encoding="utf-8")
        .replace("http://www.w3.org/2000/svg", "")
    )
    assert not re.search(r"https?://", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text)
    assert not re.search(r"localStorage|document\.cookie|indexedDB|sendBeacon", text)
    assert not re.search(r"@import|url\(", text)


def test_sources_are_shortened_without_harm() -> None:
    assert (
        shorter_script('// why\n  const a = "http://b"; // why\n\n/** what */\n * more\n')
        == 'const a = "http://b";'
    )
    assert (
        shorter_style("/* why */\n.a,\n.b > c {\n  width: calc(1px + 2px);\n}\n")
        == ".a,.b>c{width: calc(1px + 2px)}"
    )
