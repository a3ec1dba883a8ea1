"""The way of a message: screen, accept, answer, guarantee, record. Nothing else decides its order."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from bot.acceptance import Acceptance, Accepted
from bot.answering import answer
from bot.calling_back import BadNumberError, CallBacks, normalise
from bot.cards import Cards
from bot.completing import complete
from bot.content import Content, UnsignedResponseError
from bot.exchange import Exchange, beside
from bot.last_resort import last_resort
from bot.memory import Memory
from bot.messages import (
    SILENT,
    Channel,
    Clock,
    Engine,
    EngineReply,
    EngineUnavailableError,
    Language,
    Level,
    Message,
    PastTurn,
    Reply,
    Risk,
    Silent,
)
from bot.recording import Recording
from bot.risk import Screener
from bot.second_look import SecondLook
from bot.text import plain
from bot.transcripts.standings import Standing

log = logging.getLogger(__name__)

TURN_DEADLINE: Final = timedelta(seconds=3)
RUSH_SPOOL: Final = timedelta(seconds=1.5)
"""For the spool when hundreds write to it: nothing else of the turn takes long then."""
LONG_TEXT = 20_000
"""Characters above which screening leaves the event loop, so that other senders are not kept waiting."""


class Responder:
    """Answers inbound messages; one for the whole process."""

    def __init__(
        self,
        *,
        screener: Callable[[], Screener],
        acceptance: Acceptance,
        recording: Recording,
        call_backs: CallBacks,
        memory: Memory,
        engine: Engine,
        clock: Clock,
        second_look: SecondLook | None = None,
        content: Callable[[], Content],
        cards: Callable[[], Cards],
    ) -> None:
        self._screener = screener
        self._acceptance = acceptance
        self._recording = recording
        self._call_backs = call_backs
        self._memory = memory
        self._engine = engine
        self._clock = clock
        self._second_look = second_look
        self._content = content
        self._cards = cards
        self._turns: dict[tuple[UUID, Channel, str, str], asyncio.Task[Exchange]] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def respond(
        self, message: Message, *, limited: bool = False, within: timedelta = TURN_DEADLINE
    ) -> tuple[Reply, ...] | Silent:
        """The replies of `exchange`."""
        return (await self.exchange(message, limited=limited, within=within)).replies

    async def exchange(
        self, message: Message, *, limited: bool = False, within: timedelta = TURN_DEADLINE
    ) -> Exchange:
        """Answer one inbound message within three seconds, whatever is broken; never raises.

        A retry that arrives while the first is in flight waits for the same answer. The turn is a
        task of its own: a caller that goes away does not stop it.
        """
        flight = (message.conversation, message.channel, message.external_id, message.text)
        turn = self._turns.get(flight)
        if turn is None:
            turn = self._turns[flight] = asyncio.create_task(self._turn(message, limited=limited))
            turn.add_done_callback(lambda _: self._turns.pop(flight, None))
        done, _ = await asyncio.wait({turn}, timeout=within.total_seconds())
        if done and not turn.cancelled() and not turn.exception():
            return turn.result()
        error = turn.exception() if turn.done() and not turn.cancelled() else None
        log.error("conversation %s: turn failed: %s", message.conversation, type(error).__name__)
        return last_resort(message, self._screener, self._cards())

    async def respond_in_a_rush(self, message: Message) -> tuple[Reply, ...] | Silent:
        """Answer without the database and the engine, when so many write that neither has time; never raises.

        The message is in the spool, and the replies with it. A question gets the fallback with the numbers.
        """
        started = time.monotonic()
        try:
            history = self._memory.recall(message.conversation, message.received_at).history
            risk = await self._screen_by_rules(message, history)
            accepted = await self._acceptance.accept_into_spool(message, risk, within=RUSH_SPOOL)
            replies = complete(accepted, (), self._cards()) if message.answerable else SILENT
            await self._recording.record_in_spool(accepted, replies, seconds=time.monotonic() - started)
        except Exception as error:  # Whatever it is, the numbers go out.
            log.error("conversation %s: rush failed: %s", message.conversation, type(error).__name__)
            return last_resort(message, self._screener, self._cards()).replies
        return replies

    async def _turn(self, message: Message, *, limited: bool) -> Exchange:
        started = time.monotonic()
        risk = await self.screen(message)
        accepted = await self._acceptance.accept(message, risk)
        if accepted.replies is not None:
            own, *theirs = accepted.places
            return Exchange(own, accepted.replies or SILENT, tuple(theirs))
        replies, understood = await self._answer(accepted, limited=limited)
        seconds = time.monotonic() - started
        return await self._recording.record(accepted, replies, understood, seconds=seconds)

    async def screen(self, message: Message) -> Risk:
        """What danger a text tells of, read with the turns before it as far as memory has them."""
        history = self._memory.recall(message.conversation, message.received_at).history
        risk = await self._screen_by_rules(message, history)
        if self._second_look is None:
            return risk
        return await self._second_look.look(risk, message.text, history, message.received_at)

    async def _screen_by_rules(self, message: Message, history: Sequence[PastTurn]) -> Risk:
        if len(message.text) > LONG_TEXT:
            return await asyncio.to_thread(
                self._screener().screen, message.text, history, at=message.received_at
            )
        return self._screener().screen(message.text, history, at=message.received_at)

    async def _answer(
        self, accepted: Accepted, *, limited: bool
    ) -> tuple[tuple[Reply, ...] | Silent, EngineReply]:
        replies: tuple[Reply, ...] | Silent = ()
        understood = EngineReply()
        if not accepted.message.answerable:
            return SILENT, understood
        if accepted.risk.level >= Level.CRISIS:
            self._tell_engine(accepted)
        else:
            replies, understood = await answer(
                accepted, content=self._content(), cards=self._cards(), engine=self._engine, limited=limited
            )
        if isinstance(replies, Silent):
            return SILENT, understood
        return complete(accepted, replies, self._cards()), understood

    def _tell_engine(self, accepted: Accepted) -> None:
        """Let the engine's tracker hold a crisis turn too; nobody waits for it and its reply is dropped."""
        task = asyncio.create_task(self._hear(accepted))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _hear(self, accepted: Accepted) -> None:
        message = replace(accepted.message, text=plain(accepted.message.text))
        try:
            await self._engine.reply(message, accepted.risk, accepted.language)
        except EngineUnavailableError:
            log.info("turn %s: the engine has not heard of it", accepted.turn)

    async def greet(self, conversation: UUID, channel: Channel, language: Language) -> tuple[Reply, ...]:
        """Open a conversation: what this service is, then a greeting; works without the database."""
        now = self._clock.now()
        replies = (self._cards().disclosure(language, channel), *self._greeting(channel, language))
        await self._recording.opened(conversation, channel, language, now)
        self._memory.opened(conversation, language, now)
        return replies

    def _greeting(self, channel: Channel, language: Language) -> tuple[Reply, ...]:
        try:
            return (self._content().reply("utter_smalltalk/greeting", language, channel),)
        except UnsignedResponseError:
            return ()

    async def request_call_back(self, message: Message, *, limited: bool = False) -> Exchange:
        """Keep a person's wish to be called; the message's text is what they gave as their number.

        Words of danger in it are answered as in any other message, and a number beside them is kept too.

        Raises:
            BadNumberError: It is no number, and nothing that needs another answer.
        """
        in_danger = (await self.screen(message)).level >= Level.CONCERN
        language = message.language or self._standing_language(message)
        if limited and not in_danger:
            return self._beside(message, self._cards().service("limited", language, message.channel))
        try:
            said = await self._call_backs.take(message, normalise(message.text), language)
        except BadNumberError:
            if not in_danger:
                raise
        return await self.exchange(message) if in_danger else self._beside(message, *said)

    def _beside(self, message: Message, *said: Reply) -> Exchange:
        return beside(message.conversation, message.external_id, message.received_at, said)

    def _standing_language(self, message: Message) -> Language:
        known = self._memory.recall(message.conversation, message.received_at).language
        return known or Language.EN

    async def answer_for_staff(
        self, turn: UUID, message: Message, risk: Risk, standing: Standing, language: Language, *, away: bool
    ) -> tuple[Reply, ...]:
        """What the bot says to a message that staff, who had joined the conversation, left unanswered.

        Args:
            standing: The conversation's, as if nobody of the staff were there.
            away: Say that staff have not written; False when they gave the conversation back.
        """
        accepted = Accepted(turn, message, risk, standing, language)
        replies, _ = await self._answer(accepted, limited=False)
        if isinstance(replies, Silent):
            return ()  # Whoever has opted out since wants no notice either.
        self._memory.said(message.conversation, replies, self._clock.now())
        notice = self._cards().service("staff_away", language, message.channel)
        return (notice, *replies) if away else replies

    async def settle(self, conversation: UUID) -> None:
        """Wait until the turns of a conversation that are in flight are answered and recorded."""
        mine = {turn for flight, turn in self._turns.items() if flight[0] == conversation}
        if waiting := mine | self._background:
            await asyncio.wait(waiting, timeout=TURN_DEADLINE.total_seconds())

    async def drain(self) -> None:
        """Wait until every turn in flight is answered and recorded."""
        while pending := {*self._turns.values(), *self._background}:
            await asyncio.wait(pending, timeout=TURN_DEADLINE.total_seconds())
