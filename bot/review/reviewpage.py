"""The page of reviewing: what waits, how well reviewers agree, labels that were agreed on."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.review.access import visitor_of
from bot.review.desk import desk_of
from bot.review.rendering import page
from bot.reviewing import labels, waiting
from bot.reviewing.agreement import agreement
from bot.transcripts.tables import (
    HazardEntry,
    StaffMember,
)

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
