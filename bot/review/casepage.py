"""The pages of one case. Opening it shows what the person wrote, so every view is in the audit log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.cases import queue, work
from bot.cases.case import Case, numbers_asked, sending_number
from bot.cases.history import history, sendings
from bot.cases.transcript import transcript
from bot.review.access import PREFIX, visitor_of
from bot.review.desk import desk_of
from bot.review.rendering import page, sorry
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Conversation, Handoff


async def show_case(request: web.Request) -> web.StreamResponse:
    """GET /cases/{case}: facts, transcript, what can be done, history."""
    await log_view(request, Act.TRANSCRIPT_VIEWED)
    return await case_page(request, "case.html")


async def show_transcript(request: web.Request) -> web.StreamResponse:
    """GET /cases/{case}/transcript: the part of the page that changes; a view like any other."""
    await log_view(request, Act.TRANSCRIPT_VIEWED)
    return await case_page(request, "transcript.html")


async def show_print(request: web.Request) -> web.StreamResponse:
    """GET /cases/{case}/print: the case note."""
    await log_view(request, Act.CASE_PRINTED)
    return await case_page(request, "print.html")


async def show_here(request: web.Request) -> web.StreamResponse:
    """GET /here: somebody types or points, which keeps their session, and their hold on `?case=`."""
    desk, staff, asked = desk_of(request), visitor_of(request).staff, request.query.get("case")
    if asked is not None:
        case = _uuid(asked)
        await desk.write(lambda session: work.seen_working(session, case, staff.staff, desk.clock.now()))
    return web.Response(status=204)


async def show_conversation(request: web.Request) -> web.StreamResponse:
    """GET /conversations/{conversation}: where a notification leads, to the open or else the latest case."""
    desk, conversation = desk_of(request), id_of(request, "conversation")

    async def read(session: AsyncSession) -> UUID | None:
        return await session.scalar(
            select(Handoff.id)
            .where(Handoff.conversation_id == conversation)
            .order_by(Handoff.closed_at.is_not(None), Handoff.opened_at.desc())
            .limit(1)
        )

    case = await desk.read(read)
    if case is None:
        return sorry(
            request, 404, "The database does not hold this case yet; look into the queue in a minute"
        )
    raise web.HTTPSeeOther(f"{PREFIX}/cases/{case}")


async def log_view(request: web.Request, act: Act) -> None:
    """Write a view into the audit log; whoever has the case is seen working on it.

    Raises:
        HTTPNotFound: There is no such case.
    """
    desk, staff, case = desk_of(request), visitor_of(request).staff, id_of(request, "case")

    async def write(session: AsyncSession) -> None:
        now = desk.clock.now()
        if await session.get(Handoff, case) is None:
            raise web.HTTPNotFound
        await work.seen_working(session, case, staff.staff, now)
        await work.mentions_seen(session, case, staff.staff, now)
        await record(session, desk.ring, act, now, staff=staff.staff, subject=case)

    await desk.write(write)


async def case_page(
    request: web.Request, template: str, *, status: int = 200, failure: str = "", reveal: bool = False
) -> web.Response:
    """The page; whoever makes it has written the view into the audit log.

    Raises:
        HTTPNotFound: There is no such case.
    """
    desk, case = desk_of(request), id_of(request, "case")
    before = request.query.get("before", "")
    seq = int(before) if before.isascii() and before.isdecimal() and len(before) < 10 else None

    async def read(session: AsyncSession) -> dict[str, Any]:
        now = desk.clock.now()
        found = await queue.find_case(session, desk.ring, case, now)
        if found is None:
            raise web.HTTPNotFound
        return {
            "case": found,
            "first": await queue.first_waiting(session, now) == case,
            "transcript": await transcript(session, desk.ring, found.conversation, before=seq, reveal=reveal),
            "history": await history(session, desk.ring, case),
            "sendings": await sendings(session, case),
            "others": [
                other
                for other in await queue.cases_of(session, desk.ring, found.conversation, now)
                if other.id != case
            ],
            "numbers": await _numbers(session, desk.ring, found) if reveal else (),
        }

    values = await desk.read(read)
    recipients = {recipient.name: recipient.label for recipient in desk.recipients}
    mine = values["case"].holder == visitor_of(request).staff.staff
    return page(
        request,
        template,
        status=status,
        failure=failure,
        revealed=reveal,
        mine=mine,
        recipients=recipients,
        **values,
    )


def id_of(request: web.Request, name: str) -> UUID:
    """An id in the address.

    Raises:
        HTTPNotFound: It is none.
    """
    return _uuid(request.match_info[name])


async def _numbers(session: AsyncSession, ring: KeyRing, case: Case) -> tuple[str, ...]:
    conversation = await session.get_one(Conversation, case.conversation)
    asked = await numbers_asked(session, ring, [case.id])
    return (*sending_number(ring, conversation), *asked.get(case.id, ()))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise web.HTTPNotFound from error
