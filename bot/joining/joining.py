"""Joining, writing, giving back. Screening goes on meanwhile; a crisis still gets its card and its pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4, uuid5

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.joining.telling import TellError, Texts, hindrance, tell
from bot.messages import Language, Reply, ReplyKind
from bot.transcripts.conversations import UnknownConversationError, locked
from bot.transcripts.encryption import KeyRing
from bot.transcripts.inserting import insert_if_absent
from bot.transcripts.tables import Conversation, StaffMember, Viewer, WaitingAnswer

LONGEST: Final = 2_000
"""Characters of one text of staff."""
LONGEST_NAME: Final = 40
LOOKING: Final = timedelta(seconds=20)
"""Somebody who has looked within this is looking still."""


class JoinError(TellError):
    """It does not go; the message tells staff why."""


async def join(
    session: AsyncSession,
    ring: KeyRing,
    conversation: UUID,
    staff: UUID,
    shown: str,
    notice: Reply,
    now: datetime,
    texts: Texts,
    *,
    override: bool = False,
) -> None:
    """Have the conversation, mute the bot, and tell the person who is there: all of it or nothing.

    Args:
        shown: The name that the person reads.
        notice: The reviewed text that follows it.
        override: Text at night too.

    Raises:
        TellError: Somebody else has it, the person cannot be texted, or the name is missing.
    """
    row = await _locked(session, conversation)
    name = " ".join(shown.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise JoinError(f"Choose a name of 1 to {LONGEST_NAME} characters that the person will read.")
    if row.held_by == staff:
        return
    if row.held_by is not None:
        raise JoinError(f"{await _name_of(session, row.held_by)} is in this conversation already.")
    row.held_by, row.held_as = staff, name
    told = replace(notice, text=f"{name}: {notice.text}")
    await tell(session, ring, row, uuid4(), told, now, texts, override=staff if override else None)


async def say(
    session: AsyncSession,
    ring: KeyRing,
    conversation: UUID,
    staff: UUID,
    text: str,
    key: UUID,
    now: datetime,
    texts: Texts,
    *,
    override: bool = False,
) -> UUID:
    """Write to the person; the same key again (a double click, a lost answer) writes nothing twice.

    Args:
        override: Text at night too.

    Returns:
        The id of the turn.

    Raises:
        TellError: Nothing is written, it is too long, somebody else has the conversation, or the person
            cannot be texted.
    """
    row = await _own(session, conversation, staff)
    words = text.strip()
    if not words or len(words) > LONGEST:
        raise JoinError(f"Write 1 to {LONGEST:,} characters.")
    turn = uuid5(conversation, f"staff {key}")
    said = Reply(ReplyKind.SERVICE, words, row.language or Language.EN)
    await tell(session, ring, row, turn, said, now, texts, override=staff if override else None)
    await _nothing_waits(session, conversation)
    return turn


async def hand_back(
    session: AsyncSession,
    ring: KeyRing,
    conversation: UUID,
    staff: UUID,
    notice: Reply,
    now: datetime,
    texts: Texts,
) -> bool:
    """Let the bot answer again, and tell the person so. What waits for an answer is answered at once.

    Returns:
        Whether the person is told: somebody who cannot be texted is not, and the bot answers all the same.

    Raises:
        JoinError: Somebody else has the conversation, or nobody.
    """
    row = await _own(session, conversation, staff)
    row.held_by = row.held_as = None
    tells = hindrance(row, ring, now, texts) is None
    if tells:
        await tell(session, ring, row, uuid4(), notice, now, texts, waits=True)
    for waiting in await session.scalars(
        select(WaitingAnswer).where(WaitingAnswer.conversation_id == conversation)
    ):
        waiting.due_at = now
    await session.flush()
    return tells


async def note_viewer(session: AsyncSession, conversation: UUID, staff: UUID, now: datetime) -> None:
    """Note that somebody looks at a conversation."""
    values = {"conversation_id": conversation, "staff_id": staff, "seen_at": now}
    if not await insert_if_absent(session, Viewer, values):
        row = await session.get_one(Viewer, (conversation, staff))
        row.seen_at = now


async def others_looking(session: AsyncSession, conversation: UUID, staff: UUID, now: datetime) -> list[str]:
    """The names of colleagues who look at a conversation now."""
    wanted = (
        select(StaffMember.name)
        .join(Viewer, Viewer.staff_id == StaffMember.id)
        .where(Viewer.conversation_id == conversation, Viewer.staff_id != staff)
        .where(Viewer.seen_at > now - LOOKING)
        .order_by(StaffMember.name)
    )
    return list(await session.scalars(wanted))


async def _locked(session: AsyncSession, conversation: UUID) -> Conversation:
    try:
        return await locked(session, conversation)
    except UnknownConversationError as error:
        raise JoinError("There is no such conversation.") from error


async def _own(session: AsyncSession, conversation: UUID, staff: UUID) -> Conversation:
    row = await _locked(session, conversation)
    if row.held_by != staff:
        holder = await _name_of(session, row.held_by) if row.held_by else "Nobody"
        raise JoinError(f"{holder} is in this conversation now. Join it before you write.")
    return row


async def _nothing_waits(session: AsyncSession, conversation: UUID) -> None:
    await session.execute(delete(WaitingAnswer).where(WaitingAnswer.conversation_id == conversation))


async def _name_of(session: AsyncSession, staff: UUID) -> str:
    return await session.scalar(select(StaffMember.name).where(StaffMember.id == staff)) or "Somebody"
