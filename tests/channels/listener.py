"""A responder that remembers what reached it, and a conversation over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from aiohttp import web
from aiohttp.test_utils import TestClient

from bot.calling_back import normalise
from bot.exchange import Exchange, unplaced
from bot.messages import Channel, Language, Link, Message, Reply, ReplyKind, Risk, Silent, Source

Client = TestClient[web.Request, web.Application]

ANSWER = Reply(
    kind=ReplyKind.ANSWER,
    text="Tides turn twice a day.",
    language=Language.EN,
    quick_replies=("When is high tide?",),
    links=(Link("Call the harbour", "tel:+13215550100"),),
    source=Source("Tides", "Turning", "Harbour Office", "2026-01-02"),
    response="utter_faq/tides",
    content_hash="0" * 64,
)


@dataclass
class Listener:
    """Answers everything with one reply and remembers what it was asked."""

    replies: tuple[Reply, ...] | Silent = (ANSWER,)
    risk: Risk = field(default_factory=Risk)
    heard: list[Message] = field(default_factory=list)
    limited: list[bool] = field(default_factory=list)
    greeted: list[tuple[UUID, Channel, Language]] = field(default_factory=list)

    async def exchange(self, message: Message, *, limited: bool = False) -> Exchange:
        self.heard.append(message)
        self.limited.append(limited)
        turn = uuid5(message.conversation, message.external_id)
        return unplaced(turn, message.received_at, self.replies)

    async def request_call_back(self, message: Message, *, limited: bool = False) -> Exchange:
        normalise(message.text)
        return await self.exchange(message, limited=limited)

    async def screen(self, message: Message) -> Risk:
        return self.risk

    async def settle(self, conversation: UUID) -> None:
        """Nothing is in flight."""

    async def forget(self, conversation: UUID) -> None:
        """Nothing is remembered."""

    async def greet(self, conversation: UUID, channel: Channel, language: Language) -> tuple[Reply, ...]:
        self.greeted.append((conversation, channel, language))
        return (Reply(ReplyKind.DISCLOSURE, "A machine writes here.", language),)


@dataclass
class Chat:
    """An open conversation over HTTP."""

    client: Client
    conversation: str
    token: str

    async def post(self, body: dict[str, Any], **headers: str) -> tuple[int, Any]:
        """Status and parsed body of a message; fields that `body` leaves out are filled in."""
        whole = {"conversation": self.conversation, "client_message_id": "m-1", "text": "hello", **body}
        authorization = {"Authorization": f"Bearer {self.token}"}
        async with self.client.post(
            "/api/messages", json=whole, headers={**authorization, **headers}
        ) as response:
            return response.status, await response.json()


async def open_chat(client: Client) -> Chat:
    async with client.post("/api/conversations", json={}) as response:
        opened = await response.json()
    return Chat(client, opened["conversation"], opened["token"])
