"""A person has their words deleted: in the database, in memory, in the engine and in the spool."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID, uuid4

from bot.deadline import finish_within
from bot.memory import Memory
from bot.transcripts import clearing
from bot.transcripts.database import Database, StorageError
from bot.transcripts.entries import ClearEntry
from bot.transcripts.spool import Spool, SpoolError

log = logging.getLogger(__name__)

CLEAR_DEADLINE: Final = timedelta(seconds=2)
SPOOL_DEADLINE: Final = timedelta(seconds=0.4)


class Settles(Protocol):
    """What is needed of `conversation.Responder`."""

    async def settle(self, conversation: UUID) -> None:
        """Wait until the turns of a conversation that are in flight are answered and recorded."""
        ...


class Forgets(Protocol):
    """What is needed of the engine."""

    async def forget(self, conversation: UUID) -> None:
        """Let go of what it remembers of a conversation."""
        ...


@dataclass(frozen=True, slots=True)
class Cleared:
    """What became of a wish to have everything deleted.

    `done` is False while the wish waits for the database; `kept`, whether something stays since a
    hand-off rests on it, is unknown until then.
    """

    done: bool
    kept: bool | None = None


class Clearing:
    """Deletes what was said in a conversation, except what a hand-off rests on."""

    def __init__(
        self, *, database: Database, spool: Spool, memory: Memory, engine: Forgets, responder: Settles
    ) -> None:
        self._database = database
        self._spool = spool
        self._memory = memory
        self._engine = engine
        self._responder = responder

    async def clear(self, conversation: UUID, now: datetime) -> Cleared:
        """Delete it now or, while the database is away, as soon as it is back.

        Raises:
            StorageError: Neither is certain.
        """
        # What is being answered would be stored after the deletion.
        await self._responder.settle(conversation)
        self._memory.forget(conversation)
        await self._engine.forget(conversation)
        try:
            kept = await finish_within(CLEAR_DEADLINE, self._delete(conversation, now))
        except Exception as error:  # Whatever the database does, the wish goes on to the spool.
            log.warning("conversation %s: cleared later: %s", conversation, type(error).__name__)
            await self._wish(ClearEntry(uuid4(), conversation, now))
            return Cleared(done=False)
        await self._empty_spool(conversation)
        return Cleared(done=True, kept=kept)

    async def _delete(self, conversation: UUID, now: datetime) -> bool:
        async with self._database.transaction() as session:
            return await clearing.clear(session, conversation, now)

    async def _wish(self, entry: ClearEntry) -> None:
        try:
            await finish_within(SPOOL_DEADLINE, self._spool.append(entry))
        except (SpoolError, TimeoutError) as error:
            raise StorageError(f"the wish is kept nowhere: {type(error).__name__}") from error

    async def _empty_spool(self, conversation: UUID) -> None:
        """What waits in the spool is dropped when it is replayed; what was put aside is emptied here."""
        try:
            await self._spool.forget(conversation)
        except SpoolError as error:
            log.error("conversation %s: the spool cannot be emptied: %s", conversation, type(error).__name__)
