"""The API on a real server, in front of a responder that remembers what reached it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from bot.cards import Cards
from bot.channels.api import ChatApi, add_api
from bot.channels.limits import Limits
from bot.channels.origins import Origins
from bot.channels.synthetic import Synthetic
from bot.channels.talk import Talk
from bot.channels.tokens import Tokens
from bot.clearing import Clearing
from bot.content import Content, load
from bot.judging import Judging
from bot.memory import Memory
from bot.messages import Message
from bot.settings import ROOT
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.spool import Spool
from tests.channels.listener import Chat, Client, Listener, open_chat
from tests.fixtures.clock import HandClock


@pytest.fixture(scope="session")
def content() -> Content:
    return load(ROOT / "data")


@pytest.fixture(scope="session")
def cards(content: Content) -> Cards:
    return Cards(content)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def missing() -> list[str]:
    """What readiness reports; a test adds to it."""
    return []


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def talk(
    listener: Listener,
    clock: HandClock,
    cards: Cards,
    ring: KeyRing,
    limits: Limits,
    sqlite_database: Database,
    tmp_path: Path,
) -> Talk:
    return Talk(
        responder=listener,
        judging=Judging(database=sqlite_database, ring=ring, responder=listener),
        clearing=Clearing(
            database=sqlite_database,
            spool=Spool(tmp_path / "spool", ring),
            memory=Memory(),
            engine=listener,
            responder=listener,
        ),
        database=sqlite_database,
        ring=ring,
        clock=clock,
        cards=lambda: cards,
        tokens=Tokens(ring),
        limits=limits,
    )


@pytest.fixture
def api(talk: Talk, content: Content, cards: Cards, missing: list[str]) -> ChatApi:
    async def readiness() -> Sequence[str]:
        return missing

    return ChatApi(
        talk=talk,
        content=lambda: content,
        cards=lambda: cards,
        readiness=readiness,
        origins=Origins(public_url="https://chat.clinic.example", allowed=["https://www.clinic.example"]),
        synthetic=Synthetic("", never_stored),
    )


async def never_stored(_: Message) -> bool:
    return False


@pytest.fixture
async def client(api: ChatApi, aiohttp_client: AiohttpClient) -> Client:
    app = web.Application()
    add_api(app, api)
    return await aiohttp_client(app)


@pytest.fixture
async def chat(client: Client) -> Chat:
    return await open_chat(client)


@pytest.fixture
def holds_numbers(content: Content) -> Callable[[Any], bool]:
    """Whether an error body holds the clinic's line, 988 and 911, as text and as links."""

    def check(body: Any) -> bool:
        numbers = [content.clinic.numbers[name].display for name in ("clinic_phone", "lifeline", "emergency")]
        taps = {link["href"].split("?")[0] for link in body["links"]}
        return all(number in body["help"] for number in numbers) and taps >= {
            "tel:+13214153213",
            "tel:988",
            "tel:911",
        }

    return check
