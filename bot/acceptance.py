"""Step 2 of a message's way: make it durable, in one transaction or in the spool."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID, uuid4

from bot.deadline import finish_within
from bot.keywords import Keyword, carrier_act, keyword, keyword_language
from bot.memory import Memory
from bot.messages import (
    MAX_TEXT,
    CarrierAct,
    Channel,
    Kind,
    Language,
    Level,
    Message,
    Pager,
    Reply,
    Risk,
)
from bot.replay import store
from bot.risk import Screener
from bot.text import detect_language, requested_language
from bot.transcripts import standings, turns
from bot.transcripts.database import Database, RefusedError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import AcceptedEntry
from bot.transcripts.placing import Place
from bot.transcripts.spool import Spool, SpoolError
from bot.transcripts.standings import Standing

log = logging.getLogger(__name__)

ACCEPT_DEADLINE = timedelta(seconds=0.5)
SPOOL_DEADLINE = timedelta(seconds=0.4)
PAGE_DEADLINE = timedelta(seconds=10)


class Stored(Enum):
    """Where an accepted message is durable."""

    DATABASE = "database"
    SPOOL = "spool"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Accepted:
    """An inbound message that is durable, unless `stored` is NOWHERE.

    `standing` is the conversation's state before this message. `replies` is set for a retry that
    was answered already, `places` then where it and they stand.
    """

    turn: UUID
    message: Message
    risk: Risk
    standing: Standing
    language: Language
    keyword: Keyword | None = None
    stored: Stored = Stored.DATABASE
    replies: tuple[Reply, ...] | None = None
    places: tuple[Place, ...] = ()

    @property
    def entry(self) -> AcceptedEntry:
        """What is stored of it."""
        opted_out = {Keyword.OPT_OUT: True, Keyword.OPT_IN: False}.get(self.keyword) if self.keyword else None
        blocked = _blocked(self.message)
        return AcceptedEntry(self.turn, self.message, self.risk, self.language, opted_out, blocked)

    @property
    def sticky(self) -> Risk:
        """The crisis state in force from earlier messages."""
        return Risk(level=self.standing.level, kind=self.standing.kind)


class Acceptance:
    """Accepts messages into the database, or into the spool when it is away."""

    def __init__(
        self,
        *,
        database: Database,
        ring: KeyRing,
        spool: Spool,
        memory: Memory,
        screener: Callable[[], Screener],
        pager: Pager,
    ) -> None:
        self._ring = ring
        self._database = database
        self._spool = spool
        self._memory = memory
        self._screener = screener
        self._pager = pager
        self._pages: set[asyncio.Task[None]] = set()

    async def accept(self, message: Message, risk: Risk) -> Accepted:
        """Store the message, its risk and, at CRISIS and above, the hand-off; never raises for storage.

        A commit that misses the deadline is left to finish: the turn's id is made here, so that the
        spool's copy of it is recognised.
        """
        turn = uuid4()
        try:
            accepted = await finish_within(ACCEPT_DEADLINE, self._commit_once(turn, message, risk))
        except Exception as error:  # Whatever the database does, the message goes on.
            log.warning("turn %s: database away: %s", turn, type(error).__name__)
            return await self.accept_into_spool(message, risk, turn=turn)
        if accepted.replies is None:
            self._remember(accepted, saved=True)
        return accepted

    async def accept_into_spool(
        self,
        message: Message,
        risk: Risk,
        *,
        turn: UUID | None = None,
        within: timedelta = SPOOL_DEADLINE,
    ) -> Accepted:
        """Store the message without the database, which is away or has no time; never raises for storage.

        At CRISIS and above staff are paged straight from memory.
        """
        accepted = await self._accept_without_database(turn or uuid4(), message, risk, within)
        self._remember(accepted, saved=False)
        return accepted

    def _remember(self, accepted: Accepted, *, saved: bool) -> None:
        self._memory.heard(
            accepted.standing,
            accepted.message,
            accepted.risk,
            accepted.language,
            saved=saved,
            opted_out=accepted.entry.opted_out,
        )

    async def _commit_once(self, turn: UUID, message: Message, risk: Risk) -> Accepted:
        try:
            return await self._commit(turn, message, risk)
        except RefusedError:
            # Another process has just accepted the same message: this is its retry.
            return await self._commit(turn, message, risk)

    async def _commit(self, turn: UUID, message: Message, risk: Risk) -> Accepted:
        now = message.received_at
        async with self._database.transaction() as session:
            retry = await turns.find_retry(session, self._ring, message.channel, message.external_id)
            if retry is not None and retry.text != message.text:
                message = replace(message, external_id=self._other_id(message))
                retry = await turns.find_retry(session, self._ring, message.channel, message.external_id)
            stored = await standings.standing(session, self._ring, message.conversation, now)
            standing = self._memory.reconcile(message.conversation, stored, now)
            if self._unread(message, standing, now):
                risk = max(risk, self._screener().screen(message.text, standing.history, at=now), key=_level)
            accepted = self._accepted(turn, message, risk, standing)
            if retry is not None:
                return replace(accepted, turn=retry.turn, replies=retry.replies, places=retry.places)
            await store(session, self._ring, accepted.entry)
        return accepted

    def _unread(self, message: Message, standing: Standing, now: datetime) -> bool:
        """Whether the last turns, which a short message leans on, were unknown when it was screened."""
        known = self._memory.recall(message.conversation, now).history
        return len(message.text) <= MAX_TEXT and not set(standing.history) <= set(known)

    async def _accept_without_database(
        self, turn: UUID, message: Message, risk: Risk, within: timedelta
    ) -> Accepted:
        standing = self._memory.recall(message.conversation, message.received_at)
        accepted = self._accepted(turn, message, risk, standing)
        if risk.level >= Level.CRISIS and not message.synthetic:
            self._page(message.conversation, risk)
        try:
            await finish_within(within, self._spool.append(accepted.entry))
        except (SpoolError, TimeoutError) as error:
            log.error("turn %s: accepted nowhere: %s", turn, type(error).__name__)
            return replace(accepted, stored=Stored.NOWHERE)
        return replace(accepted, stored=Stored.SPOOL)

    def _accepted(self, turn: UUID, message: Message, risk: Risk, standing: Standing) -> Accepted:
        wanted = (
            None
            if risk.level >= Level.CRISIS
            else keyword(message.text, message.channel, standing.opted_out, message.carrier)
        )
        detected = requested_language(message.text) or detect_language(message.text)
        if wanted is not None:
            detected = keyword_language(message.text) or (
                # A reserved word is English for whoever writes it.
                detected if " " in message.text.strip() else standing.language or detected
            )
        language = detected or message.language or standing.language or Language.EN
        if wanted is Keyword.HELP and risk.level < Level.CONCERN:
            # One word, and whoever writes it may mean it: the service text is its check-in (R16).
            risk = replace(risk, level=Level.CONCERN, kind=Kind.DISTRESS)
        return Accepted(turn, message, risk, standing, language, keyword=wanted)

    def _other_id(self, message: Message) -> str:
        """An id for other words under an id that was used: they are a message of their own, once."""
        return f"{message.external_id}#{self._ring.digest('other words', message.text)[:16]}"

    def _page(self, conversation: UUID, risk: Risk) -> None:
        page = asyncio.create_task(self._page_in_time(conversation, risk))
        self._pages.add(page)
        page.add_done_callback(self._pages.discard)

    async def _page_in_time(self, conversation: UUID, risk: Risk) -> None:
        try:
            async with asyncio.timeout(PAGE_DEADLINE.total_seconds()):
                await self._pager.page(conversation, risk, "database away")
        except Exception as error:  # A pager may fail in any way; the card goes out all the same.
            log.error("conversation %s: page failed: %s", conversation, type(error).__name__)


def _blocked(message: Message) -> bool | None:
    """Whether the network keeps our texts from the sender from now on; None when nothing changes."""
    if message.channel is not Channel.SMS:
        return None
    if not message.answerable:
        return True
    act = message.carrier or carrier_act(message.text)
    return {CarrierAct.STOP: True, CarrierAct.START: False}.get(act) if act else None


def _level(risk: Risk) -> Level:
    return risk.level
