"""The widget's WebSocket: the chat with pushes and typing. Documented in docs/widget-protocol.md."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from aiohttp import WSCloseCode, WSMsgType, web

from bot.channels import frames
from bot.channels.acts import UNWELCOME, Acts, log_fault, status_of
from bot.channels.bodies import MalformedError, TooLargeError
from bot.channels.errors import ApiError, Errors
from bot.channels.frames import Hello
from bot.channels.languages import preferred
from bot.channels.line import Line, Socket
from bot.channels.pushing import Pushing
from bot.channels.rooms import Room, Rooms
from bot.channels.showing import kept_json
from bot.channels.talk import Missed, Talk
from bot.clearing import Cleared

log = logging.getLogger(__name__)

PATH: Final = "/api/socket"
PROTOCOL: Final = "harborline.v1"
HELLO_SECONDS: Final = 10.0
PING_SECONDS: Final = 20.0
"""Between our pings; a socket that answers none for half of this is dead. Found within 30 s."""
CLOSE_SECONDS: Final = 2.0
"""For a client to answer our closing."""
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a frame; a larger one cannot even be refused with a word, and closes the socket (1009)."""
BUFFERED: Final = 16 * 1024
"""Bytes to a slow reader before its frames wait in the queue."""
SOCKETS: Final = 5_000
"""Of this process; more are sent to the HTTP API."""


class Sockets:
    """Serves sockets.

    Args:
        talk: What a person may do.
        errors: Makes what is said of errors.
        ping_seconds: Between pings.
        hello_seconds: For the first frame.
    """

    def __init__(
        self,
        talk: Talk,
        errors: Errors,
        *,
        ping_seconds: float = PING_SECONDS,
        hello_seconds: float = HELLO_SECONDS,
    ) -> None:
        self.rooms = Rooms()
        self.pushing = Pushing(talk.database, talk.ring, self.rooms)
        self._talk = talk
        self._errors = errors
        self._ping_seconds = ping_seconds
        self._hello_seconds = hello_seconds
        self._acts = Acts(talk, errors, self.rooms)
        self._open = 0
        self._greeting: set[Socket] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """GET /api/socket; whether the page may is checked for all of the API."""
        offered = request.headers.get("Sec-WebSocket-Protocol", "").split(",")
        if PROTOCOL not in (each.strip() for each in offered):
            raise ApiError(400)
        if self.rooms.closed or self._open >= SOCKETS:
            raise ApiError(503)
        socket: Socket = web.WebSocketResponse(
            timeout=CLOSE_SECONDS,
            heartbeat=self._ping_seconds,
            protocols=(PROTOCOL,),
            compress=False,
            max_msg_size=LARGEST,
            writer_limit=BUFFERED,
            decode_text=False,
        )
        await socket.prepare(request)
        self._open += 1
        try:
            await self._talk_over(request, socket)
        except (OSError, RuntimeError):
            log.info("a socket is gone")
        except Exception as error:  # Nothing can be answered any more, and nothing may be logged but this.
            log_fault(error)
        finally:
            self._open -= 1
            if socket.close_code in (None, WSCloseCode.ABNORMAL_CLOSURE) and request.transport is not None:
                # Closing it would wait for a dead peer to take what is left.
                request.transport.abort()
        return socket

    async def close(self) -> None:
        """Answer what was asked, then close every socket: the server is going down."""
        self.rooms.closed = True
        greeting = [socket.close(code=WSCloseCode.GOING_AWAY) for socket in self._greeting]
        await asyncio.gather(self.rooms.close(), *greeting, return_exceptions=True)

    def left(self, conversation: UUID) -> None:
        """The person has left: no tab shows anything more."""
        self._acts.left(conversation)

    def cleared(self, conversation: UUID, cleared: Cleared) -> None:
        """The conversation is over in every tab."""
        self._acts.cleared(conversation, cleared)

    async def _talk_over(self, request: web.Request, socket: Socket) -> None:
        hello = await self._greeted(request, socket)
        if hello is None:
            return
        line = Line(request, socket, hello, hello.language or preferred(request))
        room = self.rooms.join(line, hello.seen)
        try:
            await self._resume(line, room, hello.seen)
            while (data := await _next(socket)) is not None:
                await line.work(self._acts.act(line, data))
        finally:
            self.rooms.leave(line)
            await line.end()

    async def _greeted(self, request: web.Request, socket: Socket) -> Hello | None:
        """The hello; None when there was none that opens anything, and the socket is closed."""
        language = preferred(request)
        try:
            data = await self._first(socket)
            if data is None:
                return None
            hello = frames.hello(frames.parse(data))
            language = hello.language or language
            self._acts.require(hello.token, hello.conversation)
            return hello
        except (ApiError, MalformedError, TooLargeError, TimeoutError) as error:
            status = 408 if isinstance(error, TimeoutError) else status_of(error)
            await socket.send_json({"type": "error", **self._errors.body(status, language)})
            await socket.close(code=UNWELCOME)
            return None

    async def _first(self, socket: Socket) -> bytes | str | None:
        self._greeting.add(socket)
        try:
            async with asyncio.timeout(self._hello_seconds):
                return await _next(socket)
        finally:
            self._greeting.discard(socket)

    async def _resume(self, line: Line, room: Room, seen: int) -> None:
        try:
            missed = await self._talk.missed(line.conversation, seen)
        except ApiError:
            # The database is away: what it holds is pushed once it is back.
            room.read_to = min(room.read_to, seen)
            line.begin([], held=False)
            return
        _note(room, missed, seen)
        turns = [kept_json(turn, line.conversation) for turn in missed.turns]
        line.begin(turns, held=missed.state.held)


def add_socket(app: web.Application, sockets: Sockets) -> None:
    """Add the socket's route beside the API's, and end sockets before the server stops."""

    async def push(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(sockets.pushing.run())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def close(_: web.Application) -> None:
        await sockets.close()

    app.router.add_get(PATH, sockets.serve, allow_head=False)
    app.cleanup_ctx.append(push)
    app.on_shutdown.append(close)


async def _next(socket: Socket) -> bytes | str | None:
    """What the next frame holds; None when there is none any more."""
    message = await socket.receive()
    return message.data if message.type in (WSMsgType.TEXT, WSMsgType.BINARY) else None


def _note(room: Room, missed: Missed, seen: int) -> None:
    """Take the room to where its only socket is, or back to where one of several is."""
    told = (missed.turns[-1].place.seq or seen) if missed.turns else min(seen, missed.state.last)
    if len(room.lines) == 1:
        room.read_to = told
    elif missed.more:
        room.read_to = min(room.read_to, told)
    room.state = room.state or missed.state
