"""Everything that answers messages, wired together once: shared by the server, the terminal and tests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final
from uuid import UUID

from bot.acceptance import Acceptance
from bot.calling_back import CallBacks
from bot.cards import Cards
from bot.channels.sms import making
from bot.channels.sms.refusing import Refusals
from bot.clearing import Clearing
from bot.clock import SystemClock
from bot.content import Content
from bot.content.safety import REST
from bot.conversation import Responder
from bot.deadline import finish_late_work
from bot.engine import RasaEngine
from bot.escalation import Escalator
from bot.joining.covering import ByText, Left, cover
from bot.judging import Judging
from bot.memory import Memory
from bot.mending import Mending
from bot.messages import (
    Channel,
    Clock,
    Engine,
    EngineReply,
    EngineUnavailableError,
    Language,
    Message,
    Reply,
    Risk,
)
from bot.notify import Notifier
from bot.outbox import Worker
from bot.recording import Recording
from bot.reloading import LiveData
from bot.risk import Screener
from bot.roster import Roster
from bot.roster import load as load_roster
from bot.second_look import SecondLook
from bot.settings import Mode, Settings
from bot.texting.provider import Provider
from bot.texting.reporting import Reports
from bot.texting.sending import Texter
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import DecryptionError, KeyRing
from bot.transcripts.spool import Spool
from bot.transcripts.turns import find_retry

log = logging.getLogger(__name__)

COVER_SECONDS: Final = 2.0


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

    async def forget(self, conversation: UUID) -> None:
        """Nothing is remembered."""

    def stop(self) -> None:
        """Nothing to stop."""


class Services:
    """The parts of a running Harborline.

    Raises:
        DataError: `data/` cannot be used.
        KeyRingError: A key is malformed.
        SettingsError: The settings for SMS contradict each other.

    Args:
        settings: What the operator chose.
        clock: Stands in for the machine's.
        notifies: Whether hand-offs are announced; a rehearsal leaves them in its outbox.
        through: Makes the engine that the responder asks from the real one, to listen in on it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        notifies: bool = True,
        through: Callable[[Engine], Engine] | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.sms: Provider | None = making.provider(settings, self.clock)
        self.sms_refusals = Refusals(self.clock)
        self.live = LiveData(settings.data, require_signed=settings.require_signed)
        self.ring = KeyRing(settings.keys)
        self.database = Database(settings.database_url, self.ring)
        self.memory = Memory()
        # Without addresses there is nobody to follow the steps with: a rehearsal, or no roster in use.
        self.roster: Roster | None = load_roster(settings.data) if settings.contact else None
        self.notifier = Notifier(
            settings.notify_urls,
            base_url=settings.base_url,
            contacts=self.roster.addresses(settings.contact) if self.roster else {},
            labels=self.roster.names if self.roster else {},
        )
        self.worker = self._worker()
        self.spool = Spool(settings.spool, self.ring)
        self.mending = Mending(
            database=self.database, ring=self.ring, spool=self.spool, memory=self.memory, clock=self.clock
        )
        self.engine: RasaEngine | CardsOnly = (
            RasaEngine(settings, content=lambda: self.content) if settings.mode is Mode.FULL else CardsOnly()
        )
        self.second_look = SecondLook(settings.learned)
        self.responder = self._responder(through(self.engine) if through else self.engine)
        self.judging = Judging(database=self.database, ring=self.ring, responder=self.responder)
        self.clearing = Clearing(
            database=self.database,
            spool=self.spool,
            memory=self.memory,
            engine=self.engine,
            responder=self.responder,
        )
        self._notifies = notifies
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def content(self) -> Content:
        """The curated texts now in force."""
        return self.live.current.content

    @property
    def cards(self) -> Cards:
        """The cards now in force."""
        return self.live.current.cards

    @property
    def texts_off(self) -> str | None:
        """Why nobody can be texted but in answer, in a sentence; None when they can."""
        return making.texts_off(self.sms)

    def reports(self, provider: Provider) -> Reports:
        """Where the provider reports what became of texts."""
        return Reports(self.settings.base_url, provider.name)

    def _screener(self) -> Screener:
        return self.live.current.screener

    def _worker(self) -> Worker:
        if self.roster is None:
            return Worker(self.database, self.notifier, self.clock)
        escalator = Escalator(self.database, self.roster, self.clock)
        return Worker(self.database, self.notifier, self.clock, plan=escalator.advance)

    def _responder(self, engine: Engine) -> Responder:
        return Responder(
            screener=self._screener,
            acceptance=Acceptance(
                database=self.database,
                ring=self.ring,
                spool=self.spool,
                memory=self.memory,
                screener=self._screener,
                pager=self.notifier,
            ),
            recording=Recording(
                database=self.database,
                ring=self.ring,
                spool=self.spool,
                memory=self.memory,
                clock=self.clock,
            ),
            call_backs=CallBacks(
                database=self.database, ring=self.ring, spool=self.spool, cards=lambda: self.cards
            ),
            memory=self.memory,
            engine=engine,
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
        await self.mending.begin()
        self.second_look.start()
        self.engine.start()
        running = [self.mending.run(), self.live.watch(), self._cover()]
        if self._notifies:
            running.append(self.worker.run())
        if self.sms is not None and self.sms.sends:
            running.append(
                Texter(self.database, self.ring, self.sms, self.reports(self.sms), self.clock).run()
            )
        elif self.texts_off:
            log.info("%s", self.texts_off)
        self._tasks = [asyncio.create_task(each) for each in running]

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
        reasons = [] if self.mending.prepared else ["database"]
        return reasons if self.engine.ready else [*reasons, "engine"]

    def warnings(self) -> list[str]:
        """What staff should look after although service is given in full."""
        found = []
        if self.live.refused:
            found.append("data: a change is refused; the log says why")
        if not self.second_look.ready:
            found.append("risk: rules alone, the learned layer is not loaded")
        if self.sms_refusals.warning is not None:
            found.append(self.sms_refusals.warning)
        return found

    async def is_stored(self, message: Message) -> bool:
        """Whether a message and its answer can be read back from the database."""
        try:
            async with self.database.reading() as session:
                kept = await find_retry(session, self.ring, message.channel, message.external_id)
        except (StorageError, DecryptionError) as error:
            log.warning("heartbeat not read back: %s", type(error).__name__)
            return False
        return kept is not None and kept.text == message.text and bool(kept.replies)

    async def _cover(self) -> None:
        """Keep answering what staff who joined a conversation leave unanswered."""
        while True:
            await asyncio.sleep(COVER_SECONDS)
            try:
                if self.mending.prepared:
                    await self.cover()
            except Exception as error:  # Somebody waits for an answer: the next attempt must come.
                log.warning("staff are not covered: %s", type(error).__name__)

    async def cover(self) -> int:
        """Answer what staff left unanswered for too long; how many messages.

        Raises:
            StorageError: The database is away.
        """
        by_text = ByText(self.rest_hint, off=self.texts_off is not None)
        return await cover(self.database, self.ring, self._answer_for_staff, self.clock.now, by_text)

    def rest_hint(self, language: Language) -> str:
        """How to ask by SMS for the rest of a long answer."""
        return self.cards.service(REST, language, Channel.SMS).text

    async def _answer_for_staff(self, left: Left) -> tuple[Reply, ...]:
        return await self.responder.answer_for_staff(
            left.turn, left.message, left.risk, left.standing, left.language, away=left.held
        )
