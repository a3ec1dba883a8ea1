"""Escalation: whom of the roster to tell of a hand-off now, and whom next while nobody acknowledges.

A step is taken in one short transaction: the notification, a `dispatch` row for each contact, and when the
next step is due. Any number of processes may do so; a hand-off is locked by the one that looks at it. The
sending itself is the outbox's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Clock
from bot.roster import ALARM, EVERYONE, Roster
from bot.transcripts.database import WAKES_OUTBOX, Database, unbroken
from bot.transcripts.tables import Dispatch, Escalation, Handoff, Notification, Reason, SendState

CONTACT: Final = "contact/"
"""How the recipient's name of a contact on the roster begins; its key follows."""


class Escalator:
    """Follows the roster's steps for every hand-off that is open."""

    def __init__(self, database: Database, roster: Roster, clock: Clock) -> None:
        self._database = database
        self._roster = roster
        self._clock = clock

    async def advance(self) -> None:
        """Address what is new, and take every step that is due.

        Raises:
            StorageError: The database is away; nothing is lost, the next call goes on.
        """
        await unbroken(self._advance())

    async def _advance(self) -> None:
        now = self._clock.now()
        async with self._database.transaction() as session:
            for notification, handoff in await _unaddressed(session):
                await self._address(session, notification, handoff, now)
            for escalation, handoff in await _due(session, now):
                await self._take_step(session, escalation, handoff, now)

    async def _address(
        self, session: AsyncSession, notification: Notification, handoff: Handoff, now: datetime
    ) -> None:
        """Tell who is on duty; of news about a hand-off that was told already, everybody who was told."""
        told = await _told(session, handoff.id)
        escalation = await session.get(Escalation, handoff.id)
        if escalation is None:
            step, who = self._following(0, told, now)
            due = now + self._roster.wait(step, handoff.level)
            session.add(Escalation(handoff_id=handoff.id, step=step, due_at=due))
        else:
            who = (*told, *self._roster.told_at(escalation.step, now))
            # A level that rose waits for less; nothing makes it wait for longer.
            due = now + self._roster.wait(escalation.step, handoff.level)
            escalation.due_at = min(escalation.due_at, due)
        notification.addressed_at = now
        _dispatch(session, notification.id, who, now)
        await session.flush()

    async def _take_step(
        self, session: AsyncSession, escalation: Escalation, handoff: Handoff, now: datetime
    ) -> None:
        told = await _told(session, handoff.id)
        escalation.step, who = self._following(escalation.step, told, now)
        escalation.due_at = now + self._roster.wait(escalation.step, handoff.level)
        notification = Notification(
            handoff_id=handoff.id,
            reason=Reason.ALARM if escalation.step >= ALARM else Reason.ESCALATED,
            level=handoff.level,
            kind=handoff.kind,
            idempotency_key=f"{handoff.id}:{handoff.level.name}:{escalation.step}",
            created_at=now,
            addressed_at=now,
        )
        session.add(notification)
        await session.flush()
        _dispatch(session, notification.id, who, now)
        session.info[WAKES_OUTBOX] = True

    def _following(self, step: int, told: Iterable[str], now: datetime) -> tuple[int, tuple[str, ...]]:
        """The next step that tells somebody new; everybody, and the alarm, are told again."""
        step += 1
        while step < EVERYONE and not set(self._roster.told_at(step, now)) - set(told):
            step += 1
        return step, self._roster.told_at(step, now)


def _dispatch(session: AsyncSession, notification: UUID, contacts: Iterable[str], now: datetime) -> None:
    for contact in dict.fromkeys(contacts):
        session.add(Dispatch(notification_id=notification, recipient=CONTACT + contact, due_at=now))
    session.info[WAKES_OUTBOX] = True


async def _unaddressed(session: AsyncSession) -> list[tuple[Notification, Handoff]]:
    rows = await session.execute(
        select(Notification, Handoff)
        .join(Handoff, Handoff.id == Notification.handoff_id)
        .where(Notification.addressed_at.is_(None), Handoff.closed_at.is_(None))
        .order_by(Notification.created_at)
        .with_for_update(of=Handoff, skip_locked=True)
    )
    return [(notification, handoff) for notification, handoff in rows.all()]


async def _due(session: AsyncSession, now: datetime) -> list[tuple[Escalation, Handoff]]:
    rows = await session.execute(
        select(Escalation, Handoff)
        .join(Handoff, Handoff.id == Escalation.handoff_id)
        .where(
            Handoff.closed_at.is_(None),
            Handoff.acknowledged_at.is_(None),
            or_(Escalation.due_at <= now, _nobody_reached()),
        )
        .order_by(Escalation.due_at)
        .with_for_update(of=Handoff, skip_locked=True)
    )
    return [(escalation, handoff) for escalation, handoff in rows.all()]


def _nobody_reached() -> ColumnElement[bool]:
    """Every send to a contact has failed and none went through: the step is as good as empty."""
    to_contacts = and_(
        Dispatch.notification_id == Notification.id,
        Notification.handoff_id == Handoff.id,
        Dispatch.recipient.startswith(CONTACT),
    )
    hopeful = or_(Dispatch.state == SendState.SENT, Dispatch.last_error.is_(None))
    return and_(
        Escalation.step < ALARM,
        exists().where(to_contacts).correlate(Handoff),
        ~exists().where(to_contacts, hopeful).correlate(Handoff),
    )


async def _told(session: AsyncSession, handoff: UUID) -> tuple[str, ...]:
    """The contacts that a hand-off was addressed to so far."""
    names = await session.scalars(
        select(Dispatch.recipient)
        .join(Notification, Notification.id == Dispatch.notification_id)
        .where(Notification.handoff_id == handoff, Dispatch.recipient.startswith(CONTACT))
        .order_by(Notification.created_at)
    )
    return tuple(dict.fromkeys(name.removeprefix(CONTACT) for name in names))
