"""The pages' part of joining a conversation: each step is written down, and a page renews itself quietly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.cases.transcript import transcript
from bot.joining import joining
from bot.joining.joining import JoinError
from bot.messages import Language
from bot.review.access import visitor_of
from bot.review.casepage import id_of
from bot.review.desk import desk_of
from bot.review.rendering import page
from bot.review.transcripts import LIST, conversation_page, log_reading
from bot.transcripts.tables import Conversation

Change = Callable[[AsyncSession, Conversation], Awaitable[object]]
SHOWN: Final = 100
"""Turns of the part that renews itself."""


async def do_join(request: web.Request) -> web.StreamResponse:
    """POST /transcripts/{conversation}/join"""
    desk, staff = desk_of(request), visitor_of(request).staff
    shown = str((await request.post()).get("name", ""))

    async def join(session: AsyncSession, chat: Conversation) -> None:
        notice = desk.notice("joined", chat.language or Language.EN)
        now = desk.clock.now()
        await joining.join(session, desk.ring, chat.id, staff.staff, shown, notice, now)

    return await _change(request, "joined", join)


async def do_say(request: web.Request) -> web.StreamResponse:
    """POST /transcripts/{conversation}/say: once, however often the form is sent."""
    desk, staff, form = desk_of(request), visitor_of(request).staff, await request.post()
    text, key = str(form.get("text", "")), _key(str(form.get("key", "")))

    async def say(session: AsyncSession, chat: Conversation) -> None:
        await joining.say(session, desk.ring, chat.id, staff.staff, text, key, desk.clock.now())

    return await _change(request, "sent", say)


async def do_hand_back(request: web.Request) -> web.StreamResponse:
    """POST /transcripts/{conversation}/back"""
    desk, staff = desk_of(request), visitor_of(request).staff

    async def back(session: AsyncSession, chat: Conversation) -> None:
        notice = desk.notice("handed_back", chat.language or Language.EN)
        await joining.hand_back(session, desk.ring, chat.id, staff.staff, notice, desk.clock.now())

    return await _change(request, "handed-back", back)


async def show_turns(request: web.Request) -> web.StreamResponse:
    """GET /transcripts/{conversation}/turns?after=: the latest turns; nothing when none is newer."""
    desk, staff, wanted = desk_of(request), visitor_of(request).staff, id_of(request, "conversation")
    asked = request.query.get("after", "")
    after = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else 0

    async def look(session: AsyncSession) -> int:
        chat = await session.get(Conversation, wanted)
        if chat is None:
            raise web.HTTPNotFound
        await joining.note_viewer(session, wanted, staff.staff, desk.clock.now())
        return chat.turns

    if await desk.write(look) <= after:
        return web.Response(status=204)
    await log_reading(request, Act.TRANSCRIPT_VIEWED)

    async def read(session: AsyncSession) -> dict[str, Any]:
        chat = await session.get_one(Conversation, wanted)
        said = await transcript(session, desk.ring, wanted, limit=SHOWN)
        others = await joining.others_looking(session, wanted, staff.staff, desk.clock.now())
        session.expunge_all()
        return {"conversation": chat, "transcript": said, "others": others, "renews": True}

    return page(request, "conversation_turns.html", **await desk.read(read))


async def _change(request: web.Request, what: str, change: Change) -> web.StreamResponse:
    desk, staff, wanted = desk_of(request), visitor_of(request).staff, id_of(request, "conversation")

    async def write(session: AsyncSession) -> None:
        chat = await session.get(Conversation, wanted)
        if chat is None:
            raise web.HTTPNotFound
        await change(session, chat)
        detail = {"change": what}
        await record(
            session,
            desk.ring,
            Act.JOINED,
            desk.clock.now(),
            staff=staff.staff,
            subject=wanted,
            detail=detail,
        )

    try:
        await desk.write(write)
    except JoinError as error:
        await log_reading(request, Act.TRANSCRIPT_VIEWED)
        return await conversation_page(request, status=409, failure=str(error))
    raise web.HTTPSeeOther(f"{LIST}/{wanted}?said={what}")


def _key(text: str) -> UUID:
    """The key of the form; a form without one is sent once."""
    return uuid5(NAMESPACE_OID, text) if text else uuid4()
