"""What goes on behind the pages: holds that run out, the queue that is watched, the log that is anchored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.audit.anchor import Anchor, Mark
from bot.cases import work
from bot.review.desk import Desk
from bot.reviewing import choosing
from bot.transcripts.inserting import insert_if_absent
from bot.transcripts.tables import Watermark

log = logging.getLogger(__name__)

LAPSE_SECONDS: Final = 10.0
ANCHOR_SECONDS: Final = 300.0
CHOOSE_SECONDS: Final = 60.0
PURGE_SECONDS: Final = 300.0
"""Between looks whether it is time to purge again."""
PURGE_EVERY: Final = timedelta(days=1)
PURGE: Final = "purge"
AGAIN_SECONDS: Final = 10.0
"""After a failure."""
READY_SECONDS: Final = 0.5
"""Between looks whether the database is there yet."""
ANNOUNCE_SECONDS: Final = 10.0

Announce = Callable[[Mark], Awaitable[None]]


def keep(
    desk: Desk, anchor: Anchor, announce: Announce | None
) -> Callable[[web.Application], AsyncIterator[None]]:
    """A clean-up context that runs the work for as long as the application does."""

    async def running(_: web.Application) -> AsyncIterator[None]:
        jobs = [
            asyncio.create_task(desk.watch.run()),
            asyncio.create_task(_every(desk, LAPSE_SECONDS, "holds", lambda: _lapse(desk))),
            asyncio.create_task(
                _every(desk, PURGE_SECONDS, "retention", lambda: purge_daily(desk), first=PURGE_SECONDS)
            ),
            asyncio.create_task(
                _every(desk, CHOOSE_SECONDS, "review", lambda: choose(desk), first=CHOOSE_SECONDS)
            ),
            asyncio.create_task(
                _every(desk, ANCHOR_SECONDS, "anchor", lambda: _anchor(desk, anchor, announce))
            ),
        ]
        yield
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    return running


async def _every(
    desk: Desk, seconds: float, what: str, work: Callable[[], Awaitable[None]], *, first: float = 0.0
) -> None:
    # What can wait must not be in the way of messages that come in with the start.
    await asyncio.sleep(first)
    while True:
        while not desk.ready():
            await asyncio.sleep(READY_SECONDS)
        wait = seconds
        try:
            await work()
        except Exception as error:  # The next time must come, whatever it was.
            log.warning("desk: %s: %s", what, type(error).__name__)
            wait = min(seconds, AGAIN_SECONDS)
        await asyncio.sleep(wait)


async def _lapse(desk: Desk) -> None:
    now = desk.clock.now()
    # Asked first, so that the one writer of SQLite is left to messages.
    if await desk.read(lambda session: work.any_lapsed(session, now)):
        await desk.write(lambda session: work.lapse_all(session, now))


async def choose(desk: Desk) -> None:
    """Put up for review what has come since the last time."""
    now = desk.clock.now()
    choice = await desk.read(
        lambda session: choosing.choose(session, desk.ring, desk.sampling, desk.times.zone, now)
    )
    if choice.messages or choice.is_overdue:
        await desk.write(lambda session: choosing.put_up(session, desk.ring, choice, now))


async def purge_daily(desk: Desk) -> None:
    """Delete what is kept for too long, once a day whichever process comes first."""
    now = desk.clock.now()
    mark = await desk.read(lambda session: session.get(Watermark, PURGE))
    if mark is not None and now - mark.at < PURGE_EVERY:
        return
    due = await desk.purge()
    log.info("purged %d conversations; %d are held", due.conversations, due.held)

    async def note(session: AsyncSession) -> None:
        await insert_if_absent(session, Watermark, {"name": PURGE, "at": now})
        (await session.get_one(Watermark, PURGE)).at = now
        if due.conversations:
            detail = {"conversations": due.conversations}
            await record(session, desk.ring, Act.PURGED, now, detail=detail)

    await desk.write(note)


async def _anchor(desk: Desk, anchor: Anchor, announce: Announce | None) -> None:
    mark = await anchor.drop(desk.database, desk.clock)
    if mark is not None and announce is not None:
        async with asyncio.timeout(ANNOUNCE_SECONDS):
            await announce(mark)
