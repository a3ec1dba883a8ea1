"""The pages of reviewing: what waits, one message with its verdict, labels that were agreed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.cases.transcript import transcript
from bot.messages import Kind, Level
from bot.review import words
from bot.review.access import PREFIX, visitor_of
from bot.review.casepage import id_of
from bot.review.desk import desk_of
from bot.review.rendering import page
from bot.review.transcripts import LIST, conversation_page, log_reading, topics
from bot.reviewing import choosing, giving, labels, waiting
from bot.reviewing.agreement import agreement
from bot.reviewing.choosing import Chosen
from bot.reviewing.verdicts import NOTHING, Judgement, VerdictError, judged_blind
from bot.transcripts.tables import (
    Conversation,
    Direction,
    HazardEntry,
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
HAZARDS: Final = 50


async def show_review(request: web.Request) -> web.StreamResponse:
    """GET /review: what waits, how well reviewers agree, what was missed."""
    desk = desk_of(request)

    async def read(session: AsyncSession) -> dict[str, Any]:
        hazards = await session.execute(
            select(HazardEntry, StaffMember.name)
            .join(StaffMember, StaffMember.id == HazardEntry.staff_id)
            .order_by(HazardEntry.at.desc())
            .limit(HAZARDS)
        )
        found = {
            "counts": await waiting.counts(session),
            "weeks": await waiting.weeks(session, desk.times.zone, desk.clock.now()),
            "agreement": await agreement(session),
            "hazards": hazards.tuples().all(),
        }
        session.expunge_all()
        return found

    return page(request, "review.html", due=waiting.due, sampling=desk.sampling, **await desk.read(read))


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
        stage = _stage(form)
        judgement = _judgement(form, turn, stage)
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


async def show_labels(request: web.Request) -> web.StreamResponse:
    """GET /review/labels: messages whose danger was read wrongly, agreed on and scrubbed, as a file."""
    desk, staff = desk_of(request), visitor_of(request).staff
    cases = await desk.read(lambda session: labels.agreed_cases(session, desk.ring, desk.known_words()))
    detail = {"messages": len(cases)}
    await desk.write(
        lambda session: record(
            session, desk.ring, Act.LABELS_READ, desk.clock.now(), staff=staff.staff, detail=detail
        )
    )
    return web.Response(
        text=labels.to_yaml(cases),
        content_type="application/yaml",
        headers={"Content-Disposition": 'attachment; filename="risk-cases.yml"'},
    )


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


def _stage(form: Mapping[str, str]) -> ReviewStage:
    asked = form.get("stage", "")
    return ReviewStage(asked) if asked in set(ReviewStage) else ReviewStage.FIRST


def _judgement(form: Mapping[str, str], turn: Turn, stage: ReviewStage) -> Judgement:
    """What a form says.

    Raises:
        VerdictError: It says too little.
    """
    level, kind = _level(form.get("level", "")), form.get("kind", "")
    danger = Kind(kind) if kind in set(Kind) else None
    topic = form.get("topic", "")[:128]
    if stage is ReviewStage.SECOND:
        if level is None:
            raise VerdictError("Choose what you read in the message.")
        return judged_blind(turn, level, danger, NOTHING if topic == "-" else topic)
    if form.get("verdict", "") not in set(Verdict):
        raise VerdictError("Choose a verdict.")
    label = {"": None, "-": NOTHING}.get(topic, topic)
    judgement = Judgement(verdict=Verdict(form["verdict"]), label=label, level=level, kind=danger)
    return judgement.checked(turn.level or Level.NONE)


def _level(name: str) -> Level | None:
    return Level[name.upper()] if name.upper() in Level.__members__ else None
