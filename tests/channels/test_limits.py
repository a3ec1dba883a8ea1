"""Limits spare the engine; they never keep a message from being heard."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.channels.api import ChatApi
from bot.channels.limits import Limits
from bot.messages import Channel
from tests.channels.listener import Client, Listener, open_chat

FROM = "X-Forwarded-For"


@pytest.fixture
def limits() -> Limits:
    return Limits(
        trusted_proxies=["127.0.0.1"],
        per_conversation="3/minute",
        per_address="5/minute",
        openings="4/minute",
    )


async def test_over_the_limit_of_a_conversation_a_message_is_heard_as_limited(
    client: Client, listener: Listener
) -> None:
    chat = await open_chat(client)
    for _ in range(5):
        assert (await chat.post({}))[0] == 200
    assert listener.limited == [False, False, False, True, True]


async def test_one_conversation_does_not_limit_another(client: Client, listener: Listener) -> None:
    busy, calm = await open_chat(client), await open_chat(client)
    for _ in range(4):
        await busy.post({})
    await calm.post({})
    assert listener.limited[-1] is False


async def test_an_address_is_limited_over_all_its_conversations(client: Client, listener: Listener) -> None:
    chats = [await open_chat(client) for _ in range(4)]
    for chat in (*chats, *chats):
        await chat.post({}, **{FROM: "203.0.113.9"})
    assert listener.limited == [False] * 5 + [True] * 3
    await chats[0].post({}, **{FROM: "203.0.113.10"})
    assert listener.limited[-1] is False


async def test_this_machine_is_no_address_to_limit(client: Client, listener: Listener) -> None:
    for _ in range(7):
        await (await open_chat(client)).post({})
    assert not any(listener.limited)


async def test_nobody_is_turned_away_at_the_door(client: Client, listener: Listener, cards: Any) -> None:
    opened: dict[str, Any] = {}
    for _ in range(6):
        async with client.post(
            "/api/conversations", json={"language": "es"}, headers={FROM: "203.0.113.9"}
        ) as response:
            assert response.status == 201
            opened = await response.json()
    assert len(listener.greeted) == 4
    assert opened["replies"][0]["text"] == cards.disclosure("es", Channel.WEB).text
    async with client.post(
        "/api/messages",
        json={"conversation": opened["conversation"], "client_message_id": "1", "text": "hello"},
        headers={"Authorization": f"Bearer {opened['token']}"},
    ) as answered:
        assert answered.status == 200


async def test_a_limiter_that_fails_limits_nobody(
    api: ChatApi, client: Client, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoThreads:
        def hit(self, *_: object) -> bool:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(api.talk.limits, "_limiter", NoThreads())
    chat = await open_chat(client)
    for _ in range(5):
        assert (await chat.post({}))[0] == 200
    assert not any(listener.limited)


async def test_no_address_outlives_its_window(api: ChatApi, client: Client) -> None:
    short = Limits(trusted_proxies=["127.0.0.1"], per_address="2/second", per_conversation="2/second")
    object.__setattr__(api.talk, "limits", short)
    chat = await open_chat(client)
    await chat.post({}, **{FROM: "203.0.113.9"})
    await asyncio.sleep(2.1)
    await chat.post({}, **{FROM: "203.0.113.10"})
    await asyncio.sleep(0.1)
    assert "203.0.113.9" not in str(short._limiter.storage.__dict__)
