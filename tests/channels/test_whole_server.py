"""The socket on the whole program in a process of its own: clearing everywhere, and stopping."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from aiohttp import ClientSession

from bot.transcripts.tables import Tracker, Turn
from tests.channels.tabs import Tab
from tests.fixtures.records import Records
from tests.fixtures.server import Chat, Server, running

WORDS = "is the cobalt lantern addictive?"
STOP_SECONDS = 8.0
"""Well below the ten that a server waits for handlers which do not end."""


def stored(server: Server, chat: Chat) -> tuple[int, int]:
    """How many turns and trackers of a conversation there are."""
    id_ = UUID(chat.conversation)
    with Records(server).session() as session:
        turns = session.scalar(sa.select(sa.func.count()).where(Turn.conversation_id == id_))
        trackers = session.scalar(sa.select(sa.func.count()).where(Tracker.conversation == id_))
    return turns or 0, trackers or 0


def tab(session: ClientSession, server: Server, chat: Chat) -> Tab:
    return Tab(session, f"{server.url}/api/socket", chat.conversation, chat.token)


async def test_a_cleared_chat_is_forgotten_by_the_engine_too(server: Server) -> None:
    chat = await asyncio.to_thread(server.chat)
    async with ClientSession() as session:
        mine = tab(session, server, chat)
        await mine.connect()
        assert (await mine.say(WORDS))["type"] == "replies"
        deadline = time.monotonic() + 5
        while (turns := stored(server, chat))[1] == 0 and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        assert turns[0] >= 2
        assert turns[1] == 1
        await mine.send({"type": "clear"})
        cleared = await mine.get(lambda frame: frame["type"] == "cleared")
        assert (cleared["done"], cleared["kept"]) == (True, False)
        assert await mine.closed() == 4410
    assert stored(server, chat) == (0, 0)
    assert WORDS not in server.log.read_text()
    assert chat.token not in server.log.read_text()


async def test_sigterm_ends_sockets_and_the_process(tmp_path: Path) -> None:
    with running(tmp_path, mode="card-only") as server:
        chat = await asyncio.to_thread(server.chat)
        async with ClientSession() as session:
            mine = tab(session, server, chat)
            await mine.connect()
            await mine.say(WORDS)
            began = time.monotonic()
            assert await asyncio.to_thread(server.stop) == 0
            assert time.monotonic() - began < STOP_SECONDS
            assert await mine.closed() == 1001
