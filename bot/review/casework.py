"""What staff do to a case: each change with its line in the audit log, or with why it does not go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.cases import work
from bot.review.access import PREFIX, visitor_of
from bot.review.casepage import case_page, id_of, log_view
from bot.review.desk import desk_of
from bot.review.rendering import sorry
from bot.transcripts.tables import Handoff, Outcome

Change = Callable[[AsyncSession, UUID], Awaitable[object]]
HOLDS: Final[Mapping[str, timedelta]] = {"10": work.HOLD, "30": work.ON_THE_PHONE}


class LostRaceError(Exception):
    """Somebody else took the case first; the message is their name."""


async def do_take(request: web.Request) -> web.StreamResponse:
    """POST /cases/{case}/take: one wins, and the others read who."""
    desk, staff, form = desk_of(request), visitor_of(request).staff, await request.post()
    why = str(form.get("other", "")).strip() or str(form.get("why", "")).strip()

    async def take(session: AsyncSession, case: UUID) -> None:
        taken = await work.take(session, desk.ring, case, staff.staff, desk.clock.now(), why=why)
        if not taken.won:
            raise LostRaceError(taken.holder_name)

    try:
        return await _change(request, "taken", take)
    except LostRaceError as error:
        return sorry(request, 409, f"{error} has this case already")


async def do_keep(request: web.Request) -> web.StreamResponse:
    """POST /cases/{case}/keep"""
    desk, staff = desk_of(request), visitor_of(request).staff
    hold = HOLDS.get(str((await request.post()).get("minutes", "")), work.HOLD)

    async def keep(session: AsyncSession, case: UUID) -> None:
        await work.keep(session, desk.ring, case, staff.staff, desk.clock.now(), hold)

    return await _change(request, "kept", keep)


async def do_release(request: web.Request) -> web.StreamResponse:
    """POST /cases/{case}/release"""
    desk, staff = desk_of(request), visitor_of(request).staff
    why = str((await request.post()).get("why", ""))[: work.LONGEST_NOTE]

    async def release(session: AsyncSession, case: UUID) -> None:
        await work.release(session, desk.ring, case, staff.staff, desk.clock.now(), why=why)

    return await _change(request, "released", release)


async def do_note(request: web.Request) -> web.StreamResponse:
    """POST /cases/{case}/note"""
    desk, staff = desk_of(request), visitor_of(request).staff
    text = str((await request.post()).get("note", ""))

    async def note(session: AsyncSession, case: UUID) -> None:
        await work.note(session, desk.ring, case, staff.staff, desk.clock.now(), text)

    return await _change(request, "noted", note)


async def do_close(request: web.Request) -> web.StreamResponse:
    """POST /cases/{case}/close: not without an outcome."""
    desk, staff, form = desk_of(request), visitor_of(request).staff, await request.post()
    outcome, remark = str(form.get("outcome", "")), str(form.get("remark", ""))
    if outcome not in set(Outcome):
        return await _refused(request, work.CaseError("Choose what came of it."))

    async def close(session: AsyncSession, case: UUID) -> None:
        await work.close(
            session, desk.ring, case, staff.staff, desk.clock.now(), Outcome(outcome), remark=remark
        )

    return await _change(request, "closed", close)


async def do_reopen(request: web.Request) -> web.StreamResponse:
    """POST /cases/{case}/reopen"""
    desk, staff = desk_of(request), visitor_of(request).staff
    why = str((await request.post()).get("why", ""))[: work.LONGEST_NOTE]

    async def reopen(session: AsyncSession, case: UUID) -> None:
        await work.reopen(session, desk.ring, case, staff.staff, desk.clock.now(), why=why)

    return await _change(request, "reopened", reopen)


async def do_reveal(request: web.Request) -> web.StreamResponse:
    """POST /cases/{case}/reveal: the page once with every number in full."""
    desk, staff, case = desk_of(request), visitor_of(request).staff, id_of(request, "case")

    async def note(session: AsyncSession) -> None:
        now = desk.clock.now()
        if await session.get(Handoff, case) is None:
            raise web.HTTPNotFound
        await work.revealed(session, desk.ring, case, staff.staff, now)
        await record(session, desk.ring, Act.CONTACT_REVEALED, now, staff=staff.staff, subject=case)

    await desk.write(note)
    return await case_page(request, "case.html", reveal=True)


async def _change(request: web.Request, what: str, change: Change) -> web.StreamResponse:
    """Do something to a case and write it into the audit log, or say why it does not go."""
    desk, staff, case = desk_of(request), visitor_of(request).staff, id_of(request, "case")

    async def write(session: AsyncSession) -> None:
        await change(session, case)
        await record(
            session,
            desk.ring,
            Act.CASE_CHANGED,
            desk.clock.now(),
            staff=staff.staff,
            subject=case,
            detail={"change": what},
        )

    try:
        await desk.write(write)
    except work.CaseError as error:
        return await _refused(request, error)
    return web.Response(status=303, headers={"Location": f"{PREFIX}/cases/{case}?said={what}"})


async def _refused(request: web.Request, error: work.CaseError) -> web.StreamResponse:
    await log_view(request, Act.TRANSCRIPT_VIEWED)
    return await case_page(request, "case.html", status=409, failure=str(error))
