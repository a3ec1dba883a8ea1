"""Judging one message, or a conversation: the page with the words, and what is done with the form."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.cases.transcript import transcript
from bot.review import words
from bot.review.access import PREFIX, visitor_of
from bot.review.casepage import id_of
from bot.review.desk import desk_of
from bot.review.rendering import page
from bot.review.transcripts import LIST, conversation_page, log_reading, topics
from bot.review.verdict_form import judgement_of, stage_of
from bot.reviewing import choosing, giving, waiting
from bot.reviewing.choosing import Chosen
from bot.reviewing.verdicts import VerdictError
from bot.transcripts.tables import (
    Conversation,
    Direction,
    ReviewItem,
    ReviewReason,
    ReviewStage,
    StaffMember,
    Turn,
    Verdict,
)

HERE: Final = f"{PREFIX}/review"
CONTEXT: Final = 12
"""Turns before a message that are shown with it."""
AFTER: Final = 6
"""Turns after it, with how it was answered."""


async def show_next(request: web.Request) -> web.StreamResponse:
    """GET /review/next: to the message that this member of staff should judge next."""
    desk, staff = desk_of(request), visitor_of(request).staff
    asked = request.query.get("reason", "")
    reason = ReviewReason(asked) if asked in set(ReviewReason) else None
    found = await desk.read(
        lambda session: waiting.next_item(session, staff.staff, staff.role, reason=reason)
    )
    said = request.query.get("said", "")
    if found is None:
        raise web.HTTPSeeOther(f"{HERE}{words.as_query({'said': said or 'nothing-to-judge'})}")
    values = {"reason": reason or "", "said": said}
    raise web.HTTPSeeOther(f"{HERE}/messages/{found}{words.as_query(values)}")


async def show_message(request: web.Request) -> web.StreamResponse:
    """GET /review/messages/{turn}: the message in its conversation, and the form for a verdict."""
    return await _message(request)


async def do_judge(request: web.Request) -> web.StreamResponse:
    """POST /review/messages/{turn}"""
    desk, staff, turn_id = desk_of(request), visitor_of(request).staff, id_of(request, "turn")
    form = {name: str(value) for name, value in (await request.post()).items()}

    async def judge(session: AsyncSession) -> bool:
        turn, now = await _inbound(session, turn_id), desk.clock.now()
        if await session.get(ReviewItem, turn_id) is None:
            chosen = Chosen(turn_id, turn.conversation_id, ReviewReason.CHOSEN)
            await choosing.add_item(session, desk.ring, chosen, now)
        stage = stage_of(form)
        judgement = judgement_of(form, turn, stage)
        case = await giving.give(
            session, desk.ring, turn_id, staff.staff, judgement, now, note=form.get("note", ""), stage=stage
        )
        detail = {"verdict": judgement.verdict.value, "round": stage.value}
        await record(session, desk.ring, Act.REVIEWED, now, staff=staff.staff, subject=turn_id, detail=detail)
        return case is not None

    try:
        opened = await desk.write(judge)
    except VerdictError as error:
        return await _message(request, status=409, failure=str(error))
    values = {"reason": form.get("reason", ""), "said": "missed-case" if opened else "judged"}
    raise web.HTTPSeeOther(f"{HERE}/next{words.as_query(values)}")


async def do_judge_whole(request: web.Request) -> web.StreamResponse:
    """POST /transcripts/{conversation}/verdict"""
    desk, staff, wanted = desk_of(request), visitor_of(request).staff, id_of(request, "conversation")
    form = await request.post()
    asked, note = str(form.get("verdict", "")), str(form.get("note", ""))

    async def judge(session: AsyncSession) -> None:
        if await session.get(Conversation, wanted) is None:
            raise web.HTTPNotFound
        if asked not in set(Verdict):
            raise VerdictError("Choose a verdict.")
        now, verdict = desk.clock.now(), Verdict(asked)
        await giving.give_whole(session, desk.ring, wanted, staff.staff, verdict, now, note=note)
        detail = {"verdict": verdict.value, "round": "whole"}
        await record(session, desk.ring, Act.REVIEWED, now, staff=staff.staff, subject=wanted, detail=detail)

    try:
        await desk.write(judge)
    except VerdictError as error:
        await log_reading(request, Act.TRANSCRIPT_VIEWED)
        return await conversation_page(request, status=409, failure=str(error))
    raise web.HTTPSeeOther(f"{LIST}/{wanted}?said=judged")


async def _message(request: web.Request, *, status: int = 200, failure: str = "") -> web.Response:
    desk, staff, turn_id = desk_of(request), visitor_of(request).staff, id_of(request, "turn")

    async def log(session: AsyncSession) -> None:
        turn = await _inbound(session, turn_id)
        await record(
            session,
            desk.ring,
            Act.TRANSCRIPT_VIEWED,
            desk.clock.now(),
            staff=staff.staff,
            subject=turn.conversation_id,
            detail={"review": str(turn_id)},
        )

    await desk.write(log)

    async def read(session: AsyncSession) -> dict[str, Any]:
        turn = await _inbound(session, turn_id)
        item = await session.get(ReviewItem, turn_id)
        stage = item.stage if item is not None else ReviewStage.FIRST
        given = await giving.verdicts_on(session, turn_id)
        mine = any(review.staff_id == staff.staff for review in given)
        # Whoever has given a verdict may see everything: theirs cannot be swayed any more.
        blind = stage is ReviewStage.SECOND and not mine
        last = turn.seq if blind else turn.seq + AFTER
        said = await transcript(
            session, desk.ring, turn.conversation_id, before=last + 1, limit=CONTEXT + (0 if blind else AFTER)
        )
        shown = [] if blind or stage is ReviewStage.FIRST else given
        names = dict((await session.execute(select(StaffMember.id, StaffMember.name))).tuples().all())
        values = {
            "turn": turn,
            "item": item,
            "stage": stage,
            "blind": blind,
            "mine": mine,
            "conversation": await session.get_one(Conversation, turn.conversation_id),
            "turns": said.turns,
            "given": [(names[each.staff_id], each, giving.note_of(desk.ring, each)) for each in shown],
        }
        session.expunge_all()
        return values

    values = await desk.read(read)
    return page(
        request,
        "judge.html",
        status=status,
        failure=failure,
        topics=topics(desk, values["turn"].topic),
        reason=request.query.get("reason", ""),
        **values,
    )


async def _inbound(session: AsyncSession, turn_id: Any) -> Turn:
    turn = await session.get(Turn, turn_id)
    if turn is None or turn.direction is not Direction.INBOUND:
        raise web.HTTPNotFound
    return turn
