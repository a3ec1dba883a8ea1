"""The pages' part of joining a conversation: each step is written down, and a page renews itself quietly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.cases.transcript import mark, transcript
from bot.joining import joining
from bot.joining.telling import TellError, length
from bot.messages import Language
from bot.review.access import visitor_of
from bot.review.casepage import id_of
from bot.review.desk import desk_of
from bot.review.rendering import page
from bot.review.transcripts import LIST, conversation_page, log_reading
from bot.transcripts.tables import Conversation

Change = Callable[[AsyncSession, Conversation], Awaitable[str]]
"""Does it, and says what was done: a key of `words.SAID`."""
SHOWN: Final = 100
"""Turns of the part that renews itself."""


async def do_join(request: web.Request) -> web.StreamResponse:
    """POST /transcripts/{conversation}/join"""
    desk, staff = desk_of(request), visitor_of(request).staff
    form = await request.post()
    shown = str(form.get("name", ""))

    async def join(session: AsyncSession, chat: Conversation) -> str:
        notice = desk.notice("joined", chat.language or Language.EN, chat.channel)
        await joining.join(
            session,
            desk.ring,
            chat.id,
            staff.staff,
            shown,
            notice,
            desk.clock.now(),
            desk.texts(),
            override=_overrides(form),
        )
        return "joined"

    return await _change(request, join, override=_overrides(form))


async def do_say(request: web.Request) -> web.StreamResponse:
    """POST /transcripts/{conversation}/say: once, however often the form is sent."""
    desk, staff, form = desk_of(request), visitor_of(request).staff, await request.post()
    text, key = str(form.get("text", "")), _key(str(form.get("key", "")))

    async def say(session: AsyncSession, chat: Conversation) -> str:
        await joining.say(
            session,
            desk.ring,
            chat.id,
            staff.staff,
            text,
            key,
            desk.clock.now(),
            desk.texts(),
            override=_overrides(form),
        )
        return "sent"

    return await _change(request, say, override=_overrides(form), draft=text)


async def do_hand_back(request: web.Request) -> web.StreamResponse:
    """POST /transcripts/{conversation}/back"""
    desk, staff = desk_of(request), visitor_of(request).staff

    async def back(session: AsyncSession, chat: Conversation) -> str:
        notice, now = desk.notice("handed_back", chat.language or Language.EN, chat.channel), desk.clock.now()
        told = await joining.hand_back(session, desk.ring, chat.id, staff.staff, notice, now, desk.texts())
        return "handed-back" if told else "handed-back-untold"

    return await _change(request, back)


async def show_length(request: web.Request) -> web.StreamResponse:
    """POST /transcripts/{conversation}/length: how a text would travel; kept nowhere."""
    text = str((await request.post()).get("text", ""))
    return page(request, "length.html", length=length(text) if text.strip() else None)


async def show_turns(request: web.Request) -> web.StreamResponse:
    """GET /transcripts/{conversation}/turns?after=: the latest turns; nothing when nothing changed."""
    desk, staff, wanted = desk_of(request), visitor_of(request).staff, id_of(request, "conversation")

    async def look(session: AsyncSession) -> str:
        if await session.get(Conversation, wanted) is None:
            raise web.HTTPNotFound
        await joining.note_viewer(session, wanted, staff.staff, desk.clock.now())
        return await mark(session, wanted)

    if await desk.write(look) == request.query.get("after", ""):
        return web.Response(status=204)
    await log_reading(request, Act.TRANSCRIPT_VIEWED)

    async def read(session: AsyncSession) -> dict[str, Any]:
        chat = await session.get_one(Conversation, wanted)
        said = await transcript(session, desk.ring, wanted, limit=SHOWN)
        others = await joining.others_looking(session, wanted, staff.staff, desk.clock.now())
        newest = await mark(session, wanted)
        session.expunge_all()
        return {"conversation": chat, "transcript": said, "others": others, "mark": newest, "renews": True}

    return page(request, "conversation_turns.html", **await desk.read(read))


async def _change(
    request: web.Request, change: Change, *, override: bool = False, draft: str = ""
) -> web.StreamResponse:
    desk, staff, wanted = desk_of(request), visitor_of(request).staff, id_of(request, "conversation")

    async def write(session: AsyncSession) -> str:
        chat = await session.get(Conversation, wanted)
        if chat is None:
            raise web.HTTPNotFound
        what = await change(session, chat)
        detail = {"change": what, **({"at night": "yes"} if override else {})}
        await record(
            session,
            desk.ring,
            Act.JOINED,
            desk.clock.now(),
            staff=staff.staff,
            subject=wanted,
            detail=detail,
        )
        return what

    try:
        what = await desk.write(write)
    except TellError as error:
        await log_reading(request, Act.TRANSCRIPT_VIEWED)
        return await conversation_page(request, status=409, failure=str(error), draft=draft)
    raise web.HTTPSeeOther(f"{LIST}/{wanted}?said={what}")


def _overrides(form: Mapping[str, Any]) -> bool:
    """Whether whoever sends it answers for texting at night."""
    return form.get("override") == "yes"


def _key(text: str) -> UUID:
    """The key of the form; a form without one is sent once."""
    return uuid5(NAMESPACE_OID, text) if text else uuid4()
