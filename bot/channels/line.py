"""One open socket: what goes out through a queue of its own, so that a slow reader delays nobody."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal
from uuid import UUID

from aiohttp import web

from bot.channels.frames import Frame, Hello
from bot.messages import Language

log = logging.getLogger(__name__)

Socket = web.WebSocketResponse[Literal[False]]

QUEUED: Final = 64
"""Frames that wait for a reader; with more it is dropped, and resumes by what it has seen."""
SEND_SECONDS: Final = 10.0
"""For one frame to be taken."""
FLUSH_SECONDS: Final = 1.0
FINISH_SECONDS: Final = 3.5
"""For what was asked before the server stops; a turn has three seconds."""
AT_ONCE: Final = 16
"""Frames of one socket that are worked on at a time; the next one waits in the socket."""
FRAMES_A_MINUTE: Final = 300
"""Other than messages, which are limited apart and never refused."""
KNOWN: Final = 500
"""Turns that a socket remembers to have sent."""


class Line:
    """A socket after its hello.

    Args:
        request: The request that became the socket; limits count its address.
        socket: Prepared.
        hello: Its first frame.
        language: Of errors.
    """

    def __init__(self, request: web.Request, socket: Socket, hello: Hello, language: Language) -> None:
        self.request = request
        self.conversation = hello.conversation
        self.token = hello.token
        self.language = language
        self._socket = socket
        self._queue: asyncio.Queue[str] = asyncio.Queue(QUEUED)
        self._known: OrderedDict[str, None] = OrderedDict()
        self._asked: set[str] = set()
        self._answering: set[str] = set()
        self._early: list[tuple[Frame, UUID | None]] | None = []
        self._free = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._counted, self._window = 0, time.monotonic()
        self._gone = False
        self._closing = False
        self._closed = asyncio.Event()
        self._writer = asyncio.create_task(self._write())

    @property
    def asks(self) -> bool:
        """Whether a message of this socket's own is being answered."""
        return bool(self._asked)

    def send(self, frame: Frame) -> None:
        """Send a frame without waiting; a reader that does not keep up is dropped."""
        if self._gone:
            return
        try:
            self._queue.put_nowait(json.dumps(frame, ensure_ascii=False))
        except asyncio.QueueFull:
            log.info("conversation %s: a slow reader is dropped", self.conversation)
            self.drop()

    def begin(self, missed: list[Frame], *, held: bool) -> None:
        """Say what was missed, then let pushes through that came meanwhile."""
        self.knows(missed)
        self.send({"type": "ready", "missed": missed, "held": held})
        early, self._early = self._early or [], None
        for turn, reply_to in early:
            self.push(turn, reply_to)

    def push(self, turn: Frame, reply_to: UUID | None = None) -> None:
        """Send a turn that this socket did not ask for, once.

        Args:
            turn: As the client reads it.
            reply_to: The message that it answers; what answers this socket's own is sent as its answer.
        """
        if self._early is not None:
            self._early.append((turn, reply_to))
            return
        if turn.get("client_message_id") in self._asked:
            self._answering.add(turn["turn"])
            return
        if turn["turn"] in self._known or str(reply_to) in self._answering:
            return
        self.knows([turn])
        self.send({"type": "turn", "turn": turn})

    def knows(self, turns: list[Frame]) -> None:
        """Note turns that the client has, or gets in another frame."""
        self._known.update((turn["turn"], None) for turn in turns)
        while len(self._known) > KNOWN:
            self._known.popitem(last=False)

    @contextmanager
    def asking(self, client_message_id: str) -> Iterator[None]:
        """While a message of this socket's own is answered, neither it nor its replies are pushed."""
        self._asked.add(client_message_id)
        try:
            yield
        finally:
            self._asked.discard(client_message_id)
            if not self._asked:
                self._answering.clear()

    async def work(self, act: Coroutine[Any, Any, None]) -> None:
        """Do something beside reading on, once fewer than `AT_ONCE` are under way."""
        await self._free.acquire()
        task = asyncio.create_task(act)
        self._tasks.add(task)
        task.add_done_callback(self._worked)

    def counts_too_many(self) -> bool:
        """Count a frame that is no message; whether there are more than a client has a use for."""
        if time.monotonic() - self._window > 60:
            self._counted, self._window = 0, time.monotonic()
        self._counted += 1
        return self._counted > FRAMES_A_MINUTE

    async def close(self, code: int) -> None:
        """Send what is queued, and close; once."""
        if self._closing:
            return
        self._closing = True
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._queue.join()
            with contextlib.suppress(OSError, RuntimeError):
                await self._socket.close(code=code)
        finally:
            self._closed.set()

    async def finish(self, code: int) -> None:
        """Answer what was asked already, and close."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=FINISH_SECONDS)
        await self.close(code)

    async def end(self) -> None:
        """Nothing is read any more: let a closing that is under way finish, and stop sending."""
        if self._closing:
            await self._closed.wait()
        self._gone = True
        self._writer.cancel()

    def drop(self) -> None:
        """Let go of the connection at once."""
        self._gone = True
        self._writer.cancel()
        if self.request.transport is not None:
            self.request.transport.abort()

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._free.release()

    async def _write(self) -> None:
        try:
            while True:
                text = await self._queue.get()
                async with asyncio.timeout(SEND_SECONDS):
                    await self._socket.send_str(text)
                self._queue.task_done()
        except (OSError, RuntimeError, TimeoutError) as error:
            log.info("conversation %s: a socket is gone: %s", self.conversation, type(error).__name__)
            self.drop()
