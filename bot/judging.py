"""What a person says about a reply: kept, and a comment is read for danger like anything that they write."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

from bot.deadline import finish_within
from bot.exchange import Exchange
from bot.messages import Level, Message, Risk
from bot.transcripts import feedback
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.feedback import MAX_COMMENT

log = logging.getLogger(__name__)

KEEP_DEADLINE: Final = timedelta(seconds=0.5)


class TooLongError(Exception):
    """A comment is longer than `MAX_COMMENT`; it was read for danger all the same."""


class Answers(Protocol):
    """What is needed of `conversation.Responder`."""

    async def screen(self, message: Message) -> Risk:
        """What danger a text tells of."""
        ...

    async def exchange(self, message: Message, *, limited: bool = False) -> Exchange:
        """Answer a message."""
        ...


class Judging:
    """Takes thumbs and comments."""

    def __init__(self, *, database: Database, ring: KeyRing, responder: Answers) -> None:
        self._database = database
        self._ring = ring
        self._responder = responder

    async def take(self, message: Message, turn: UUID, *, helpful: bool, commented: bool) -> Exchange | None:
        """Keep what a person says about a reply.

        Args:
            message: Its text is the comment; empty for none.
            turn: The reply.
            commented: Whether the comment, empty or not, takes the place of an earlier one.

        Returns:
            None; or, where the comment tells of danger, the exchange that it became: stored, handed off
            and answered like a message. Then nothing is raised.

        Raises:
            TooLongError: The comment is not kept.
            UnknownTurnError: There is no such reply in the conversation.
            StorageError, TimeoutError: The database is away.
        """
        risk = await self._responder.screen(message) if message.text else Risk()
        if risk.level < Level.CONCERN:
            await self._keep(message, turn, helpful, commented)
            return None
        exchange = await self._responder.exchange(message)
        # The words are stored as a message; the thumb alone is left to keep.
        try:
            await self._keep(replace(message, text=""), turn, helpful, commented=False)
        except Exception as error:  # The person has an answer waiting that matters more.
            log.warning("turn %s: feedback not kept: %s", turn, type(error).__name__)
        return exchange

    async def _keep(self, message: Message, turn: UUID, helpful: bool, commented: bool) -> None:
        if len(message.text) > MAX_COMMENT:
            raise TooLongError
        await finish_within(KEEP_DEADLINE, self._store(message, turn, helpful, commented))

    async def _store(self, message: Message, turn: UUID, helpful: bool, commented: bool) -> None:
        async with self._database.transaction() as session:
            await feedback.keep(
                session,
                self._ring,
                conversation=message.conversation,
                turn=turn,
                helpful=helpful,
                comment=message.text if commented else None,
                now=message.received_at,
            )
