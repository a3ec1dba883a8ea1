"""Which sockets a conversation has: several tabs see the same, and end together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from bot.channels.frames import Frame
from bot.channels.line import Line
from bot.channels.showing import kept_json
from bot.transcripts.following import Kept, State
from bot.transcripts.placing import Place

LINES: Final = 8
"""Sockets of a conversation; with one more its oldest is closed."""
GOING_AWAY: Final = 1001
SUPERSEDED: Final = 4409


@dataclass(eq=False, slots=True)
class Room:
    """The sockets of one conversation.

    `read_to` is the last turn that all of them have, or were sent. `state` is None until the database
    could be asked.
    """

    conversation: UUID
    read_to: int
    state: State | None = None
    lines: list[Line] = field(default_factory=list)

    @property
    def waits_for_its_own(self) -> bool:
        """Whether what is new is most likely what its only socket is being answered anyway."""
        return len(self.lines) == 1 and self.lines[0].asks

    def bring(self, kept: Sequence[Kept]) -> None:
        """Push stored turns, in order."""
        for turn in kept:
            shown = kept_json(turn, self.conversation)
            for line in list(self.lines):
                line.push(shown, turn.reply_to)
            self.read_to = max(self.read_to, turn.place.seq or 0)

    def follow(self, state: State) -> None:
        """Take note of the conversation's state, and say when staff have taken over or given back."""
        if self.state is not None and self.state.held != state.held:
            for line in list(self.lines):
                line.send({"type": "held", "held": state.held})
        self.state = state

    def passed(self, places: Sequence[Place]) -> None:
        """Every socket was sent these turns: no need to read them, if nothing is missing before them."""
        for place in places:
            if place.seq == self.read_to + 1:
                self.read_to += 1


class Rooms:
    """The conversations that have sockets in this process."""

    def __init__(self) -> None:
        self._rooms: dict[UUID, Room] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self.closed = False
        """Whether the server is going down: nobody joins any more."""

    @property
    def open(self) -> Mapping[UUID, Room]:
        """By conversation."""
        return self._rooms

    def join(self, line: Line, seen: int) -> Room:
        """Add a socket that has seen the turns up to `seen`."""
        room = self._rooms.setdefault(line.conversation, Room(line.conversation, seen))
        room.lines.append(line)
        if len(room.lines) > LINES:
            self.end(room.lines.pop(0), SUPERSEDED)
        return room

    def leave(self, line: Line) -> None:
        """Remove a socket that is gone."""
        room = self._rooms.get(line.conversation)
        if room is not None and line in room.lines:
            room.lines.remove(line)
            if not room.lines:
                del self._rooms[line.conversation]

    def tell(self, mine: Line, turns: Sequence[Frame], places: Sequence[Place]) -> None:
        """Push what one socket sent and got to the others of its conversation."""
        room = self._rooms.get(mine.conversation)
        if room is None:
            return
        for line in room.lines:
            if line is not mine:
                for turn in turns:
                    line.push(turn)
        room.passed(places)

    def end_all(self, conversation: UUID, code: int, last: Frame | None = None) -> None:
        """Close every socket of a conversation, after a last frame."""
        room = self._rooms.pop(conversation, None)
        for line in room.lines if room else ():
            if last is not None:
                line.send(last)
            self.end(line, code)

    def end(self, line: Line, code: int) -> None:
        """Close one socket, without waiting for it."""
        task = asyncio.create_task(line.close(code))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Answer what was asked, then close every socket."""
        lines = [line for room in self._rooms.values() for line in room.lines]
        finishing = (line.finish(GOING_AWAY) for line in lines)
        await asyncio.gather(*finishing, *self._ending, return_exceptions=True)
