"""Everything that answers messages, wired together once: shared by the server, the terminal and tests."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from bot.acceptance import Acceptance
from bot.cards import Cards
from bot.clock import SystemClock
from bot.content import Content
from bot.content import load as load_content
from bot.conversation import Responder
from bot.deadline import finish_late_work, finish_within
from bot.engine import RasaEngine
from bot.memory import Memory
from bot.messages import Clock, EngineReply, EngineUnavailableError, Language, Message, Risk
from bot.notify import Notifier
from bot.outbox import Worker
from bot.recording import Recording
from bot.replay import replay
from bot.risk import Screener
from bot.second_look import SecondLook
from bot.settings import Mode, Settings
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.spool import Spool, SpoolError

log = logging.getLogger(__name__)

PREPARE_DEADLINE: Final = timedelta(seconds=1.5)
"""For the database at start: longer, and the server listens without it."""
REPAIR_SECONDS: Final = 5.0
"""Between attempts to reach a database that was away, and to replay the spool."""


class CardsOnly:
    """No engine, by choice of the operator: every message gets the numbers."""

    ready = False
    reason: str | None = "card-only mode"

    def start(self) -> None:
        """Nothing to load."""

    async def reply(self, message: Message, risk: Risk, language: Language) -> EngineReply:
        """Never answers.

        Raises:
            EngineUnavailableError: Always.
        """
        raise EngineUnavailableError("card-only mode")

    def stop(self) -> None:
        """Nothing to stop."""


class Services:
    """The parts of a running Harborline.

    Raises:
        DataError: `data/` cannot be used.
        KeyRingError: A key is malformed.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.content: Content = load_content(settings.data)
        self.cards = Cards(self.content)
        self.screener = Screener.load(settings.data / "risk")
        self.ring = KeyRing(settings.keys)
        self.database = Database(settings.database_url, self.ring)
        self.database_prepared = False
        self.memory = Memory()
        self.notifier = Notifier(settings.notify_urls, base_url=settings.base_url)
        self.worker = Worker(self.database, self.notifier, self.clock)
        self.spool = Spool(settings.spool, self.ring)
        self.engine: RasaEngine | CardsOnly = (
            RasaEngine(settings) if settings.mode is Mode.FULL else CardsOnly()
        )
        self.second_look = SecondLook(settings.learned)
        self.responder = self._responder()
        self._tasks: list[asyncio.Task[None]] = []

    def _responder(self) -> Responder:
        return Responder(
            screener=self.screener,
            acceptance=Acceptance(
                database=self.database,
                ring=self.ring,
                spool=self.spool,
                memory=self.memory,
                screener=self.screener,
                pager=self.notifier,
            ),
            recording=Recording(
                database=self.database,
                ring=self.ring,
                spool=self.spool,
                memory=self.memory,
                clock=self.clock,
            ),
            memory=self.memory,
            engine=self.engine,
            clock=self.clock,
            second_look=self.second_look,
            content=lambda: self.content,
            cards=lambda: self.cards,
        )

    async def start(self) -> None:
        """Reach the database if it is there, and begin loading the engine; returns before it is loaded.

        Raises:
            KeyMismatchError: The database was written with another key.
        """
        try:
            await finish_within(PREPARE_DEADLINE, self._prepare_database())
        except (StorageError, TimeoutError) as error:
            log.error("database away at start: %s; messages go to the spool", error)
        self.second_look.start()
        self.engine.start()
        self._tasks = [asyncio.create_task(self._repair()), asyncio.create_task(self.worker.run())]

    async def stop(self) -> None:
        """Finish the turns in flight, then let go of everything."""
        await self.responder.drain()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await finish_late_work()
        self.engine.stop()
        self.second_look.stop()
        await self.spool.close()
        await self.database.close()

    def not_ready(self) -> list[str]:
        """Why full service is not given now; empty when it is."""
        reasons = [] if self.database_prepared else ["database"]
        return reasons if self.engine.ready else [*reasons, "engine"]

    def warnings(self) -> list[str]:
        """What staff should look after although service is given in full."""
        return [] if self.second_look.ready else ["risk: rules alone, the learned layer is not loaded"]

    async def _prepare_database(self) -> None:
        await self.database.migrate()
        await self.database.check_key()
        self.database_prepared = True

    async def _repair(self) -> None:
        """Keep bringing back what was away: the database first, then what the spool holds."""
        while True:
            try:
                await self._mend()
            except SpoolError as error:
                log.error("the spool cannot be read: %s", error)
            except Exception as error:  # Whatever it is, the next attempt must come.
                self.database_prepared = False
                log.warning("database away: %s", type(error).__name__)
            await asyncio.sleep(REPAIR_SECONDS)

    async def _mend(self) -> None:
        if self.database_prepared:
            await self.database.check_key()
        else:
            await self._prepare_database()
        if (await replay(self.spool, self.database, self.ring)).stored:
            self.memory.replayed()
