"""The chat over HTTP: conversations, messages, health. Documented in docs/api.md and docs/openapi.yml."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from aiohttp import web
from aiohttp.typedefs import Middleware

from bot.cards import Cards
from bot.channels.bodies import read_object
from bot.channels.errors import ApiError, Errors, Handler
from bot.channels.headers import add_headers
from bot.channels.languages import preferred
from bot.channels.origins import Origins
from bot.channels.showing import answers_json, exchange_json, kept_json, replies_json
from bot.channels.synthetic import MARK, Synthetic
from bot.channels.talk import Talk, unauthorized
from bot.channels.wire import Inbound, call_back_wish, inbound, judgement, language, sequence
from bot.clearing import Cleared
from bot.content import Content
from bot.messages import Channel, Reply

API_PATHS: Final = re.compile(r"/api(/|$)")
BODY_DEADLINE: Final = timedelta(seconds=30)
"""For a body to arrive over a bad mobile line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatApi:
    """The handlers, and what they need.

    `readiness` names what keeps the service from answering in full, for example `engine`; nothing when
    it is ready. `warnings` say what staff should look after although it is. Content and cards are
    called for, so that a reload reaches the next request. `left` and `cleared` are told of a
    conversation that a person has left or cleared.
    """

    talk: Talk
    content: Callable[[], Content]
    cards: Callable[[], Cards]
    readiness: Callable[[], Awaitable[Sequence[str]]]
    warnings: Callable[[], Sequence[str]] = tuple
    origins: Origins
    synthetic: Synthetic
    left: Callable[[UUID], None] = lambda _: None
    cleared: Callable[[UUID, Cleared], None] = lambda _, __: None

    def routes(self) -> list[web.RouteDef]:
        """Every route of the API."""
        return [
            web.post("/api/conversations", self.open_conversation),
            web.post("/api/messages", self.post_message),
            web.post("/api/call-backs", self.post_call_back),
            web.post("/api/feedback", self.post_feedback),
            web.get("/api/conversations/{conversation}/turns", self.get_turns, allow_head=False),
            web.post("/api/conversations/{conversation}/clear", self.post_clear),
            web.post("/api/conversations/{conversation}/leave", self.post_leave),
            web.get("/health/live", self.live),
            web.get("/health/ready", self.ready),
        ]

    async def open_conversation(self, request: web.Request) -> web.Response:
        """POST /api/conversations: a new conversation, its token, and what is said first."""
        asked = language(await _body(request)) or preferred(request)
        conversation, now = uuid4(), self.talk.clock.now()
        if self.talk.limits.opening(request):
            # Nobody is turned away. The conversation is stored with its first message.
            replies: tuple[Reply, ...] = (self.cards().disclosure(asked, Channel.WEB),)
        else:
            replies = await self.talk.responder.greet(conversation, Channel.WEB, asked)
        opened = {
            "conversation": str(conversation),
            "token": self.talk.tokens.issue(conversation, now=now),
            "replies": replies_json(replies),
        }
        headers = {MARK: "yes"} if self.synthetic.marks(request) else {}
        return web.json_response(opened, status=201, headers=headers)

    async def post_message(self, request: web.Request) -> web.Response:
        """POST /api/messages: the replies to one message; the same id again is a retry."""
        conversation = self._authenticate(request)
        said = _own(inbound(await _body(request)), conversation)
        message, exchange = await self.talk.say(request, said, synthetic=self.synthetic.marks(request))
        headers = await self.synthetic.seen(message)
        return web.json_response(exchange_json(exchange), headers=headers)

    async def post_call_back(self, request: web.Request) -> web.Response:
        """POST /api/call-backs: what became of a wish to be called; sent again it is the same wish."""
        conversation = self._authenticate(request)
        wish = _own(call_back_wish(await _body(request)), conversation)
        return web.json_response(exchange_json(await self.talk.ask_to_be_called(request, wish)))

    async def post_feedback(self, request: web.Request) -> web.Response:
        """POST /api/feedback: keep what a person says about a reply; replies where it tells of danger."""
        conversation = self._authenticate(request)
        said = judgement(await _body(request))
        _own(said.comment, conversation)
        exchange = await self.talk.judge(request, said)
        return web.json_response({"replies": answers_json(exchange) if exchange else []})

    async def get_turns(self, request: web.Request) -> web.Response:
        """GET /api/conversations/{conversation}/turns?after=SEQ: what was said since."""
        conversation = self._authenticate_path(request)
        missed = await self.talk.missed(conversation, sequence(request.query.get("after", "0")))
        turns = [kept_json(turn, conversation) for turn in missed.turns]
        return web.json_response({"turns": turns, "held": missed.state.held, "more": missed.more})

    async def post_clear(self, request: web.Request) -> web.Response:
        """POST /api/conversations/{conversation}/clear: delete all but what a case rests on."""
        conversation = self._authenticate_path(request)
        cleared = await self.talk.clear(conversation)
        self.cleared(conversation, cleared)
        return web.json_response({"done": cleared.done, "kept": cleared.kept})

    async def post_leave(self, request: web.Request) -> web.Response:
        """POST /api/conversations/{conversation}/leave: the person has left; cases stay as they are (R9)."""
        self.left(self._authenticate_path(request))
        return web.Response(status=204)

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
            raise unauthorized()
        return self.talk.conversation_of(token.strip())

    def _authenticate_path(self, request: web.Request) -> UUID:
        conversation = self._authenticate(request)
        if request.match_info["conversation"].lower() != str(conversation):
            raise unauthorized()
        return conversation


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


def _own(said: Inbound, conversation: UUID) -> Inbound:
    """What was said, if the token belongs to the conversation that it names."""
    if said.conversation != conversation:
        raise unauthorized()
    return said
