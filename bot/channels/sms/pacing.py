"""Taking texts up a few at a time, so that a thousand at once are all answered and none is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.channels.limits import Limits
from bot.channels.sms.conversing import Conversations
from bot.conversation import Responder
from bot.messages import Message, Reply, Silent

DEADLINE: Final = timedelta(seconds=2.9)
"""For the whole request, so that it is answered within three seconds."""
LEAST: Final = timedelta(seconds=1)
"""For a turn, however late the request was read."""
SLOTS: Final = 6
"""Texts that are taken up at a time: a thousand would make each other too late for the database."""
PATIENCE: Final = timedelta(seconds=1)
"""For a slot; whoever waits for longer is answered from memory, and their text goes to the spool."""
RUSH_SLOTS: Final = 20


Answered = tuple[Message, tuple[Reply, ...]]


class Pacing:
    """Stands between the webhook and the responder."""

    def __init__(self, responder: Responder, conversations: Conversations, limits: Limits) -> None:
        self.responder = responder
        self.limits = limits
        self._conversations = conversations
        self._slots = asyncio.Semaphore(SLOTS)
        self._rush = asyncio.Semaphore(RUSH_SLOTS)
        self._flights: dict[tuple[str, str], asyncio.Task[Answered]] = {}

    async def respond(self, message: Message, *, began: float, reserve: timedelta) -> Answered:
        """The replies, none for silence, and the message in its conversation.

        Copies that come while the first is under way wait for its answer and take no slot.

        Args:
            message: Its conversation is the one that is guessed without the database.
            began: When the request was read, on the monotonic clock.
            reserve: What the caller still needs of the deadline.
        """
        flight = (message.external_id, message.text)
        task = self._flights.get(flight)
        if task is None:
            task = self._flights[flight] = asyncio.create_task(self._take_up(message, began, reserve))
            task.add_done_callback(lambda _: self._flights.pop(flight, None))
        return await asyncio.shield(task)

    async def _take_up(self, message: Message, began: float, reserve: timedelta) -> Answered:
        async with self._slot() as taken:
            if taken:
                home = await self._conversations.of(message.sender or "", message.received_at)
                message = replace(message, conversation=home)
                left = DEADLINE - reserve - timedelta(seconds=time.monotonic() - began)
                limited = self.limits.text(message.conversation)
                replies = await self.responder.respond(message, limited=limited, within=max(left, LEAST))
            else:
                async with self._rush:
                    replies = await self.responder.respond_in_a_rush(message)
        return message, () if isinstance(replies, Silent) or not message.answerable else replies

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[bool]:
        """Whether there was a slot in time."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await self._slots.acquire()
        except TimeoutError:
            yield False
            return
        try:
            yield True
        finally:
            self._slots.release()
