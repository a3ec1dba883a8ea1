"""Who is told of a hand-off: on duty now, last reached when, what fails; and test pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.deliveries import Reached, Undelivered, UnknownRecipientError, reached, send_test_page, undelivered
from bot.review.access import PREFIX, visitor_of
from bot.review.desk import Desk, desk_of
from bot.review.rendering import page


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the roster: what it is, and the names of those whom it tells now."""

    name: str
    people: tuple[str, ...]


async def show_on_call(request: web.Request) -> web.StreamResponse:
    """GET /on-call"""
    return page(request, "oncall.html", **await _standing(request))


async def do_test(request: web.Request) -> web.StreamResponse:
    """POST /on-call/test: a page that says that it is a test, to one recipient.

    Raises:
        HTTPNotFound: There is no such recipient.
    """
    desk, form, staff = desk_of(request), await request.post(), visitor_of(request).staff.staff
    name = str(form.get("recipient", ""))
    try:
        error = await send_test_page(desk.database, desk.recipients, name, desk.clock)
    except UnknownRecipientError as unknown:
        raise web.HTTPNotFound from unknown

    async def log(session: AsyncSession) -> None:
        detail = {"recipient": name, "error": error}
        await record(session, desk.ring, Act.TEST_PAGE_SENT, desk.clock.now(), staff=staff, detail=detail)

    await desk.write(log)
    raise web.HTTPSeeOther(f"{PREFIX}/on-call?said={'test-failed' if error else 'test-sent'}")


async def _standing(request: web.Request) -> dict[str, Any]:
    desk = desk_of(request)

    async def read(session: AsyncSession) -> tuple[tuple[Reached, ...], dict[UUID, tuple[Undelivered, ...]]]:
        return (
            await reached(session, desk.recipients),
            dict(await undelivered(session, desk.recipients)),
        )

    everybody, failing = await desk.read(read)
    return {
        "steps": _steps(desk),
        "gaps": desk.roster.gaps() if desk.roster else (),
        "everybody": everybody,
        "failing": failing,
    }


def _steps(desk: Desk) -> tuple[Step, ...]:
    roster = desk.roster
    if roster is None:
        return ()
    now = desk.clock.now()
    names = ("Told at once", "Told next", "Then everybody", "Then, with the alarm")
    return tuple(
        Step(name, tuple(roster.contacts[key].name for key in roster.told_at(number, now)))
        for number, name in enumerate(names, start=1)
    )
