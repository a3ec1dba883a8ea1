"""The tracker store: Rasa's memory of a conversation, bounded, encrypted, and never in a turn's way.

A tracker is a cache. It is read from the database, written behind the turn, and kept in memory too, so
that a database that is away costs a turn nothing and the next one finds its tracker.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import select

from bot.rasa_compat.turn import CURRENT
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import DecryptionError, KeyRing
from bot.transcripts.tables import Tracker

log = logging.getLogger(__name__)

KEPT_EVENTS = 40
KEPT_IN_MEMORY = 1_000
READ_DEADLINE: Final = timedelta(seconds=0.2)
AWAY_SECONDS = 5.0
"""How long a database that failed is left alone."""
FIELD = "tracker"


@dataclass(frozen=True, slots=True)
class Saved:
    """A tracker's events as JSON, and the time of the turn that made them."""

    events: str
    at: datetime


class BoundedTrackerStore(TrackerStore):  # type: ignore[misc]
    """One row a conversation with its last events: a turn's cost does not grow with the conversation.

    Args:
        domain: The model's domain; Rasa sets it when the model is loaded.
        database: In this event loop; None keeps trackers in memory only.
        ring: Encrypts the rows; needed with a database.
    """

    def __init__(
        self, domain: Domain | None, *, database: Database | None = None, ring: KeyRing | None = None
    ) -> None:
        super().__init__(domain)
        self._database = database
        self._ring = ring
        self._recent: OrderedDict[UUID, Saved] = OrderedDict()
        self._unwritten: dict[UUID, Saved] = {}
        self._writer: asyncio.Task[None] | None = None
        self._reads: set[asyncio.Task[Saved | None]] = set()
        self._away_until = 0.0

    async def get_or_create_tracker(
        self,
        sender_id: str,
        max_event_history: int | None = None,
        append_action_listen: bool = True,
    ) -> DialogueStateTracker:
        """The conversation's tracker, its slots as the turn in hand has them."""
        self.max_event_history = max_event_history
        tracker = await self.retrieve(sender_id)
        if tracker is None:
            # A slot set before the first message makes Rasa skip its session start, so listen here.
            tracker = self.init_tracker(sender_id)
            tracker.update(ActionExecuted(ACTION_LISTEN_NAME), self.domain)
        turn = CURRENT.get()
        for name, value in (turn.slots if turn else {}).items():
            if tracker.get_slot(name) != value:
                tracker.update(SlotSet(name, value), self.domain)
        return tracker

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The stored tracker, from the database or, when it is away, from memory."""
        conversation = UUID(sender_id)
        saved = self._unwritten.get(conversation) or await self._read(conversation)
        if saved is None:
            return None
        return DialogueStateTracker.from_dict(sender_id, json.loads(saved.events), self.domain.slots)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep the tracker in memory at once, and write it behind the turn."""
        turn = CURRENT.get()
        if turn is None:
            raise RuntimeError("a tracker is saved outside of a turn")
        events = [event.as_dict() for event in bounded(tracker)]
        conversation, saved = UUID(tracker.sender_id), Saved(json.dumps(events), turn.at)
        self._remember(conversation, saved)
        if self._database is not None:
            self._unwritten[conversation] = saved
            self._wake_writer()

    async def keys(self) -> list[str]:
        """Conversations that memory holds."""
        return [str(conversation) for conversation in self._recent]

    async def forget(self, conversation: UUID) -> None:
        """Let go of a conversation's tracker, once what is being written of it is."""
        self._unwritten.pop(conversation, None)
        self._recent.pop(conversation, None)
        await self.finish_writing()

    async def finish_writing(self) -> None:
        """Wait until every tracker is in the database, or the database was found to be away."""
        if self._writer is not None:
            await self._writer

    async def _read(self, conversation: UUID) -> Saved | None:
        if self._database is None or time.monotonic() < self._away_until:
            return self._recent.get(conversation)
        try:
            return await self._in_time(self._load(self._database, conversation))
        except (StorageError, TimeoutError) as error:
            self._leave_alone(error)
            return self._recent.get(conversation)

    async def _in_time(self, reading: Coroutine[Any, Any, Saved | None]) -> Saved | None:
        # Never cancelled: a database call that is cancelled waits out the busy timeout.
        task = asyncio.create_task(reading)
        self._reads.add(task)
        task.add_done_callback(self._reads.discard)
        done, _ = await asyncio.wait({task}, timeout=READ_DEADLINE.total_seconds())
        if not done:
            raise TimeoutError("the database was not read in time")
        return task.result()

    async def _load(self, database: Database, conversation: UUID) -> Saved | None:
        columns = select(Tracker.blob, Tracker.updated_at).where(Tracker.conversation == conversation)
        async with database.reading() as session:
            row = (await session.execute(columns)).one_or_none()
        if row is None or self._ring is None:
            return None
        try:
            return Saved(self._ring.decrypt(row.blob, conversation, field=FIELD), row.updated_at)
        except DecryptionError:
            log.warning("conversation %s: its tracker cannot be read and begins anew", conversation)
            return None

    def _remember(self, conversation: UUID, saved: Saved) -> None:
        self._recent[conversation] = saved
        self._recent.move_to_end(conversation)
        while len(self._recent) > KEPT_IN_MEMORY:
            self._recent.popitem(last=False)

    def _wake_writer(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_task(self._write_behind())

    async def _write_behind(self) -> None:
        while self._unwritten:
            conversation, saved = next(iter(self._unwritten.items()))
            if time.monotonic() >= self._away_until:
                try:
                    await self._write(conversation, saved)
                except StorageError as error:
                    self._leave_alone(error)
            # A newer one may have come while this one was written, or it was forgotten.
            if self._unwritten.get(conversation) is saved:
                del self._unwritten[conversation]

    async def _write(self, conversation: UUID, saved: Saved) -> None:
        if self._database is None or self._ring is None:
            return
        blob = self._ring.encrypt(saved.events, conversation, field=FIELD)
        async with self._database.transaction() as session:
            await session.merge(Tracker(conversation=conversation, blob=blob, updated_at=saved.at))

    def _leave_alone(self, error: Exception) -> None:
        log.warning("trackers stay in memory for now: %s", type(error).__name__)
        self._away_until = time.monotonic() + AWAY_SECONDS


def bounded(tracker: DialogueStateTracker, kept: int = KEPT_EVENTS) -> list[Event]:
    """The last whole turns of a tracker in at most about `kept` events, led by the slots they start from."""
    events = list(tracker.events)
    if len(events) <= kept or tracker.active_loop:
        return events
    listens = [at for at, event in enumerate(events) if _listens(event)]
    start = next((at for at in listens[:-1] if at >= len(events) - kept), listens[-1])
    return [*_slots(tracker, events[start]), *events[start:]]


def _listens(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME


def _slots(tracker: DialogueStateTracker, first: Event) -> list[Any]:
    changed = (slot for slot in tracker.slots.values() if slot.value != slot.initial_value)
    return [SlotSet(slot.name, slot.value, timestamp=first.timestamp) for slot in changed]
