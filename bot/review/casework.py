"""The pages of one case. Opening it shows what the person wrote, so every view is in the audit log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.cases import queue, work
from bot.cases.history import history, sendings
from bot.cases.transcript import transcript
from bot.review.access import PREFIX, visitor_of
from bot.review.desk import desk_of
from bot.review.rendering import page, sorry
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Conversation, Handoff, Outcome
from bot.transcripts.turns import SENDER

Change = Callable[[AsyncSession, UUID], Awaitable[object]]

HOLDS: Final[Mapping[str, timedelta]] = {"10": work.HOLD, "30": work.ON_THE_PHONE}


class LostRaceError(Exception):
    """Somebody else took the case first; the message is their name."""


async def show_case(request: web.Request) -> web.StreamResponse:
    """GET /cases/{case}: facts, transcript, what can be done, history."""
    await _log_view(request, Act.TRANSCRIPT_VIEWED)
    return await _case_page(request, "case.html")


async def show_transcript(request: web.Request) -> web.StreamResponse:
    """GET /cases/{case}/transcript: the part of the page that changes; a view like any other."""
    await _log_view(request, Act.TRANSCRIPT_VIEWED)
    return await _case_page(request, "transcript.html")


async def show_print(request: web.Request) -> web.StreamResponse:
    """GET /cases/{case}/print: the case note."""
    await _log_view(request, Act.CASE_PRINTED)
    return await _case_page(request, "print.html")


async def show_here(request: web.Request) -> web.StreamResponse:
    """GET /here: somebody types or points, which keeps their session, and their hold on `?case=`."""
    desk, staff, asked = desk_of(request), visitor_of(request).staff, request.query.get("case")
    if asked is not None:
        case = _uuid(asked)
        await desk.write(lambda session: work.seen_working(session, case, staff.staff, desk.clock.now()))
    return web.Response(status=204)


async def show_conversation(request: web.Request) -> web.StreamResponse:
    """GET /conversations/{conversation}: where a notification leads, to the open or else the latest case."""
    desk, conversation = desk_of(request), _id(request, "conversation")

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
    desk, staff, case = desk_of(request), visitor_of(request).staff, _id(request, "case")

    async def note(session: AsyncSession) -> None:
        now = desk.clock.now()
        if await session.get(Handoff, case) is None:
            raise web.HTTPNotFound
        await work.revealed(session, desk.ring, case, staff.staff, now)
        await record(session, desk.ring, Act.CONTACT_REVEALED, now, staff=staff.staff, subject=case)

    await desk.write(note)
    return await _case_page(request, "case.html", reveal=True)


async def _change(request: web.Request, what: str, change: Change) -> web.StreamResponse:
    """Do something to a case and write it into the audit log, or say why it does not go."""
    desk, staff, case = desk_of(request), visitor_of(request).staff, _id(request, "case")

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
    await _log_view(request, Act.TRANSCRIPT_VIEWED)
    return await _case_page(request, "case.html", status=409, failure=str(error))


async def _log_view(request: web.Request, act: Act) -> None:
    desk, staff, case = desk_of(request), visitor_of(request).staff, _id(request, "case")

    async def write(session: AsyncSession) -> None:
        now = desk.clock.now()
        if await session.get(Handoff, case) is None:
            raise web.HTTPNotFound
        await work.seen_working(session, case, staff.staff, now)
        await work.mentions_seen(session, case, staff.staff, now)
        await record(session, desk.ring, act, now, staff=staff.staff, subject=case)

    await desk.write(write)


async def _case_page(
    request: web.Request, template: str, *, status: int = 200, failure: str = "", reveal: bool = False
) -> web.Response:
    desk, case = desk_of(request), _id(request, "case")
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
            "number": await _number(session, desk.ring, found.conversation) if reveal else None,
        }

    values = await desk.read(read)
    mine = values["case"].holder == visitor_of(request).staff.staff
    return page(request, template, status=status, failure=failure, revealed=reveal, mine=mine, **values)


async def _number(session: AsyncSession, ring: KeyRing, conversation: UUID) -> str | None:
    row = await session.get_one(Conversation, conversation)
    return ring.decrypt(row.sender, row.id, field=SENDER) if row.sender else None


def _id(request: web.Request, name: str) -> UUID:
    return _uuid(request.match_info[name])


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise web.HTTPNotFound from error
