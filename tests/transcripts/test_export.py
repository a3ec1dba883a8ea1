"""Exporting: everything of a conversation, readable, and nothing of another."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from bot.messages import Channel
from bot.replay import store
from bot.transcripts import feedback, turns
from bot.transcripts.database import Database
from bot.transcripts.encryption import DecryptionError, KeyRing, make_key
from bot.transcripts.entries import AcceptedEntry
from bot.transcripts.export import export_conversations
from tests.fixtures.clock import HandClock
from tests.fixtures.examples import ANSWER, CRISIS, accepted, message, recorded


async def exported(
    database: Database, ring: KeyRing, conversation: UUID | None = None
) -> list[dict[str, Any]]:
    # Through JSON, as `harborline export` does.
    return [
        json.loads(json.dumps(row))
        async for row in export_conversations(database, ring, conversation=conversation)
    ]


async def add(database: Database, ring: KeyRing, entry: AcceptedEntry) -> UUID:
    async with database.transaction() as session:
        await store(session, ring, entry)
        [reply] = await turns.record_outbound(session, ring, recorded(entry, ANSWER))
        await feedback.keep(
            session,
            ring,
            conversation=entry.message.conversation,
            turn=reply,
            helpful=False,
            comment="¿y?",
            now=entry.message.received_at,
        )
    return entry.message.conversation


async def test_a_conversation_with_its_turns_and_handoffs(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    entry = accepted(message(clock.now(), "mañana", channel=Channel.SMS, sender="+15550100"), CRISIS)
    conversation = await add(database, ring, entry)
    [found] = await exported(database, ring)
    assert (found["conversation"], found["channel"], found["sender"]) == (
        str(conversation), "sms", "+15550100",
    )  # fmt: skip
    inbound, outbound = found["turns"]
    assert (inbound["direction"], inbound["text"], inbound["topic"]) == (
        "inbound", "mañana", "what_is_ketamine",
    )  # fmt: skip
    assert inbound["risk"]["level"] == "CRISIS"
    assert (outbound["direction"], outbound["text"], outbound["kind"]) == ("outbound", ANSWER.text, "answer")
    assert outbound["reply_to"] == inbound["turn"]
    [opinion] = found["feedback"]
    assert (opinion["turn"], opinion["helpful"], opinion["comment"]) == (outbound["turn"], False, "¿y?")
    [handoff] = found["handoffs"]
    assert (handoff["level"], handoff["kind"], handoff["outcome"]) == ("CRISIS", "suicide", None)


async def test_all_oldest_first_or_only_one(database: Database, ring: KeyRing, clock: HandClock) -> None:
    assert await exported(database, ring) == []
    made = []
    for _ in range(3):
        clock.advance(minutes=1)
        made.append(await add(database, ring, accepted(message(clock.now()))))
    assert [row["conversation"] for row in await exported(database, ring)] == [str(one) for one in made]
    assert [row["conversation"] for row in await exported(database, ring, made[1])] == [str(made[1])]
    assert await exported(database, ring, uuid4()) == []


async def test_another_key_exports_nothing(database: Database, ring: KeyRing, clock: HandClock) -> None:
    await add(database, ring, accepted(message(clock.now())))
    with pytest.raises(DecryptionError):
        await exported(database, KeyRing([make_key()]))
