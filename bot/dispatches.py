"""What one recipient is still to be told: its rows of the outbox, and taking them by lease."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages import Page
from bot.transcripts.tables import Dispatch, Handoff, Notification, SendState

LEASE: Final = timedelta(seconds=20)
"""Longer than a send: a notification is not sent twice because its first send is slow."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A notification that is to be sent now; `attempts` counts this one."""

    notification: UUID
    attempts: int
    page: Page


async def address(session: AsyncSession, recipient: str, now: datetime) -> None:
    """Make the recipient's rows for what it has not been told of open hand-offs.

    Made here and not with the notification: the accepting transaction knows no recipients, and one that
    is configured later, or again, still hears of everybody who is in danger now.
    """
    addressed = exists().where(Dispatch.notification_id == Notification.id, Dispatch.recipient == recipient)
    untold = (
        select(
            Notification.id,
            literal(recipient),
            literal(SendState.PENDING, Dispatch.state.type),
            literal(0),
            literal(now, Dispatch.due_at.type),
        )
        .join(Handoff, Handoff.id == Notification.handoff_id)
        .where(Handoff.closed_at.is_(None), ~addressed)
    )
    columns = ["notification_id", "recipient", "state", "attempts", "due_at"]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    await session.execute(dialect.insert(Dispatch).from_select(columns, untold).on_conflict_do_nothing())


async def lease(
    session: AsyncSession, recipient: str, owner: UUID, now: datetime, limit: int
) -> list[Leased]:
    """Take up to `limit` rows that are due and that no living worker holds, oldest first."""
    rows = await session.execute(
        select(Dispatch, Notification, Handoff)
        .join(Notification, Notification.id == Dispatch.notification_id)
        .join(Handoff, Handoff.id == Notification.handoff_id)
        .where(_due(recipient, now))
        .order_by(Notification.created_at)
        .limit(limit)
        .with_for_update(of=Dispatch, skip_locked=True)
    )
    leased = []
    for dispatch, notification, handoff in rows.all():
        dispatch.lease_owner, dispatch.lease_until = owner, now + LEASE
        dispatch.attempts += 1
        page = Page(
            handoff.conversation_id,
            notification.level,
            notification.kind,
            notification.reason.value,
            notification.idempotency_key,
            handoff.reason,
        )
        leased.append(Leased(notification.id, dispatch.attempts, page))
    return leased


def _due(recipient: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        Dispatch.recipient == recipient,
        Dispatch.state == SendState.PENDING,
        Dispatch.due_at <= now,
        or_(Dispatch.lease_until.is_(None), Dispatch.lease_until <= now),
        Handoff.closed_at.is_(None),
        # Somebody is on it: only what has happened since is news.
        or_(Handoff.acknowledged_at.is_(None), Notification.created_at > Handoff.acknowledged_at),
    )
