"""Feedback: one row a reply, words encrypted, only for replies of the same conversation."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from bot.replay import store
from bot.transcripts import feedback, turns
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import AcceptedEntry
from bot.transcripts.feedback import Opinion
from bot.transcripts.tables import Feedback
from bot.transcripts.turns import UnknownTurnError
from tests.fixtures.clock import HandClock
from tests.fixtures.examples import ANSWER, accepted, message, recorded

SCRIPT = "<script>alert(1)</script> it did not help"


@pytest.fixture
async def entry(database: Database, ring: KeyRing, clock: HandClock) -> AcceptedEntry:
    """A stored message with one reply."""
    made = accepted(message(clock.now()))
    async with database.transaction() as session:
        await store(session, ring, made)
        await turns.record_outbound(session, ring, recorded(made, ANSWER))
    return made


async def say(
    database: Database,
    ring: KeyRing,
    conversation: UUID,
    turn: UUID,
    now: datetime,
    helpful: bool,
    comment: str | None = None,
) -> tuple[Opinion, ...]:
    """Keep an opinion; what the conversation then has."""
    async with database.transaction() as session:
        await feedback.keep(
            session,
            ring,
            conversation=conversation,
            turn=turn,
            helpful=helpful,
            comment=comment,
            now=now,
        )
        return await feedback.opinions(session, ring, conversation)


async def test_a_second_thumb_changes_the_first(
    database: Database, ring: KeyRing, clock: HandClock, entry: AcceptedEntry
) -> None:
    chat, reply = entry.message.conversation, turns.outbound_id(entry.turn, 0)
    [first] = await say(database, ring, chat, reply, clock.now(), False, SCRIPT)
    assert (first.turn, first.helpful, first.comment, first.answered_at) == (reply, False, SCRIPT, None)
    async with database.transaction() as session:
        await session.execute(update(Feedback).values(answered_at=clock.now()))
    [kept] = await say(database, ring, chat, reply, clock.now(), True)
    assert (kept.id, kept.helpful, kept.comment, kept.answered_at) == (first.id, True, SCRIPT, None)
    [taken] = await say(database, ring, chat, reply, clock.now(), True, "")
    assert taken.comment is None


async def test_only_a_reply_of_the_same_conversation_is_judged(
    database: Database, ring: KeyRing, clock: HandClock, entry: AcceptedEntry
) -> None:
    chat, reply = entry.message.conversation, turns.outbound_id(entry.turn, 0)
    for conversation, turn in ((uuid4(), reply), (chat, entry.turn), (chat, uuid4())):
        with pytest.raises(UnknownTurnError):
            await say(database, ring, conversation, turn, clock.now(), True)
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Feedback)) == 0
