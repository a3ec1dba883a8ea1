"""Which conversation a phone number's text belongs to, also while the database is away."""

from __future__ import annotations

import logging
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bot.deadline import finish_within
from bot.transcripts.conversations import SENDER, conversation_of, new_conversation
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing

log = logging.getLogger(__name__)

LOOK_UP: Final = timedelta(seconds=0.3)
FRESH: Final = timedelta(days=1)
"""A number that wrote within this needs no look-up: its conversation ends after 90 days of silence."""
REMEMBERED: Final = 20_000


class Conversations:
    """Finds conversations by a keyed digest of the number; the numbers themselves are not kept here."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database = database
        self._ring = ring
        self._known: OrderedDict[str, tuple[UUID, datetime]] = OrderedDict()

    async def of(self, number: str, now: datetime) -> UUID:
        """The number's conversation; never raises. One that was guessed is put right by the replay."""
        digest = self._ring.digest(SENDER, number)
        known = self._known.get(digest)
        if known is not None and now - known[1] < FRESH:
            return self._remember(digest, known[0], now)
        try:
            found = await finish_within(LOOK_UP, self._look_up(number, now))
        except Exception as error:  # Whatever the database does, the text is answered.
            log.warning("sms: conversation not looked up: %s", type(error).__name__)
            return self.guess(number)
        return self._remember(digest, found, now)

    def guess(self, number: str) -> UUID:
        """The number's conversation as far as memory tells; a number's first one where it does not."""
        known = self._known.get(self._ring.digest(SENDER, number))
        return known[0] if known is not None else new_conversation(self._ring, number)

    async def _look_up(self, number: str, now: datetime) -> UUID:
        async with self._database.reading() as session:
            return await conversation_of(session, self._ring, number, now)

    def _remember(self, digest: str, conversation: UUID, now: datetime) -> UUID:
        self._known[digest] = conversation, now
        self._known.move_to_end(digest)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return conversation
