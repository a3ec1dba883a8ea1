"""The chat over HTTP: conversations, messages, health. Documented in docs/api.md and docs/openapi.yml."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID, uuid4

from aiohttp import web
from aiohttp.typedefs import Middleware

from bot.cards import Cards
from bot.channels.errors import ApiError, Errors, Handler
from bot.channels.headers import add_headers
from bot.channels.languages import preferred
from bot.channels.limits import Limits
from bot.channels.origins import Origins
from bot.channels.tokens import TokenError, Tokens
from bot.channels.wire import (
    Inbound,
    inbound,
    language,
    read_object,
    replies_json,
)
from bot.content import Content
from bot.messages import Channel, Clock, Language, Message, Reply, Silent
from bot.text import clean

API_PATHS: Final = re.compile(r"/api(/|$)")
BODY_DEADLINE: Final = timedelta(seconds=30)
"""For a body to arrive over a bad mobile line."""


class Responds(Protocol):
    """What the API needs of `conversation.Responder`; neither method raises."""

    async def respond(self, message: Message, *, limited: bool = False) -> tuple[Reply, ...] | Silent:
        """Answer one inbound message."""
        ...

    async def greet(self, conversation: UUID, channel: Channel, language: Language) -> tuple[Reply, ...]:
        """Open a conversation."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatApi:
    """The handlers, and what they need.

    `readiness` names what keeps the service from answering in full, for example `engine`; nothing when
    it is ready. `warnings` say what staff should look after although it is. Content and cards are
    called for, so that a reload reaches the next request.
    """

    responder: Responds
    clock: Clock
    content: Callable[[], Content]
    cards: Callable[[], Cards]
    readiness: Callable[[], Awaitable[Sequence[str]]]
    warnings: Callable[[], Sequence[str]] = tuple
    tokens: Tokens
    origins: Origins
    limits: Limits

    def routes(self) -> list[web.RouteDef]:
        """Every route of the API."""
        return [
            web.post("/api/conversations", self.open_conversation),
            web.post("/api/messages", self.post_message),
            web.get("/health/live", self.live),
            web.get("/health/ready", self.ready),
        ]

    async def open_conversation(self, request: web.Request) -> web.Response:
        """POST /api/conversations: a new conversation, its token, and what is said first."""
        asked = language(await _body(request)) or preferred(request)
        conversation, now = uuid4(), self.clock.now()
        if self.limits.opening(request):
            # Nobody is turned away. The conversation is stored with its first message.
            replies: tuple[Reply, ...] = (self.cards().disclosure(asked, Channel.WEB),)
        else:
            replies = await self.responder.greet(conversation, Channel.WEB, asked)
        opened = {
            "conversation": str(conversation),
            "token": self.tokens.issue(conversation, now=now),
            "replies": replies_json(replies),
        }
        return web.json_response(opened, status=201)

    async def post_message(self, request: web.Request) -> web.Response:
        """POST /api/messages: the replies to one message; the same id again is a retry."""
        conversation = self._authenticate(request)
        said = inbound(await _body(request))
        if said.conversation != conversation:
            raise _unauthorized()
        limited = self.limits.message(request, conversation)
        replies = await self.responder.respond(self._message(said), limited=limited)
        return web.json_response({"replies": replies_json(replies)})

    async def live(self, _: web.Request) -> web.Response:
        """GET /health/live: the process answers."""
        return web.json_response({"status": "live"})

    async def ready(self, _: web.Request) -> web.Response:
        """GET /health/ready: whether questions are answered from content, and if not, what is missing."""
        reasons = list(await self.readiness())
        status = "not ready" if reasons else "ready"
        body = {"status": status, "reasons": reasons, "warnings": list(self.warnings())}
        return web.json_response(body, status=503 if reasons else 200)

    def _authenticate(self, request: web.Request) -> UUID:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise _unauthorized()
        try:
            return self.tokens.conversation(token.strip(), now=self.clock.now())
        except TokenError as error:
            raise _unauthorized() from error

    def _message(self, said: Inbound) -> Message:
        return Message(
            conversation=said.conversation,
            channel=Channel.WEB,
            text=clean(said.text),
            # Ids are the client's own choice, so they are told apart by conversation: nobody can ask
            # for another conversation's replies by guessing an id.
            external_id=f"{said.conversation}:{said.client_message_id}",
            received_at=self.clock.now(),
            language=said.language,
        )


def add_api(app: web.Application, api: ChatApi) -> None:
    """Add the API's routes, its error bodies and CORS answers, and every response's security headers."""
    app.add_routes(api.routes())
    app.middlewares.append(_guard(api))
    app.on_response_prepare.append(add_headers)


def _guard(api: ChatApi) -> Middleware:
    errors = Errors(content=api.content, cards=api.cards)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not API_PATHS.match(request.path):
            return await handler(request)

        async def checked(request: web.Request) -> web.StreamResponse:
            return await _checked(request, handler, api.origins)

        response = await errors.guard(request, checked)
        response.headers.update(api.origins.cors_headers(request))
        return response

    return guard


async def _checked(request: web.Request, handler: Handler, origins: Origins) -> web.StreamResponse:
    """The handler's response to an allowed page; a preflight needs no handler."""
    if not origins.allow(request):
        raise ApiError(403)
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return web.Response(status=204)
    return await handler(request)


async def _body(request: web.Request) -> dict[str, object]:
    try:
        async with asyncio.timeout(BODY_DEADLINE.total_seconds()):
            return await read_object(request)
    except TimeoutError as error:
        raise ApiError(408) from error


def _unauthorized() -> ApiError:
    return ApiError(401, headers={"WWW-Authenticate": "Bearer"})
