"""Writing to the audit log: each entry's MAC covers the entry and the MAC of the one before it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import AuditEntry

PURPOSE: Final = "audit chain"
"""Names the key of the MACs, which is derived from those of the ring."""
BEGINNING: Final = "0" * 64
"""Stands for the MAC before the first entry."""
LOCK: Final = 0x41_55_44_54


class Act(StrEnum):
    """What is written down. The values are stored: never change one."""

    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOCKED_OUT = "locked_out"
    LOGOUT = "logout"
    RECOVERY_CODE_USED = "recovery_code_used"
    SESSIONS_ENDED = "sessions_ended"
    ACCOUNT_ADDED = "account_added"
    ACCOUNT_SET_UP = "account_set_up"
    ACCOUNT_RESET = "account_reset"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an act
    TRANSCRIPT_VIEWED = "transcript_viewed"
    CONTACT_REVEALED = "contact_revealed"
    CASE_PRINTED = "case_printed"
    CASE_CHANGED = "case_changed"
    AUDIT_VIEWED = "audit_viewed"
    SEARCHED = "searched"
    EXPORTED = "exported"
    INBOX_VIEWED = "inbox_viewed"
    INBOX_DISMISSED = "inbox_dismissed"
    TEST_PAGE_SENT = "test_page_sent"
    REVIEWED = "reviewed"
    LABELS_READ = "labels_read"
    PURGED = "purged"
    JOINED = "joined"
    FEEDBACK_READ = "feedback_read"
    FEEDBACK_ANSWERED = "feedback_answered"


async def record(
    session: AsyncSession,
    ring: KeyRing,
    act: Act,
    now: datetime,
    *,
    staff: UUID | None = None,
    subject: UUID | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append one entry; it counts when the caller's transaction commits.

    Call it last in a transaction: on a server the log is locked from here to the commit.

    Args:
        session: The transaction of the act itself, so that neither stands without the other.
        ring: Encrypts the detail and keys the MAC.
        act: What was done.
        now: When.
        staff: Who did it; None for the command line, or somebody who is not logged in.
        subject: The id of what it was done to.
        detail: Anything more, in plain JSON values; stored encrypted.
    """
    last = await _last(session)
    row = uuid4()
    entry = AuditEntry(
        id=last.id + 1 if last else 1,
        row=row,
        at=now,
        staff_id=staff,
        action=act.value,
        subject=subject,
        detail=ring.encrypt(json.dumps(detail, ensure_ascii=False), row, field="detail") if detail else None,
        previous_mac=last.mac if last else BEGINNING,
        mac="",
    )
    entry.mac = mac_of(entry, ring.derive(PURPOSE))
    session.add(entry)
    await session.flush()


def mac_of(entry: AuditEntry, key: bytes) -> str:
    """The MAC that an entry must carry under one key; 64 hexadecimal digits."""
    covered = json.dumps(
        [
            entry.id,
            entry.row.hex,
            entry.at.isoformat(),
            entry.staff_id.hex if entry.staff_id else None,
            entry.action,
            entry.subject.hex if entry.subject else None,
            entry.detail.hex() if entry.detail else None,
            entry.previous_mac,
        ]
    )
    return hmac.new(key, covered.encode(), hashlib.sha256).hexdigest()


def detail_of(entry: AuditEntry, ring: KeyRing) -> dict[str, Any]:
    """What more is known of an entry; empty when nothing is.

    Raises:
        DecryptionError: The ring does not fit.
    """
    if entry.detail is None:
        return {}
    known: dict[str, Any] = json.loads(ring.decrypt(entry.detail, entry.row, field="detail"))
    return known


async def _last(session: AsyncSession) -> AuditEntry | None:
    """The newest entry; until the transaction ends, nobody else appends."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    return await session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))
