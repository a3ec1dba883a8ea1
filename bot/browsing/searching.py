"""Searching words that are encrypted: what is known of a conversation first, then its messages.

There is no index of words (docs/adr/0012): messages are read and decrypted, as many as fit into
`BUDGET`, off the event loop, from the latest conversation backwards. The answer says how far back it looked,
and the next request goes on there.
"""

from __future__ import annotations

import asyncio
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.browsing.cursors import Cursor
from bot.browsing.filters import Filters
from bot.browsing.listing import look
from bot.messages import Level
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Conversation, Direction, Turn

BUDGET: Final = timedelta(milliseconds=250)
BATCH: Final = 50
"""Conversations that are read at once."""
MOST: Final = 50
"""Hits of one answer."""
AROUND: Final = 60
"""Characters shown on either side of the first word found."""
SHORTEST: Final = 2
LONGEST: Final = 200

Tick = Callable[[], float]


class SearchError(Exception):
    """What was asked for cannot be searched; the message tells staff why."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that holds every word, cut around the first of them into before, found and after."""

    turn: UUID
    seq: int
    conversation: UUID
    at: datetime
    level: Level
    topic: str | None
    before: str
    found: str
    after: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a request found. `next` is None when everything was searched; else it was, back to its time."""

    hits: tuple[Hit, ...]
    searched: int
    next: Cursor | None


@dataclass(slots=True)
class Searcher:
    """One search at a time: several would only share the same core. `tick` counts seconds."""

    database: Database
    ring: KeyRing
    budget: timedelta = BUDGET
    tick: Tick = time.monotonic
    _alone: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def search(
        self, asked: str, filters: Filters, zone: ZoneInfo, *, before: Cursor | None = None
    ) -> Found:
        """Messages of people that hold every word that is asked for.

        Raises:
            SearchError: Nothing, or next to nothing, is asked for.
            StorageError: The database is away.
            DecryptionError: The ring does not fit.
        """
        words = terms(asked)
        # Waiting its turn, a search must not keep one of the few connections.
        async with self._alone, self.database.reading() as session:
            return await self._scan(session, words, filters, zone, before)

    async def _scan(
        self,
        session: AsyncSession,
        words: Sequence[str],
        filters: Filters,
        zone: ZoneInfo,
        before: Cursor | None,
    ) -> Found:
        ends, hits, searched = self.tick() + self.budget.total_seconds(), list[Hit](), 0
        while True:
            part = await look(session, filters, zone, before=before, limit=BATCH)
            said = await _said(session, [row.id for row in part.rows]) if part.rows else {}
            found, looked = await asyncio.to_thread(
                self._look, part.rows, said, words, ends, MOST - len(hits)
            )
            hits += found
            searched += sum(len(said.get(row.id, ())) for row in part.rows[:looked])
            last = part.rows[looked - 1] if looked else None
            if last is not None and (looked < len(part.rows) or len(hits) >= MOST):
                return Found(tuple(hits), searched, Cursor(last.last_at, last.id))
            before = part.next
            if before is None or self.tick() >= ends:
                return Found(tuple(hits), searched, before)

    def _look(
        self,
        rows: Sequence[Conversation],
        said: Mapping[UUID, Sequence[Any]],
        words: Sequence[str],
        ends: float,
        most: int,
    ) -> tuple[list[Hit], int]:
        """What is found, and in how many conversations there was time to look; runs in a thread."""
        hits: list[Hit] = []
        for place, row in enumerate(rows, start=1):
            hits += self._find(said.get(row.id, ()), words)
            if self.tick() >= ends or len(hits) >= most:
                return hits, place
        return hits, len(rows)

    def _find(self, turns: Sequence[Any], words: Sequence[str]) -> list[Hit]:
        """What is found in the messages of one conversation."""
        found = []
        for turn in turns:
            text = self.ring.decrypt(turn.body, turn.id)
            plain = searchable(text)
            if all(word in plain for word in words):
                cut, level = excerpt(text, words), turn.level or Level.NONE
                found.append(
                    Hit(turn.id, turn.seq, turn.conversation_id, turn.created_at, level, turn.topic, *cut)
                )
        return found


async def _said(session: AsyncSession, conversations: Sequence[UUID]) -> dict[UUID, list[Any]]:
    """What people wrote, by conversation, the latest first."""
    rows = await session.execute(
        select(
            Turn.id, Turn.seq, Turn.conversation_id, Turn.created_at, Turn.level, Turn.topic, Turn.body
        ).where(Turn.conversation_id.in_(conversations), Turn.direction == Direction.INBOUND)
    )
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.conversation_id].append(row)
    return {conversation: sorted(own, key=lambda row: -row.seq) for conversation, own in found.items()}


def terms(asked: str) -> tuple[str, ...]:
    """The words that are wanted; those within quotation marks stay together.

    Raises:
        SearchError: There are none, or they are too short or too long.
    """
    folded = searchable(asked[: LONGEST + 1])
    if len(folded) > LONGEST:
        raise SearchError(f"Search for at most {LONGEST} characters.")
    parts = folded.replace("“", '"').replace("”", '"').split('"')
    words = [part.strip() for part in parts[1::2]] + [word for part in parts[::2] for word in part.split()]
    words = [word for word in words if word]
    if not any(len(word) >= SHORTEST for word in words):
        raise SearchError(f"Search for at least {SHORTEST} letters.")
    return tuple(dict.fromkeys(words))


def searchable(text: str) -> str:
    """A text without differences of case, accents, spacing and invisible characters."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in decomposed if unicodedata.category(char) not in ("Mn", "Cf"))
    return " ".join(text.casefold().split())


def excerpt(text: str, words: Sequence[str]) -> tuple[str, str, str]:
    """The text around the first word that stands in it as it is written; its beginning when none does."""
    lower = text.lower()
    places = [(lower.find(word), len(word)) for word in words if word in lower]
    if not places or len(lower) != len(text):
        return "", "", _cut_end(text, 2 * AROUND)
    at, length = min(places)
    start = max(0, at - AROUND)
    before = ("…" if start else "") + text[start:at]
    return before, text[at : at + length], _cut_end(text[at + length :], AROUND)


def _cut_end(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
