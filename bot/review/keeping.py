"""What goes on behind the pages: holds that run out, the queue that is watched, the log that is anchored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from aiohttp import web

from bot.audit.anchor import Anchor, Mark
from bot.cases import work
from bot.review.desk import Desk
from bot.reviewing import choosing

log = logging.getLogger(__name__)

LAPSE_SECONDS: Final = 10.0
ANCHOR_SECONDS: Final = 300.0
CHOOSE_SECONDS: Final = 60.0
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
            asyncio.create_task(_every(desk, CHOOSE_SECONDS, "review", lambda: choose(desk))),
            asyncio.create_task(
                _every(desk, ANCHOR_SECONDS, "anchor", lambda: _anchor(desk, anchor, announce))
            ),
        ]
        yield
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    return running


async def _every(desk: Desk, seconds: float, what: str, work: Callable[[], Awaitable[None]]) -> None:
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
    await desk.write(lambda session: choosing.put_up(session, desk.ring, choice, now))


async def _anchor(desk: Desk, anchor: Anchor, announce: Announce | None) -> None:
    mark = await anchor.drop(desk.database, desk.clock)
    if mark is not None and announce is not None:
        async with asyncio.timeout(ANNOUNCE_SECONDS):
            await announce(mark)
