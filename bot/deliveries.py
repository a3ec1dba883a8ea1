"""How notifications fare: which did not arrive, who was last reached when, and test pages.

What the staff pages show beside the queue; the sending itself is the outbox's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Clock, Level
from bot.pages import TEST, Page, Recipient
from bot.transcripts.database import Database
from bot.transcripts.tables import Dispatch, Handoff, Notification, RecipientTest, SendState

TEST_SECONDS: Final = 10.0


class UnknownRecipientError(Exception):
    """Nobody of that name is configured to be told."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A notification that did not reach a recipient; `error` is the class of the last failure.

    `recipient` is the label that staff know; one that is no longer configured keeps its stored name.
    """

    recipient: str
    attempts: int
    error: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Reached:
    """A recipient, and when it was last handed a page; None when it never was.

    `error` is the class of what its last test page failed with, None when that went through.
    """

    name: str
    label: str
    last_success: datetime | None
    tested_at: datetime | None
    error: str | None


async def undelivered(
    session: AsyncSession, everybody: Sequence[Recipient]
) -> Mapping[UUID, tuple[Undelivered, ...]]:
    """By open hand-off: every notification whose sending has failed and has not gone through since.

    Args:
        session: A transaction or a reading session.
        everybody: The recipients, for their labels.
    """
    labels = {recipient.name: recipient.label for recipient in everybody}
    rows = await session.execute(
        select(Notification.handoff_id, Dispatch, Notification.created_at)
        .join(Notification, Notification.id == Dispatch.notification_id)
        .join(Handoff, Handoff.id == Notification.handoff_id)
        .where(
            Handoff.closed_at.is_(None),
            Dispatch.state == SendState.PENDING,
            Dispatch.last_error.is_not(None),
        )
        .order_by(Notification.created_at, Dispatch.recipient)
    )
    found: dict[UUID, list[Undelivered]] = {}
    for handoff, dispatch, since in rows.all():
        label = labels.get(dispatch.recipient, dispatch.recipient)
        failure = Undelivered(label, dispatch.attempts, dispatch.last_error or "", since)
        found.setdefault(handoff, []).append(failure)
    return {handoff: tuple(failures) for handoff, failures in found.items()}


async def reached(session: AsyncSession, everybody: Sequence[Recipient]) -> tuple[Reached, ...]:
    """Every recipient with its last success, be it a test page or a real one."""
    sent = dict(
        (
            await session.execute(
                select(Dispatch.recipient, func.max(Dispatch.sent_at)).group_by(Dispatch.recipient)
            )
        )
        .tuples()
        .all()
    )
    tests = {row.recipient: row for row in await session.scalars(select(RecipientTest))}
    return tuple(_reached(recipient, sent.get(recipient.name), tests) for recipient in everybody)


async def send_test_page(
    database: Database, everybody: Sequence[Recipient], name: str, clock: Clock
) -> str | None:
    """Send one recipient a page that says that it is a test, and keep what came of it.

    Returns:
        The class of the error, or None when the page was handed over.

    Raises:
        UnknownRecipientError: There is no recipient of that name.
        StorageError: The outcome could not be kept.
    """
    recipient = next((each for each in everybody if each.name == name), None)
    if recipient is None:
        raise UnknownRecipientError(name)
    error: str | None = None
    try:
        async with asyncio.timeout(TEST_SECONDS):
            await recipient.send(Page(None, Level.NONE, None, TEST, f"test:{uuid4()}"))
    except Exception as failure:  # A sender may fail in any way; that is what a test is for.
        error = type(failure).__name__
    await _keep(database, name, clock.now(), error)
    return error


async def _keep(database: Database, recipient: str, now: datetime, error: str | None) -> None:
    async with database.transaction() as session:
        row = await session.get(RecipientTest, recipient)
        if row is None:
            row = RecipientTest(recipient=recipient, tested_at=now)
            session.add(row)
        row.tested_at, row.last_error = now, error
        if error is None:
            row.succeeded_at = now


def _reached(recipient: Recipient, sent: datetime | None, tests: Mapping[str, RecipientTest]) -> Reached:
    test = tests.get(recipient.name)
    successes = [at for at in (sent, test.succeeded_at if test else None) if at is not None]
    return Reached(
        name=recipient.name,
        label=recipient.label,
        last_success=max(successes, default=None),
        tested_at=test.tested_at if test else None,
        error=test.last_error if test else None,
    )
