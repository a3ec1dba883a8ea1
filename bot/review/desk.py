"""What every staff page needs, and how pages touch the database: briefly, and never in a message's way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random

from bot.browsing.searching import Searcher
from bot.joining.telling import Texts
from bot.live import Changes
from bot.messages import Channel, Clock, Language, Reply
from bot.pages import Recipient
from bot.retention.purging import Due
from bot.review.times import Times
from bot.review.watching import Watch
from bot.reviewing.choosing import Sampling
from bot.roster import Roster
from bot.transcripts.database import Database, RefusedError, StorageError
from bot.transcripts.encryption import KeyRing

T = TypeVar("T")

ATTEMPTS: Final = 6
LONGEST_WAIT_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The parts that the handlers share.

    `ready` tells whether the database was reached and brought up to date; `clinic` is the clinic's name,
    `topics` what people may ask about, `known_words` the words of the training data, which are no names;
    `purge` deletes what is kept for too long; `notice` is a reviewed text by its name, and `canned` those
    that staff may send with a tap; `texts` tells whether people can be texted; `recipients` is everybody who
    is told of hand-offs, and `roster` in what order, if there is one.
    """

    database: Database
    ring: KeyRing
    clock: Clock
    times: Times
    changes: Changes
    watch: Watch
    searcher: Searcher
    sampling: Sampling
    notice: Callable[[str, Language, Channel], Reply]
    canned: Callable[[Language, Channel], tuple[str, ...]]
    texts: Callable[[], Texts]
    purge: Callable[[], Awaitable[Due]]
    ready: Callable[[], bool]
    clinic: Callable[[], str]
    topics: Callable[[], tuple[str, ...]]
    known_words: Callable[[], frozenset[str]]
    public_url: str
    base_url: str
    trusted_proxies: tuple[str, ...]
    behind_tls: bool
    roster: Roster | None
    recipients: Sequence[Recipient]

    async def write(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Do something in a transaction, again when the database was busy; work must be repeatable.

        Raises:
            StorageError: The database stays away, or refuses the values.
            Exception: Whatever `work` raises; nothing of it is kept then.
        """
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_is_busy),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random(0, LONGEST_WAIT_SECONDS),
            reraise=True,
        ):
            with attempt:
                async with self.database.transaction() as session:
                    return await work(session)
        raise StorageError("not reached")

    async def read(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Read something from a snapshot, which keeps no writer waiting.

        Raises:
            StorageError: The database is away.
            Exception: Whatever `work` raises.
        """
        async with self.database.reading() as session:
            return await work(session)


DESK: Final = web.AppKey("desk", Desk)


def desk_of(request: web.Request) -> Desk:
    """The desk that a request is for."""
    return request.app[DESK]


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, StorageError) and not isinstance(error, RefusedError)
