"""The live stream: what is open now, at every change and every few seconds, by ids alone.

Native EventSource reconnects by itself after sleep or a restart, and is told everything at once then, so
that nothing can be missed in between. An idle session still gets it: alarms do not log off.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from bot.live import Listener
from bot.review.access import visitor_of
from bot.review.desk import Desk, desk_of
from bot.staff import sessions
from bot.transcripts.database import StorageError

BEAT_SECONDS: Final = 4.0
"""A page that hears nothing for three of these says that it is stale."""
RETRY_MILLISECONDS: Final = 1_500
SEND_SECONDS: Final = 10.0


async def show_live(request: web.Request) -> web.StreamResponse:
    """GET /live"""
    desk, visitor = desk_of(request), visitor_of(request)
    async with sse_response(request, send_timeout=SEND_SECONDS) as stream:
        with (
            contextlib.suppress(ConnectionError, TimeoutError),
            desk.changes.listening(visitor.staff.id) as me,
        ):
            await stream.send("{}", event="hello", retry=RETRY_MILLISECONDS)
            await desk.watch.look_or_forget()
            while await _tell(desk, stream, me, visitor.token):
                await _next_beat(me)
    return stream


async def _next_beat(me: Listener) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BEAT_SECONDS):
            await me.wake.wait()
    me.wake.clear()


async def _tell(desk: Desk, stream: EventSourceResponse, me: Listener, token: str) -> bool:
    """Send what is open now; whether the stream goes on."""
    if desk.changes.closed or not stream.is_connected():
        return False
    if me.superseded:
        await stream.send("{}", event="superseded")
        return False
    try:
        session = await desk.read(lambda reading: sessions.find(reading, token, desk.clock.now()))
    except StorageError:
        await stream.send("{}", event="stale")
        return True
    if session is None:
        await stream.send("{}", event="ended")
        return False
    if session.idle:
        await stream.send("{}", event="locked")
    await stream.send(desk.watch.latest or "{}", event="queue" if desk.watch.latest else "stale")
    return True
