"""The audit log, for admins to read; looking at it is written into it too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.audit.chain import detail_of
from bot.review.access import visitor_of
from bot.review.desk import desk_of
from bot.review.rendering import page
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import AuditEntry, StaffMember

PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is shown."""

    number: int
    at: datetime
    who: str
    act: str
    subject: UUID | None
    detail: dict[str, Any]


async def show_audit(request: web.Request) -> web.StreamResponse:
    """GET /audit"""
    desk, staff = desk_of(request), visitor_of(request).staff
    asked = request.query.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else None
    await desk.write(
        lambda session: record(session, desk.ring, Act.AUDIT_VIEWED, desk.clock.now(), staff=staff.staff)
    )
    lines = await desk.read(lambda session: _lines(session, desk.ring, before))
    return page(request, "audit.html", lines=lines, step=PAGE)


async def _lines(session: AsyncSession, ring: KeyRing, before: int | None) -> list[Line]:
    wanted = select(AuditEntry, StaffMember.login).outerjoin(
        StaffMember, StaffMember.id == AuditEntry.staff_id
    )
    if before is not None:
        wanted = wanted.where(AuditEntry.id < before)
    rows = await session.execute(wanted.order_by(AuditEntry.id.desc()).limit(PAGE))
    return [
        Line(entry.id, entry.at, login or "–", entry.action, entry.subject, detail_of(entry, ring))
        for entry, login in rows.tuples()
    ]
