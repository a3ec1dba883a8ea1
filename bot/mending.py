"""Bringing back what was away: the database first, then what the spool holds."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from bot.deadline import finish_within
from bot.memory import Memory
from bot.messages import Clock
from bot.replay import replay
from bot.transcripts import synthetic
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.spool import Spool, SpoolError

log = logging.getLogger(__name__)

PREPARE_DEADLINE: Final = timedelta(seconds=1.5)
"""For the database at start: longer, and the server listens without it."""
FORGET_EVERY: Final = timedelta(hours=1)
"""Between removals of what old heartbeats left."""
REPAIR_SECONDS: Final = 5.0
"""Between attempts to reach a database that was away, and to replay the spool."""


class Mending:
    """Keeps the database prepared and the spool empty; `prepared`: whether the database was there last."""

    def __init__(
        self, *, database: Database, ring: KeyRing, spool: Spool, memory: Memory, clock: Clock
    ) -> None:
        self.prepared = False
        self._database = database
        self._ring = ring
        self._spool = spool
        self._memory = memory
        self._clock = clock
        self._forget_at = clock.now()

    async def begin(self) -> None:
        """Reach the database if it is there in time.

        Raises:
            KeyMismatchError: The database was written with another key.
        """
        try:
            await finish_within(PREPARE_DEADLINE, self._prepare())
        except (StorageError, TimeoutError) as error:
            log.error("database away at start: %s; messages go to the spool", error)

    async def run(self) -> None:
        """Mend until cancelled."""
        while True:
            try:
                await self._mend()
            except SpoolError as error:
                log.error("the spool cannot be read: %s", error)
            except Exception as error:  # Whatever it is, the next attempt must come.
                self.prepared = False
                log.warning("database away: %s", type(error).__name__)
            await asyncio.sleep(REPAIR_SECONDS)

    async def _prepare(self) -> None:
        await self._database.migrate()
        await self._database.check_key()
        self.prepared = True

    async def _mend(self) -> None:
        if self.prepared:
            await self._database.check_key()
        else:
            await self._prepare()
        if self._clock.now() >= self._forget_at:
            async with self._database.transaction() as session:
                await synthetic.forget(session, self._clock.now())
            self._forget_at = self._clock.now() + FORGET_EVERY
        if (await replay(self._spool, self._database, self._ring)).stored:
            self._memory.replayed()
