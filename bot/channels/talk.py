"""What a person may do in their conversation, whichever way the request came: over HTTP or a socket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from aiohttp import web

from bot.calling_back import BadNumberError
from bot.cards import Cards
from bot.channels.errors import ApiError
from bot.channels.limits import Limits
from bot.channels.tokens import TokenError, Tokens
from bot.channels.wire import Inbound, Judgement
from bot.clearing import Cleared
from bot.exchange import Exchange, beside
from bot.judging import TooLongError
from bot.messages import Channel, Clock, Language, Message, Reply
from bot.text import clean
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.following import MOST, Kept, State, states, turns_after
from bot.transcripts.turns import UnknownTurnError

AWAY: Final = (StorageError, TimeoutError)


class Responds(Protocol):
    """What is needed of `conversation.Responder`; only a number that is none raises."""

    async def exchange(self, message: Message, *, limited: bool = False) -> Exchange:
        """Answer one inbound message."""
        ...

    async def greet(self, conversation: UUID, channel: Channel, language: Language) -> tuple[Reply, ...]:
        """Open a conversation."""
        ...

    async def request_call_back(self, message: Message, *, limited: bool = False) -> Exchange:
        """Keep a wish to be called; the text is the number.

        Raises:
            BadNumberError: It is none.
        """
        ...


class Judges(Protocol):
    """What is needed of `judging.Judging`."""

    async def take(self, message: Message, turn: UUID, *, helpful: bool, commented: bool) -> Exchange | None:
        """Keep what a person says about a reply."""
        ...


class Clears(Protocol):
    """What is needed of `clearing.Clearing`."""

    async def clear(self, conversation: UUID, now: datetime) -> Cleared:
        """Delete what was said."""
        ...


@dataclass(frozen=True, slots=True)
class Missed:
    """What a client has not seen: the next turns, and how far the conversation has got."""

    turns: tuple[Kept, ...]
    state: State

    @property
    def more(self) -> bool:
        """Whether there are more turns than these."""
        return bool(self.turns) and (self.turns[-1].place.seq or 0) < self.state.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """The acts, and what they need. `pages`: the clinic wants to know the page of a message.

    Everything that cannot be done raises `ApiError`. A request is needed for its address alone, which
    limits count.
    """

    responder: Responds
    judging: Judges
    clearing: Clears
    database: Database
    ring: KeyRing
    clock: Clock
    cards: Callable[[], Cards]
    tokens: Tokens
    limits: Limits
    pages: bool = False

    def conversation_of(self, token: str) -> UUID:
        """The conversation that a token opens."""
        try:
            return self.tokens.conversation(token, now=self.clock.now())
        except TokenError as error:
            raise unauthorized() from error

    async def say(
        self, request: web.BaseRequest, said: Inbound, *, synthetic: bool = False
    ) -> tuple[Message, Exchange]:
        """Answer a message; the same id again is a retry."""
        limited = self.limits.message(request, said.conversation)
        message = self.message(said, synthetic=synthetic)
        return message, await self.responder.exchange(message, limited=limited)

    async def ask_to_be_called(self, request: web.BaseRequest, wish: Inbound) -> Exchange:
        """Keep a number, and say what became of it."""
        limited = self.limits.message(request, wish.conversation)
        try:
            return await self.responder.request_call_back(self.message(wish), limited=limited)
        except BadNumberError as error:
            raise ApiError(422) from error

    async def judge(self, request: web.BaseRequest, judgement: Judgement) -> Exchange | None:
        """Keep a thumb and a comment; an exchange where the comment was answered as a message."""
        message = self.message(judgement.comment)
        if self.limits.message(request, message.conversation) and not message.text:
            said = self.cards().service("limited", message.language or Language.EN, Channel.WEB)
            return beside(message.conversation, message.external_id, message.received_at, (said,))
        try:
            return await self.judging.take(
                message, judgement.turn, helpful=judgement.helpful, commented=judgement.commented
            )
        except TooLongError as error:
            raise ApiError(413) from error
        except UnknownTurnError as error:
            raise ApiError(404) from error
        except AWAY as error:
            raise ApiError(503) from error

    async def clear(self, conversation: UUID) -> Cleared:
        """Have the words of a conversation deleted."""
        try:
            return await self.clearing.clear(conversation, self.clock.now())
        except AWAY as error:
            raise ApiError(503) from error

    async def missed(self, conversation: UUID, seen: int) -> Missed:
        """The turns after the last one that was seen."""
        try:
            async with self.database.reading() as session:
                state = (await states(session, [conversation])).get(conversation, State())
                turns = await turns_after(session, self.ring, conversation, seen, limit=MOST)
        except AWAY as error:
            raise ApiError(503) from error
        return Missed(turns, state)

    def message(self, said: Inbound, *, synthetic: bool = False) -> Message:
        """A message as the responder takes it."""
        return Message(
            conversation=said.conversation,
            channel=Channel.WEB,
            text=clean(said.text),
            # Ids are the client's own choice, so they are told apart by conversation: nobody can ask
            # for another conversation's replies by guessing an id.
            external_id=f"{said.conversation}:{said.client_message_id}",
            received_at=self.clock.now(),
            language=said.language,
            synthetic=synthetic,
            page=said.page if self.pages else None,
        )


def unauthorized() -> ApiError:
    """The answer to a token that opens nothing."""
    return ApiError(401, headers={"WWW-Authenticate": "Bearer"})
