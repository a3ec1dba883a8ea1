"""Sessions: rows that a random cookie points to, so that each can be ended at once.

A session has three ends: it is ended (log-out, an admin, a reset), it expires after a shift, or it is idle.
An idle one shows nothing that anybody wrote, but still brings alarms: a worker who sits by a quiet desk
must hear the next emergency.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.staff.roles import Role
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import StaffMember, StaffSession

IDLE: Final = timedelta(minutes=15)
SHIFT: Final = timedelta(hours=12)
TOUCH_EVERY: Final = timedelta(seconds=30)
"""Being seen is written down no more often, to spare the database."""
TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in. `idle`: was away for too long, and must log in again to see words."""

    id: UUID
    staff: UUID
    login: str
    name: str
    role: Role
    idle: bool
    stale: bool
    """Whether it is time to write down that they were seen."""


def new_token() -> str:
    """A fresh value for the cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def csrf_token(ring: KeyRing, token: str) -> str:
    """What a form must hold to be taken from the browser that holds this cookie."""
    return hmac.new(ring.derive("csrf"), token.encode(), hashlib.sha256).hexdigest()


def csrf_fits(ring: KeyRing, token: str, given: str) -> bool:
    """Whether a form's token belongs to the cookie; a key may have been rotated since."""
    return any(
        hmac.compare_digest(
            hmac.new(key, token.encode(), hashlib.sha256).hexdigest().encode(),
            given.encode("utf-8", "surrogatepass"),
        )
        for key in ring.derive_all("csrf")
    )


async def begin(session: AsyncSession, staff: UUID, token: str, now: datetime) -> UUID:
    """Start a session under a token that nobody has used before."""
    row = StaffSession(
        id=uuid4(),
        token_digest=_digest(token),
        staff_id=staff,
        created_at=now,
        last_seen_at=now,
        expires_at=now + SHIFT,
    )
    session.add(row)
    await session.flush()
    return row.id


async def find(session: AsyncSession, token: str, now: datetime) -> Session | None:
    """The session that a cookie points to, unless it has ended or its owner was disabled."""
    found = (
        await session.execute(
            select(StaffSession, StaffMember)
            .join(StaffMember, StaffMember.id == StaffSession.staff_id)
            .where(
                StaffSession.token_digest == _digest(token),
                StaffSession.ended_at.is_(None),
                StaffSession.expires_at > now,
                StaffMember.disabled_at.is_(None),
            )
        )
    ).one_or_none()
    if found is None:
        return None
    row, member = found.tuple()
    quiet = now - row.last_seen_at
    return Session(
        id=row.id,
        staff=member.id,
        login=member.login,
        name=member.name,
        role=Role(member.role),
        idle=quiet > IDLE,
        stale=quiet > TOUCH_EVERY,
    )


async def touch(session: AsyncSession, which: UUID, now: datetime) -> None:
    """Note that somebody is there."""
    await session.execute(update(StaffSession).where(StaffSession.id == which).values(last_seen_at=now))


async def end(session: AsyncSession, token: str, now: datetime) -> None:
    """End the session of a cookie, if there is one."""
    await _end(session, StaffSession.token_digest == _digest(token), now)


async def end_all(session: AsyncSession, staff: UUID, now: datetime) -> None:
    """End every session of somebody: log out everywhere."""
    await _end(session, StaffSession.staff_id == staff, now)


async def in_force(session: AsyncSession, now: datetime) -> dict[UUID, list[StaffSession]]:
    """The sessions that have not ended, by whose they are, the newest first."""
    rows = await session.scalars(
        select(StaffSession)
        .where(StaffSession.ended_at.is_(None), StaffSession.expires_at > now)
        .order_by(StaffSession.created_at.desc())
    )
    found: dict[UUID, list[StaffSession]] = {}
    for row in rows:
        found.setdefault(row.staff_id, []).append(row)
    return found


async def _end(session: AsyncSession, which: ColumnElement[bool], now: datetime) -> None:
    await session.execute(
        update(StaffSession).where(which, StaffSession.ended_at.is_(None)).values(ended_at=now)
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
