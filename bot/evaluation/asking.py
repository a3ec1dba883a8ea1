"""Asking the real program in a rehearsal, and hearing what its engine understood."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from bot.messages import (
    Channel,
    Clock,
    Engine,
    EngineReply,
    EngineUnavailableError,
    Language,
    Level,
    Message,
    Reply,
    ReplyKind,
    Risk,
    Silent,
)
from bot.rehearsal import rehearse
from bot.services import Services
from bot.settings import Settings
from bot.text import clean, plain


@dataclass(frozen=True, slots=True)
class Asked:
    """What a message led to.

    `replies` is empty for silence. `level` is the message's own; `state` is the conversation's after it.
    `seconds` is what the person waited.
    """

    replies: tuple[Reply, ...]
    understood: EngineReply
    level: Level
    state: Level
    seconds: float


class Listening:
    """Stands before the engine and keeps, by message id, the risk it was told and what it understood."""

    def __init__(self) -> None:
        self.told: dict[str, Risk] = {}
        self._heard: dict[str, list[EngineReply]] = {}
        self._engine: Engine | None = None

    def to(self, engine: Engine) -> Engine:
        """The engine to ask from now on."""
        self._engine = engine
        return self

    @property
    def ready(self) -> bool:
        """Whether a message sent now would be understood."""
        return self._engine is not None and self._engine.ready

    async def reply(self, message: Message, risk: Risk, language: Language) -> EngineReply:
        """The engine's reply, kept.

        Raises:
            EngineUnavailableError: As the engine does.
        """
        if self._engine is None:
            raise EngineUnavailableError("no engine to listen to")
        self.told[message.external_id] = risk
        understood = await self._engine.reply(message, risk, language)
        self._heard.setdefault(message.external_id, []).append(understood)
        return understood

    def understood(self, message: Message, replies: Sequence[Reply]) -> EngineReply | None:
        """What led to the replies: a message that was not understood alone is read again with its context.

        None when the engine was not asked; what it understood first when none of it led to the replies.
        """
        heard = self._heard.pop(message.external_id, [])
        said = {reply.response for reply in replies}
        led = (each for each in heard if said & {utterance.response for utterance in each.utterances})
        return next(led, heard[0] if heard else None)


class Rehearsal:
    """The program in a rehearsal, one message at a time."""

    def __init__(self, services: Services, listening: Listening) -> None:
        self.services = services
        self._listening = listening

    async def ask(
        self, text: str, *, conversation: UUID, channel: Channel, lang: str, sender: str | None = None
    ) -> Asked:
        """Send a message and wait until everything about it is settled.

        Args:
            text: As the person wrote it.
            conversation: A new one for a fresh conversation.
            channel: Where it takes place.
            lang: Any code; English and Spanish are what the page was opened in.
            sender: The phone number, on SMS.
        """
        message = Message(
            conversation=conversation,
            channel=channel,
            text=clean(text),
            external_id=uuid4().hex,
            received_at=self.services.clock.now(),
            language=Language(lang) if lang in tuple(Language) else None,
            sender=sender,
        )
        started = time.perf_counter()
        said = await self.services.responder.respond(message)
        seconds = time.perf_counter() - started
        # The engine hears of a crisis after its card went out.
        await self.services.responder.drain()
        replies = () if isinstance(said, Silent) else said
        state = self.services.memory.recall(conversation, message.received_at).level
        understood = await self._understood(message, replies)
        return Asked(replies, understood, self._level(message, replies), state, seconds)

    async def _understood(self, message: Message, replies: Sequence[Reply]) -> EngineReply:
        """What the engine understood; asked apart where a service text settled the message without it."""
        understood = self._listening.understood(message, replies)
        if understood is not None:
            return understood
        apart = replace(message, text=plain(message.text), conversation=uuid4(), external_id=uuid4().hex)
        try:
            return await self.services.engine.reply(apart, Risk(), message.language or Language.EN)
        except EngineUnavailableError:
            return EngineReply()

    def _level(self, message: Message, replies: tuple[Reply, ...]) -> Level:
        """The message's own level: the engine is told of every one but what service texts settle, which
        are below CRISIS; and a crisis card is proof of a crisis whatever failed behind it."""
        told = self._listening.told.pop(message.external_id, Risk()).level
        return max(told, Level.CRISIS) if any(each.kind is ReplyKind.CRISIS for each in replies) else told


@asynccontextmanager
async def rehearsal(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Rehearsal]:
    """The program on a temporary database and key, ready to be asked.

    Raises:
        DataError: `data/` cannot be used.
        SettingsError: The model cannot be loaded.
    """
    listening = Listening()
    async with rehearse(settings, clock=clock, through=listening.to) as services:
        yield Rehearsal(services, listening)
