"""POST /sms/{provider}: texts and reports, as the provider sends them. Never a 429, always in time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from aiohttp import web

from bot.cards import Cards
from bot.channels.sms.answering import Answers
from bot.channels.sms.pacing import Pacing
from bot.channels.sms.reading import readable
from bot.channels.sms.refusing import Refusals
from bot.channels.sms.reports import Reporting
from bot.messages import Channel, Clock, Language, Message
from bot.text import clean
from bot.texting.numbers import Origin, sender
from bot.texting.provider import Answer, Inbound, MalformedError, Provider, Said, Status

log = logging.getLogger(__name__)

QUEUEING: Final = timedelta(seconds=0.4)
"""What is left of the deadline for bringing replies on their way through an API."""
MAX_BODY: Final = 256_000
BODY_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsWebhook:
    """The handler, and what it needs.

    `url` is where the provider reaches us, without a path; `unsigned` takes requests without a signature,
    which settings allow on a developer's machine alone. `guess` is a number's conversation without a look at
    the database.
    """

    provider: Provider
    pacing: Pacing
    answers: Answers
    reporting: Reporting
    refusals: Refusals
    clock: Clock
    cards: Callable[[], Cards]
    guess: Callable[[str], UUID]
    url: str
    unsigned: bool = False

    def routes(self) -> list[web.RouteDef]:
        """The webhook, and the address of reports; either takes both."""
        return [
            web.post(f"/sms/{self.provider.name}", self.receive),
            web.post(f"/sms/{self.provider.name}/status", self.receive),
        ]

    async def receive(self, request: web.Request) -> web.Response:
        """One request of the provider."""
        began = time.monotonic()
        raw = await _read(request)
        if not self.unsigned and not self.provider.verify(raw, request.headers, self.url + request.raw_path):
            self.refusals.count(self.provider.name)
            return web.Response(status=403)
        try:
            event = self.provider.parse(raw)
        except MalformedError as error:
            # With a status like this the provider turns to the fallback, which holds the numbers.
            log.error("sms: a signed request without %s", error)
            return web.Response(status=400)
        if isinstance(event, Inbound):
            return await self._text(event, began)
        if isinstance(event, Status):
            dealt_with = await self.reporting.take(event, request.query)
            # Whoever repeats reports repeats this one.
            return web.Response(status=200 if dealt_with else 503)
        return web.Response()

    async def _text(self, event: Inbound, began: float) -> web.Response:
        try:
            return _response(await self._answer(event, began))
        except Exception as error:  # Nobody may be left without the numbers.
            # The error's own text may hold a sender's words.
            log.error("sms: request failed: %s", type(error).__name__)
            return self._numbers()

    async def _answer(self, event: Inbound, began: float) -> Answer | None:
        who = sender(event.sender)
        if who.origin is Origin.OTHER_CHANNEL:
            log.error("sms: a text of another channel was refused. Point only the SMS number here.")
            return self._say_numbers()
        message = Message(
            conversation=self.guess(who.number),
            channel=Channel.SMS,
            text=clean(readable(event.text)),
            external_id=event.id,
            received_at=self.clock.now(),
            sender=who.number,
            synthetic=event.check,
            carrier=event.carrier,
            attachments=event.attachments,
            answerable=who.origin is Origin.PHONE,
        )
        reserve = timedelta(0) if self.provider.abilities.sync_reply else QUEUEING
        message, replies = await self.pacing.respond(message, began=began, reserve=reserve)
        return await self.answers.give(message, replies)

    def _numbers(self) -> web.Response:
        answer = self._say_numbers()
        # Without an answer in the response the provider has to turn to the fallback.
        return web.Response(status=500) if answer is None else _response(answer)

    def _say_numbers(self) -> Answer | None:
        cards = self.cards()
        return self.provider.respond(
            [Said(cards.fallback(language, Channel.SMS).text) for language in Language]
        )


async def _read(request: web.Request) -> bytes:
    """The body; one that is cut short fits no signature."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY:
                    break
    except (TimeoutError, web.RequestPayloadError):
        log.warning("sms: a body did not arrive")
    return bytes(body)


def _response(answer: Answer | None) -> web.Response:
    if answer is None:
        return web.Response()
    return web.Response(text=answer.body, content_type=answer.content_type)
