"""What staff write to a person, on its way: into the chat, or as texts, where texting is possible now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from bot.content.parts import PART_SEGMENTS, PARTS, folded, in_parts
from bot.content.septets import segments, septets
from bot.messages import Channel, Level, Reply
from bot.texting import CannotTextError, Why, queue_text
from bot.texting.queue import reachable, starts
from bot.texting.quiet import after_quiet_hours
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Conversation, Turn
from bot.transcripts.turns import add_staff_turn

WHY_NOT: Final[Mapping[Why, str]] = {
    Why.NOT_SMS: "No number is kept for this conversation, so it cannot be texted.",
    Why.AUTOMATED: "This sender is a short code or a name, which takes no texts.",
    Why.SILENT_90_DAYS: "This number has not written for 90 days and may be somebody else's by now.",
    Why.OPTED_OUT: "The person wants no more texts. Only their START changes that: call them instead.",
    Why.BLOCKED: (
        "The network lets no text of ours through to this number, most often after the person texted STOP. "
        "Nothing that we do lifts that, only their START: call them instead."
    ),
}
"""Why a person cannot be texted back, as staff read it."""


class TellError(Exception):
    """Nothing goes out; the message tells staff why."""


class NightError(TellError):
    """It is night where the person is: a text goes at once only if somebody answers for it."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What texting needs: the clinic's zone, and why nobody can be texted first, if that is so."""

    zone: ZoneInfo
    off: str | None = None


def hindrance(row: Conversation, ring: KeyRing, now: datetime, texts: Texts) -> str | None:
    """Why nothing can be written to the person, in a sentence; None when it can."""
    if row.channel is not Channel.SMS:
        return None
    try:
        reachable(row, ring, now)
    except CannotTextError as error:
        return WHY_NOT[error.why]
    return texts.off


def night_until(row: Conversation, ring: KeyRing, now: datetime, texts: Texts) -> datetime | None:
    """When texts may go to somebody who did not write lately, where it is night; None when they may now.

    Whoever has just written, or is in a crisis, is texted at any hour.
    """
    if row.channel is not Channel.SMS or not starts(row, now) or in_crisis(row, now):
        return None
    morning = after_quiet_hours(now, reachable(row, ring, now), texts.zone)
    return morning if morning > now else None


def in_crisis(row: Conversation, now: datetime) -> bool:
    """Whether a crisis state is in force."""
    return row.level >= Level.CRISIS and row.level_until is not None and row.level_until > now


@dataclass(frozen=True, slots=True)
class Length:
    """How a text would travel: in how many messages, of how many segments in all; `over` by how many letters.

    `plain`: it stays in GSM-7. One letter outside of it more than doubles a text.
    """

    messages: int
    segments: int
    plain: bool
    over: int


def length(text: str) -> Length:
    """The length of a text as it would go out."""
    parts = in_parts(text)
    counted = sum(segments(each) for each in parts.texts)
    plain = septets(folded(text)) is not None
    return Length(len(parts.texts), counted, plain, len(parts.rest))


async def tell(
    session: AsyncSession,
    ring: KeyRing,
    row: Conversation,
    turn: UUID,
    reply: Reply,
    now: datetime,
    texts: Texts,
    *,
    override: UUID | None = None,
    waits: bool = False,
) -> None:
    """Write to a person; the same turn again is the same text, sent once.

    Args:
        row: Locked by the caller.
        turn: The id of what is written.
        override: Who texts in spite of the night.
        waits: At night it is held until the morning rather than refused.

    Raises:
        NightError: It is night where the person is.
        TellError: It is too long, or the person cannot be texted.
    """
    if await session.get(Turn, turn) is not None:
        return
    if row.channel is Channel.SMS:
        _require(row, ring, reply.text, now, texts, asks=override is None and not waits)
    await add_staff_turn(session, ring, row, turn, reply, now)
    if row.channel is Channel.SMS:
        await queue_text(
            session,
            ring,
            row.id,
            reply.text,
            f"joined:{turn}",
            now,
            zone=texts.zone,
            crisis=in_crisis(row, now),
            turn=turn,
            override=override,
            in_order=True,
        )


def _require(row: Conversation, ring: KeyRing, text: str, now: datetime, texts: Texts, *, asks: bool) -> None:
    if (why := hindrance(row, ring, now, texts)) is not None:
        raise TellError(why)
    if over := length(text).over:
        raise TellError(
            f"This does not fit into {PARTS} text messages of {PART_SEGMENTS} segments: take out {over:,} "
            "letters at least."
        )
    if asks and night_until(row, ring, now, texts) is not None:
        raise NightError(
            "It is between 9 pm and 8 am where this number is at home, and the person did not write within "
            "the last hour. Tick “Text now” if it cannot wait until the morning; it goes into the audit log."
        )
