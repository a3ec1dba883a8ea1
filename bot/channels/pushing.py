"""Noticing what was said in a conversation that a socket listens to, whoever stored it.

A commit of this process is looked at after a moment; other processes', at the next poll. While nobody
listens, nothing is asked of the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from itertools import islice
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels.frames import Frame
from bot.channels.rooms import Room, Rooms
from bot.clearing import Cleared
from bot.transcripts.clearing import anything_kept
from bot.transcripts.database import Database
from bot.transcripts.encryption import DecryptionError, KeyRing
from bot.transcripts.following import State, states, turns_after

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 1.0
GATHER_SECONDS: Final = 0.05
"""Commits that follow each other this fast are one change."""
ASKED_AT_ONCE: Final = 500
"""Conversations of one query."""
CLEARED: Final = 4410


class Pushing:
    """Brings to sockets what they have not seen."""

    def __init__(self, database: Database, ring: KeyRing, rooms: Rooms) -> None:
        self._database = database
        self._ring = ring
        self._rooms = rooms
        self._changed = asyncio.Event()
        self._failing = False
        database.on_commit.append(self._changed.set)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self._next_look()
            if self._rooms.open:
                await self._look_or_say_why()

    async def look(self) -> None:
        """Read what is new in every conversation that somebody listens to.

        Raises:
            StorageError: The database cannot be read.
        """
        waiting = iter(list(self._rooms.open))
        while some := list(islice(waiting, ASKED_AT_ONCE)):
            async with self._database.reading() as session:
                for conversation, state in (await states(session, some)).items():
                    await self._bring(session, conversation, state)

    async def _bring(self, session: AsyncSession, conversation: UUID, state: State) -> None:
        room = self._rooms.open.get(conversation)
        if room is None:
            return
        if room.state is not None and room.state.cleared_at != state.cleared_at:
            cleared = Cleared(done=True, kept=await anything_kept(session, conversation))
            self._rooms.end_all(conversation, CLEARED, cleared_frame(cleared))
            return
        room.follow(state)
        if state.last > room.read_to and not room.waits_for_its_own:
            await self._read(session, room, state.last)

    async def _read(self, session: AsyncSession, room: Room, last: int) -> None:
        try:
            kept = await turns_after(session, self._ring, room.conversation, room.read_to)
        except DecryptionError:
            # One conversation that cannot be read must not silence the others.
            log.error("conversation %s: its turns cannot be read", room.conversation)
            room.read_to = last
            return
        room.bring(kept)
        if not kept:
            room.read_to = last
        elif room.read_to < last:
            self._changed.set()

    async def _look_or_say_why(self) -> None:
        try:
            await self.look()
            self._failing = False
        except Exception as error:  # Whatever it is, the next look must come.
            if not self._failing:
                log.warning("sockets are told nothing new: %s", type(error).__name__)
            self._failing = True

    async def _next_look(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._changed.wait()
        if self._changed.is_set():
            await asyncio.sleep(GATHER_SECONDS)
            self._changed.clear()


def cleared_frame(cleared: Cleared) -> Frame:
    """The last frame of a conversation that was cleared."""
    return {"type": "cleared", "done": cleared.done, "kept": cleared.kept}
