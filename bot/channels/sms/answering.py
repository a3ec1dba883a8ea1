"""Replies on their way to a phone: in the provider's response, or queued for its API."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from bot.cards import Cards
from bot.content.safety import REST
from bot.deadline import finish_within
from bot.messages import Channel, Language, Message, Reply, ReplyKind
from bot.texting.provider import Answer, Failure, Provider, Said
from bot.texting.replying import queue_replies, texts_of
from bot.texting.reporting import Reports
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.turns import find_retry

log = logging.getLogger(__name__)

CONFIRMATIONS: Final = frozenset({"card/opt_out", "card/opted_in", "card/help"})
"""What a network that answers reserved words by itself has said already."""
QUEUE_DEADLINE: Final = timedelta(seconds=0.4)
DIRECT_ATTEMPTS: Final = 3
DIRECT_WAIT_SECONDS: Final = 2.0
REMEMBERED: Final = 10_000


class Answers:
    """Brings replies to the phone that asked."""

    def __init__(
        self,
        *,
        database: Database,
        ring: KeyRing,
        provider: Provider,
        reports: Reports,
        cards: Callable[[], Cards],
    ) -> None:
        self._database = database
        self._ring = ring
        self._provider = provider
        self._reports = reports
        self._cards = cards
        self._direct: OrderedDict[str, asyncio.Task[None]] = OrderedDict()

    async def give(self, message: Message, replies: Sequence[Reply]) -> Answer | None:
        """The response that sends the replies; or None, when they are queued or under way by the API."""
        if message.carrier is not None and self._provider.abilities.opt_out_type:
            replies = [reply for reply in replies if reply.response not in CONFIRMATIONS]
        said = [
            Said(text, self._report(message, reply, place))
            for place, reply in enumerate(replies)
            for text in self.texts(reply)
        ]
        answer = self._provider.respond(said)
        if answer is None and replies and self._provider.sends:
            await self._send(message, replies)
        return answer

    def texts(self, reply: Reply) -> tuple[str, ...]:
        """The messages that a reply is sent in."""
        return texts_of(reply, self._hint)

    def _hint(self, language: Language) -> str:
        return self._cards().service(REST, language, Channel.SMS).text

    def _report(self, message: Message, reply: Reply, place: int) -> str:
        crisis = reply.kind is ReplyKind.CRISIS
        return self._reports.of_reply(message.external_id, place, message.conversation, crisis=crisis)

    async def _send(self, message: Message, replies: Sequence[Reply]) -> None:
        if message.external_id in self._direct:
            return  # A retry of what is under way.
        try:
            await finish_within(QUEUE_DEADLINE, self._queue(message, replies))
        except Exception as error:  # Whatever the database does, the person has an answer waiting.
            log.warning("conversation %s: texts go directly: %s", message.conversation, type(error).__name__)
            self._direct[message.external_id] = asyncio.create_task(self._send_directly(message, replies))
            if len(self._direct) > REMEMBERED:
                self._direct.popitem(last=False)

    async def _queue(self, message: Message, replies: Sequence[Reply]) -> None:
        async with self._database.transaction() as session:
            inbound = await find_retry(session, self._ring, message.channel, message.external_id)
            if inbound is None:
                raise StorageError("the message is in the spool")
            await queue_replies(
                session,
                self._ring,
                inbound.turn,
                inbound.conversation,
                replies,
                self._hint,
                message.received_at,
                key=message.external_id,
            )

    async def _send_directly(self, message: Message, replies: Sequence[Reply]) -> None:
        """Without the database: from memory, a few times, in order."""
        for place, reply in enumerate(replies):
            for text in self.texts(reply):
                for _ in range(DIRECT_ATTEMPTS):
                    report = self._report(message, reply, place)
                    sent = await self._provider.send(message.sender or "", text, report)
                    if not isinstance(sent, Failure):
                        break
                    log.warning("conversation %s: text not sent: %s", message.conversation, sent.code)
                    await asyncio.sleep(DIRECT_WAIT_SECONDS)

    async def drain(self) -> None:
        """Wait for what is being sent directly."""
        if self._direct:
            await asyncio.wait(list(self._direct.values()))
