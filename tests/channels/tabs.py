"""A browser tab's socket, as the widget uses it: it counts what it gets, and shows each turn once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

PROTOCOL = "harborline.v1"
PATIENCE = 10.0
"""Seconds for anything to happen that must."""


@dataclass
class Tab:
    """One tab: `shown` are the turns that it shows, by id, in order of arrival."""

    session: ClientSession
    url: str
    conversation: str
    token: str
    origin: str | None = None
    seen: int = 0
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    frames: list[dict[str, Any]] = field(default_factory=list)
    again: int = 0
    """Turns that came more than once."""
    waiting: dict[str, str] = field(default_factory=dict)
    """Own messages without an answer: the text by client_message_id."""
    _own: dict[str, str] = field(default_factory=dict)
    _numbers: set[int] = field(default_factory=set)
    socket: ClientWebSocketResponse | None = None
    code: int | None = None
    """How the last socket was closed."""
    _reader: asyncio.Task[None] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self, **hello: Any) -> dict[str, Any]:
        """Open a socket and say hello; the first frame that comes back."""
        headers = {"Origin": self.origin} if self.origin else {}
        self.socket = await self.session.ws_connect(self.url, protocols=[PROTOCOL], headers=headers)
        await self.send(
            {
                "type": "hello",
                "conversation": self.conversation,
                "token": self.token,
                "seen": self.seen,
                **hello,
            }
        )
        first = json.loads((await self.socket.receive(PATIENCE)).data)
        self._take(first)
        self._reader = asyncio.create_task(self._read(self.socket))
        return dict(first)

    async def send(self, frame: dict[str, Any] | str | bytes) -> None:
        """Send a frame, or whatever it is."""
        assert self.socket is not None
        if isinstance(frame, dict) and frame["type"] == "message" and "text" in frame:
            self.waiting[frame["client_message_id"]] = frame["text"]
        if isinstance(frame, bytes):
            await self.socket.send_bytes(frame)
        else:
            await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def say(self, text: str, id_: str | None = None, **more: Any) -> dict[str, Any]:
        """Send a message and wait for what comes of it."""
        named = id_ or uuid4().hex
        await self.send({"type": "message", "client_message_id": named, "text": text, **more})
        return await self.answer(named)

    async def answer(self, named: str) -> dict[str, Any]:
        """The replies, or the error, for a message."""
        return await self.get(
            lambda frame: frame.get("client_message_id") == named and frame["type"] in ("replies", "error")
        )

    async def get(self, wanted: Any) -> dict[str, Any]:
        """The first frame that is wanted, also among those that came already."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = next((frame for frame in self.frames if wanted(frame)), None)
                if found is not None:
                    return found
                self._news.clear()
                await self._news.wait()

    async def shows(self, *texts: str) -> None:
        """Wait until these texts, and no other way round, are among what is shown."""
        async with asyncio.timeout(PATIENCE):
            while not set(texts) <= {turn["text"] for turn in self.shown.values()}:
                self._news.clear()
                await self._news.wait()

    async def closed(self) -> int | None:
        """Wait until the server has closed the socket; the code."""
        assert self._reader is not None
        async with asyncio.timeout(PATIENCE):
            await self._reader
        return self.code

    async def drop(self) -> None:
        """Lose the connection without a word."""
        assert self.socket is not None
        assert self._reader is not None
        self._reader.cancel()
        transport = self.socket._conn.transport if self.socket._conn else None
        if transport is not None:
            transport.abort()
        await self.socket.close()

    async def _read(self, socket: ClientWebSocketResponse) -> None:
        while (message := await socket.receive()).type is WSMsgType.TEXT:
            self._take(json.loads(message.data))
        self.code = socket.close_code
        self._news.set()

    def _take(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        pushed = [frame["turn"]] if frame["type"] == "turn" else []
        turns = [*frame.get("missed", ()), *frame.get("turns", ()), *pushed]
        for turn in turns:
            self.again += turn["turn"] in self.shown
            self._show(turn)
        if frame["type"] == "replies" and frame["client_message_id"] in self.waiting:
            text = self.waiting.pop(frame["client_message_id"])
            named = {"by": "person", "text": text, "client_message_id": frame["client_message_id"]}
            self._show({**frame["message"], **named})
        self._news.set()

    def _show(self, turn: dict[str, Any]) -> None:
        # A message that was sent again after a fault of the database may have got another id.
        if turn["by"] == "person":
            earlier = self._own.setdefault(turn["client_message_id"], turn["turn"])
            if earlier != turn["turn"]:
                self.shown.pop(earlier, None)
                self._own[turn["client_message_id"]] = turn["turn"]
        self.shown[turn["turn"]] = turn
        self._numbers.add(turn["seq"])
        # Not the greatest number: one below it may still be on its way.
        while self.seen + 1 in self._numbers:
            self.seen += 1
