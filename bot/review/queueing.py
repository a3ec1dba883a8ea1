"""The queue's pages: who waits, what was closed, and taking the next one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.cases import queue, work
from bot.cases.case import Case
from bot.review.access import HOME, PREFIX, visitor_of
from bot.review.desk import desk_of
from bot.review.rendering import page


async def show_home(_: web.Request) -> web.StreamResponse:
    """GET /staff"""
    raise web.HTTPSeeOther(HOME)


async def show_queue(request: web.Request) -> web.StreamResponse:
    """GET /queue"""
    return page(request, "queue.html", **await _queue(request))


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /queue/list: the part of the page that changes."""
    return page(request, "queue_list.html", **await _queue(request))


async def show_closed(request: web.Request) -> web.StreamResponse:
    """GET /closed"""
    desk, start = desk_of(request), _start(request)

    async def read(session: AsyncSession) -> list[Case]:
        return await queue.closed_cases(session, desk.ring, desk.clock.now(), offset=start)

    cases = await desk.read(read)
    return page(request, "closed.html", cases=cases, start=start, step=queue.PAGE)


async def do_take_next(request: web.Request) -> web.StreamResponse:
    """POST /next: whoever has waited longest in the greatest danger is now with this staff member."""
    desk, staff = desk_of(request), visitor_of(request).staff

    async def take(session: AsyncSession) -> UUID | None:
        now = desk.clock.now()
        taken = await work.take_next(session, desk.ring, staff.staff, now)
        if taken is not None:
            detail = {"change": "taken", "next": True}
            await record(
                session, desk.ring, Act.CASE_CHANGED, now, staff=staff.staff, subject=taken, detail=detail
            )
        return taken

    taken = await desk.write(take)
    raise web.HTTPSeeOther(
        f"{PREFIX}/cases/{taken}?said=taken" if taken is not None else f"{HOME}?said=nobody-waits"
    )


async def _queue(request: web.Request) -> dict[str, Any]:
    desk, start, staff = desk_of(request), _start(request), visitor_of(request).staff.staff

    async def read(session: AsyncSession) -> dict[str, Any]:
        now = desk.clock.now()
        total, waiting = await queue.count_open(session, now)
        return {
            "cases": await queue.open_cases(session, desk.ring, now, offset=start),
            "total": total,
            "waiting": waiting,
            "first": await queue.first_waiting(session, now),
            "mentions": set(await work.mentions_of(session, staff)),
        }

    return {**await desk.read(read), "start": start, "step": queue.PAGE}


def _start(request: web.Request) -> int:
    asked = request.query.get("start", "0")
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 8 else 0
