"""What a frame of a socket asks for, done, and answered with the numbers where it cannot be."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from traceback import extract_tb
from typing import Final
from uuid import UUID

from bot.channels import frames
from bot.channels.bodies import MalformedError, TooLargeError
from bot.channels.errors import ApiError, Errors
from bot.channels.frames import Frame
from bot.channels.line import Line
from bot.channels.pushing import CLEARED, cleared_frame
from bot.channels.rooms import Rooms
from bot.channels.talk import Talk, unauthorized
from bot.channels.wire import call_back_wish, inbound, judgement
from bot.clearing import Cleared
from bot.text import clean

log = logging.getLogger(__name__)

UNWELCOME: Final = 4401
LEFT: Final = 4411
FLOOD: Final = 1008


class Acts:
    """What a person may do by frames.

    Args:
        talk: Does it.
        errors: Makes what is said of errors.
        rooms: Whoever else must be told.
    """

    def __init__(self, talk: Talk, errors: Errors, rooms: Rooms) -> None:
        self._talk = talk
        self._errors = errors
        self._rooms = rooms
        self._acts: Mapping[str, Callable[[Line, Frame], Awaitable[None]]] = {
            "message": self._say,
            "call_back": self._ask_to_be_called,
            "feedback": self._judge,
            "clear": self._clear,
            "leave": self._leave,
            "ping": self._pong,
        }

    def left(self, conversation: UUID) -> None:
        """The person has left: no tab shows anything more."""
        self._rooms.end_all(conversation, LEFT)

    def cleared(self, conversation: UUID, cleared: Cleared) -> None:
        """The conversation is over in every tab."""
        self._rooms.end_all(conversation, CLEARED, cleared_frame(cleared))

    async def act(self, line: Line, data: bytes | str) -> None:
        """Do what a frame asks, and answer an error with the numbers."""
        named: Frame = {}
        try:
            frame = frames.parse(data)
            named = frames.names(frame)
            self.require(line.token, line.conversation)
            await self._do(line, frame)
        except Exception as error:
            status = status_of(error)
            line.send({"type": "error", **self._errors.body(status, line.language), **named})
            if status == 401:
                self._rooms.end(line, UNWELCOME)
            elif isinstance(error, MalformedError | TooLargeError) and line.counts_too_many():
                self._rooms.end(line, FLOOD)

    async def _do(self, line: Line, frame: Frame) -> None:
        kind = frame.get("type")
        act = self._acts.get(kind) if isinstance(kind, str) else None
        if act is None:
            raise MalformedError("type")
        if kind != "message" and line.counts_too_many():
            self._rooms.end(line, FLOOD)
        await act(line, frame)

    async def _say(self, line: Line, frame: Frame) -> None:
        said = inbound({**frame, "conversation": str(line.conversation)})
        with line.asking(said.client_message_id):
            line.send({"type": "typing", "client_message_id": said.client_message_id})
            _, exchange = await self._talk.say(line.request, said)
            mine = frames.written(exchange, said.client_message_id, clean(said.text))
            turns = [mine, *frames.said(exchange)]
            line.knows(turns)
            line.send(frames.replies(said.client_message_id, exchange))
        self._rooms.tell(line, turns, (exchange.message, *exchange.places))

    async def _ask_to_be_called(self, line: Line, frame: Frame) -> None:
        wish = call_back_wish({**frame, "conversation": str(line.conversation)})
        with line.asking(wish.client_message_id):
            exchange = await self._talk.ask_to_be_called(line.request, wish)
            line.knows(frames.said(exchange))
            line.send(frames.replies(wish.client_message_id, exchange))

    async def _judge(self, line: Line, frame: Frame) -> None:
        said = judgement({**frame, "conversation": str(line.conversation)})
        exchange = await self._talk.judge(line.request, said)
        turns = frames.said(exchange) if exchange else []
        line.knows(turns)
        line.send({"type": "feedback_kept", "turn": str(said.turn), "turns": turns})

    async def _clear(self, line: Line, _: Frame) -> None:
        self.cleared(line.conversation, await self._talk.clear(line.conversation))

    async def _leave(self, line: Line, _: Frame) -> None:
        self.left(line.conversation)

    async def _pong(self, line: Line, _: Frame) -> None:
        line.send({"type": "pong"})

    def require(self, token: str, conversation: UUID) -> None:
        """The token is the conversation's.

        Raises:
            ApiError: It is not.
        """
        if self._talk.conversation_of(token) != conversation:
            raise unauthorized()


def status_of(error: Exception) -> int:
    """The HTTP status that an error would have; one that nobody foresaw is logged."""
    if isinstance(error, ApiError):
        return error.status
    if isinstance(error, MalformedError):
        return 400
    if isinstance(error, TooLargeError):
        return 413
    log_fault(error)
    return 500


def log_fault(error: Exception) -> None:
    """By type and place: the error's own text may hold a person's words."""
    place = extract_tb(error.__traceback__)[-1]
    log.error("socket failed: %s at %s:%s", type(error).__name__, place.filename, place.lineno)
