"""What people said of answers, in one place, with whether somebody has dealt with it."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.browsing import opinions
from bot.browsing.cursors import Cursor
from bot.review.access import PREFIX, visitor_of
from bot.review.casepage import id_of
from bot.review.desk import desk_of
from bot.review.rendering import page
from bot.review.words import as_query


async def show_feedback(request: web.Request) -> web.StreamResponse:
    """GET /feedback: words of people, so every view is written down."""
    desk, staff = desk_of(request), visitor_of(request).staff
    answered = request.query.get("state") == "answered"
    before = Cursor.parse(request.query.get("before", ""))
    await desk.write(
        lambda session: record(session, desk.ring, Act.FEEDBACK_READ, desk.clock.now(), staff=staff.staff)
    )
    found = await desk.read(
        lambda session: opinions.listed(session, desk.ring, answered=answered, before=before)
    )
    return page(request, "feedback.html", answered=answered, found=found, step=opinions.PAGE, before=before)


async def do_answer(request: web.Request) -> web.StreamResponse:
    """POST /feedback/{opinion}: it is dealt with, or is open again."""
    desk, staff, wanted = desk_of(request), visitor_of(request).staff, id_of(request, "opinion")
    done = str((await request.post()).get("done", "")) == "yes"

    async def write(session: AsyncSession) -> None:
        now = desk.clock.now()
        if not await opinions.settle(session, wanted, now if done else None):
            raise web.HTTPNotFound
        detail = {"done": done}
        await record(
            session, desk.ring, Act.FEEDBACK_ANSWERED, now, staff=staff.staff, subject=wanted, detail=detail
        )

    await desk.write(write)
    values = {"said": "answered" if done else "open-again", "state": "" if done else "answered"}
    raise web.HTTPSeeOther(f"{PREFIX}/feedback{as_query(values)}")
