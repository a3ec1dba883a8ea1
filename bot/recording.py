"""Step 5 of a message's way: store what was answered, in the database or in the spool."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from bot.acceptance import Accepted, Stored
from bot.deadline import finish_within
from bot.exchange import Exchange, unplaced
from bot.memory import Memory
from bot.messages import Channel, Clock, EngineReply, Language, Reply, Silent
from bot.replay import store_answer
from bot.transcripts import conversations
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import RecordedEntry
from bot.transcripts.placing import Place, places
from bot.transcripts.spool import Spool, SpoolError

log = logging.getLogger(__name__)

RECORD_DEADLINE = timedelta(seconds=0.4)


class Recording:
    """Records outbound turns; a failure costs the person nothing."""

    def __init__(
        self, *, database: Database, ring: KeyRing, spool: Spool, memory: Memory, clock: Clock
    ) -> None:
        self._database = database
        self._ring = ring
        self._spool = spool
        self._memory = memory
        self._clock = clock

    async def record(
        self,
        accepted: Accepted,
        replies: tuple[Reply, ...] | Silent,
        understood: EngineReply,
        *,
        seconds: float,
    ) -> Exchange:
        """Store the replies to an accepted message, and what the engine understood.

        Args:
            accepted: The message that was answered.
            replies: What goes out; `SILENT` is recorded as an answer without replies.
            understood: Topic, confidence and candidates.
            seconds: How long the answer took.

        Returns:
            The message and the replies as clients know them again.
        """
        entry = self._entry(accepted, replies, understood, seconds)
        if accepted.stored is Stored.NOWHERE:
            return unplaced(accepted.turn, entry.at, replies)  # There is no turn that this would answer.
        try:
            own, *theirs = await finish_within(RECORD_DEADLINE, self._store(entry))
        except Exception as error:  # Whatever the database does, the person has an answer waiting.
            log.warning("turn %s: replies go to the spool: %s", accepted.turn, type(error).__name__)
            await self._spool_entry(entry)
            return unplaced(accepted.turn, entry.at, replies)
        if len(theirs) != len(entry.replies):  # Another process was first, with another answer.
            return unplaced(accepted.turn, entry.at, replies)
        return Exchange(own, replies, tuple(theirs))

    async def record_in_spool(
        self, accepted: Accepted, replies: tuple[Reply, ...] | Silent, *, seconds: float
    ) -> None:
        """The same, beside a message that is in the spool."""
        entry = self._entry(accepted, replies, EngineReply(), seconds)
        if accepted.stored is not Stored.NOWHERE:
            await self._spool_entry(entry)

    def _entry(
        self,
        accepted: Accepted,
        replies: tuple[Reply, ...] | Silent,
        understood: EngineReply,
        seconds: float,
    ) -> RecordedEntry:
        said = () if isinstance(replies, Silent) else replies
        now = self._clock.now()
        self._memory.said(accepted.message.conversation, said, now)
        return RecordedEntry(
            turn=accepted.turn,
            conversation=accepted.message.conversation,
            replies=said,
            understood=understood,
            latency_ms=round(seconds * 1000),
            at=now,
        )

    async def opened(self, conversation: UUID, channel: Channel, language: Language, now: datetime) -> None:
        """Store a conversation that was greeted and told that this is an automated service."""
        try:
            await finish_within(RECORD_DEADLINE, self._open(conversation, channel, language, now))
        except Exception as error:  # The first message opens it again.
            log.warning("conversation %s: opened in memory alone: %s", conversation, type(error).__name__)

    async def _spool_entry(self, entry: RecordedEntry) -> None:
        try:
            await finish_within(RECORD_DEADLINE, self._spool.append(entry))
        except (SpoolError, TimeoutError):
            log.error("turn %s: replies recorded nowhere", entry.turn)

    async def _store(self, entry: RecordedEntry) -> tuple[Place, ...]:
        async with self._database.transaction() as session:
            await store_answer(session, self._ring, entry)
            return await places(session, entry.turn)

    async def _open(self, conversation: UUID, channel: Channel, language: Language, now: datetime) -> None:
        async with self._database.transaction() as session:
            await conversations.open_conversation(
                session, conversation, channel, language, now, disclosed_at=now
            )
